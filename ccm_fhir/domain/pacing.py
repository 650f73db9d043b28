"""How fast an EHR may be asked, and when it is left alone: a quota and a circuit breaker.

Pure: moments and chance are given. Requests are given slots at even distances, so that no window
of a second holds more than the quota; deliveries queue for theirs, so that thousands that wait
cost nothing. After ``FAILURES`` answers in a row that are none, the circuit opens; when its time
is over one probe is let by, and an answer closes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES = 5
REQUESTS_OF_A_DELIVERY = 3  # search, create, read back
LONGEST_PAUSE = timedelta(minutes=15)
FIRST_PAUSE = timedelta(seconds=15)
FIRST_THROTTLE = timedelta(seconds=5)
PROBE = timedelta(seconds=90)  # longer than a request may take
_SHARE_OF_QUOTA = 0.9  # what is sent evenly may arrive a little closer together
_MOST_DOUBLINGS = 10


class Circuit(StrEnum):
    """Whether an EHR is asked: always, not now, or by one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class PauseReason(StrEnum):
    """Why an EHR is left alone."""

    NONE = ""
    ASKED = "asked"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Where one EHR stands; ``per_minute`` is its own quota, None the installation's."""

    per_minute: int | None = None
    next_request_at: datetime | None = None
    next_delivery_at: datetime | None = None
    paused_until: datetime | None = None
    probed_until: datetime | None = None
    reason: PauseReason = PauseReason.NONE
    failures: int = 0
    throttled: int = 0
    opened: int = 0

    @property
    def is_troubled(self) -> bool:
        """Whether an answer would change anything."""
        return bool(self.failures or self.throttled or self.opened)


def spacing(per_minute: int) -> timedelta:
    """Return the distance between requests that keeps well within a quota."""
    return timedelta(minutes=1) / (per_minute * _SHARE_OF_QUOTA)


def circuit(pace: Pace, now: datetime) -> Circuit:
    """Return how the circuit stands at a moment."""
    if not pace.opened:
        return Circuit.CLOSED
    return Circuit.OPEN if _is_ahead(pace.paused_until, now) else Circuit.HALF_OPEN


def held_until(pace: Pace, now: datetime) -> datetime | None:
    """Return until when a delivery must wait for the EHR to be asked at all, or None."""
    if _is_ahead(pace.paused_until, now):
        return pace.paused_until
    if pace.opened and _is_ahead(pace.probed_until, now):
        return pace.probed_until
    return None


def probing(pace: Pace, now: datetime) -> Pace:
    """Return the pace once a delivery that was let by is the probe of a half-open circuit."""
    return replace(pace, probed_until=now + PROBE) if pace.opened else pace


def queued(pace: Pace, now: datetime, distance: timedelta) -> tuple[datetime, Pace]:
    """Return when a delivery's turn comes, and the pace with that turn given away."""
    at = _later(pace.next_delivery_at, now)
    return at, replace(pace, next_delivery_at=at + distance * REQUESTS_OF_A_DELIVERY)


def slots(
    pace: Pace, now: datetime, distance: timedelta, number: int
) -> tuple[tuple[datetime, ...], Pace]:
    """Return moments for so many requests, and the pace with them given away."""
    first = _later(pace.next_request_at, now)
    given = tuple(first + distance * n for n in range(number))
    return given, replace(pace, next_request_at=first + distance * number)


def failed(pace: Pace, now: datetime, chance: float) -> Pace:
    """Return the pace after a request that had no answer, or a 5xx; it may open the circuit."""
    failures = pace.failures + 1
    if not pace.opened and failures < FAILURES:
        return replace(pace, failures=failures)
    return _opened(replace(pace, failures=failures), now, chance, PauseReason.UNREACHABLE)


def refused(pace: Pace, now: datetime, chance: float) -> Pace:
    """Return the pace after the EHR refused us a token: only a person can mend that."""
    return _opened(pace, now, chance, PauseReason.UNAUTHORIZED)


def throttled(pace: Pace, now: datetime, asked_seconds: float | None, chance: float) -> Pace:
    """Return the pace after 429, or 503 with a Retry-After, which holds for the whole EHR."""
    if asked_seconds is None:
        length = _doubled(FIRST_THROTTLE, pace.throttled, chance)
    else:
        length = min(timedelta(seconds=asked_seconds), LONGEST_PAUSE)
    return replace(
        pace,
        throttled=pace.throttled + 1,
        paused_until=_later(pace.paused_until, now + length),
        reason=PauseReason.ASKED,
    )


def answered(pace: Pace) -> Pace:
    """Return the pace after an answer: nothing stands against asking, but what was asked for."""
    return replace(
        pace,
        failures=0,
        throttled=0,
        opened=0,
        probed_until=None,
        paused_until=pace.paused_until if pace.reason is PauseReason.ASKED else None,
        reason=pace.reason if pace.reason is PauseReason.ASKED else PauseReason.NONE,
    )


def _opened(pace: Pace, now: datetime, chance: float, reason: PauseReason) -> Pace:
    if _is_ahead(pace.paused_until, now) and pace.opened:
        return pace  # one that was under way when it opened; it counts once
    length = _doubled(FIRST_PAUSE, pace.opened, chance)
    return replace(
        pace,
        opened=pace.opened + 1,
        paused_until=_later(pace.paused_until, now + length),
        probed_until=None,
        reason=reason,
    )


def _doubled(first: timedelta, times: int, chance: float) -> timedelta:
    """Return twice as long each time, a little more or less, and never too long."""
    length = min(first * 2.0 ** min(times, _MOST_DOUBLINGS), LONGEST_PAUSE)
    return min(length * (0.75 + chance / 2), LONGEST_PAUSE)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def _is_ahead(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now
