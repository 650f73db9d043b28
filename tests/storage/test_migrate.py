"""Migrations: they reach the tables as written, alone, on both databases; append-only holds."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from ccm_fhir.domain.approvals import ApprovalReason, TypedPolicy
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.timers import Ending, TimerPolicy, rest, start
from ccm_fhir.storage import (
    approvals,
    attestations,
    audit,
    charts,
    claim_statements,
    claims,
    coding_choices,
    condition_reviews,
    consents,
    deliveries,
    emergencies,
    keyed,
    ledger,
    mdm_attestations,
    migrate,
    month_locks,
    patient_locations,
    plan_contacts,
    plan_tasks,
    plans,
    reconciliations,
    statements,
    timers,
)
from ccm_fhir.storage import sign_offs as sign_off_store
from ccm_fhir.storage.approvals import NewStep
from ccm_fhir.storage.attestations import NewAttestation
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.emergencies import NewEmergency
from ccm_fhir.storage.keyed import NewKeyed
from ccm_fhir.storage.plan_tasks import NewTaskEnd
from ccm_fhir.storage.tables import Row
from ccm_fhir.storage.timers import NewPolicy, NewTimer
from ccm_fhir.storage.vocabulary import TaskOutcome
from tests.storage.makers import (
    KEY,
    NOVEMBER,
    chart,
    choice,
    claim,
    claim_said,
    condition_review,
    consent,
    delivery,
    entry,
    filed_and_answered,
    mdm,
    month_lock,
    patient_location,
    plan_copy,
    plan_outreach,
    plan_review,
    plan_task,
    plan_version,
    sign_off,
    statement,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.crypto import Vault
    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

APPEND_ONLY = (
    "answer_file",
    "attestation",
    "audit",
    "capability_statement",
    "chart_snapshot",
    "claim",
    "claim_answer",
    "claim_file",
    "claim_file_writing",
    "claim_statement",
    "coding_choice",
    "condition_review",
    "delivery_event",
    "ehr_answer",
    "emergency_access",
    "filed_claim",
    "keyed_by_hand",
    "mdm_attestation",
    "month_lock",
    "paid_answer",
    "patient_location",
    "plan_copy",
    "plan_outreach",
    "plan_review",
    "plan_task",
    "plan_task_end",
    "plan_version",
    "reconciliation",
    "recorded_consent",
    "remittance_file",
    "sign_off",
    "time_entry",
    "time_approval",
    "time_link",
    "timer_policy",
    "timer_stretch",
    "typed_policy",
)


def execute(url: str, statement: str) -> None:
    database = open_database(url)
    with database.write() as session:
        session.execute(text(statement))
    database.close()


def test_an_upgraded_database_has_exactly_the_tables_as_written(database_url: str) -> None:
    migrate.upgrade(database_url)

    assert migrate.is_at_head(database_url)
    assert migrate.check(database_url) == ()
    database = open_database(database_url)
    tables = set(inspect(database.engine).get_table_names())
    database.close()
    assert tables == {*Row.metadata.tables, "alembic_version"}


def test_an_empty_database_is_not_at_head(database_url: str) -> None:
    assert not migrate.is_at_head(database_url)


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    migrate.upgrade(database_url)
    migrate.upgrade(database_url)

    assert migrate.check(database_url) == ()


def test_upgrading_from_two_sides_at_once_happens_once(database_url: str) -> None:
    failures: list[Exception] = []

    def upgrade() -> None:
        try:
            migrate.upgrade(database_url)
        except Exception as error:  # noqa: BLE001  # told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert migrate.is_at_head(database_url)


def test_a_column_that_nobody_wrote_down_is_a_difference(database_url: str) -> None:
    migrate.upgrade(database_url)

    execute(database_url, "ALTER TABLE patient ADD COLUMN forgotten VARCHAR")

    (difference,) = migrate.check(database_url)
    assert "forgotten" in difference


def test_an_index_that_is_missing_is_a_difference(database_url: str) -> None:
    migrate.upgrade(database_url)

    execute(database_url, "DROP INDEX ix_delivery_practice_id_state")

    (difference,) = migrate.check(database_url)
    assert "ix_delivery_practice_id_state" in difference


def test_tables_of_others_in_the_same_database_are_no_difference(database_url: str) -> None:
    migrate.upgrade(database_url)

    execute(database_url, "CREATE TABLE workflow_status (id VARCHAR PRIMARY KEY)")

    assert migrate.check(database_url) == ()


@pytest.mark.proves("S14")
def test_every_tenant_table_says_whose_a_row_is() -> None:
    installation_wide = {"practice", "signing_key", "worker_lease"}

    for name, table in Row.metadata.tables.items():
        if name not in installation_wide:
            assert not table.c.practice_id.nullable, name


@pytest.mark.proves("S14")
def test_every_reference_between_tenant_tables_stays_within_the_practice() -> None:
    for name, table in Row.metadata.tables.items():
        for constraint in table.foreign_key_constraints:
            if constraint.referred_table.name != "practice":
                columns = [column.name for column in constraint.columns]
                assert columns[0] == "practice_id", f"{name}: {columns}"


def test_every_constraint_and_index_has_a_name_that_fits_postgresql() -> None:
    for table in Row.metadata.tables.values():
        names = [c.name for c in table.constraints] + [i.name for i in table.indexes]
        assert all(0 < len(str(name or "")) <= 63 for name in names), (table.name, names)


@pytest.fixture
def one_row_each(database: Database, ours: Tenant, vault: Vault, now: datetime) -> Database:
    """Return a database with a row in every append-only table."""
    practice_id = ours.practice_id
    with database.write() as session:
        typed = ledger.record(session, KEY, practice_id, entry(ours), now)
        asked = NewStep(entry_id=typed.id, user_id=ours.nurse_id, reasons=(ApprovalReason.LATE,))
        approvals.add_step(session, KEY, practice_id, asked, now)
        approvals.set_policy(session, practice_id, TypedPolicy(), None, now)
        charts.record(session, practice_id, chart(ours, now), now)
        attestations.record(
            session,
            practice_id,
            NewAttestation(
                patient_id=ours.patient_id,
                month=NOVEMBER,
                kind="care_plan",
                statement="I have reviewed the plan.",
                user_id=ours.doctor_id,
            ),
            now,
        )
        _claimed(session, vault, ours, now)
        coding_choices.record(session, practice_id, choice(ours), now)
        mdm_attestations.record(session, practice_id, mdm(ours), now)
        planned = deliveries.plan(session, practice_id, delivery(ours), now)
        by_hand = NewKeyed(
            delivery_id=planned.id, user_id=ours.nurse_id, person="Nora", ehr_number="7"
        )
        keyed.record(session, practice_id, by_hand, now)
        reconciliations.record(session, practice_id, "{}", now)
        consents.record(session, practice_id, consent(ours), now)
        audit.append(session, b"key", practice_id, AuditEntry(act="read chart"), now)
        _timed(session, ours, now)
        statements.record(session, practice_id, statement(ours), now)
        emergency = NewEmergency(code_hash="h", opened_by="o", reason="r", expires_at=now)
        emergencies.begin(session, practice_id, emergency, now)
        _planned(session, ours, now)
    return database


def _claimed(session: Session, vault: Vault, ours: Tenant, now: datetime) -> None:
    practice_id = ours.practice_id
    signed = sign_off_store.record(session, practice_id, sign_off(ours), now)
    drafted = claims.record(session, practice_id, claim(ours, signed.id), now)
    filed_and_answered(session, vault, practice_id, drafted, now)
    claim_statements.record(session, practice_id, claim_said(ours, drafted.id), now)


def _planned(session: Session, ours: Tenant, now: datetime) -> None:
    condition_reviews.record(session, ours.practice_id, condition_review(ours), now)
    month_locks.record(session, ours.practice_id, month_lock(ours), now)
    patient_locations.record(session, ours.practice_id, patient_location(ours), now)
    version = plans.adopt(session, ours.practice_id, plan_version(ours), now)
    plan_contacts.record_review(session, ours.practice_id, plan_review(ours, version.id), now)
    plan_contacts.record_copy(session, ours.practice_id, plan_copy(ours, version.id), now)
    plan_contacts.record_outreach(session, ours.practice_id, plan_outreach(ours), now)
    task = plan_tasks.record_task(session, ours.practice_id, plan_task(ours), now)
    done = NewTaskEnd(task_id=task.id, outcome=TaskOutcome.DONE, ended_by=ours.nurse_id)
    plan_tasks.end_task(session, ours.practice_id, done, now)


def _timed(session: Session, ours: Tenant, now: datetime) -> None:
    policy = NewPolicy(role=Role.CARE_MANAGER, policy=TimerPolicy.AUTO, set_by=ours.nurse_id)
    timers.set_policy(session, ours.practice_id, policy, now)
    begun = NewTimer(
        user_id=ours.nurse_id, patient_id=ours.patient_id, activity=None, timer=start(now)
    )
    record = timers.open_timer(session, ours.practice_id, begun, now)
    rested = rest(record.timer, now + timedelta(minutes=1), Ending.PAUSE)
    timers.keep(session, ours.practice_id, record, rested, now)


@pytest.mark.proves("S21")
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("act", ["UPDATE {} SET practice_id = practice_id", "DELETE FROM {}"])
def test_rows_of_the_ledger_can_be_neither_changed_nor_deleted(
    one_row_each: Database, table: str, act: str
) -> None:
    with one_row_each.read() as session:
        assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() > 0  # noqa: S608

    with (
        pytest.raises(IntegrityError, match=f"{table} is append-only"),
        one_row_each.write() as session,
    ):
        session.execute(text(act.format(table)))
