"""Proofs, overrides, marks and falls: the newest word holds, and none is ever changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from ccm_fhir.domain.writeback import Act, DeliveryState, Override, Proof, RungName, Verdict
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage import deliveries, hand_offs, sending, write_facts
from ccm_fhir.storage.hand_offs import NewMark
from ccm_fhir.storage.sending import Answered, Fall, Intent, Problem
from ccm_fhir.storage.write_facts import NewOverride, NewProof, Withdrawal
from tests.storage.makers import delivery

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

ENCOUNTER = Act(resource_type="Encounter")


def proof(verdict: Verdict, at: datetime, status: int = 405) -> Proof:
    return Proof(act=ENCOUNTER, verdict=verdict, proved_at=at, status=status)


def record(database: Database, ours: Tenant, one: Proof) -> bool:
    new = NewProof(ehr_id=ours.ehr_id, proof=one, delivery_id=None, statement_sha256="h")
    with database.write(ours.practice_id) as session:
        return write_facts.record_proof(session, ours.practice_id, new)


def proofs(database: Database, ours: Tenant) -> tuple[Proof, ...]:
    with database.read(ours.practice_id) as session:
        return write_facts.proofs(session, ours.practice_id, ours.ehr_id)


def test_the_last_proof_of_an_act_holds(database: Database, ours: Tenant, now: datetime) -> None:
    refused = proof(Verdict.NOT_SUPPORTED, now)
    taken = proof(Verdict.SUPPORTED, now + timedelta(days=1), status=201)

    assert record(database, ours, refused)
    assert not record(database, ours, refused)
    assert record(database, ours, taken)

    assert proofs(database, ours) == (taken,)


def test_a_withdrawn_proof_no_longer_holds_and_may_be_proved_anew(
    database: Database, ours: Tenant, now: datetime
) -> None:
    record(database, ours, proof(Verdict.NOT_SUPPORTED, now))
    word = Withdrawal(ehr_id=ours.ehr_id, act=ENCOUNTER, person="Ada Admin", reason="Upgraded.")
    later = now + timedelta(days=1)

    with database.write(ours.practice_id) as session:
        assert write_facts.withdraw_proof(session, ours.practice_id, word, later)
        assert not write_facts.withdraw_proof(session, ours.practice_id, word, later)

    assert proofs(database, ours) == ()
    again = proof(Verdict.NOT_SUPPORTED, later + timedelta(days=1))
    assert record(database, ours, again)
    assert proofs(database, ours) == (again,)


def test_every_override_is_kept_in_order(database: Database, ours: Tenant, now: datetime) -> None:
    words = [
        Override(
            act=ENCOUNTER,
            is_supported=is_supported,
            signed_by="Ada Admin",
            signed_at=now + timedelta(days=day),
            reason="Why.",
        )
        for day, is_supported in enumerate((True, False))
    ]
    with database.write(ours.practice_id) as session:
        for word in words:
            new = NewOverride(ehr_id=ours.ehr_id, user_id=ours.nurse_id, override=word)
            write_facts.record_override(session, ours.practice_id, new)

    with database.read(ours.practice_id) as session:
        assert write_facts.overrides(session, ours.practice_id, ours.ehr_id) == tuple(words)


@pytest.mark.parametrize("table", ["write_proof", "write_override", "hand_off_mark"])
@pytest.mark.parametrize("act", ["UPDATE {} SET practice_id = practice_id", "DELETE FROM {}"])
def test_what_was_stated_cannot_be_changed(
    database: Database, ours: Tenant, now: datetime, table: str, act: str
) -> None:
    record(database, ours, proof(Verdict.NOT_SUPPORTED, now))
    signed = Override(
        act=ENCOUNTER, is_supported=True, signed_by="Ada", signed_at=now, reason="Why."
    )
    with database.write(ours.practice_id) as session:
        new = NewOverride(ehr_id=ours.ehr_id, user_id=None, override=signed)
        write_facts.record_override(session, ours.practice_id, new)
        planned = deliveries.plan(session, ours.practice_id, delivery(ours), now)
        mark = NewMark(delivery_id=planned.id, user_id=ours.nurse_id, person="Nora")
        hand_offs.mark(session, ours.practice_id, mark, now)

    with (
        pytest.raises(DatabaseError, match="append-only"),
        database.write(ours.practice_id) as session,
    ):
        session.execute(text(act.format(table)))


def test_a_hand_off_is_marked_once(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write(ours.practice_id) as session:
        planned = deliveries.plan(session, ours.practice_id, delivery(ours), now)
        mark = NewMark(delivery_id=planned.id, user_id=ours.nurse_id, person="Nora")
        kept = hand_offs.mark(session, ours.practice_id, mark, now)
        with pytest.raises(ConflictError):
            hand_offs.mark(session, ours.practice_id, mark, now)
        found = hand_offs.of_deliveries(session, ours.practice_id, [planned.id])
    assert found == {planned.id: kept}


def test_a_fall_keeps_the_answer_and_is_no_longer_unfinished(
    database: Database, ours: Tenant, now: datetime
) -> None:
    answer = Answered(status=405, codes=("not-supported",), statement_sha256="h")
    with database.write(ours.practice_id) as session:
        planned = deliveries.plan(session, ours.practice_id, delivery(ours), now)
        wish = Intent(delivery_id=planned.id, tries=0)
        sending.mark_intent(session, ours.practice_id, wish, now)
        refused = Problem(delivery_id=planned.id, code="refused_405", answer=answer)
        sending.mark_rejected(session, ours.practice_id, refused, now)
        fall = Fall(delivery_id=planned.id, to=RungName.OBSERVATION, code="fell")
        fallen = sending.mark_fallen(session, ours.practice_id, fall, now)
        with pytest.raises(ConflictError):
            sending.mark_fallen(session, ours.practice_id, fall, now)
        assert deliveries.unfinished(session, ours.practice_id) == ()
    assert fallen.has_fallen
    assert (fallen.answer_status, fallen.answer_codes) == (405, ("not-supported",))
    assert fallen.statement_sha256 == "h"


@pytest.mark.parametrize("is_sent", [True, False])
def test_nothing_falls_that_is_there_or_just_being_sent(
    database: Database, ours: Tenant, now: datetime, *, is_sent: bool
) -> None:
    with database.write(ours.practice_id) as session:
        planned = deliveries.plan(session, ours.practice_id, delivery(ours), now)
        wish = Intent(delivery_id=planned.id, tries=0)
        sending.mark_intent(session, ours.practice_id, wish, now)
        if is_sent:
            receipt = sending.Receipt(delivery_id=planned.id, remote_id="77")
            sending.mark_sent(session, ours.practice_id, receipt, now)
        fall = Fall(delivery_id=planned.id, to=RungName.OBSERVATION, code="fell")
        with pytest.raises(ConflictError):
            sending.mark_fallen(session, ours.practice_id, fall, now)
        problem = Problem(delivery_id=planned.id, code="taken_back")
        with pytest.raises(ConflictError):
            sending.mark_withdrawn(session, ours.practice_id, problem, now)
        state = deliveries.get(session, ours.practice_id, planned.id).state
    assert state is (DeliveryState.SENT if is_sent else DeliveryState.SENDING)


def test_what_fell_cannot_be_released(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write(ours.practice_id) as session:
        planned = deliveries.plan(session, ours.practice_id, delivery(ours), now)
        fall = Fall(delivery_id=planned.id, to=RungName.OBSERVATION, code="fell")
        sending.mark_fallen(session, ours.practice_id, fall, now)
        with pytest.raises(ConflictError):
            sending.release(session, ours.practice_id, planned.id, now)
