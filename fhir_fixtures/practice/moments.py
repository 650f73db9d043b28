"""Days and instants counted back from ``as_of``, in the practice's own time zone."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PRACTICE_TIME = ZoneInfo("America/New_York")


def month_start(as_of: date, months_ago: int = 0) -> date:
    """Return the first day of the month so many months before ``as_of``'s."""
    months = as_of.year * 12 + as_of.month - 1 - months_ago
    return date(months // 12, months % 12 + 1, 1)


def in_month(as_of: date, months_ago: int, day: int) -> date:
    """Return a day of an earlier month, the last one where the month is shorter."""
    first = month_start(as_of, months_ago)
    return first.replace(day=min(day, calendar.monthrange(first.year, first.month)[1]))


def month_end(as_of: date, months_ago: int = 0) -> date:
    """Return the last day of the month so many months before ``as_of``'s."""
    return in_month(as_of, months_ago, 31)


def on_weekday(day: date) -> date:
    """Return the day, or the Friday before it where it falls on a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return an aware moment in the practice's time zone."""
    return datetime.combine(day, time(hour, minute), PRACTICE_TIME)


def period(start: datetime, minutes: int) -> dict[str, str]:
    """Return a FHIR Period with offsets; real minutes also where the clocks change."""
    end = (start.astimezone(ZoneInfo("UTC")) + timedelta(minutes=minutes)).astimezone(start.tzinfo)
    return {"start": start.isoformat(), "end": end.isoformat()}


def free_slot(index: int, day: date) -> datetime:
    """Return a quarter of an hour of a working day, another one for each of 36 patients."""
    return at(day, 8 + index % 9, index // 9 % 4 * 15)
