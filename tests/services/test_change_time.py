"""Correcting time: the new row holds, the old one stays, and both are sealed."""

from __future__ import annotations

from datetime import time
from typing import Any
from uuid import uuid4

import pytest

from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from ccm_fhir.services.change_time import CorrectEntry, correct_entry
from ccm_fhir.services.time_ledger import verified
from ccm_fhir.storage import ledger
from ccm_fhir.storage.vocabulary import EntryChange, EntrySource
from tests.services.test_ladder_profiles import deliver_everything
from tests.services.wire import answers
from tests.world import BILLER, DOCTOR, Desk, Site


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


@pytest.fixture
def doctor(site: Site) -> Desk:
    return site.launch(user=DOCTOR)


def refused_by_the_ehr(desk: Desk, **changes: Any) -> str:  # noqa: ANN401  # any field of TypedTime
    entry_id = desk.record(**changes)
    desk.site.wire.fail("POST", "/fhir/Procedure", answers(422))
    desk.site.deliver_all(desk.patient_id)
    desk.site.wire.mend()
    return entry_id


def correction(desk: Desk, entry_id: str, reason: str = "Mistyped", **changes: Any) -> CorrectEntry:  # noqa: ANN401
    return CorrectEntry(entry_id=entry_id, typed=desk.typed(**changes), reason=reason)


def correct(desk: Desk, entry_id: str, reason: str = "Mistyped", **changes: Any) -> str:  # noqa: ANN401
    wanted = correction(desk, entry_id, reason, **changes)
    return correct_entry(desk.site.world, desk.actor, wanted, desk.site.clock())


def versions(desk: Desk, entry_id: str) -> tuple[ledger.TimeEntryRecord, ...]:
    with desk.site.world.db.read(desk.site.practice_id) as session:
        return ledger.versions(session, desk.site.practice_id, entry_id)


def minutes_of(desk: Desk) -> list[int]:
    return [entry.seconds // 60 for entry in desk.review().entries]


def test_a_corrected_entry_counts_as_corrected_and_the_old_one_stays(nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)

    new = correct(nurse, old, minutes=31, activity=Activity.MEDICATION)

    assert minutes_of(nurse) == [31]
    first, second = versions(nurse, new)
    assert (first.id, second.id) == (old, new)
    assert (second.change, second.change_reason) == (EntryChange.CORRECTION, "Mistyped")
    assert (second.supersedes_id, second.source) == (old, EntrySource.TYPED)
    assert nurse.review().entries[0].is_changed
    states = [delivery.state.value for delivery in nurse.site.deliveries(nurse.patient_id)]
    assert sorted(states) == ["planned", "rejected"]


def test_the_chain_holds_both_the_old_entry_and_its_correction(nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)
    correct(nurse, old)

    (report,) = verified(nurse.site.world)

    assert (report.entries, report.problem) == (2, "")


def test_the_same_correction_sent_twice_corrects_once(nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)
    wanted = correction(nurse, old, minutes=31)

    ids = {
        correct_entry(nurse.site.world, nurse.actor, wanted, nurse.site.clock()) for _ in range(2)
    }

    assert len(ids) == 1
    assert minutes_of(nurse) == [31]


def test_an_entry_is_corrected_once_and_then_its_correction_is(nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)
    correct(nurse, old, minutes=31)

    with pytest.raises(ConflictError, match="corrected or taken back already"):
        correct(nurse, old, minutes=32)
    assert minutes_of(nurse) == [31]


def test_a_correction_needs_a_reason(nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)

    with pytest.raises(InputError, match="reason: Say why"):
        correct(nurse, old, reason=" ")
    with pytest.raises(InputError, match="reason: Keep it under"):
        correct(nurse, old, reason="x" * 501)
    assert minutes_of(nurse) == [22]


def test_correcting_what_the_ehr_has_takes_it_back_there_and_tells_anew(nurse: Desk) -> None:
    old = nurse.record()
    (before,) = deliver_everything(nurse.site, nurse.patient_id)

    new = correct(nurse, old, minutes=31)
    found = deliver_everything(nurse.site, nurse.patient_id)

    assert minutes_of(nurse) == [31]
    (stored,) = nurse.site.in_the_ehr(before)
    assert stored["status"] == "entered-in-error"
    (told,) = (one for one in found if one.artefact_id == new)
    (stored,) = nurse.site.in_the_ehr(told)
    assert (stored["status"], told.state) == ("completed", DeliveryState.SENT)


def test_correcting_what_waits_to_be_sent_sends_the_correction_alone(nurse: Desk) -> None:
    old = nurse.record()

    new = correct(nurse, old, minutes=31)
    found = deliver_everything(nurse.site, nurse.patient_id)

    was, told = (next(d for d in found if d.artefact_id == one) for one in (old, new))
    assert nurse.site.in_the_ehr(was) == []
    assert len(nurse.site.in_the_ehr(told)) == 1


def test_a_correction_may_overlap_the_entry_that_it_replaces_and_no_other(nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)
    nurse.record(start_time=time(10, 0), minutes=10)

    with pytest.raises(InputError, match="10:00 to 10:10"):
        correct(nurse, old, start_time=time(9, 50))
    correct(nurse, old, start_time=time(9, 10))

    assert sorted(minutes_of(nurse)) == [10, 22]


def test_a_practitioner_corrects_anothers_entry_and_the_minutes_stay_theirs(
    nurse: Desk, doctor: Desk
) -> None:
    old = refused_by_the_ehr(nurse)

    new = correct(doctor, old, minutes=12)

    held = versions(doctor, new)[-1]
    assert (held.user_id, held.recorded_by) == (nurse.actor.user_id, doctor.actor.user_id)
    assert held.performer is versions(doctor, new)[0].performer


def test_another_nurse_or_a_biller_corrects_nothing(site: Site, nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)

    for other in (site.launch(user="prac-luis-helper"), site.launch(user=BILLER)):
        with pytest.raises(NotAllowedError):
            correct(other, old)
    with pytest.raises(NotFoundError):
        correct(nurse, str(uuid4()))


def test_a_signed_month_is_not_corrected(nurse: Desk, doctor: Desk) -> None:
    old = refused_by_the_ehr(nurse)
    doctor.sign()

    with pytest.raises(ConflictError, match="2026-11 is signed"):
        correct(nurse, old)


def test_the_seconds_of_a_timer_survive_the_correction_of_its_note(nurse: Desk) -> None:
    old = refused_by_the_ehr(nurse)

    new = correct(nurse, old, minutes=22, seconds=17, note="With the pharmacy.")

    assert versions(nurse, new)[-1].as_time_entry.total_seconds == 22 * 60 + 17
