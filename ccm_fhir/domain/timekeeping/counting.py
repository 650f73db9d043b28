"""The count itself: clip what lies outside, count a shared moment once, explain the rest."""

from __future__ import annotations

from datetime import UTC, datetime

from ccm_fhir.domain.codes import NotCounted, PerformerKind
from ccm_fhir.domain.timekeeping.entries import Interval, LeftOut, Tally, TimeEntry, elapsed
from ccm_fhir.domain.timekeeping.window import Closed, CountingWindow, midnight

_Placed = tuple[datetime, datetime, str, int, TimeEntry]


def tally(entries: tuple[TimeEntry, ...], window: CountingWindow) -> Tally:
    """Count entries inside a window; the order in which they are given does not matter.

    Where two intervals overlap, of one person or of two, the moment counts once.
    """
    count = _Count(window)
    for begin, end, _, _, entry in sorted(_placed(entries, window)):
        refusal = _refused(entry, window)
        if entry.started_at is None:
            count.day(entry, refusal)
        elif refusal is not None:
            count.leave_out(entry.id, elapsed(begin, end), refusal)
        else:
            count.interval(entry.id, begin, end)
    if window.used_elsewhere_seconds:
        count.take_away(window.used_elsewhere_seconds)
    return Tally(counted=tuple(count.counted), left_out=tuple(count.left_out))


def _placed(entries: tuple[TimeEntry, ...], window: CountingWindow) -> list[_Placed]:
    """Pair each entry with its instants; one without clock times stands at its day's start."""
    placed: list[_Placed] = []
    for number, entry in enumerate(entries):
        if entry.started_at is not None and entry.ended_at is not None:
            begin, end = entry.started_at.astimezone(UTC), entry.ended_at.astimezone(UTC)
            placed.append((begin, end, entry.id, number, entry))
        elif entry.on is not None:
            start = midnight(entry.on, window.zone)
            placed.append((start, start, entry.id, number, entry))
    return placed


def _refused(entry: TimeEntry, window: CountingWindow) -> NotCounted | None:
    if entry.refused is not None:
        return entry.refused
    if entry.performer in window.performers:
        return None
    if entry.performer is PerformerKind.NONCLINICAL_STAFF:
        return NotCounted.NONCLINICAL
    return NotCounted.OTHER_PERFORMER


class _Count:
    """A count under way; entries come in the order of their beginnings."""

    def __init__(self, window: CountingWindow) -> None:
        self.counted: list[Interval] = []
        self.left_out: list[LeftOut] = []
        self._window = window
        self._closed: tuple[Closed, ...] | None = None
        self._reached: datetime | None = None

    def leave_out(self, entry_id: str, seconds: int, reason: NotCounted) -> None:
        if seconds > 0:
            self.left_out.append(LeftOut(entry_id=entry_id, seconds=seconds, reason=reason))

    def day(self, entry: TimeEntry, refusal: NotCounted | None) -> None:
        """Count an entry that names its day and no clock time."""
        if entry.on is None or entry.seconds <= 0:
            return
        reason = self._window.refuses_day(entry.on)
        if refusal is not None and reason is not NotCounted.OUTSIDE_MONTH:
            reason = refusal
        if reason is not None:
            self.leave_out(entry.id, entry.seconds, reason)
        else:
            self.counted.append(Interval(entry_id=entry.id, seconds=entry.seconds, on=entry.on))

    def interval(self, entry_id: str, begin: datetime, end: datetime) -> None:
        """Count what of an interval is open and not yet counted."""
        for first, last in self._open_parts(entry_id, begin, end):
            start = first
            if self._reached is not None and start < self._reached:
                start = min(last, self._reached)
                self.leave_out(entry_id, elapsed(first, start), NotCounted.OVERLAP)
            if start < last:
                seconds = elapsed(start, last)
                self.counted.append(
                    Interval(entry_id=entry_id, seconds=seconds, started_at=start, ended_at=last)
                )
                self._reached = last

    def _open_parts(
        self, entry_id: str, begin: datetime, end: datetime
    ) -> list[tuple[datetime, datetime]]:
        if self._closed is None:
            self._closed = self._window.closed_periods()
        parts = [(begin, end)]
        for closes, opens, reason in self._closed:
            if closes < end and opens > begin:
                parts = self._cut(entry_id, parts, (closes, opens, reason))
        return parts

    def _cut(
        self, entry_id: str, parts: list[tuple[datetime, datetime]], closed: Closed
    ) -> list[tuple[datetime, datetime]]:
        closes, opens, reason = closed
        kept: list[tuple[datetime, datetime]] = []
        for begin, end in parts:
            before, after = max(begin, min(end, closes)), min(end, max(begin, opens))
            if before >= after:
                kept.append((begin, end))
                continue
            self.leave_out(entry_id, elapsed(before, after), reason)
            kept.extend(part for part in ((begin, before), (after, end)) if part[0] < part[1])
        return kept

    def take_away(self, seconds: int) -> None:
        """Leave out so many of the earliest counted seconds as used for another service."""
        kept: list[Interval] = []
        for interval in self.counted:
            taken = min(seconds, interval.seconds)
            seconds -= taken
            self.leave_out(interval.entry_id, taken, NotCounted.COUNTED_ELSEWHERE)
            if taken < interval.seconds:
                kept.append(interval.without_first(taken))
        self.counted = kept
