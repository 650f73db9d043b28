"""Timers: what counts while the page gives signs, when it falls silent, and when nobody moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ccm_fhir.domain import timers
from ccm_fhir.domain.timers import (
    ASKS_AFTER,
    ASKS_AFTER_ON_CALL,
    GIVES_UP_AFTER,
    LAPSES_AFTER,
    SIGN_EVERY,
    Ending,
    IdleAnswer,
    Sign,
    Stretch,
    Timer,
)
from ccm_fhir.domain.writeback import ContactMode

T0 = datetime(2026, 11, 10, 15, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def sign(awake: float, quiet: float = 0) -> Sign:
    return Sign(awake=timedelta(seconds=awake), quiet=timedelta(seconds=quiet))


def watched(contact: ContactMode | None = None) -> Timer:
    return timers.start(T0, contact, is_watched=True)


def signed(timer: Timer, until: int, *, quiet_from: int | None = None) -> Timer:
    """Give a sign every quarter minute until a second."""
    step = int(SIGN_EVERY.total_seconds())
    for second in range(step, until + 1, step):
        quiet = 0 if quiet_from is None else max(0, second - quiet_from)
        timer = timers.hear(timer, sign(second, quiet), at(second))
    return timer


def test_a_timer_whose_page_gives_signs_counts_every_second() -> None:
    timer = timers.rest(signed(watched(), 600), at(607), Ending.STOP)

    assert [s.seconds for s in timer.stretches] == [607]


def test_a_page_that_dies_loses_what_came_after_its_last_sign_and_no_more() -> None:
    timer = timers.settle(signed(watched(), 600), at(3600))

    assert not timer.is_running
    assert [(s.seconds, s.ending) for s in timer.stretches] == [(600, Ending.LAPSE)]


def test_a_silence_of_less_than_the_lapse_is_no_silence() -> None:
    timer = signed(watched(), 600)

    assert timers.settle(timer, at(600) + LAPSES_AFTER).is_running
    assert not timers.settle(timer, at(600) + LAPSES_AFTER + SECOND).is_running


def test_a_server_that_was_away_believes_a_page_that_was_awake_all_the_while() -> None:
    timer = timers.hear(signed(watched(), 600), sign(awake=900), at(900))

    assert timer.is_running
    assert timers.worked_seconds(timer, at(900)) == 900


def test_a_page_that_slept_meanwhile_brings_nothing_back() -> None:
    timer = timers.hear(signed(watched(), 600), sign(awake=10), at(4200))

    assert not timer.is_running
    assert timers.worked_seconds(timer, at(4200)) == 600


def test_a_page_cannot_add_time_by_claiming_to_have_been_awake_longer() -> None:
    timer = timers.hear(watched(), sign(awake=99_999), at(15))

    assert timers.worked_seconds(timer, at(15)) == 15


def test_a_timer_that_no_page_watches_runs_until_it_is_stopped() -> None:
    timer = timers.settle(timers.start(T0), at(3600))

    assert timers.worked_seconds(timer, at(3600)) == 3600


def test_the_person_is_asked_after_two_quiet_minutes_and_on_a_call_after_thirty() -> None:
    working, calling = watched(), watched(ContactMode.TELEPHONE)

    assert not timers.must_ask(working, T0 + ASKS_AFTER - SECOND)
    assert timers.must_ask(working, T0 + ASKS_AFTER)
    assert not timers.must_ask(calling, T0 + ASKS_AFTER_ON_CALL - SECOND)
    assert timers.must_ask(calling, T0 + ASKS_AFTER_ON_CALL)
    assert not timers.must_ask(timers.start(T0), T0 + ASKS_AFTER_ON_CALL)


def test_all_counts_where_the_person_says_so() -> None:
    quiet = signed(watched(), 300, quiet_from=60)

    told = timers.answer(quiet, IdleAnswer.COUNT_ALL, at(310))

    assert timers.worked_seconds(told, at(320)) == 320
    assert not timers.must_ask(told, at(320))


def test_the_quiet_time_is_cut_out_where_the_person_says_so_and_the_timer_goes_on() -> None:
    quiet = signed(watched(), 300, quiet_from=60)

    told = timers.answer(quiet, IdleAnswer.UNTIL_ACTIVITY, at(310))

    assert [(s.seconds, s.ending) for s in told.stretches] == [(60, Ending.IDLE)]
    assert timers.worked_seconds(told, at(320)) == 70


def test_without_an_answer_the_timer_rests_at_the_last_activity() -> None:
    last = 60
    silent = int((ASKS_AFTER + GIVES_UP_AFTER).total_seconds()) + last + 30

    timer = signed(watched(), silent, quiet_from=last)

    assert not timer.is_running
    assert [(s.seconds, s.ending) for s in timer.stretches] == [(last, Ending.IDLE)]


def test_a_clock_that_goes_back_neither_counts_nor_takes_away() -> None:
    timer = signed(watched(), 600)

    back = timers.hear(timer, sign(awake=5), at(-7200))

    assert back == timer
    assert timers.worked_seconds(back, at(-7200)) == 0
    assert timers.resume(timers.rest(back, at(600), Ending.PAUSE), at(-7200)).running_since == at(
        600
    )


@pytest.mark.parametrize("ending", [Ending.PAUSE, Ending.STOP, Ending.SWITCH, Ending.DISCARD])
def test_what_the_signs_confirmed_stays_when_the_clock_goes_back_before_the_end(
    ending: Ending,
) -> None:
    timer = signed(watched(), 600)

    rested = timers.rest(timer, at(-7200), ending)

    assert [s.seconds for s in rested.stretches] == [600]


def test_a_pause_makes_two_stretches_and_no_gap_is_counted() -> None:
    timer = timers.rest(signed(watched(), 60), at(60), Ending.PAUSE)
    timer = timers.rest(timers.resume(timer, at(120)), at(150), Ending.STOP)

    assert [s.seconds for s in timer.stretches] == [60, 30]


def test_resting_twice_or_resuming_twice_changes_nothing() -> None:
    rested = timers.rest(watched(), at(60), Ending.PAUSE)

    assert timers.rest(rested, at(90), Ending.STOP) == rested
    running = timers.resume(rested, at(120))
    assert timers.resume(running, at(150)) == running
    assert timers.hear(rested, sign(10), at(130)) == rested
    assert timers.answer(rested, IdleAnswer.COUNT_ALL, at(130)) == rested


def test_a_timer_stopped_in_its_first_second_leaves_no_stretch() -> None:
    assert timers.rest(watched(), T0, Ending.STOP).stretches == ()


def test_a_sign_in_the_second_of_the_start_makes_the_timer_watched() -> None:
    timer = timers.hear(timers.start(T0), sign(0), T0)

    assert timer.is_watched
    assert not timers.settle(timer, T0 + LAPSES_AFTER + SECOND).is_running


def test_a_sign_mends_a_silence_only_where_the_page_was_awake_but_for_five_seconds() -> None:
    before = signed(watched(), 600)

    assert timers.hear(before, sign(awake=295), at(900)).is_running
    assert not timers.hear(before, sign(awake=294), at(900)).is_running


def test_a_page_that_was_asleep_for_less_than_the_lapse_goes_on() -> None:
    timer = timers.hear(signed(watched(), 600), sign(awake=1), at(630))

    assert timer.is_running
    assert timers.worked_seconds(timer, at(630)) == 630


def test_the_timer_rests_a_second_after_the_time_to_answer_and_not_before() -> None:
    silent = ASKS_AFTER + GIVES_UP_AFTER
    timer = timers.hear(watched(), sign(99_999, 99_999), T0 + silent)

    assert timer.is_running
    assert not timers.settle(timer, T0 + silent + SECOND).is_running


def test_on_a_call_it_rests_only_after_the_longer_time() -> None:
    silent = ASKS_AFTER_ON_CALL + GIVES_UP_AFTER
    timer = timers.hear(watched(ContactMode.VIDEO), sign(99_999, 99_999), T0 + silent)

    assert timer.is_running
    assert not timers.settle(timer, T0 + silent + SECOND).is_running


def test_a_browser_whose_clock_runs_ahead_was_active_no_later_than_now() -> None:
    timer = timers.hear(watched(), sign(15, quiet=-600), at(15))

    assert timer.active_at == at(15)


def test_an_older_activity_never_replaces_a_later_one() -> None:
    timer = timers.hear(signed(watched(), 60), sign(75, quiet=75), at(75))

    assert timer.active_at == at(60)


def test_a_pause_is_neither_a_silence_nor_idle_once_the_timer_goes_on() -> None:
    rested = timers.rest(signed(watched(), 60), at(60), Ending.PAUSE)

    running = timers.resume(rested, at(7200))

    assert timers.settle(running, at(7200)).is_running
    assert not timers.must_ask(running, at(7200))
    assert timers.worked_seconds(running, at(7210)) == 70


def test_an_answer_is_a_sign_and_an_activity() -> None:
    told = timers.answer(signed(watched(), 300, quiet_from=60), IdleAnswer.COUNT_ALL, at(340))

    assert (told.seen_at, told.active_at) == (at(340), at(340))
    assert timers.settle(told, at(340) + LAPSES_AFTER).is_running


def test_an_answer_in_the_second_of_the_last_sign_is_heard() -> None:
    quiet = signed(watched(), 300, quiet_from=60)

    assert not timers.must_ask(timers.answer(quiet, IdleAnswer.COUNT_ALL, at(300)), at(300))


def test_an_answer_by_a_clock_that_went_back_changes_nothing() -> None:
    quiet = signed(watched(), 300, quiet_from=60)

    assert timers.answer(quiet, IdleAnswer.UNTIL_ACTIVITY, at(299)) == quiet


def test_work_that_ends_before_it_began_counts_nothing() -> None:
    rested = timers.rest(watched(), at(-60), Ending.STOP)

    assert (rested.is_running, rested.stretches) == (False, ())


def stretch(begin: int, end: int) -> Stretch:
    return Stretch(started_at=at(begin), ended_at=at(end), ending=Ending.STOP)


def test_what_is_recorded_already_is_taken_out_of_a_stretch() -> None:
    left = timers.without((stretch(0, 600),), ((at(100), at(200)), (at(550), at(900))))

    assert [(s.started_at, s.ended_at) for s in left] == [(at(0), at(100)), (at(200), at(550))]


spans = st.tuples(st.integers(0, 500), st.integers(1, 200)).map(lambda p: (p[0], p[0] + p[1]))


@given(spans, st.lists(spans, max_size=6))
def test_what_is_left_and_what_was_taken_are_the_whole(
    whole: tuple[int, int], taken: list[tuple[int, int]]
) -> None:
    left = timers.without((stretch(*whole),), [(at(a), at(b)) for a, b in taken])

    seconds = {s for part in left for s in range(_second(part.started_at), _second(part.ended_at))}
    gone = {s for a, b in taken for s in range(a, b)}
    assert seconds == set(range(*whole)) - gone
    assert sum(part.seconds for part in left) == len(seconds)


def _second(moment: datetime) -> int:
    return (moment - T0) // SECOND


class TimerLife(RuleBasedStateMachine):
    """A timer through signs, silences, sleeps, clock jumps, pauses and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.timer = timers.start(T0, is_watched=True)

    @rule(seconds=st.integers(0, 4000))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(seconds=st.integers(1, 7200))
    def the_clock_jumps_back(self, seconds: int) -> None:
        self.now -= timedelta(seconds=seconds)

    @rule(awake=st.integers(0, 5000), quiet=st.integers(0, 5000))
    def a_sign_comes(self, awake: int, quiet: int) -> None:
        self.timer = timers.hear(self.timer, sign(awake, quiet), self.now)

    @rule()
    def it_is_looked_at(self) -> None:
        self.timer = timers.settle(self.timer, self.now)

    @rule(said=st.sampled_from(IdleAnswer))
    def the_person_answers(self, said: IdleAnswer) -> None:
        self.timer = timers.answer(self.timer, said, self.now)

    @rule(ending=st.sampled_from((Ending.PAUSE, Ending.SWITCH)))
    def it_rests(self, ending: Ending) -> None:
        self.timer = timers.rest(self.timer, self.now, ending)

    @rule()
    def it_goes_on(self) -> None:
        self.timer = timers.resume(self.timer, self.now)

    @invariant()
    def stretches_are_in_order_and_never_overlap(self) -> None:
        ends = datetime.min.replace(tzinfo=UTC)
        for part in self.timer.stretches:
            assert part.seconds > 0
            assert part.started_at >= ends
            ends = part.ended_at
        if self.timer.running_since is not None:
            assert self.timer.running_since >= ends

    @invariant()
    def no_more_is_counted_than_the_servers_clock_has_seen(self) -> None:
        stretches = self.timer.stretches
        total = sum(part.seconds for part in stretches)
        if stretches:
            assert total <= (stretches[-1].ended_at - stretches[0].started_at) // SECOND


TestTimerLife = TimerLife.TestCase
TestTimerLife.settings = settings(max_examples=100, stateful_step_count=30)
