"""Wall-clock times of a practice to instants, on the days when its clocks change as well."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ccm_fhir.errors import InputError

_DAYS_KEPT = 4096
_FOLDS = (1, 0)
_SECOND = timedelta(seconds=1)
_SKIPPED = "this local time does not exist; the clocks went forward"


class Wall(NamedTuple):
    """What a clock on the practice's wall showed on a day."""

    day: date
    clock: time


def instants(started: Wall, ended: Wall, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants (UTC) of two local times.

    In the hour that autumn repeats, the reading that makes the work shortest is taken: time
    is never presumed.

    Raises:
        InputError: a time that spring skips, or an end that is not after its start.
    """
    before, after = _offset(started.day, zone), _offset(ended.day, zone)
    if before is None or after is None:
        return _on_a_day_of_change(started, ended, zone)
    begin = datetime.combine(started.day, started.clock, UTC) - before
    end = datetime.combine(ended.day, ended.clock, UTC) - after
    if end > begin:
        return begin, end
    raise InputError("end", "not after the start")


def _on_a_day_of_change(started: Wall, ended: Wall, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begins = _readings(datetime.combine(*started), zone)
    if not begins:
        raise InputError("start", _SKIPPED)
    last = datetime.combine(*ended)
    # An end is the first moment after the work: when the skipped hour begins, it is that moment.
    ends = _readings(last, zone) or [end + _SECOND for end in _readings(last - _SECOND, zone)]
    if not ends:
        raise InputError("end", _SKIPPED)
    return _shortest(begins, ends)


def _shortest(begins: list[datetime], ends: list[datetime]) -> tuple[datetime, datetime]:
    pairs = [(b, e) for b in begins for e in ends if e > b]
    if not pairs:
        raise InputError("end", "not after the start")
    return min(pairs, key=lambda pair: pair[1] - pair[0])


def _readings(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    found = []
    for fold in _FOLDS:
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            found.append(instant)
    return found


@lru_cache(maxsize=_DAYS_KEPT)
def _offset(day: date, zone: ZoneInfo) -> timedelta | None:
    """Return a day's offset from UTC; None where the clocks change on it."""
    first = datetime.combine(day, time(), tzinfo=zone).utcoffset()
    last = datetime.combine(day, time.max, tzinfo=zone).utcoffset()
    return first if first == last else None
