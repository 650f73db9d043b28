"""How dates, durations and money are written."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from ccm_fhir.domain.dates import ServiceMonth

_SECONDS_A_MINUTE = 60
_NOON = 12


def minutes(seconds: int) -> str:
    """Return a duration in minutes, with seconds where there are any: never rounded."""
    whole, rest = divmod(seconds, _SECONDS_A_MINUTE)
    if rest == 0:
        return f"{whole} min"
    return f"{whole} min {rest} s" if whole else f"{rest} s"


def bare_minutes(seconds: int) -> str:
    """Return whole minutes as a number, and minutes and seconds as 19:59."""
    whole, rest = divmod(seconds, _SECONDS_A_MINUTE)
    return f"{whole}:{rest:02d}" if rest else str(whole)


def whole_minutes(seconds: int) -> int:
    """Return the minutes that are complete."""
    return seconds // _SECONDS_A_MINUTE


def day(value: date) -> str:
    """Return a date as Nov 3, 2026."""
    return f"{value:%b} {value.day}, {value.year}"


def short_day(value: date) -> str:
    """Return a date inside a month that is known: Tue, Nov 3."""
    return f"{value:%a}, {value:%b} {value.day}"


def clock(value: datetime) -> str:
    """Return a time of day as 2:05 PM."""
    hour = value.hour % _NOON or _NOON
    return f"{hour}:{value.minute:02d} {'AM' if value.hour < _NOON else 'PM'}"


def moment(value: datetime) -> str:
    """Return a date and a time of day."""
    return f"{day(value.date())}, {clock(value)}"


def span(start: datetime, end: datetime) -> str:
    """Return from when to when; the second date only where it differs."""
    if start.date() == end.date():
        return f"{clock(start)} – {clock(end)}"
    return f"{clock(start)} – {short_day(end.date())}, {clock(end)}"


def month_name(month: ServiceMonth) -> str:
    """Return a month as November 2026."""
    return f"{month.first_day:%B %Y}"


def money(amount_usd: Decimal | None) -> str:
    """Return dollars and cents; a dash where there is no amount."""
    return "–" if amount_usd is None else f"${amount_usd:,.2f}"


def money_of_cents(cents: int) -> str:
    """Write an amount that is stored as cents; nothing is a dash."""
    return money(Decimal(cents) / 100) if cents else "–"


def count(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def listed(words: tuple[str, ...]) -> str:
    """Return words as a clinician would write them: a, b and c."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def sentence(text: str) -> str:
    """Return text with a capital and a full stop, whatever it came with."""
    trimmed = text.strip()
    if not trimmed:
        return ""
    ended = trimmed if trimmed[-1] in ".?!" else f"{trimmed}."
    return ended[0].upper() + ended[1:]
