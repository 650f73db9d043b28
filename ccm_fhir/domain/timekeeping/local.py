"""Wall-clock times of a practice to instants, on the days when its clocks change as well."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
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
    if _is_plain(started.date(), zone) and _is_plain(ended.date(), zone):
        begin = started.replace(tzinfo=zone).astimezone(UTC)
        end = ended.replace(tzinfo=zone).astimezone(UTC)
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
def _is_plain(day: date, zone: ZoneInfo) -> bool:
    """Whether the clocks do not change on a day."""
    midnight = datetime.combine(day, time(), tzinfo=zone)
    last = datetime.combine(day, time.max, tzinfo=zone)
    return midnight.utcoffset() == last.utcoffset()
