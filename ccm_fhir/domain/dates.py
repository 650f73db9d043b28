"""Dates as charts and months as payers know them: partial dates, and months in a zone."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import msgspec

from ccm_fhir.errors import InputError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MONTH = re.compile(r"(\d{4})-(\d{2})\Z")
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?\Z")
_MONTHS_A_YEAR = 12
_MONTHS_KEPT = 4096


class ServiceMonth(msgspec.Struct, frozen=True, order=True):
    """A calendar month, the unit in which care management is reported."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``YYYY-MM``; raises InputError for anything else."""
        match = _MONTH.match(text)
        if match is None or not 1 <= int(match[2]) <= _MONTHS_A_YEAR or int(match[1]) < 1:
            raise InputError("service_month", "not a month of the form YYYY-MM")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def containing(cls, day: date) -> Self:
        """Return the month in which a day lies."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        """The month's first day."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """The month's last day."""
        return _last_day(self.year, self.month)

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Return the first instant of the month in the practice's zone."""
        return datetime.combine(self.first_day, time(), tzinfo=zone)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """Return the first instant after the month in the practice's zone."""
        return self.next().starts_at(zone)

    def next(self) -> Self:
        """Return the month after."""
        return self.plus(1)

    def previous(self) -> Self:
        """Return the month before."""
        return self.plus(-1)

    def plus(self, months: int) -> Self:
        """Return the month so many months later (or earlier, when negative)."""
        index = self.year * _MONTHS_A_YEAR + self.month - 1 + months
        return type(self)(index // _MONTHS_A_YEAR, index % _MONTHS_A_YEAR + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@lru_cache(maxsize=_MONTHS_KEPT)
def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


class PartialDate(msgspec.Struct, frozen=True):
    """A FHIR date of year, month or day precision; it is never filled in."""

    earliest: date
    latest: date

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read a FHIR date or dateTime; None where it is absent or cannot be read.

        A dateTime keeps the calendar date written in it, which is the date the person who
        wrote it saw on the wall.
        """
        match = _PARTIAL.match(text.strip()) if text else None
        if match is None:
            return None
        try:
            return cls._of(int(match[1]), match[2], match[3])
        except ValueError:
            return None

    @classmethod
    def _of(cls, year: int, month: str | None, day: str | None) -> Self:
        if month is None:
            return cls(date(year, 1, 1), date(year, _MONTHS_A_YEAR, 31))
        if day is None:
            first = date(year, int(month), 1)
            return cls(first, ServiceMonth.containing(first).last_day)
        exact = date(year, int(month), int(day))
        return cls(exact, exact)

    @property
    def is_exact(self) -> bool:
        """Whether the day is known."""
        return self.earliest == self.latest

    def is_on_or_before(self, day: date) -> bool | None:
        """Whether it lies on or before a day; None where its precision cannot tell."""
        if self.latest <= day:
            return True
        return False if self.earliest > day else None

    def __str__(self) -> str:
        if self.is_exact:
            return self.earliest.isoformat()
        same_month = (self.earliest.year, self.earliest.month) == (
            self.latest.year,
            self.latest.month,
        )
        return f"{self.earliest:%Y-%m}" if same_month else f"{self.earliest:%Y}"
