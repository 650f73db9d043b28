from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from smart_app.views import formats


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 min"), (1199, "19 min 59 s"), (1200, "20 min"), (59, "59 s"), (3600, "60 min")],
)
def test_minutes_are_never_rounded(seconds: int, shown: str) -> None:
    assert formats.minutes(seconds) == shown


@pytest.mark.parametrize(
    ("hour", "shown"), [(0, "12:05 AM"), (9, "9:05 AM"), (12, "12:05 PM"), (23, "11:05 PM")]
)
def test_a_clock_is_told_as_in_the_clinic(hour: int, shown: str) -> None:
    assert formats.clock(datetime(2026, 11, 3, hour, 5, tzinfo=UTC)) == shown


def test_a_span_over_midnight_names_the_second_day() -> None:
    start = datetime(2026, 11, 30, 23, 50, tzinfo=UTC)
    end = datetime(2026, 12, 1, 0, 12, tzinfo=UTC)

    assert formats.span(start, end) == "11:50 PM – Tue, Dec 1, 12:12 AM"


def test_an_amount_that_is_not_known_is_a_dash() -> None:
    assert formats.money(None) == "–"
    assert formats.money(Decimal("1234.5")) == "$1,234.50"


def test_words_are_listed_as_one_writes_them() -> None:
    assert formats.listed(()) == ""
    assert formats.listed(("a",)) == "a"
    assert formats.listed(("a", "b", "c")) == "a, b and c"


def test_a_sentence_begins_large_and_ends() -> None:
    assert formats.sentence("not a month") == "Not a month."
    assert formats.sentence("Why?") == "Why?"
    assert formats.sentence(" ") == ""


def test_a_day_needs_no_locale() -> None:
    assert formats.day(date(2026, 11, 3)) == "Nov 3, 2026"
