"""Keeping time: what is refused and by which field, and that nothing is recorded twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import (
    ConflictError,
    InputError,
    InvalidResourceError,
    NotAllowedError,
    NotFoundError,
)
from ccm_fhir.services.change_time import VoidEntry, void_entry
from ccm_fhir.services.keep_time import LONGEST_NOTE
from ccm_fhir.storage import audit, deliveries
from tests.services.loopback_ehr import TODAY
from tests.services.wire import answers
from tests.world import BILLER, DOCTOR, NOVEMBER, Desk, Site

if TYPE_CHECKING:
    from collections.abc import Callable

SKIPPED_CLOCK_DAY = date(2026, 3, 8)
REPEATED_CLOCK_DAY = date(2026, 11, 1)


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


@pytest.fixture
def doctor(site: Site) -> Desk:
    return site.launch(user=DOCTOR)


def refused_field(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as refused:
        act()
    return refused.value.field


def minutes_of(desk: Desk) -> list[int]:
    return [entry.seconds // 60 for entry in desk.review().entries]


def test_typed_time_is_counted_and_planned_for_the_ehr(nurse: Desk) -> None:
    nurse.call(minutes=22, note="Refill arranged.")

    shown = nurse.review()

    (entry,) = shown.entries
    assert (entry.seconds, entry.counted_seconds, entry.note) == (1320, 1320, "Refill arranged.")
    assert entry.person == "Nora Carewell, RN"
    assert nurse.states() == {"Encounter": "planned", "Procedure": "planned"}
    assert shown.decision is not None
    assert [line.code for line in shown.decision.reached] == ["99490"]


def test_time_without_contact_becomes_a_procedure_alone(nurse: Desk) -> None:
    nurse.record(contact_mode=None)

    assert nurse.states() == {"Procedure": "planned"}


@pytest.mark.parametrize("minutes", [0, -1, 481])
def test_minutes_that_cannot_be_are_refused_by_their_field(nurse: Desk, minutes: int) -> None:
    assert refused_field(lambda: nurse.record(minutes=minutes)) == "minutes"
    assert minutes_of(nurse) == []


@pytest.mark.parametrize("minutes", [1, 480])
def test_the_shortest_and_the_longest_work_are_taken(nurse: Desk, minutes: int) -> None:
    nurse.record(start_time=time(0, 30), minutes=minutes)

    assert minutes_of(nurse) == [minutes]


def test_work_that_ends_in_the_future_is_refused(nurse: Desk) -> None:
    # It is 15:00 in the practice.
    nurse.record(start_time=time(14, 38), minutes=22)

    assert refused_field(lambda: nurse.record(start_time=time(14, 39))) == "start_time"


def test_a_note_may_fill_its_field_and_no_more(nurse: Desk) -> None:
    nurse.record(note="n" * LONGEST_NOTE)

    too_long = "n" * (LONGEST_NOTE + 1)
    assert refused_field(lambda: nurse.record(start_time=time(11), note=too_long)) == "note"


def test_one_person_does_not_work_twice_at_once_on_one_patient(nurse: Desk) -> None:
    nurse.record(start_time=time(9, 0), minutes=22)

    overlapping = nurse.typed(start_time=time(9, 21))

    assert refused_field(lambda: nurse.record(overlapping)) == "start_time"


def test_one_person_does_not_work_twice_at_once_on_two_patients(site: Site, nurse: Desk) -> None:
    nurse.record(start_time=time(9, 0), minutes=22)
    other = site.launch(patient="pt-almost")

    assert refused_field(lambda: other.record(start_time=time(8, 50))) == "start_time"
    assert minutes_of(other) == []


def test_work_may_begin_where_the_last_one_ended(nurse: Desk) -> None:
    nurse.record(start_time=time(9, 0), minutes=22)
    nurse.record(start_time=time(9, 22), minutes=8)

    assert minutes_of(nurse) == [22, 8]


def test_two_people_may_work_on_one_patient_at_once(nurse: Desk, doctor: Desk) -> None:
    nurse.record()
    doctor.record(overlap_seen=True)

    assert minutes_of(nurse) == [22, 22]


def test_the_same_form_sent_twice_is_recorded_once(nurse: Desk) -> None:
    typed = nurse.typed(contact_mode=ContactMode.VIDEO)

    first, second = nurse.record(typed), nurse.record(typed)

    assert first == second
    assert minutes_of(nurse) == [22]
    assert len(nurse.site.deliveries(nurse.patient_id)) == 2


def test_the_same_form_sent_twice_at_the_same_moment_is_recorded_once(each_site: Site) -> None:
    nurse = each_site.launch()
    typed = nurse.typed(contact_mode=ContactMode.VIDEO)

    with ThreadPoolExecutor(4) as people:
        ids = set(people.map(lambda _: nurse.record(typed), range(4)))

    assert len(ids) == 1
    assert minutes_of(nurse) == [22]
    assert len(nurse.site.deliveries(nurse.patient_id)) == 2


def test_overlapping_work_sent_at_the_same_moment_is_recorded_once(each_site: Site) -> None:
    nurse = each_site.launch()

    def attempt(minute: int) -> str:
        try:
            return nurse.record(start_time=time(9, minute))
        except InputError as refused:
            return refused.field

    with ThreadPoolExecutor(4) as people:
        outcomes = list(people.map(attempt, range(4)))

    assert outcomes.count("start_time") == 3
    assert minutes_of(nurse) == [22]


def test_a_form_sent_again_with_other_content_is_a_conflict(nurse: Desk) -> None:
    typed = nurse.typed()
    nurse.record(typed)

    with pytest.raises(ConflictError, match="sent before with other content"):
        nurse.record(typed, minutes=23)
    assert minutes_of(nurse) == [22]


def test_a_clock_that_was_skipped_is_refused(nurse: Desk) -> None:
    skipped = nurse.typed(started_on=SKIPPED_CLOCK_DAY, start_time=time(2, 30))

    assert refused_field(lambda: nurse.record(skipped)) == "start_time"


def test_work_over_the_hour_that_comes_twice_keeps_its_length(nurse: Desk) -> None:
    typed = nurse.typed(started_on=REPEATED_CLOCK_DAY, start_time=time(1, 50))
    nurse.record(typed)
    nurse.record(typed)  # sent twice

    (entry,) = nurse.review(ServiceMonth(2026, 11)).entries

    assert entry.seconds == 1320
    assert entry.ended_at.astimezone(UTC) == datetime(2026, 11, 1, 6, 12, tzinfo=UTC)


def test_a_signed_month_takes_no_more_time(nurse: Desk, doctor: Desk) -> None:
    nurse.record()
    doctor.sign()

    with pytest.raises(ConflictError, match="2026-11 is signed"):
        nurse.record(start_time=time(11))
    assert minutes_of(nurse) == [22]


def test_work_that_reaches_into_a_signed_month_is_refused(
    site: Site, nurse: Desk, doctor: Desk
) -> None:
    nurse.record()
    doctor.sign()
    site.clock.now = datetime(2026, 12, 2, 15, tzinfo=UTC)

    over_midnight = nurse.typed(started_on=date(2026, 11, 30), start_time=time(23, 50), minutes=22)

    with pytest.raises(ConflictError, match="2026-11 is signed"):
        nurse.record(over_midnight)


def test_another_month_stays_open_beside_a_signed_one(nurse: Desk, doctor: Desk) -> None:
    nurse.record()
    doctor.sign()

    nurse.record(started_on=date(2026, 10, 5))

    assert len(nurse.review(ServiceMonth(2026, 10)).entries) == 1


def test_a_biller_keeps_no_time(site: Site) -> None:
    biller = site.launch(user=BILLER)

    with pytest.raises(NotAllowedError):
        biller.record()
    assert not biller.review().may_keep_time


def test_time_for_a_patient_who_is_not_in_the_practice_is_refused(nurse: Desk) -> None:
    with pytest.raises(NotFoundError):
        nurse.record(patient_id=str(uuid4()))


def test_time_that_cannot_be_planned_is_not_recorded(nurse: Desk) -> None:
    broken = nurse.acting(fhir_user="")

    with pytest.raises(InvalidResourceError):
        broken.record()
    assert minutes_of(nurse) == []


@pytest.mark.proves("S21")
def test_every_entry_leaves_an_audit_line_of_who_and_whose(site: Site, nurse: Desk) -> None:
    before = audited(site)
    nurse.record()

    with site.world.db.read() as session:
        check = audit.verify(session, site.world.audit_key, site.practice_id)
    assert check.entries == before + 1
    assert check.broken_at is None


def audited(site: Site) -> int:
    with site.world.db.read() as session:
        return audit.verify(session, site.world.audit_key, site.practice_id).entries


def void(desk: Desk, entry_id: str, reason: str = "Wrong patient") -> VoidEntry:
    taken_back = VoidEntry(entry_id=entry_id, form_key=str(uuid4()), reason=reason)
    void_entry(desk.site.world, desk.actor, taken_back, desk.site.clock())
    return taken_back


def refused_by_the_ehr(desk: Desk) -> str:
    entry_id = desk.record()
    desk.site.wire.fail("POST", "/fhir/Procedure", answers(422))
    desk.site.deliver_all(desk.patient_id)
    return entry_id


def test_time_that_the_ehr_refused_can_be_taken_back(nurse: Desk) -> None:
    entry_id = refused_by_the_ehr(nurse)
    assert nurse.review().entries[0].may_void

    taken_back = void(nurse, entry_id)
    void_entry(nurse.site.world, nurse.actor, taken_back, nurse.site.clock())  # sent twice

    assert minutes_of(nurse) == []


def test_taking_time_back_needs_a_reason(nurse: Desk) -> None:
    entry_id = refused_by_the_ehr(nurse)

    assert refused_field(lambda: void(nurse, entry_id, reason="  ")) == "reason"


def test_time_that_is_in_the_ehr_can_be_taken_back(nurse: Desk) -> None:
    entry_id = nurse.record()
    nurse.site.deliver_all(nurse.patient_id)
    assert nurse.review().entries[0].may_void

    void(nurse, entry_id)

    assert minutes_of(nurse) == []


def test_only_a_practitioner_takes_back_another_persons_time(
    site: Site, nurse: Desk, doctor: Desk
) -> None:
    entry_id = refused_by_the_ehr(nurse)
    other_nurse = site.launch(user="prac-luis-helper")

    with pytest.raises(NotAllowedError):
        void(other_nurse, entry_id)
    void(doctor, entry_id)

    assert minutes_of(nurse) == []


@pytest.mark.proves("S21")
def test_taking_time_back_leaves_an_audit_line(site: Site, nurse: Desk) -> None:
    entry_id = refused_by_the_ehr(nurse)
    before = audited(site)

    void(nurse, entry_id)

    assert audited(site) == before + 1


def test_entry_and_delivery_are_stored_together_or_not_at_all(site: Site, nurse: Desk) -> None:
    nurse.record(started_on=TODAY - timedelta(days=1))

    with site.world.db.read() as session:
        unfinished = deliveries.unfinished(session, site.practice_id)
    assert {d.artefact_id for d in unfinished} == {e.entry_id for e in nurse.review().entries}
    assert ServiceMonth.containing(TODAY) == NOVEMBER
