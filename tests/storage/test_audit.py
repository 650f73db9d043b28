"""The audit trail: whole, it verifies; altered, shortened or forked, it does not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from ccm_fhir.errors import NotFoundError
from ccm_fhir.storage import audit
from ccm_fhir.storage.audit import AuditEntry

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.storage.chain import ChainCheck
    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

KEY = b"audit key"


def append(database: Database, tenant: Tenant, now: datetime, act: str = "read chart") -> None:
    entry = AuditEntry(act=act, user_id=tenant.nurse_id, patient_id=tenant.patient_id)
    with database.write() as session:
        audit.append(session, KEY, tenant.practice_id, entry, now)


def verify(database: Database, tenant: Tenant, key: bytes = KEY) -> ChainCheck:
    with database.read() as session:
        return audit.verify(session, key, tenant.practice_id)


def tamper(database: Database, statement: str) -> None:
    """Do what the triggers forbid, as someone with the whole database in hand could."""
    with database.write() as session:
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER tr_audit_no_update"))
            session.execute(text("DROP TRIGGER tr_audit_no_delete"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement))


def test_an_untouched_trail_verifies(database: Database, ours: Tenant, now: datetime) -> None:
    for _ in range(5):
        append(database, ours, now)

    check = verify(database, ours)

    assert (check.entries, check.broken_at) == (5, None)
    assert len(check.head) == 64


def test_an_empty_trail_verifies(database: Database, ours: Tenant) -> None:
    assert verify(database, ours).broken_at is None


@pytest.mark.proves("S21")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET act = 'nothing' WHERE sequence = 3",
        "UPDATE audit SET patient_id = NULL WHERE sequence = 3",
        "UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE sequence = 3",
        "UPDATE audit SET hash = previous_hash WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = 3",
    ],
)
def test_a_line_that_is_altered_or_gone_breaks_the_trail(
    database: Database, ours: Tenant, now: datetime, statement: str
) -> None:
    for _ in range(5):
        append(database, ours, now)

    tamper(database, statement)

    assert verify(database, ours).broken_at == 3


@pytest.mark.proves("S21")
def test_a_tail_that_was_cut_shows_against_a_head_kept_elsewhere(
    database: Database, ours: Tenant, now: datetime
) -> None:
    for _ in range(5):
        append(database, ours, now)
    anchored = verify(database, ours)

    tamper(database, "DELETE FROM audit WHERE sequence > 3")

    cut = verify(database, ours)
    assert cut.broken_at is None
    assert (cut.entries, cut.head) != (anchored.entries, anchored.head)


@pytest.mark.proves("S21")
def test_the_trail_cannot_be_made_whole_without_the_key(
    database: Database, ours: Tenant, now: datetime
) -> None:
    append(database, ours, now)

    assert verify(database, ours, key=b"guess").broken_at == 1


@pytest.mark.proves("S21")
def test_writers_at_once_make_one_chain(database: Database, ours: Tenant, now: datetime) -> None:
    def write() -> None:
        for _ in range(5):
            append(database, ours, now)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (verify(database, ours).entries, verify(database, ours).broken_at) == (20, None)


def test_each_practice_has_a_chain_of_its_own(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    append(database, ours, now)
    append(database, theirs, now)

    assert (verify(database, ours).entries, verify(database, theirs).entries) == (1, 1)


def test_a_line_can_be_written_for_a_known_practice_only(
    database: Database, ours: Tenant, now: datetime
) -> None:
    foreign = AuditEntry(act="login", user_id="no-such-user")
    with database.write() as session:
        with pytest.raises(NotFoundError):
            audit.append(session, KEY, "no-such-practice", AuditEntry(act="login"), now)
        with pytest.raises(NotFoundError):
            audit.append(session, KEY, ours.practice_id, foreign, now)
