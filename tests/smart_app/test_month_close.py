"""A month's close: fresh or said to be stale, why each waits, locked with a reason."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlmodel import select

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.consents import ConsentDecision
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError
from ccm_fhir.services.close_report import close_report
from ccm_fhir.services.month_locks import LockMonth, lock_month
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.reconcile import Scope, reconcile
from ccm_fhir.services.refresh_month import Viewer, judge_stale, prepare, refresh, view_of
from ccm_fhir.services.setup_hand import operator
from ccm_fhir.storage import consents, fees, ledger, practices, standing_views, standings
from ccm_fhir.storage.ledger import Voiding
from ccm_fhir.storage.standings import NewStanding
from ccm_fhir.storage.tables import AuditRow, MonthChangeRow, Row
from ccm_fhir.storage.vocabulary import LockAct
from tests.builders import NOVEMBER, chart, icd
from tests.smart_app.close import (
    actor,
    add_patient,
    look,
    sign_alone,
    states,
    work,
)
from tests.smart_app.front import NOW
from tests.storage.conftest import Tenant
from tests.storage.makers import consent

if TYPE_CHECKING:
    from tests.smart_app.front import Front

UNWATCHED = {
    "answer_file": "what became of a claim after the month was signed",
    "app_user": "who acts, never what is counted",
    "audit": "what was done, never what it rests on",
    "capability_statement": "how the EHR is asked",
    "cds_card": "what was shown",
    "cds_client": "who may ask",
    "cds_feedback": "what was shown",
    "cds_token": "who may ask",
    "claim_answer": "what became of a claim after the month was signed",
    "claim_file": "how a signed claim leaves",
    "claim_file_content": "how a signed claim leaves",
    "claim_file_writing": "how a signed claim leaves",
    "delivery_event": "the delivery itself is watched",
    "delivery_turn": "when a delivery is looked at again",
    "ehr": "how the EHR is asked",
    "ehr_pace": "how fast the EHR is asked",
    "ehr_answer": "what became of a claim after the month was signed",
    "emergency_access": "who may read",
    "filed_claim": "how a signed claim leaves",
    "launch": "who may read",
    "launch_attempt": "who may read",
    "month_change": "the marks themselves",
    "month_reason": "derived",
    "month_standing": "derived",
    "paid_answer": "what became of a claim after the month was signed",
    "plan_copy": "who received the plan, which no criterion asks",
    "plan_draft": "counts for nothing until it is adopted",
    "plan_outreach": "what was tried, never what is counted",
    "plan_task": "what is to be done, never what is counted",
    "plan_task_end": "what is to be done, never what is counted",
    "practice_billing": "who bills by file, which no criterion asks",
    "practitioner_name": "who bills by file, which no criterion asks",
    "reconciliation": "a report of what is watched itself",
    "remittance_file": "what became of a claim after the month was signed",
    "time_link": "seals what is watched itself",
    "timer": "becomes a time entry when it is saved",
    "timer_policy": "what is offered, not counted",
    "timer_stretch": "becomes a time entry when it is saved",
    "trading_partner": "whom files go to, which no criterion asks",
    "token_grant": "how the EHR is asked",
    "typed_policy": "whether an entry waits is a row of its own",
    "web_session": "who may read",
    "write_override": "where a write goes, never whether it counts",
    "write_proof": "where a write goes, never whether it counts",
}


def lock(
    front: Front,
    act: LockAct = LockAct.LOCK,
    *,
    patient_id: str | None = None,
    role: Role = Role.BILLER,
    reason: str = "Sent to the clearing house",
) -> None:
    request = LockMonth(
        patient_id=patient_id, month=NOVEMBER, act=act, reason=reason, form_key=str(uuid4())
    )
    lock_month(front.world, actor(front, role), request, front.work_clock())


def acts(front: Front) -> list[str]:
    with front.world.db.read(front.practice_id) as session:
        return list(session.exec(select(AuditRow.act).order_by(AuditRow.sequence)))  # type: ignore[arg-type]


def test_every_table_is_watched_or_known_not_to_matter(front: Front) -> None:
    with front.world.db.read() as session:
        sql = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_noted_%'"
        watched = {row[0] for row in session.connection().exec_driver_sql(sql)}

    tenants = {name for name, table in Row.metadata.tables.items() if "practice_id" in table.c}
    assert tenants - watched == set(UNWATCHED)


def test_a_month_judged_once_is_not_judged_again_until_something_changes(front: Front) -> None:
    viewer = Viewer(practice_id=front.practice_id)
    work(front, front.patient_id)

    assert refresh(front.world, viewer, NOVEMBER, NOW) == 1
    assert refresh(front.world, viewer, NOVEMBER, NOW) == 0
    work(front, front.patient_id, day=19)
    assert refresh(front.world, viewer, NOVEMBER, NOW) == 1


def test_each_thing_that_is_recorded_shows_at_the_next_look(front: Front) -> None:
    patient_id = front.patient_id
    assert states(front) == {patient_id: MonthState.SHORT_OF_TIME}

    entry_id = work(front, patient_id)
    assert states(front) == {patient_id: MonthState.READY}

    void = Voiding(
        entry_id=entry_id,
        user_id=front.people[Role.CARE_MANAGER].id,
        reason="another patient's",
        form_key=str(uuid4()),
    )
    with front.world.db.write(front.practice_id) as session:
        ledger.void(session, front.world.audit_key, front.practice_id, void, NOW)
    assert states(front) == {patient_id: MonthState.SHORT_OF_TIME}


def test_a_charge_taken_away_and_an_npi_are_seen_for_everybody(front: Front) -> None:
    work(front, front.patient_id)
    assert look(front).amounts[MonthState.READY] == Decimal("95.00")
    with front.world.db.write(front.practice_id) as session:
        fees.set_fee(session, front.practice_id, "99490", date(2026, 11, 1), Decimal("101.50"))

    assert look(front).amounts[MonthState.READY] == Decimal("101.50")


def test_a_consent_that_is_revoked_is_a_reason_with_its_owner(front: Front) -> None:
    work(front, front.patient_id)
    assert look(front).reasons == ()
    people = front.people
    tenant = Tenant(
        practice_id=front.practice_id,
        ehr_id=front.ehr_id,
        nurse_id=people[Role.CARE_MANAGER].id,
        doctor_id=people[Role.PRACTITIONER].id,
        patient_id=front.patient_id,
    )
    said = consent(
        tenant,
        decision=ConsentDecision.REVOKED,
        decided_on=date(2026, 10, 5),
        effective_on=date(2026, 10, 31),
        statements=(),
    )
    with front.world.db.write(front.practice_id) as session:
        consents.record(session, front.practice_id, said, NOW)

    page = look(front)

    (reason,) = page.reasons
    assert (reason.code, reason.patients) == ("consent.consent_revoked", 1)
    assert reason.owner is not None
    assert page.rows[0].state is MonthState.NEEDS_FIX


def test_what_could_not_be_judged_yet_is_in_no_other_count(front: Front) -> None:
    for number in range(300):
        add_patient(front, f"Patient {number:03d}")

    page = look(front)

    assert sum(page.counts.values()) == 301
    assert page.counts[MonthState.BEING_JUDGED] == 51
    assert page.rows[0].state is MonthState.BEING_JUDGED
    assert "refresh_month" in front.queue.workflows
    assert MonthState.BEING_JUDGED not in look(front).counts


def test_an_answer_that_was_overtaken_while_it_was_made_is_not_kept(front: Front) -> None:
    world, viewer = front.world, Viewer(practice_id=front.practice_id)
    with world.db.write(front.practice_id) as session:
        view = view_of(world, session, viewer, NOVEMBER, NOW)
        prepare(session, viewer, view)
        (waiting,) = standings.stale(session, front.practice_id, view, 10)
    slow = NewStanding(
        of=waiting,
        state=MonthState.READY.value,
        counted_seconds=0,
        amount_usd=None,
        detail_json="{}",
        reasons=(),
    )
    work(front, front.patient_id)
    with world.db.write(front.practice_id) as session:
        standings.take_marks(session, front.practice_id)
        standings.keep(session, front.practice_id, view, [slow], NOW)

    with world.db.read(front.practice_id) as session:
        found = standing_views.counts(session, front.practice_id, view)
    assert set(found) == {standing_views.NOT_FRESH}
    assert judge_stale(world, viewer, view, NOW) == 1


def test_what_was_written_and_not_yet_noticed_is_not_shown_as_fresh(front: Front) -> None:
    world, viewer = front.world, Viewer(practice_id=front.practice_id)
    refresh(world, viewer, NOVEMBER, NOW)
    work(front, front.patient_id)

    with world.db.read(front.practice_id) as session:
        view = view_of(world, session, viewer, NOVEMBER, NOW)
        found = standing_views.counts(session, front.practice_id, view)
        assert len(session.exec(select(MonthChangeRow)).all()) == 1
    assert set(found) == {standing_views.NOT_FRESH}


def test_derived_rows_thrown_away_are_made_again_as_they_were(front: Front) -> None:
    work(front, front.patient_id)
    before = look(front)
    with front.world.db.write(front.practice_id) as session:
        standings.forget(session, front.practice_id, NOVEMBER)

    assert look(front) == before


def test_a_practitioner_sees_the_month_as_they_would_sign_it(front: Front) -> None:
    work(front, front.patient_id, 12, role=Role.PRACTITIONER)
    work(front, front.patient_id, 12, day=19)

    seen = {role: look(front, role).rows[0].counted_seconds for role in Role}

    assert set(seen.values()) == {24 * 60}
    viewer = Viewer(practice_id=front.practice_id, seen_as=front.people[Role.PRACTITIONER].id)
    assert refresh(front.world, viewer, NOVEMBER, NOW) == 0


def test_a_signed_month_stands_as_it_was_signed_whatever_the_chart_says_since(
    front: Front,
) -> None:
    work(front, front.patient_id)
    sign_alone(front, front.patient_id)
    before = look(front).rows[0]

    add_patient(front, "Zyxxandra Quillfeather", chart(conditions=(icd("I10"),)))
    with front.world.db.write(front.practice_id) as session:
        standings.forget(session, front.practice_id, NOVEMBER)

    after = next(r for r in look(front).rows if r.patient_id == front.patient_id)
    assert (after.state, after.counted_seconds) == (MonthState.SIGNED, before.counted_seconds)
    assert after.total_usd == Decimal("95.00")


def test_a_reason_leads_to_everybody_it_holds_up_and_to_nobody_else(front: Front) -> None:
    lacking = {add_patient(front, f"No Consent {n}", chart(consents=())) for n in range(3)}
    for patient_id in (*lacking, front.patient_id):
        work(front, patient_id)
    page = look(front)
    (reason,) = page.reasons

    found = look(front, reason=reason.code)

    assert reason.patients == 3
    assert {row.patient_id for row in found.rows} == lacking
    assert found.counts == page.counts


def test_a_reason_that_is_none_is_refused(front: Front) -> None:
    with pytest.raises(InputError, match="reason"):
        look(front, reason="x' OR 1=1")


def test_a_missing_charge_needs_a_fix_by_an_administrator(front: Front) -> None:
    with front.world.db.write(front.practice_id) as session:
        session.connection().exec_driver_sql("DELETE FROM fee WHERE code = '99490'")
    work(front, front.patient_id)

    page = look(front)

    assert page.rows[0].state is MonthState.NEEDS_FIX
    assert [(r.code, r.owner) for r in page.reasons] == [("charge_missing_99490", Role.ADMIN)]


def test_a_locked_month_takes_no_time_and_no_signature_and_says_why(front: Front) -> None:
    work(front, front.patient_id)
    lock(front)
    nurse = front.sign_in(Role.CARE_MANAGER)
    fields = {
        **nurse.fields("/time"),
        "started_on": "2026-11-20",
        "start_time": "07:00",
        "minutes": "5",
        "activity": "care_plan",
    }

    refused = nurse.post(f"{nurse.path}/time", fields)

    assert refused.status_code == 409
    assert "is locked since" in refused.text
    assert "Sent to the clearing house" in refused.text
    with pytest.raises(ConflictError, match="Sent to the clearing house"):
        sign_alone(front, front.patient_id)
    lock(front, LockAct.UNLOCK, reason="A late call")
    sign_alone(front, front.patient_id)
    assert [act for act in acts(front) if "lock" in act] == ["lock_month", "unlock_month"]


def test_a_held_patient_is_held_alone_and_no_re_run_changes_it(front: Front) -> None:
    other = add_patient(front, "Nell Other")
    for patient_id in (front.patient_id, other):
        work(front, patient_id)
    lock(front, patient_id=front.patient_id, reason="The daughter calls back")

    assert states(front) == {front.patient_id: MonthState.HELD, other: MonthState.READY}
    with pytest.raises(ConflictError, match="for this patient"):
        sign_alone(front, front.patient_id)
    sign_alone(front, other)
    with front.world.db.write(front.practice_id) as session:
        standings.forget(session, front.practice_id, NOVEMBER)
    assert states(front)[front.patient_id] is MonthState.HELD


def test_what_is_locked_is_not_locked_again_nor_unlocked_twice(front: Front) -> None:
    with pytest.raises(ConflictError, match="nothing to unlock"):
        lock(front, LockAct.UNLOCK)
    lock(front)
    with pytest.raises(ConflictError, match="locked already"):
        lock(front)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_lock_needs_a_reason_of_some_length(front: Front, reason: str) -> None:
    with pytest.raises(InputError, match="reason"):
        lock(front, reason=reason)


def test_a_care_manager_locks_nothing(front: Front) -> None:
    with pytest.raises(NotAllowedError):
        lock(front, role=Role.CARE_MANAGER)


def test_who_locks_is_told_whether_ledger_and_ehr_agree(front: Front) -> None:
    biller = front.sign_in(Role.BILLER)
    path = f"{biller.path}/lock"
    assert "were not compared yet" in biller.get(path).text
    work(front, front.patient_id)
    reconcile(front.world, Scope(practice_id=front.practice_id))

    told = biller.get(path).text

    assert "1 row in our ledger" in told
    assert "1 difference was found" in told


def test_the_lock_page_locks_and_tells_its_history(front: Front) -> None:
    biller = front.sign_in(Role.BILLER)
    path = f"{biller.path}/lock"
    sent = {
        **biller.page("/lock").forms[path],
        "whose": "practice",
        "act": "lock",
        "reason": "All is sent",
    }

    answer = biller.post(path, sent)
    again = biller.post(path, sent)

    assert (answer.status_code, again.status_code) == (303, 303)
    shown = biller.get(answer.headers["location"]).text
    assert "All is sent" in shown
    assert "Locked the month" in shown
    assert "is locked since" in biller.get(f"{biller.path}/month?month=2026-11").text


def test_the_close_by_command_tells_the_same_as_the_page(front: Front) -> None:
    add_patient(front, "No Consent", chart(consents=()))
    work(front, front.patient_id)
    page = look(front)

    report = close_report(front.world, operator(front.world), NOVEMBER, NOW)

    assert {line.state: line.patients for line in report.states} == page.counts
    assert report.reasons == page.reasons
    assert {row.patient_id for row in report.rows} == {row.patient_id for row in page.rows}
    assert "close_month (command line)" in acts(front)
    assert not report.is_open


def test_the_close_is_open_where_something_is_to_mend(front: Front) -> None:
    work(front, add_patient(front, "No Consent", chart(consents=())))

    assert close_report(front.world, operator(front.world), NOVEMBER, NOW, anew=True).is_open


def test_a_practices_npi_that_is_missing_is_seen_at_the_next_look(front: Front) -> None:
    work(front, front.patient_id)
    assert look(front).rows[0].state is MonthState.READY
    with front.world.db.write(front.practice_id) as session:
        held = practices.get(session, front.practice_id)
        session.connection().exec_driver_sql("UPDATE practice SET npi = ''")
    assert held.npi

    page = look(front)

    assert [r.code for r in page.reasons] == ["practice_npi_missing"]
    assert json.dumps([r.owner for r in page.reasons]) == '["admin"]'
