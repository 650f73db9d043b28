"""Row-level security: PostgreSQL keeps practices apart though a query forgets to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.storage import ehrs, launches, migrate, tenancy, web_sessions
from ccm_fhir.storage.crypto import Vault, hashed
from ccm_fhir.storage.database import Database, open_database
from ccm_fhir.storage.tables import EhrRow
from ccm_fhir.storage.vocabulary import AttemptRefusal
from tests.databases import as_app_role, fresh_postgres_database
from tests.parts import postgres_admin_url
from tests.storage.conftest import NOW, Tenant, add_tenant_to, empty
from tests.storage.test_migrate import APPEND_ONLY

pytestmark = pytest.mark.needs("postgres")
EVERY = sorted(tenancy.tenant_tables())


@pytest.fixture
def owner(migrated_server: str) -> Iterator[Database]:
    """Yield the database as its owner and superuser, whom no policy binds."""
    opened = open_database(migrated_server)
    empty(opened)
    yield opened
    opened.close()


@pytest.fixture
def app(owner: Database) -> Iterator[Database]:
    """Yield the database as the app has it in production."""
    opened = open_database(as_app_role(owner.url))
    yield opened
    opened.close()


@pytest.fixture
def tenants(app: Database, vault: Vault) -> tuple[Tenant, Tenant]:
    return add_tenant_to(app, vault, "ours"), add_tenant_to(app, vault, "theirs")


def count(database: Database, table: str, practice_id: str = "") -> int:
    with database.write(practice_id) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


@pytest.mark.proves("S13")
@pytest.mark.parametrize("table", EVERY)
def test_every_tenant_table_is_guarded_against_its_owner_too(owner: Database, table: str) -> None:
    with owner.read() as session:
        flags = session.execute(
            text("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = :name"),
            {"name": table},
        ).one()

    assert tuple(flags) == (True, True)


@pytest.mark.proves("S13")
@pytest.mark.parametrize("table", ["ehr", "app_user", "patient"])
def test_a_transaction_sees_its_own_practice_and_none_without_one(
    owner: Database, app: Database, tenants: tuple[Tenant, Tenant], table: str
) -> None:
    ours, theirs = tenants
    of_both = count(owner, table)

    of_each = [count(app, table, tenant.practice_id) for tenant in (ours, theirs)]

    assert all(of_each)
    assert sum(of_each) == of_both
    assert count(app, table) == 0
    assert count(app, table, "no-such-practice") == 0


@pytest.mark.proves("S13")
def test_a_row_of_another_practice_can_be_neither_added_nor_changed(
    app: Database, tenants: tuple[Tenant, Tenant]
) -> None:
    ours, theirs = tenants

    given_away = {"other": theirs.practice_id, "id": ours.patient_id}
    moving = text("UPDATE patient SET practice_id = :other WHERE id = :id")

    with pytest.raises(DBAPIError, match="row-level security"), app.write(ours.practice_id) as one:
        one.execute(moving, given_away)
    with app.write(ours.practice_id) as session:
        changed = session.execute(
            text("UPDATE patient SET name = 'x' WHERE id = :id"), {"id": theirs.patient_id}
        )
    assert changed.rowcount == 0  # type: ignore[attr-defined]  # of a cursor


@pytest.mark.proves("S13")
def test_the_practice_is_forgotten_with_the_transaction(
    app: Database, tenants: tuple[Tenant, Tenant]
) -> None:
    ours, _ = tenants
    for _ in range(20):  # whatever connection of the pool comes next
        assert count(app, "patient", ours.practice_id) == 1
        assert count(app, "patient") == 0


@pytest.mark.proves("S13")
def test_before_the_practice_is_known_one_row_is_found_by_its_key_and_no_other(
    app: Database, tenants: tuple[Tenant, Tenant]
) -> None:
    ours, _ = tenants

    with app.read() as session:
        found = ehrs.find_by_base(session, "https://ours.example/fhir")
        visible = session.exec(select(EhrRow.name)).all()
        nothing = web_sessions.find(session, hashed("guess"))
    with app.write() as session:
        refused = launches.consume_attempt(session, hashed("guess"), NOW)

    assert found is not None
    assert found.practice_id == ours.practice_id
    assert len(visible) == 1
    assert nothing is None
    assert refused is AttemptRefusal.UNKNOWN


@pytest.mark.proves("S13", "S21")
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("act", ["UPDATE {} SET practice_id = practice_id", "DELETE FROM {}"])
def test_the_app_has_no_right_to_change_a_ledger(app: Database, table: str, act: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), app.write() as session:
        session.execute(text(act.format(table)))


@pytest.mark.proves("S13")
@pytest.mark.parametrize(
    "act",
    [
        "ALTER TABLE patient DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_practice ON patient",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "TRUNCATE patient CASCADE",
    ],
)
def test_the_app_cannot_take_its_guards_away(app: Database, act: str) -> None:
    with (
        pytest.raises(DBAPIError, match=r"must be owner|permission denied"),
        app.write() as session,
    ):
        session.execute(text(act))


@pytest.fixture
def fresh_url() -> Iterator[str]:
    with fresh_postgres_database(postgres_admin_url()) as url:
        migrate.upgrade(url)
        yield url


def execute(url: str, statement: str) -> None:
    database = open_database(url)
    with database.write() as session:
        session.execute(text(statement))
    database.close()


@pytest.mark.proves("S13", "S24")
def test_a_start_is_refused_where_a_tenant_table_is_unguarded(fresh_url: str) -> None:
    app_url = as_app_role(fresh_url)
    migrate.refuse_unguarded(app_url, any_role=False)  # all is well

    execute(fresh_url, "DROP POLICY own_practice ON patient")
    execute(fresh_url, "ALTER TABLE audit NO FORCE ROW LEVEL SECURITY")

    with pytest.raises(ConfigurationError, match="no row-level security on audit, patient"):
        migrate.refuse_unguarded(app_url, any_role=True)


@pytest.mark.proves("S13", "S24")
def test_a_start_as_a_role_that_no_policy_binds_is_refused(fresh_url: str) -> None:
    with pytest.raises(ConfigurationError, match="NOSUPERUSER NOBYPASSRLS"):
        migrate.refuse_unguarded(fresh_url, any_role=False)

    migrate.refuse_unguarded(fresh_url, any_role=True)


def test_a_role_that_is_not_there_is_told(fresh_url: str) -> None:
    with pytest.raises(ConfigurationError, match="no role of this name"):
        migrate.grant_to(fresh_url, "nobody; DROP TABLE patient")
