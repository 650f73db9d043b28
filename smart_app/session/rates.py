"""How often somebody may ask: in bursts as people work, and no faster for long.

Held in this process's memory and bounded there; several processes each allow as much. The
algorithm is the generic cell rate algorithm (ITU-T I.371): one moment a key, no counting.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

MOST_KEYS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests a minute for long, and so many at once after a pause; ``of`` names whose."""

    of: str
    a_minute: int
    at_once: int

    @property
    def interval(self) -> timedelta:
        """How far apart requests lie at the steady pace."""
        return timedelta(minutes=1) / self.a_minute

    @property
    def tolerance(self) -> timedelta:
        """How far ahead of the steady pace somebody may be."""
        return self.interval * (self.at_once - 1)


# A clinic behind one address opens many charts when its day begins; one browser does not.
LAUNCHES_OF_AN_ADDRESS = Rate(of="address", a_minute=120, at_once=120)
EMERGENCIES_OF_AN_ADDRESS = Rate(of="emergency", a_minute=6, at_once=6)
LAUNCHES_OF_A_BROWSER = Rate(of="browser", a_minute=20, at_once=20)
LAUNCHES_OF_A_PRACTICE = Rate(of="practice", a_minute=300, at_once=300)
# A page with records on their way looks again every three seconds, in each of several tabs.
PAGES_OF_A_SESSION = Rate(of="session", a_minute=240, at_once=120)


@dataclass(slots=True)
class RateLimiter:
    """Who is how far ahead of their pace; who asked longest ago is forgotten first."""

    most_keys: int = MOST_KEYS
    _due: OrderedDict[bytes, datetime] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait_seconds(self, rate: Rate, who: str, now: datetime) -> int:
        """Return 0 and count the request, or how many whole seconds to wait first.

        ``who`` may be a secret: what is kept is its hash.
        """
        key = hashlib.sha256(f"{rate.of}|{who}".encode()).digest()
        with self._lock:
            due = max(self._due.get(key, now), now)
            ahead = due - now - rate.tolerance
            if ahead > timedelta(0):
                return math.ceil(ahead.total_seconds())
            self._due[key] = due + rate.interval
            self._due.move_to_end(key)
            if len(self._due) > self.most_keys:
                self._due.popitem(last=False)
            return 0
