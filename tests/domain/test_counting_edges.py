"""The edges of the counting: the days themselves, the last second, and parts that only touch."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ccm_fhir.domain.codes import NotCounted, PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.timekeeping import Away, TimeEntry, tally
from tests.builders import NEW_YORK, NOVEMBER, work
from tests.domain.test_timekeeping import at, reasons, window

STAY = Away(first_day=date(2026, 11, 10), last_day=date(2026, 11, 12), reason=NotCounted.INPATIENT)
TOKYO = ZoneInfo("Asia/Tokyo")


def on_day(day: date, seconds: int = 600, **changes: object) -> TimeEntry:
    fields = {
        "id": "day",
        "performer_id": "nurse",
        "performer": PerformerKind.CLINICAL_STAFF,
        "on": day,
        "seconds": seconds,
    }
    return TimeEntry(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        (date(2026, 11, 4), NotCounted.BEFORE_CONSENT),
        (date(2026, 11, 5), None),
        (date(2026, 11, 9), None),
        (date(2026, 11, 10), NotCounted.INPATIENT),
        (date(2026, 11, 12), NotCounted.INPATIENT),
        (date(2026, 11, 13), None),
        (date(2026, 11, 20), None),
        (date(2026, 11, 21), NotCounted.AFTER_DEATH),
        (date(2026, 12, 1), NotCounted.OUTSIDE_MONTH),
        (date(2025, 11, 10), NotCounted.OUTSIDE_MONTH),
    ],
)
def test_a_day_is_refused_from_its_first_to_its_last_and_no_further(
    day: date, refusal: NotCounted | None
) -> None:
    inside = window(consent_from=date(2026, 11, 5), last_day=date(2026, 11, 20), away=(STAY,))

    assert inside.refuses_day(day) is refusal


@pytest.mark.parametrize(
    ("hour_of_day", "refusal"),
    [
        (at(9, 23), None),
        (at(10, 0), NotCounted.INPATIENT),
        (at(12, 23), NotCounted.INPATIENT),
        (at(13, 0), None),
    ],
)
def test_a_stay_closes_its_days_by_the_practices_clock(
    hour_of_day: datetime, refusal: NotCounted | None
) -> None:
    found = reasons(work(600, hour_of_day), inside=window(away=(STAY,)))

    assert found == ({} if refusal is None else {refusal: 600})


@pytest.mark.parametrize(
    ("first", "last", "closed"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), False),
        (date(2026, 10, 1), date(2026, 11, 1), True),
        (date(2026, 11, 30), date(2026, 12, 5), True),
        (date(2026, 12, 1), date(2026, 12, 5), False),
        (date(2026, 9, 1), date(2026, 12, 31), True),
    ],
)
def test_a_stay_closes_only_the_days_it_shares_with_the_month(
    first: date, last: date, *, closed: bool
) -> None:
    away = Away(first_day=first, last_day=last, reason=NotCounted.INPATIENT)

    periods = window(away=(away,)).closed_periods()

    assert len(periods) == (3 if closed else 2)


def test_a_death_on_the_months_last_day_closes_nothing_of_it() -> None:
    inside = window(last_day=date(2026, 11, 30), consent_from=NOVEMBER.first_day)

    assert len(inside.closed_periods()) == 2
    assert reasons(work(600, at(30, 23, 50)), inside=inside) == {}


def test_the_day_after_death_begins_at_the_practices_midnight() -> None:
    entry = work(1200, at(20, 23, 50))

    assert reasons(entry, inside=window(last_day=date(2026, 11, 20))) == {
        NotCounted.AFTER_DEATH: 600
    }


def test_one_second_too_many_is_named_too() -> None:
    entry = work(601, datetime(2026, 10, 31, 23, 59, 59, tzinfo=NEW_YORK))

    assert reasons(entry) == {NotCounted.OUTSIDE_MONTH: 1}


def test_every_left_out_part_names_its_entry() -> None:
    staff_only = window(consent_from=date(2026, 11, 3), away=(STAY,))
    entries = (
        work(60, at(2, 10), entry_id="early"),
        work(60, at(11, 10), entry_id="away"),
        work(60, at(14, 10), entry_id="first"),
        work(60, at(14, 10), entry_id="second"),
        work(60, at(15, 10), PerformerKind.NONCLINICAL_STAFF, entry_id="clerk"),
        on_day(date(2026, 12, 1), id="later"),
    )

    left = {part.entry_id: part.reason for part in tally(entries, staff_only).left_out}

    assert left == {
        "early": NotCounted.BEFORE_CONSENT,
        "away": NotCounted.INPATIENT,
        "second": NotCounted.OVERLAP,
        "clerk": NotCounted.NONCLINICAL,
        "later": NotCounted.OUTSIDE_MONTH,
    }


def test_work_that_begins_when_other_work_ends_shares_nothing_with_it() -> None:
    entries = (work(600, at(5, 10)), work(600, at(5, 10, 10), entry_id="b"))

    counted = tally(entries, window())

    assert (counted.counted_seconds, counted.left_out) == (1200, ())
    assert [interval.seconds for interval in counted.counted] == [600, 600]


def test_a_closed_time_that_only_touches_an_entry_leaves_it_whole() -> None:
    inside = window(consent_from=date(2026, 11, 5), away=(STAY,))
    until_the_stay, after_it = work(600, at(9, 23, 50)), work(600, at(13, 0), entry_id="b")

    counted = tally((until_the_stay, after_it), inside)

    assert [interval.seconds for interval in counted.counted] == [600, 600]


def test_an_entry_may_be_cut_in_two_by_a_stay_and_both_parts_count() -> None:
    day = Away(
        first_day=date(2026, 11, 10), last_day=date(2026, 11, 10), reason=NotCounted.INPATIENT
    )
    whole = work(3 * 86_400, at(9, 0))

    counted = tally((whole,), window(away=(day,)))

    assert [interval.seconds for interval in counted.counted] == [86_400, 86_400]
    assert [(part.seconds, part.reason) for part in counted.left_out] == [
        (86_400, NotCounted.INPATIENT)
    ]


def test_a_second_stay_cuts_what_the_first_one_left() -> None:
    days = tuple(
        Away(first_day=date(2026, 11, d), last_day=date(2026, 11, d), reason=NotCounted.INPATIENT)
        for d in (10, 12)
    )
    whole = work(5 * 86_400, at(9, 0))

    counted = tally((whole,), window(away=days))

    assert [interval.seconds for interval in counted.counted] == [86_400] * 3


def test_a_day_without_seconds_says_nothing() -> None:
    days = (on_day(date(2026, 11, 5), 0), on_day(date(2026, 11, 6), 1, id="one"))

    counted = tally(days, window())

    assert [(i.entry_id, i.seconds) for i in counted.counted] == [("one", 1)]


def test_entries_are_put_in_order_by_the_moment_whatever_zone_they_are_told_in() -> None:
    first = work(600, at(5, 10).astimezone(TOKYO), entry_id="b")
    second = work(600, at(5, 10, 5).astimezone(UTC), entry_id="a")
    a_day = on_day(date(2026, 11, 5), 60, id="c")

    counted = tally((second, first, a_day), window())

    assert [interval.entry_id for interval in counted.counted] == ["c", "b", "a"]
    assert [part.entry_id for part in counted.left_out] == ["a"]


def test_a_threshold_reached_in_the_second_stretch_is_dated_within_it() -> None:
    entries = (
        work(600, at(5, 10)),
        work(1200, datetime(2026, 11, 9, 23, 55, tzinfo=NEW_YORK), entry_id="b"),
    )

    counted = tally(entries, window())

    assert counted.reached_on(899, NEW_YORK) == date(2026, 11, 9)
    assert counted.reached_on(900, NEW_YORK) == date(2026, 11, 10)


def test_a_window_of_another_month_of_the_same_name_refuses_the_day() -> None:
    assert (
        window(month=ServiceMonth(2025, 11)).refuses_day(date(2026, 11, 5))
        is NotCounted.OUTSIDE_MONTH
    )
