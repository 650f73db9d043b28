"""Time entries as they come in, and counted time as it goes out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ccm_fhir.domain.codes import NotCounted, PerformerKind
from ccm_fhir.domain.facts import Fact

_SECOND = timedelta(seconds=1)


class TimeEntry(Fact, frozen=True, kw_only=True):
    """One stretch of one person's work for one patient.

    Either from ``started_at`` to ``ended_at`` (aware), or ``seconds`` somewhere on the day
    ``on``. ``refused`` is why none of it counts, where that was said with the entry itself.
    """

    id: str
    performer_id: str
    performer: PerformerKind
    started_at: datetime | None = None
    ended_at: datetime | None = None
    on: date | None = None
    seconds: int = 0
    refused: NotCounted | None = None

    @property
    def total_seconds(self) -> int:
        """Whole seconds worked, counted or not."""
        if self.started_at is None or self.ended_at is None:
            return self.seconds
        return elapsed(self.started_at.astimezone(UTC), self.ended_at.astimezone(UTC))


class Interval(Fact, frozen=True, kw_only=True):
    """Counted time, and the entry it came from; ``on`` is the day where no clock time is known.

    ``seconds`` are whole and elapsed, the same on days when the clocks change.
    """

    entry_id: str
    seconds: int
    started_at: datetime | None = None
    ended_at: datetime | None = None
    on: date | None = None

    def day_at(self, seconds: int, zone: ZoneInfo) -> date | None:
        """Return the practice's day on which so many seconds of it had passed."""
        if self.started_at is None:
            return self.on
        return (self.started_at + timedelta(seconds=seconds)).astimezone(zone).date()

    def without_first(self, seconds: int) -> Interval:
        """Return what remains when so many seconds at its beginning are taken away."""
        rest = self.seconds - seconds
        if self.started_at is None:
            return Interval(entry_id=self.entry_id, seconds=rest, on=self.on)
        return Interval(
            entry_id=self.entry_id,
            seconds=rest,
            started_at=self.started_at + timedelta(seconds=seconds),
            ended_at=self.ended_at,
        )


class LeftOut(Fact, frozen=True, kw_only=True):
    """Seconds of one entry that do not count, and why."""

    entry_id: str
    seconds: int
    reason: NotCounted


class Tally(Fact, frozen=True, kw_only=True):
    """Counted and left-out time of one patient-month for one set of performers."""

    counted: tuple[Interval, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def counted_seconds(self) -> int:
        """The sum that thresholds are compared with."""
        return sum([interval.seconds for interval in self.counted])

    def reached_on(self, seconds: int, zone: ZoneInfo) -> date | None:
        """Return the practice's date on which so many seconds had been counted, if ever."""
        total = 0
        for interval in self.counted:
            before = total
            total += interval.seconds
            if total >= seconds:
                return interval.day_at(seconds - before, zone)
        return None


def elapsed(started_at: datetime, ended_at: datetime) -> int:
    """Return whole seconds between two aware moments.

    Moments of one zone subtract as wall clocks do; callers give UTC, or moments of two zones.
    """
    return (ended_at - started_at) // _SECOND
