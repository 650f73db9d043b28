"""The pace of an EHR: no window holds more than the quota, and a silent EHR is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.pacing import (
    FAILURES,
    LONGEST_PAUSE,
    PROBE,
    Circuit,
    Pace,
    PauseReason,
    answered,
    circuit,
    failed,
    held_until,
    probing,
    queued,
    refused,
    slots,
    spacing,
    throttled,
)

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fails(pace: Pace, times: int, now: datetime = NOW) -> Pace:
    for _ in range(times):
        pace = failed(pace, now, 0.5)
    return pace


@given(
    per_minute=st.integers(1, 6000),
    asks=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 5)), max_size=60),
)
def test_no_minute_and_no_second_holds_more_requests_than_the_quota(
    per_minute: int, asks: list[tuple[int, int]]
) -> None:
    pace, now, given_away = Pace(), NOW, list[datetime]()
    for after_ms, number in asks:
        now += timedelta(milliseconds=after_ms)
        moments, pace = slots(pace, now, spacing(per_minute), number)
        given_away += moments

    assert given_away == sorted(given_away)
    for window, most in ((60 * SECOND, per_minute), (SECOND, -(-per_minute // 60))):
        for first in given_away:
            within = sum(first <= moment < first + window for moment in given_away)
            assert within <= max(1, most)


@given(number=st.integers(1, 200))
def test_deliveries_queue_one_behind_the_other(number: int) -> None:
    pace, turns = Pace(), list[datetime]()
    for _ in range(number):
        at, pace = queued(pace, NOW, SECOND)
        turns.append(at)

    assert turns == [NOW + 3 * SECOND * n for n in range(number)]


def test_an_ehr_is_left_alone_after_so_many_failures_in_a_row_and_not_before() -> None:
    assert circuit(fails(Pace(), FAILURES - 1), NOW) is Circuit.CLOSED
    opened = fails(Pace(), FAILURES)
    assert circuit(opened, NOW) is Circuit.OPEN
    assert opened.reason is PauseReason.UNREACHABLE
    assert held_until(opened, NOW) == opened.paused_until


def test_an_answer_between_failures_begins_the_count_again() -> None:
    pace = fails(answered(fails(Pace(), FAILURES - 1)), FAILURES - 1)

    assert circuit(pace, NOW) is Circuit.CLOSED


def test_one_probe_is_let_by_when_the_pause_is_over_and_an_answer_closes_the_circuit() -> None:
    opened = fails(Pace(), FAILURES)
    assert opened.paused_until is not None
    later = opened.paused_until

    assert circuit(opened, later) is Circuit.HALF_OPEN
    assert held_until(opened, later) is None
    under_way = probing(opened, later)
    assert held_until(under_way, later) == later + PROBE
    assert held_until(answered(under_way), later) is None
    assert circuit(answered(under_way), later) is Circuit.CLOSED


def test_a_probe_that_fails_opens_the_circuit_for_longer() -> None:
    opened = fails(Pace(), FAILURES)
    assert opened.paused_until is not None
    again = failed(probing(opened, opened.paused_until), opened.paused_until, 0.5)

    assert again.paused_until is not None
    assert again.paused_until - opened.paused_until == 2 * (opened.paused_until - NOW)


def test_failures_that_were_under_way_when_it_opened_do_not_open_it_again() -> None:
    opened = fails(Pace(), FAILURES)

    assert fails(opened, 20).opened == 1
    assert fails(opened, 20).paused_until == opened.paused_until


@pytest.mark.parametrize(("asked", "paused"), [(3.0, 3.0), (900.0, 900.0), (86_400.0, 900.0)])
def test_retry_after_holds_for_the_whole_ehr_a_quarter_of_an_hour_at_most(
    asked: float, paused: float
) -> None:
    pace = throttled(Pace(), NOW, asked, 0.5)

    assert pace.paused_until == NOW + timedelta(seconds=paused)
    assert held_until(pace, NOW) == pace.paused_until
    assert circuit(pace, NOW) is Circuit.CLOSED


def test_an_answer_to_another_request_does_not_cut_short_what_the_ehr_asked_for() -> None:
    pace = throttled(Pace(), NOW, 60.0, 0.5)

    assert held_until(answered(pace), NOW) == NOW + 60 * SECOND


@given(st.integers(1, 40), st.floats(0, 1), st.floats(0, 1))
def test_each_pause_is_longer_than_the_one_before_until_it_is_long_enough(
    times: int, one: float, other: float
) -> None:
    pace, lengths = Pace(), list[timedelta]()
    for chance in [one, other] * times:
        now = NOW if pace.paused_until is None else pace.paused_until
        pace = throttled(pace, now, None, chance)
        assert pace.paused_until is not None
        lengths.append(pace.paused_until - now)

    assert all(length <= LONGEST_PAUSE for length in lengths)
    assert all(after > before / 2 for before, after in pairwise(lengths))


def test_a_refused_token_is_named_and_probed_like_silence() -> None:
    pace = refused(Pace(), NOW, 0.5)

    assert pace.reason is PauseReason.UNAUTHORIZED
    assert circuit(pace, NOW) is Circuit.OPEN
    assert held_until(answered(pace), NOW) is None


@pytest.mark.parametrize("trouble", [{"failures": 1}, {"throttled": 1}, {"opened": 1}])
def test_an_answer_is_news_only_where_there_was_trouble(trouble: dict[str, int]) -> None:
    assert replace(Pace(), **trouble).is_troubled  # type: ignore[arg-type]  # one number
    assert not Pace().is_troubled


def test_a_quota_outlives_trouble() -> None:
    pace = replace(Pace(), per_minute=250)

    assert answered(fails(pace, FAILURES)).per_minute == 250


def test_every_further_failure_is_counted_though_the_circuit_is_open() -> None:
    opened = fails(Pace(), FAILURES)

    assert opened.failures == FAILURES
    assert failed(opened, NOW + LONGEST_PAUSE, 0.5).failures == FAILURES + 1


@pytest.mark.parametrize("reason", [PauseReason.UNREACHABLE, PauseReason.UNAUTHORIZED])
def test_an_answer_takes_back_why_the_ehr_was_left_alone(reason: PauseReason) -> None:
    paused = Pace(paused_until=NOW + SECOND, reason=reason, opened=1, failures=FAILURES)

    assert answered(paused) == Pace()


def test_an_answer_leaves_the_pause_that_the_ehr_asked_for() -> None:
    asked = throttled(Pace(), NOW, 60, 0.5)

    assert answered(asked) == Pace(paused_until=NOW + 60 * SECOND, reason=PauseReason.ASKED)


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 11.25), (0.5, 15.0), (1.0, 18.75)])
def test_the_first_pause_is_a_quarter_shorter_or_longer_by_chance(
    chance: float, seconds: float
) -> None:
    opened = failed(Pace(failures=FAILURES - 1), NOW, chance)

    assert opened.paused_until == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("before", "seconds"), [(0, 5), (1, 10), (2, 20), (7, 640), (8, 900)])
def test_a_throttle_without_a_word_of_how_long_doubles(before: int, seconds: int) -> None:
    asked = throttled(Pace(throttled=before), NOW, None, 0.5)

    assert asked.paused_until == NOW + timedelta(seconds=seconds)
    assert asked.throttled == before + 1
    assert asked.reason is PauseReason.ASKED


def test_no_chance_makes_a_pause_longer_than_the_longest() -> None:
    assert throttled(Pace(throttled=10**6), NOW, None, 1.0).paused_until == NOW + LONGEST_PAUSE
