"""Moments at which this process may send a request to an EHR, taken from the shared pace.

A few are taken from the database at once where the quota is high, so that one request is not one
transaction more; a moment that has passed unused is lost, never made up for.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

Key = tuple[str, str]
PER_MINUTE = 1200
AT_ONCE = timedelta(milliseconds=250)
_STALE = timedelta(milliseconds=5)


@dataclass(slots=True, kw_only=True)
class RequestSlots:
    """Moments in hand, by practice and EHR; ``per_minute`` is for EHRs without a quota of own.

    ``sleep`` is given, for tests.
    """

    per_minute: int = PER_MINUTE
    sleep: Callable[[float], None] = time.sleep
    _held: dict[Key, deque[datetime]] = field(default_factory=dict)
    _troubled: set[Key] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def take(self, key: Key, now: datetime) -> datetime | None:
        """Return a moment in hand, or None where more must be asked for."""
        with self._lock:
            held = self._held.get(key, deque())
            while held:
                moment = held.popleft()
                if moment >= now - _STALE:
                    return moment
            return None

    def put(self, key: Key, moments: tuple[datetime, ...]) -> None:
        """Keep moments for later requests."""
        with self._lock:
            self._held.setdefault(key, deque()).extend(moments)

    def drop(self, key: Key) -> None:
        """Let moments in hand go, since the EHR is to be left alone."""
        with self._lock:
            self._held.pop(key, None)

    def is_troubled(self, key: Key) -> bool:
        """Whether the EHR was last seen in trouble, so that an answer is news."""
        return key in self._troubled

    def set_troubled(self, key: Key, *, is_so: bool) -> None:
        """Remember whether an EHR is in trouble."""
        with self._lock:
            (self._troubled.add if is_so else self._troubled.discard)(key)


def at_once(distance: timedelta) -> int:
    """Return how many moments to take at once: a quarter of a second's, one at least."""
    return max(1, AT_ONCE // distance)
