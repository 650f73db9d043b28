"""The time ledger's chain: whatever is done to it past the app shows, and where."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.storage import ledger, ledger_chain, migrate
from ccm_fhir.storage.ledger import Correction, Voiding
from ccm_fhir.storage.ledger_chain import Flaw
from tests.storage.makers import KEY, entry

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.database import Database
    from ccm_fhir.storage.ledger_chain import LedgerCheck
    from tests.storage.conftest import Tenant

MINUTE = timedelta(minutes=1)
ROWS = 6
_TEXTS = ("patient_id", "user_id", "credential", "zone", "note", "form_key", "change_reason")


def fill(database: Database, tenant: Tenant, now: datetime) -> tuple[str, ...]:
    """Record four entries, correct the second, void the third; return the rows' ids in order."""
    where = KEY, tenant.practice_id
    with database.write() as session:
        rows = [
            ledger.record(session, *where, entry(tenant, f"f-{n}", note=f"note {n}"), now)
            for n in range(4)
        ]
        change = Correction(entry_id=rows[1].id, entry=entry(tenant, "f-5"), reason="mistyped")
        rows.append(ledger.correct(session, *where, change, now + MINUTE))
        void = Voiding(entry_id=rows[2].id, user_id=tenant.nurse_id, reason="no", form_key="f-6")
        rows.append(ledger.void(session, *where, void, now + MINUTE))
    return tuple(row.id for row in rows)


def verify(database: Database, tenant: Tenant, key: bytes = KEY) -> LedgerCheck:
    with database.read() as session:
        return ledger_chain.verify(session, key, tenant.practice_id)


def disarm(session: Session) -> None:
    """Do what the triggers forbid, as someone with the whole database in hand could."""
    if session.connection().dialect.name == "sqlite":
        for name in ("time_entry", "time_link"):
            for act in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER IF EXISTS tr_{name}_no_{act}"))
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
    else:
        session.execute(text("SET LOCAL session_replication_role = replica"))


def tamper(database: Database, *statements: str, **values: object) -> None:
    with database.write() as session:
        disarm(session)
        for statement in statements:
            session.execute(text(statement), values)


def test_an_untouched_ledger_verifies(database: Database, ours: Tenant, now: datetime) -> None:
    assert verify(database, ours).flaw is None
    fill(database, ours, now)

    check = verify(database, ours)

    assert (check.entries, check.flaw, check.broken_at) == (ROWS, None, None)
    assert len(check.head) == 64


def test_the_chain_cannot_be_made_whole_without_the_key(
    database: Database, ours: Tenant, now: datetime
) -> None:
    fill(database, ours, now)

    assert verify(database, ours, key=b"guess").broken_at == 1


def test_writers_at_once_make_one_chain(database: Database, ours: Tenant, now: datetime) -> None:
    def write(writer: int) -> None:
        for number in range(5):
            with database.write() as session:
                new = entry(ours, f"form-{writer}-{number}")
                ledger.record(session, KEY, ours.practice_id, new, now)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (verify(database, ours).entries, verify(database, ours).flaw) == (20, None)


def test_each_practice_has_a_chain_of_its_own(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    fill(database, ours, now)
    tamper(database, "UPDATE time_entry SET note = 'other'")

    assert verify(database, ours).broken_at == 1
    assert verify(database, theirs).flaw is None


def test_a_row_that_no_link_seals_shows(database: Database, ours: Tenant, now: datetime) -> None:
    ids = fill(database, ours, now)
    columns = (
        "practice_id, patient_id, user_id, performer, credential, started_at, ended_at, zone, "
        "activity, is_contact, contact_mode, source, note, recorded_at, recorded_by"
    )
    tamper(
        database,
        f"INSERT INTO time_entry (id, form_key, change, change_reason, {columns}) "  # noqa: S608
        f"SELECT 'slipped-in', 'f-x', 'entry', '', {columns} FROM time_entry WHERE id = :id",
        id=ids[0],
    )

    check = verify(database, ours)

    assert (check.flaw, check.broken_at) == (Flaw.UNSEALED, ROWS + 1)


def test_a_cut_end_shows_against_a_head_kept_elsewhere_only(
    database: Database, ours: Tenant, now: datetime
) -> None:
    ids = fill(database, ours, now)
    kept = verify(database, ours)

    tamper(
        database,
        "DELETE FROM time_link WHERE sequence > 4",
        "DELETE FROM time_entry WHERE id IN (:fifth, :sixth)",
        fifth=ids[4],
        sixth=ids[5],
    )

    cut = verify(database, ours)
    assert (cut.entries, cut.flaw) == (4, None)
    with database.read() as session:
        assert ledger_chain.head_at(session, ours.practice_id, kept.entries) != kept.head
        assert ledger_chain.head_at(session, ours.practice_id, 4) == cut.head


class Undo(Exception):  # noqa: N818  # it tells of nothing wrong
    """Takes a tampering back."""


STATEMENTS = {
    "text": "UPDATE time_entry SET {name} = {name} || 'x' WHERE id = {row}",
    "moment": "UPDATE time_entry SET started_at = '2020-01-01 00:00:00.000000' WHERE id = {row}",
    "recorded": "UPDATE time_entry SET recorded_at = '2020-01-01 00:00:00.000000' WHERE id = {row}",
    "contact": "UPDATE time_entry SET is_contact = NOT is_contact WHERE id = {row}",
    "deleted": "DELETE FROM time_entry WHERE id = {row}",
    "unlinked": "DELETE FROM time_link WHERE sequence = {place}",
    "rehashed": "UPDATE time_link SET hash = 'x' || hash WHERE sequence = {place}",
    "exchanged": "UPDATE time_link SET row_id = 'x' || row_id WHERE sequence = {place}",
    "reordered": (
        "UPDATE time_link SET sequence = -1 WHERE sequence = {place};"
        "UPDATE time_link SET sequence = {place} WHERE sequence = {other};"
        "UPDATE time_link SET sequence = {other} WHERE sequence = -1"
    ),
}


@given(
    kind=st.sampled_from(sorted(STATEMENTS)),
    place=st.integers(1, ROWS),
    step=st.integers(1, ROWS - 1),
    name=st.sampled_from(_TEXTS),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tampering_shows_at_its_first_link(
    filled: Filled, kind: str, place: int, step: int, name: str
) -> None:
    other = (place - 1 + step) % ROWS + 1
    row = filled.ids[place - 1]
    told = STATEMENTS[kind].format(name=name, place=place, other=other, row=f"'{row}'")

    check = filled.after(told.split(";"))

    assert check.flaw is not None
    assert check.broken_at == (min(place, other) if kind == "reordered" else place)


CHAIN = "0013"
"""The revision that seals what is in the ledger."""


class Filled:
    """A database with a ledger in it, whose tamperings are all taken back."""

    def __init__(self, database: Database, tenant: Tenant, now: datetime) -> None:
        self.database = database
        self.tenant = tenant
        self.ids = fill(database, tenant, now)

    def after(self, statements: list[str]) -> LedgerCheck:
        checks: list[LedgerCheck] = []
        with suppress(Undo), self.database.write() as session:
            disarm(session)
            for statement in statements:
                session.execute(text(statement))
            checks.append(ledger_chain.verify(session, KEY, self.tenant.practice_id))
            raise Undo
        return checks[0]


@pytest.fixture
def filled(database: Database, ours: Tenant, now: datetime) -> Filled:
    return Filled(database, ours, now)


def test_a_ledger_older_than_its_chain_is_sealed_by_the_migration(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    fill(database, ours, now)
    fill(database, theirs, now)
    head = before_the_chain(database)

    with pytest.raises(ConfigurationError, match="CCM_SECRET_KEY"):
        migrate.upgrade(database.url, revision=CHAIN)
    migrate.upgrade(database.url, lambda: KEY, revision=CHAIN)
    stand_at(database, head)

    for tenant in (ours, theirs):
        assert (verify(database, tenant).entries, verify(database, tenant).flaw) == (ROWS, None)
    with database.write() as session:
        ledger.record(session, KEY, ours.practice_id, entry(ours, "f-next"), now)
    assert (verify(database, ours).entries, verify(database, ours).flaw) == (ROWS + 1, None)


def before_the_chain(database: Database) -> str:
    """Take away what the chain's revision made; return the revision that the rest stands at."""
    with database.write() as session:
        for table in ("time_link", "time_approval", "typed_policy"):
            session.execute(text(f"DROP TABLE {table}"))
        head = str(session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    stand_at(database, "0012")
    return head


def stand_at(database: Database, revision: str) -> None:
    with database.write() as session:
        session.execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )
