"""What time of a month may count: the zone, whose work, and on which days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ccm_fhir.domain.codes import NotCounted, PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import Fact

_DAY = timedelta(days=1)
_DAYS_KEPT = 8192
_MONTHS_KEPT = 1024

Closed = tuple[datetime, datetime, NotCounted]
"""From when until when (UTC, the end not included) nothing counts, and why."""


class Away(Fact, frozen=True, kw_only=True):
    """Days, first and last included, on which nothing counts, and why."""

    first_day: date
    last_day: date
    reason: NotCounted


class CountingWindow(Fact, frozen=True, kw_only=True):
    """The month, the zone, whose work counts, and from and until which day.

    ``used_elsewhere_seconds`` are among the entries and already used for another service;
    nobody said which they are, so the earliest are taken away.
    """

    month: ServiceMonth
    zone: ZoneInfo
    performers: frozenset[PerformerKind]
    consent_from: date | None = None
    last_day: date | None = None
    away: tuple[Away, ...] = ()
    used_elsewhere_seconds: int = 0

    def refuses_day(self, day: date) -> NotCounted | None:
        """Return why nothing counts on a day; None where it does."""
        if (day.year, day.month) != (self.month.year, self.month.month):
            return NotCounted.OUTSIDE_MONTH
        if self.consent_from is not None and day < self.consent_from:
            return NotCounted.BEFORE_CONSENT
        if self.last_day is not None and day > self.last_day:
            return NotCounted.AFTER_DEATH
        for away in self.away:
            if away.first_day <= day <= away.last_day:
                return away.reason
        return None

    def closed_periods(self) -> tuple[Closed, ...]:
        """Return when nothing counts, in the order in which a reason is looked for."""
        closed = [*outside(self.month, self.zone)]
        if self.consent_from is not None and self.consent_from > self.month.first_day:
            begins = midnight(self.consent_from, self.zone)
            closed.append((_EVER, begins, NotCounted.BEFORE_CONSENT))
        if self.last_day is not None and self.last_day < self.month.last_day:
            ends = midnight(self.last_day + _DAY, self.zone)
            closed.append((ends, _NEVER, NotCounted.AFTER_DEATH))
        first, last = self.month.first_day, self.month.last_day
        closed.extend(
            (
                midnight(max(away.first_day, first), self.zone),
                midnight(min(away.last_day, last) + _DAY, self.zone),
                away.reason,
            )
            for away in self.away
            if away.first_day <= last and away.last_day >= first
        )
        return tuple(closed)


_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


@lru_cache(maxsize=_DAYS_KEPT)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day in a zone, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=_MONTHS_KEPT)
def outside(month: ServiceMonth, zone: ZoneInfo) -> tuple[Closed, Closed]:
    """Return all time before a month and all time after it."""
    opens, closes = month.starts_at(zone).astimezone(UTC), month.ends_at(zone).astimezone(UTC)
    return (_EVER, opens, NotCounted.OUTSIDE_MONTH), (closes, _NEVER, NotCounted.OUTSIDE_MONTH)
