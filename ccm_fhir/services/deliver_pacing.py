"""How long an EHR is left alone between two tries, and when trying ends."""

from __future__ import annotations

from datetime import timedelta

MOST_TRIES = 15
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 900.0
STOP_READING_BACK_AFTER = timedelta(days=1)
_MOST_DOUBLINGS = 10


def wait_after(setbacks: int) -> float:
    """Return seconds to wait: twice as long after each setback so far, up to a quarter hour."""
    doublings = min(_MOST_DOUBLINGS, setbacks)
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**doublings)


def wait_before_reading_back(sent_since: timedelta) -> float:
    """Return seconds to wait before a read-back is tried again: as long as it has taken so far."""
    return min(LONGEST_WAIT_SECONDS, max(FIRST_WAIT_SECONDS, sent_since.total_seconds()))
