"""Public keys of those who call us, kept for a while; one fetch answers everyone who waits.

A key set is fetched again when it is old or lacks a key (its owner may have rotated), but never
more often than every half minute: forged tokens must not make us hammer an EHR.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from ccm_fhir.errors import FhirError
from ccm_fhir.fhir.discovery import Jwks
from ccm_fhir.fhir.signatures import has_key

FRESH = timedelta(minutes=10)
OLDEST = timedelta(hours=1)
PAUSE = timedelta(seconds=30)
PAUSE_AFTER_FAILURE = timedelta(seconds=5)


@dataclass(slots=True)
class _Held:
    lock: Lock = field(default_factory=Lock)
    keys: Jwks | None = None
    fetched_at: datetime | None = None
    tried_at: datetime | None = None

    def usable(self, now: datetime) -> Jwks | None:
        return self.keys if self._is_younger(now, OLDEST) else None

    def is_in_want(self, kid: str, now: datetime) -> bool:
        """Whether another fetch could help and is due."""
        if self.tried_at is not None:
            failed = self.tried_at != self.fetched_at
            if now - self.tried_at < (PAUSE_AFTER_FAILURE if failed else PAUSE):
                return False
        is_known = self.keys is not None and has_key(self.keys, kid)
        return not (is_known and self._is_younger(now, FRESH))

    def _is_younger(self, now: datetime, age: timedelta) -> bool:
        return self.fetched_at is not None and now - self.fetched_at < age


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A key that a token names, at a registered address; who asks waits so long at most."""

    url: str
    kid: str
    now: datetime
    most_seconds: float


@dataclass(slots=True)
class KeyCache:
    """Key sets by address; only registered addresses may be asked for."""

    _held: defaultdict[str, _Held] = field(default_factory=lambda: defaultdict(_Held))
    _lock: Lock = field(default_factory=Lock)

    def get(self, wanted: Wanted, fetch: Callable[[], Jwks]) -> Jwks | None:
        """Return the newest key set that we may use, or None where none can be had in time.

        Where a fetch fails, the last one serves on for an hour after it was fetched.
        """
        with self._lock:
            held = self._held[wanted.url]
        if not held.is_in_want(wanted.kid, wanted.now):
            return held.usable(wanted.now)
        if not held.lock.acquire(timeout=wanted.most_seconds):
            return held.usable(wanted.now)
        try:
            if held.is_in_want(wanted.kid, wanted.now):
                with contextlib.suppress(FhirError):
                    held.keys = fetch()
                    held.fetched_at = wanted.now
                held.tried_at = wanted.now
        finally:
            held.lock.release()
        return held.usable(wanted.now)
