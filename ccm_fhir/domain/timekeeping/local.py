"""Wall-clock times of a practice to instants, on the days when its clocks change as well."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ccm_fhir.errors import InputError

_DAYS_KEPT = 4096
_FOLDS = (1, 0)


def instants(started: datetime, ended: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants (UTC) of two naive local times.

    In the hour that autumn repeats, the reading that makes the work shortest is taken: time
    is never presumed.

    Raises:
        InputError: a time that spring skips, or an end that is not after its start.
    """
    before, after = _offset(started.date(), zone), _offset(ended.date(), zone)
    if before is not None and after is not None:
        begin = (started - before).replace(tzinfo=UTC)
        end = (ended - after).replace(tzinfo=UTC)
        if end > begin:
            return begin, end
        raise InputError("end", "not after the start")
    return _shortest(_readings("start", started, zone), _readings("end", ended, zone))


def _shortest(begins: list[datetime], ends: list[datetime]) -> tuple[datetime, datetime]:
    pairs = [(b, e) for b in begins for e in ends if e > b]
    if not pairs:
        raise InputError("end", "not after the start")
    return min(pairs, key=lambda pair: pair[1] - pair[0])


def _readings(name: str, wall: datetime, zone: ZoneInfo) -> list[datetime]:
    found = []
    for fold in _FOLDS:
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            found.append(instant)
    if not found:
        raise InputError(name, "this local time does not exist; the clocks went forward")
    return found


@lru_cache(maxsize=_DAYS_KEPT)
def _offset(day: date, zone: ZoneInfo) -> timedelta | None:
    """Return a day's offset from UTC; None where the clocks change on it."""
    first = datetime.combine(day, time(), tzinfo=zone).utcoffset()
    last = datetime.combine(day, time.max, tzinfo=zone).utcoffset()
    return first if first == last else None
