"""Months and partial dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.dates import PartialDate, ServiceMonth
from ccm_fhir.errors import InputError
from tests.builders import NEW_YORK, on


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026", "2026-1", "", "0000-01", "2026-11-01", "٢٠٢٦-11x"]
)
def test_what_is_not_a_month_is_refused_by_field_name(text: str) -> None:
    with pytest.raises(InputError, match="service_month"):
        ServiceMonth.parse(text)


@given(st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_lies_in_exactly_one_month(moment: datetime) -> None:
    own = ServiceMonth.containing(moment.astimezone(NEW_YORK).date())
    around = [own.previous(), own, own.next()]

    holding = [m for m in around if m.starts_at(NEW_YORK) <= moment < m.ends_at(NEW_YORK)]

    assert holding == [own]


@given(st.integers(1, 9000), st.integers(1, 12), st.integers(-200, 200))
def test_going_there_and_back_leads_to_the_same_month(year: int, month: int, steps: int) -> None:
    if year * 12 + month + steps < 14:
        return
    start = ServiceMonth(year, month)

    assert start.plus(steps).plus(-steps) == start
    assert ServiceMonth.parse(str(start)) == start


def test_a_year_says_nothing_about_a_day_within_it() -> None:
    assert on("2026").is_on_or_before(date(2026, 3, 15)) is None
    assert on("2026").is_on_or_before(date(2026, 12, 31)) is True
    assert on("2026").is_on_or_before(date(2025, 12, 31)) is False


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026", "2026"),
        ("2026-02", "2026-02"),
        ("2026-02-03", "2026-02-03"),
        ("2026-02-03T23:59:00-05:00", "2026-02-03"),
    ],
)
def test_a_partial_date_is_shown_with_the_precision_it_had(text: str, shown: str) -> None:
    assert str(on(text)) == shown


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-02-30", "2026-13", "26-01-01"])
def test_what_cannot_be_read_as_a_date_is_none(text: str | None) -> None:
    assert PartialDate.parse(text) is None


def test_a_month_ends_where_the_next_begins() -> None:
    march = ServiceMonth(2026, 3)

    assert march.ends_at(NEW_YORK) - march.starts_at(NEW_YORK).astimezone(UTC) == timedelta(
        days=31, hours=-1
    )


@pytest.mark.parametrize(
    ("before", "month", "after"),
    [("2025-12", "2026-01", "2026-02"), ("2026-11", "2026-12", "2027-01")],
)
def test_the_months_around_a_month_are_its_neighbours(before: str, month: str, after: str) -> None:
    assert str(ServiceMonth.parse(month).previous()) == before
    assert str(ServiceMonth.parse(month).next()) == after
