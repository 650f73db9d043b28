"""What answering hooks needs between calls: hands, a time limit, and the callers' keys.

A card that comes late is worse than none. The work of a call is done by other threads, and who
waits for it waits no longer than the call's budget.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from ccm_fhir.services.key_cache import KeyCache

BUDGET_SECONDS = 0.4
MOST_AT_ONCE = 32
T = TypeVar("T")


def _hands() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="cds")


@dataclass(frozen=True, slots=True, kw_only=True)
class CdsDesk:
    """One process's desk; ``elapsed`` is a clock that never goes back, in seconds."""

    budget_seconds: float = BUDGET_SECONDS
    elapsed: Callable[[], float] = field(default=time.monotonic, repr=False)
    keys: KeyCache = field(default_factory=KeyCache, repr=False)
    hands: ThreadPoolExecutor = field(default_factory=_hands, repr=False)

    def deadline(self, seconds: float | None = None) -> Deadline:
        """Return when so many seconds are over; by default, those a call may take."""
        allowed = self.budget_seconds if seconds is None else seconds
        return Deadline(ends_at=self.elapsed() + allowed, elapsed=self.elapsed)

    def in_time(self, deadline: Deadline, work: Callable[[], T]) -> T | None:
        """Return what work returns, or None where it is not done in time.

        Work that has not begun by then is not begun; other work is left to end by itself.
        """
        begun = self.hands.submit(work)
        try:
            return begun.result(timeout=deadline.seconds_left)
        except TimeoutError:
            if begun.done():  # the work's own
                raise
            begun.cancel()
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When a call must be answered."""

    ends_at: float
    elapsed: Callable[[], float] = field(repr=False)

    @property
    def seconds_left(self) -> float:
        """Seconds until then; 0 where it has passed."""
        return max(0.0, self.ends_at - self.elapsed())

    def is_over(self) -> bool:
        """Whether it has passed."""
        return self.seconds_left <= 0
