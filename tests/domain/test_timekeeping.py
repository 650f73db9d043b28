"""Counting: each second once, or a reason why not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.timekeeping import (
    CountingWindow,
    Interval,
    LeftOut,
    NotCounted,
    TimeEntry,
    tally,
)
from tests.builders import NEW_YORK, NOVEMBER, work

STAFF = frozenset({PerformerKind.CLINICAL_STAFF})
WINDOW = CountingWindow(month=NOVEMBER, zone=NEW_YORK, performers=STAFF)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK)


def window(**changes: object) -> CountingWindow:
    fields = {"month": NOVEMBER, "zone": NEW_YORK, "performers": STAFF} | changes
    return CountingWindow(**fields)  # type: ignore[arg-type]  # a test's shorthand


def reasons(*entries: TimeEntry, inside: CountingWindow = WINDOW) -> dict[NotCounted, int]:
    left: dict[NotCounted, int] = {}
    for part in tally(entries, inside).left_out:
        left[part.reason] = left.get(part.reason, 0) + part.seconds
    return left


def test_two_people_at_the_same_moment_count_once() -> None:
    first = work(600, at(5, 10), entry_id="a")
    second = work(600, at(5, 10, 5), entry_id="b")

    counted = tally((first, second), WINDOW)

    assert counted.counted_seconds == 900
    assert reasons(first, second) == {NotCounted.OVERLAP: 300}


def test_an_entry_inside_another_adds_nothing() -> None:
    assert (
        tally(
            (work(3600, at(5, 10)), work(60, at(5, 10, 30), entry_id="b")), WINDOW
        ).counted_seconds
        == 3600
    )


def test_work_over_midnight_of_the_months_end_is_cut_there() -> None:
    entry = work(1200, datetime(2026, 10, 31, 23, 50, tzinfo=NEW_YORK))

    assert tally((entry,), WINDOW).counted_seconds == 600
    assert tally((entry,), window(month=ServiceMonth(2026, 10))).counted_seconds == 600
    assert reasons(entry) == {NotCounted.OUTSIDE_MONTH: 600}


def test_work_before_the_day_of_consent_does_not_count() -> None:
    entry = work(600, at(4, 23, 55))

    assert reasons(entry, inside=window(consent_from=date(2026, 11, 5))) == {
        NotCounted.BEFORE_CONSENT: 300
    }


def test_work_after_the_day_of_death_does_not_count() -> None:
    assert reasons(work(600, at(6, 0)), inside=window(last_day=date(2026, 11, 5))) == {
        NotCounted.AFTER_DEATH: 600
    }


def test_time_of_non_clinical_staff_is_named_as_such() -> None:
    entry = work(600, at(5, 10), PerformerKind.NONCLINICAL_STAFF)

    assert reasons(entry) == {NotCounted.NONCLINICAL: 600}


def test_time_of_a_performer_the_codes_do_not_take_is_left_out() -> None:
    entry = work(600, at(5, 10), PerformerKind.BILLING_PRACTITIONER)

    assert reasons(entry) == {NotCounted.OTHER_PERFORMER: 600}


def test_the_hour_that_is_lived_twice_in_autumn_counts_twice() -> None:
    before = datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK)
    entry = TimeEntry(
        id="e",
        performer_id="n",
        performer=PerformerKind.CLINICAL_STAFF,
        started_at=before,
        ended_at=datetime(2026, 11, 1, 2, 30, tzinfo=NEW_YORK),
    )

    assert tally((entry,), WINDOW).counted_seconds == 3 * 3600


def test_the_day_a_threshold_was_reached_is_the_practices_day() -> None:
    late = work(1800, datetime(2026, 11, 10, 23, 45, tzinfo=NEW_YORK))

    counted = tally((late,), WINDOW)

    assert counted.reached_on(15 * 60, NEW_YORK) == date(2026, 11, 11)
    assert counted.reached_on(15 * 60 - 1, NEW_YORK) == date(2026, 11, 10)
    assert counted.reached_on(1801, NEW_YORK) is None


def test_seconds_used_elsewhere_are_taken_from_the_earliest_work_and_named_by_entry() -> None:
    first, second = work(600, at(5, 10), entry_id="a"), work(600, at(6, 10), entry_id="b")
    third = work(600, at(7, 10), entry_id="c")

    kept = tally((first, second, third), window(used_elsewhere_seconds=900))

    assert kept.left_out == (
        LeftOut(entry_id="a", seconds=600, reason=NotCounted.COUNTED_ELSEWHERE),
        LeftOut(entry_id="b", seconds=300, reason=NotCounted.COUNTED_ELSEWHERE),
    )
    assert [(part.entry_id, part.seconds) for part in kept.counted] == [("b", 300), ("c", 600)]
    assert (kept.counted[0].started_at, kept.counted[0].ended_at) == (at(6, 10, 5), at(6, 10, 10))


def test_what_remains_of_work_without_a_clock_keeps_its_entry_and_day() -> None:
    whole = Interval(entry_id="a", seconds=600, on=date(2026, 11, 5))

    assert whole.without_first(200) == Interval(entry_id="a", seconds=400, on=date(2026, 11, 5))


@given(
    st.lists(
        st.tuples(
            st.integers(-3600, 31 * 86400), st.integers(0, 7200), st.sampled_from(PerformerKind)
        ),
        max_size=12,
    )
)
def test_every_second_is_counted_or_left_out_once(
    drawn: list[tuple[int, int, PerformerKind]],
) -> None:
    start = NOVEMBER.starts_at(NEW_YORK).astimezone(UTC)
    entries = tuple(
        work(seconds, start + timedelta(seconds=offset), kind, f"e{n}")
        for n, (offset, seconds, kind) in enumerate(drawn)
    )

    counted = tally(entries, WINDOW)

    total = sum(seconds for _, seconds, _ in drawn)
    assert counted.counted_seconds + sum(part.seconds for part in counted.left_out) == total
    assert all(part.seconds > 0 for part in counted.left_out)
    spans = [(i.started_at, i.ended_at) for i in counted.counted if i.started_at and i.ended_at]
    assert all(begin >= end for (_, end), (begin, _) in pairwise(spans))
