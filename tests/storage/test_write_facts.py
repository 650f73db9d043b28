"""Proofs, overrides, marks and falls: the newest word holds, and none is ever changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, MetaData, String, Table, insert, text
from sqlalchemy.exc import DatabaseError

from ccm_fhir.domain.writeback import Act, DeliveryState, Override, Proof, RungName, Verdict
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage import deliveries, keyed, migrate, sending, write_facts
from ccm_fhir.storage.columns import UtcDateTime
from ccm_fhir.storage.keyed import Keyed, NewKeyed
from ccm_fhir.storage.sending import Answered, Fall, Intent, Problem
from ccm_fhir.storage.write_facts import NewOverride, NewProof, Withdrawal
from tests.storage.makers import delivery

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

ENCOUNTER = Act(resource_type="Encounter")
FORMER = Table(
    "hand_off_mark",
    MetaData(),
    *(Column(name, String) for name in ("practice_id", "delivery_id", "user_id")),
    *(Column(name, String) for name in ("person", "ehr_number")),
    Column("marked_at", UtcDateTime),
)


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


@pytest.mark.parametrize("table", ["write_proof", "write_override", "keyed_by_hand"])
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
        mark = NewKeyed(delivery_id=planned.id, user_id=ours.nurse_id, person="Nora")
        keyed.record(session, ours.practice_id, mark, now)

    with (
        pytest.raises(DatabaseError, match="append-only"),
        database.write(ours.practice_id) as session,
    ):
        session.execute(text(act.format(table)))


def test_what_was_keyed_is_stated_once(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write(ours.practice_id) as session:
        planned = deliveries.plan(session, ours.practice_id, delivery(ours), now)
        new = NewKeyed(delivery_id=planned.id, user_id=ours.nurse_id, person="Nora")
        kept = keyed.record(session, ours.practice_id, new, now)
        again = keyed.record(session, ours.practice_id, new, now + timedelta(days=1))
        with pytest.raises(ConflictError):
            keyed.record(session, ours.practice_id, replace(new, ehr_number="8"), now)
        found = keyed.of_practice(session, ours.practice_id)
    assert again == kept
    assert found == {planned.id: kept}


def test_marks_of_hand_offs_are_carried_into_the_one_table(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    carried = {}
    for tenant in (ours, theirs):
        with database.write(tenant.practice_id) as session:
            carried[tenant] = deliveries.plan(session, tenant.practice_id, delivery(tenant), now).id
    with database.write() as session:
        head = str(session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        session.execute(text("ALTER TABLE keyed_by_hand DROP COLUMN person"))
        FORMER.create(session.connection())
        session.execute(text("UPDATE alembic_version SET version_num = '0018'"))
        for tenant, delivery_id in carried.items():
            mark = {
                "practice_id": tenant.practice_id,
                "delivery_id": delivery_id,
                "user_id": tenant.nurse_id,
                "person": "Nora",
                "ehr_number": "A-17",
                "marked_at": now,
            }
            session.execute(insert(FORMER), mark)

    migrate.upgrade(database.url, revision="0019")

    with database.write() as session:
        update = text("UPDATE alembic_version SET version_num = :head")
        session.execute(update, {"head": head})
    for tenant, delivery_id in carried.items():
        with database.read(tenant.practice_id) as session:
            (kept,) = keyed.of_practice(session, tenant.practice_id).values()
        assert kept == Keyed(
            delivery_id=delivery_id,
            user_id=tenant.nurse_id,
            person="Nora",
            ehr_number="A-17",
            at=now,
        )
    assert migrate.check(database.url) == ()


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
