"""Timers as people use them: two patients, two tabs, a page that dies, a month that is signed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.timers import IdleAnswer, Sign, TimerPolicy
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from ccm_fhir.services import timers
from ccm_fhir.services.save_timer import Saved, SaveTimer, save
from ccm_fhir.services.timers import StartTimer, TimerRunningError, TimerState
from ccm_fhir.storage.tables import AuditRow
from tests.builders import NEW_YORK
from tests.world import BILLER, DOCTOR, Desk, Site

if TYPE_CHECKING:
    from ccm_fhir.services.timers import TimerCard

OTHER = "pt-almost"


@dataclass(frozen=True)
class Stopwatch:
    """A person's timers, driven as the pages drive them."""

    desk: Desk

    @property
    def site(self) -> Site:
        return self.desk.site

    def start(self, **changes: object) -> str:
        request = StartTimer(**({"patient_id": self.desk.patient_id, "is_watched": True} | changes))  # type: ignore[arg-type]  # a test's shorthand
        return timers.start(self.site.world, self.desk.actor, request, self.site.clock())

    def sign(self, timer_id: str, *, awake: float = 1e6, quiet: float = 0) -> TimerCard | None:
        sign = Sign(awake=timedelta(seconds=awake), quiet=timedelta(seconds=quiet))
        return timers.hear(self.site.world, self.desk.actor, timer_id, sign, self.site.clock())

    def work(self, timer_id: str, seconds: int, *, quiet: bool = False) -> None:
        """Let time pass with a sign every quarter of a minute."""
        for passed in range(15, seconds + 1, 15):
            self.site.clock.advance(seconds=15)
            self.sign(timer_id, quiet=passed if quiet else 0)

    def pause(self, timer_id: str) -> None:
        timers.pause(self.site.world, self.desk.actor, timer_id, self.site.clock())

    def save(self, timer_id: str, note: str = "", contact: ContactMode | None = None) -> Saved:
        request = SaveTimer(
            timer_id=timer_id, activity=Activity.CHART_REVIEW, contact_mode=contact, note=note
        )
        return save(self.site.world, self.desk.actor, request, self.site.clock())

    def cards(self) -> tuple[TimerCard, ...]:
        return timers.timers_of(self.site.world, self.desk.actor, self.site.clock())

    def states(self) -> list[tuple[TimerState, int]]:
        return [(card.state, card.seconds) for card in self.cards()]


@pytest.fixture
def nurse(each_site: Site) -> Stopwatch:
    return Stopwatch(each_site.launch())


def test_a_saved_timer_is_an_entry_of_the_ledger_and_on_its_way_to_the_ehr(
    nurse: Stopwatch,
) -> None:
    timer = nurse.start()
    nurse.work(timer, 1230)

    saved = nurse.save(timer, note="Called the pharmacy.", contact=ContactMode.TELEPHONE)

    (entry,) = nurse.desk.review().entries
    assert (saved.seconds, entry.seconds, entry.counted_seconds) == (1230, 1230, 1230)
    assert (entry.note, entry.is_typed) == ("Called the pharmacy.", False)
    assert nurse.desk.states() == {"Encounter": "planned", "Procedure": "planned"}
    assert nurse.states() == []


def test_a_pause_makes_two_entries_since_each_is_one_unbroken_interval(nurse: Stopwatch) -> None:
    timer = nurse.start()
    nurse.work(timer, 60)
    nurse.pause(timer)
    nurse.site.clock.advance(seconds=600)
    assert nurse.states() == [(TimerState.PAUSED, 60)]

    assert nurse.start() == timer
    nurse.work(timer, 30)
    nurse.save(timer)

    assert [entry.seconds for entry in nurse.desk.review().entries] == [60, 30]


def test_a_second_patients_timer_asks_first_and_then_lets_the_first_rest(
    each_site: Site,
) -> None:
    here, there = Stopwatch(each_site.launch()), Stopwatch(each_site.launch(patient=OTHER))
    first = here.start()
    here.work(first, 60)

    with pytest.raises(TimerRunningError) as asked:
        there.start()

    assert asked.value.running.timer_id == first
    assert there.states() == [(TimerState.RUNNING, 60)]
    there.start(is_switch=True)
    assert there.states() == [(TimerState.RUNNING, 0), (TimerState.PAUSED, 60)]


def test_two_tabs_that_start_at_once_have_one_timer(each_site: Site) -> None:
    here, there = Stopwatch(each_site.launch()), Stopwatch(each_site.launch(patient=OTHER))

    def start(one: Stopwatch) -> str:
        try:
            return one.start()
        except ConflictError:
            return ""

    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(start, (here, there, here, there)))

    assert len({one for one in started if one}) == 1
    assert [state for state, _ in here.states()] == [TimerState.RUNNING]


def test_a_timer_of_another_patient_that_has_lapsed_does_not_ask(each_site: Site) -> None:
    here, there = Stopwatch(each_site.launch()), Stopwatch(each_site.launch(patient=OTHER))
    first = here.start()
    here.work(first, 60)
    each_site.clock.advance(minutes=30)

    there.start()

    assert there.states() == [(TimerState.RUNNING, 0), (TimerState.LAPSED, 60)]


def test_a_closed_lid_stops_the_timer_at_the_last_sign(nurse: Stopwatch) -> None:
    timer = nurse.start()
    nurse.work(timer, 300)
    nurse.site.clock.advance(hours=2)

    card = nurse.sign(timer, awake=3)

    assert card is not None
    assert (card.state, card.seconds) == (TimerState.LAPSED, 300)
    assert nurse.save(timer).seconds == 300


def test_a_server_that_was_away_costs_no_second_of_a_page_that_was_awake(
    nurse: Stopwatch,
) -> None:
    timer = nurse.start()
    nurse.work(timer, 60)
    nurse.site.clock.advance(minutes=10)

    card = nurse.sign(timer, awake=700)

    assert card is not None
    assert (card.state, card.seconds) == (TimerState.RUNNING, 660)


def test_quiet_time_is_asked_about_and_cut_out_where_the_person_says_so(
    nurse: Stopwatch,
) -> None:
    timer = nurse.start()
    nurse.work(timer, 60)
    nurse.work(timer, 180, quiet=True)
    assert nurse.states() == [(TimerState.ASKING, 240)]

    timers.answer(
        nurse.site.world,
        nurse.desk.actor,
        timer,
        IdleAnswer.UNTIL_ACTIVITY,
        nurse.site.clock(),
    )

    assert nurse.states() == [(TimerState.RUNNING, 60)]


def test_a_discarded_timer_can_be_brought_back_once(nurse: Stopwatch) -> None:
    timer = nurse.start()
    nurse.work(timer, 120)
    timers.discard(nurse.site.world, nurse.desk.actor, timer, nurse.site.clock())
    day = timers.day_of(nurse.site.world, nurse.desk.actor, nurse.site.clock())
    assert (nurse.states(), day.entries) == ([], ())
    assert [card.seconds for card in day.discarded] == [120]

    assert nurse.save(timer).seconds == 120

    with pytest.raises(ConflictError):
        nurse.save(timer)
    day = timers.day_of(nurse.site.world, nurse.desk.actor, nurse.site.clock())
    assert [entry.seconds for entry in day.entries] == [120]
    assert day.discarded == ()


def test_what_was_typed_meanwhile_is_not_recorded_twice(nurse: Stopwatch) -> None:
    timer = nurse.start()
    begun = nurse.site.clock().astimezone(NEW_YORK) + timedelta(minutes=5)
    nurse.work(timer, 1200)
    nurse.desk.record(started_on=begun.date(), start_time=begun.time(), minutes=5)

    saved = nurse.save(timer)

    assert (saved.seconds, saved.recorded_before_seconds) == (900, 300)
    assert sum(entry.seconds for entry in nurse.desk.review().entries) == 1200


def test_a_timer_beside_somebody_elses_work_is_saved_and_its_owner_is_told(
    nurse: Stopwatch,
) -> None:
    timer = nurse.start()
    begun = nurse.site.clock().astimezone(NEW_YORK) + timedelta(minutes=5)
    nurse.work(timer, 1200)
    doctor = nurse.site.launch(user=DOCTOR)
    doctor.record(started_on=begun.date(), start_time=begun.time(), minutes=5)

    assert nurse.save(timer).is_shared
    later = nurse.start()
    nurse.work(later, 60)
    assert not nurse.save(later).is_shared


def test_a_timer_of_a_signed_month_stays_and_says_why(each_own_site: Site) -> None:
    nurse = Stopwatch(each_own_site.launch())
    nurse.desk.call(minutes=22)
    timer = nurse.start()
    nurse.work(timer, 60)
    each_own_site.launch(user=DOCTOR).sign()

    with pytest.raises(ConflictError, match="signed"):
        nurse.save(timer)

    assert [card.seconds for card in nurse.cards()] == [60]


def test_a_timer_no_page_watched_may_be_saved_up_to_two_hours(nurse: Stopwatch) -> None:
    short = nurse.start(is_watched=False)
    nurse.site.clock.advance(hours=2)
    assert nurse.save(short).seconds == 7200

    nurse.start(is_watched=False)
    nurse.site.clock.advance(hours=2, seconds=1)
    (long,) = nurse.cards()
    with pytest.raises(InputError) as refused:
        nurse.save(long.timer_id)

    assert refused.value.field == "timer"
    assert len(nurse.cards()) == 1


def test_a_timer_of_less_than_a_second_has_nothing_to_save(nurse: Stopwatch) -> None:
    timer = nurse.start()

    with pytest.raises(InputError):
        nurse.save(timer)


def test_somebody_elses_timer_is_as_if_it_were_not_there(each_site: Site) -> None:
    nurse, doctor = Stopwatch(each_site.launch()), Stopwatch(each_site.launch(user=DOCTOR))
    timer = nurse.start()

    for act in (doctor.pause, doctor.save):
        with pytest.raises(NotFoundError):
            act(timer)
    with pytest.raises(NotFoundError):
        timers.patient_of(each_site.world, doctor.desk.actor, timer)
    assert doctor.sign(timer) is None
    assert doctor.cards() == ()


def test_who_keeps_no_time_has_no_timer(each_site: Site) -> None:
    biller = Stopwatch(each_site.launch(user=BILLER))

    with pytest.raises(NotAllowedError):
        biller.start()

    assert biller.cards() == ()
    assert timers.policy_for(each_site.world, biller.desk.actor) is TimerPolicy.NEVER


def test_a_practice_may_have_timers_start_with_the_chart(nurse: Stopwatch) -> None:
    world, now = nurse.site.world, nurse.site.clock()
    admin = nurse.desk.acting(role=Role.ADMIN).actor
    timers.start_by_policy(world, nurse.desk.actor, nurse.desk.patient_id, now)
    assert nurse.cards() == ()

    timers.set_policy(world, admin, Role.CARE_MANAGER, TimerPolicy.AUTO, now)
    timers.start_by_policy(world, nurse.desk.actor, nurse.desk.patient_id, now)
    timers.start_by_policy(world, nurse.desk.actor, None, now)

    assert [state for state, _ in nurse.states()] == [TimerState.RUNNING]
    with pytest.raises(NotAllowedError):
        timers.set_policy(world, nurse.desk.actor, Role.CARE_MANAGER, TimerPolicy.ASK, now)
    with pytest.raises(InputError):
        timers.set_policy(world, admin, Role.BILLER, TimerPolicy.AUTO, now)


def test_each_act_on_a_timer_is_in_the_audit_trail_and_signs_are_not(nurse: Stopwatch) -> None:
    timer = nurse.start()
    nurse.work(timer, 60)
    nurse.pause(timer)
    nurse.save(timer)

    with nurse.site.world.db.read() as session:
        acts = session.exec(select(AuditRow.act).order_by(col(AuditRow.sequence))).all()
    assert [act for act in acts if "timer" in act] == ["start_timer", "pause_timer", "save_timer"]
