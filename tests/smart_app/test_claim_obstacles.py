"""What would get a claim denied, as the pages and the command tell it before anybody signs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Engine, event

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, PatientFact
from ccm_fhir.services.close_report import close_report
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.refresh_month import Viewer, refresh
from ccm_fhir.services.setup_hand import operator
from ccm_fhir.storage import attestations, charts
from ccm_fhir.storage.attestations import NewAttestation
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.vocabulary import ChartSource
from tests.builders import NOVEMBER, READ_AT, anothers_claim, chart
from tests.smart_app.close import add_patient, look, work
from tests.smart_app.front import NOW

if TYPE_CHECKING:
    from tests.smart_app.front import Front

MERGED = PatientFact(ref=EvidenceRef("Patient", "p1"), name="", replaced_by="Patient/p2")
UNTOLD = chart(claims=(anothers_claim(status=""),))


def read_again(front: Front, facts: ChartFacts, *patient_ids: str) -> None:
    later = msgspec.structs.replace(facts, read_at=READ_AT + timedelta(hours=1))
    with front.world.db.write(front.practice_id) as session:
        for patient_id in patient_ids or (front.patient_id,):
            new = NewChart(patient_id=patient_id, facts=later, source=ChartSource.PANEL)
            charts.record(session, front.practice_id, new, NOW)


def test_the_patients_page_tells_the_obstacle_its_fix_its_owner_and_where_to_look(
    front: Front,
) -> None:
    work(front, front.patient_id)
    doctor = front.sign_in(Role.PRACTITIONER)
    assert f"{doctor.path}/sign" in doctor.page().forms

    read_again(front, UNTOLD)
    told = doctor.get(doctor.path).text

    assert "What stands in the way" in told
    assert "Another claim of this month in the EHR" in told
    assert "one only is paid. Void it there, or do not send this one." in told
    assert "For the biller." in told
    assert "Claim/theirs-99490-2026-11-12</a>" in told
    assert f"{doctor.path}/sign" not in doctor.page().forms


def test_a_nurse_reads_the_same_and_hears_nothing_of_who_will_sign(front: Front) -> None:
    work(front, front.patient_id)
    read_again(front, msgspec.structs.replace(chart(), patient=MERGED))
    nurse = front.sign_in(Role.CARE_MANAGER)

    told = nurse.get(nurse.path).text

    assert "Patient merged into another record" in told
    assert "NPI" not in told


def test_the_month_counts_them_by_reason_and_the_reason_leads_to_them_alone(front: Front) -> None:
    others = [add_patient(front, f"Nell Other {n}") for n in range(3)]
    for patient_id in (front.patient_id, *others):
        work(front, patient_id)
    read_again(front, UNTOLD, *others[:2])
    read_again(front, msgspec.structs.replace(chart(), patient=MERGED), others[2])

    page = look(front)
    found = look(front, reason="duplicate_in_ehr")
    biller = front.sign_in(Role.BILLER)
    told = biller.get(f"{biller.path}/month?month={NOVEMBER}").text

    assert page.counts[MonthState.NEEDS_FIX] == 3
    assert page.counts[MonthState.READY] == 1
    assert [(r.code, r.patients, r.owner) for r in page.reasons] == [
        ("duplicate_in_ehr", 2, Role.BILLER),
        ("patient_merged", 1, Role.BILLER),
    ]
    assert {row.patient_id for row in found.rows} == set(others[:2])
    assert "reason=duplicate_in_ehr" in told
    assert told.count("Another claim of this month in the EHR (biller)") == 2
    assert "Another claim of this month in the EHR" in told
    assert "Patient merged into another record" in told


def test_a_close_by_command_is_open_while_a_claim_would_be_denied(front: Front) -> None:
    work(front, front.patient_id)
    hand = operator(front.world)
    assert not close_report(front.world, hand, NOVEMBER, NOW).is_open

    read_again(front, UNTOLD)
    report = close_report(front.world, hand, NOVEMBER, NOW)

    assert report.is_open
    (row,) = report.rows
    assert (row.state, row.reasons) == ("needs_fix", (("duplicate_in_ehr", "biller"),))


def test_statements_of_two_practitioners_hold_a_month_up_whoever_looks(front: Front) -> None:
    work(front, front.patient_id)
    for role in (Role.PRACTITIONER, Role.ADMIN):
        new = NewAttestation(
            patient_id=front.patient_id,
            month=NOVEMBER,
            kind="not_billed_elsewhere",
            statement="As it was put.",
            user_id=front.people[role].id,
        )
        with front.world.db.write(front.practice_id) as session:
            attestations.record(session, front.practice_id, new, NOW)
        seen = {row.state for row in look(front).rows}
        assert seen == {MonthState.READY if role is Role.PRACTITIONER else MonthState.NEEDS_FIX}

    assert [reason.code for reason in look(front).reasons] == ["two_billing_practitioners"]


def test_ten_times_the_patients_take_no_more_queries_to_judge(front: Front) -> None:
    def queries() -> int:
        asked: list[str] = []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            asked.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        refresh(front.world, Viewer(practice_id=front.practice_id), NOVEMBER, NOW)
        event.remove(Engine, "before_cursor_execute", note)
        return len([one for one in asked if one.startswith("SELECT")])

    for number in range(4):
        work(front, add_patient(front, f"Nell Few {number}"))
    few = queries()
    assert few > 5
    for number in range(40):
        work(front, add_patient(front, f"Nell Many {number}"))

    assert queries() <= few
