"""From time entries to counted seconds: every second counts once, or says why it does not.

No rounding: seconds are summed whole (RULES: nothing below the threshold is reported).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import PerformerKind

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ccm_fhir.domain.dates import ServiceMonth


class NotCounted(StrEnum):
    """Why seconds were left out."""

    OUTSIDE_MONTH = "outside_month"
    BEFORE_CONSENT = "before_consent"
    AFTER_DEATH = "after_death"
    NONCLINICAL = "nonclinical"
    OTHER_PERFORMER = "other_performer"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntry:
    """One contiguous interval of one person's work for one patient."""

    id: str
    performer_id: str
    performer: PerformerKind
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Counted time, and the entry it came from."""

    entry_id: str
    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> int:
        """Whole elapsed seconds, the same on days when the clocks change."""
        return int((self.ended_at - self.started_at).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Seconds of one entry that do not count, and why."""

    entry_id: str
    seconds: int
    reason: NotCounted


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counted and left-out time of one patient-month for one set of performers."""

    counted: tuple[Interval, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def counted_seconds(self) -> int:
        """The sum that thresholds are compared with."""
        return sum(interval.seconds for interval in self.counted)

    def reached_on(self, seconds: int, zone: ZoneInfo) -> date | None:
        """Return the practice's date on which so many seconds had been counted, if ever."""
        total = 0
        for interval in self.counted:
            total += interval.seconds
            if total >= seconds:
                moment = interval.ended_at - timedelta(seconds=total - seconds)
                return moment.astimezone(zone).date()
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingWindow:
    """What time of a month may count: the zone, whose work, and from and until which day."""

    month: ServiceMonth
    zone: ZoneInfo
    performers: frozenset[PerformerKind]
    consent_from: date | None = None
    last_day: date | None = None


def tally(entries: tuple[TimeEntry, ...], window: CountingWindow) -> Tally:
    """Count entries inside a window; the order in which they are given does not matter.

    Where two intervals overlap, of one person or of two, the moment counts once.
    """
    counted: list[Interval] = []
    left_out: list[LeftOut] = []
    reached: datetime | None = None
    for entry in sorted(entries, key=lambda e: (_utc(e.started_at), _utc(e.ended_at), e.id)):
        refusal = _refused_performer(entry, window)
        if refusal is not None:
            left_out.append(_left_out(entry, _utc(entry.started_at), _utc(entry.ended_at), refusal))
            continue
        begin, end = _clip(entry, window, left_out)
        if reached is not None and begin < reached:
            covered_until = min(end, reached)
            left_out.append(_left_out(entry, begin, covered_until, NotCounted.OVERLAP))
            begin = covered_until
        if begin < end:
            counted.append(Interval(entry_id=entry.id, started_at=begin, ended_at=end))
            reached = end
    return Tally(
        counted=tuple(counted), left_out=tuple(part for part in left_out if part.seconds > 0)
    )


def _utc(moment: datetime) -> datetime:
    # Two moments of one zone subtract as wall clocks do; only UTC gives elapsed time.
    return moment.astimezone(UTC)


def _refused_performer(entry: TimeEntry, window: CountingWindow) -> NotCounted | None:
    if entry.performer in window.performers:
        return None
    if entry.performer is PerformerKind.NONCLINICAL_STAFF:
        return NotCounted.NONCLINICAL
    return NotCounted.OTHER_PERFORMER


def _clip(
    entry: TimeEntry, window: CountingWindow, left_out: list[LeftOut]
) -> tuple[datetime, datetime]:
    """Return what of an entry lies inside the window, noting what was cut away."""
    begin, end = _utc(entry.started_at), _utc(entry.ended_at)
    for opens_at, reason in _openings(window):
        cut = min(max(begin, opens_at), end)
        left_out.append(_left_out(entry, begin, cut, reason))
        begin = cut
    for closes_at, reason in _closings(window):
        cut = max(min(end, closes_at), begin)
        left_out.append(_left_out(entry, cut, end, reason))
        end = cut
    return begin, end


def _openings(window: CountingWindow) -> tuple[tuple[datetime, NotCounted], ...]:
    month_starts = _utc(window.month.starts_at(window.zone))
    openings = [(month_starts, NotCounted.OUTSIDE_MONTH)]
    if window.consent_from is not None:
        consent = _utc(_midnight(window.consent_from, window.zone))
        openings.append((consent, NotCounted.BEFORE_CONSENT))
    return tuple(openings)


def _closings(window: CountingWindow) -> tuple[tuple[datetime, NotCounted], ...]:
    closings = [(_utc(window.month.ends_at(window.zone)), NotCounted.OUTSIDE_MONTH)]
    if window.last_day is not None:
        day_after = _utc(_midnight(window.last_day + timedelta(days=1), window.zone))
        closings.append((day_after, NotCounted.AFTER_DEATH))
    return tuple(closings)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _left_out(entry: TimeEntry, begin: datetime, end: datetime, reason: NotCounted) -> LeftOut:
    seconds = int((end - begin).total_seconds())
    return LeftOut(entry_id=entry.id, seconds=seconds, reason=reason)
