"""Who may write, when it commits, and what a failure may say."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlmodel import select

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.storage import practices
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.practices import NewPractice
from ccm_fhir.storage.tables import PracticeRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

CANARY = "Zebulon Quartermain-Okonkwo"


class DeliberateError(Exception):
    pass


def rename(database: Database, practice_id: str, name: str) -> None:
    with database.write() as session:
        row = session.get_one(PracticeRow, practice_id)
        row.name = name


def name_of(database: Database, practice_id: str) -> str:
    with database.read() as session:
        return practices.get(session, practice_id).name


def test_what_is_written_is_there_afterwards(database: Database, ours: Tenant) -> None:
    rename(database, ours.practice_id, "new name")

    assert name_of(database, ours.practice_id) == "new name"


def test_nothing_is_written_where_an_exception_leaves_the_session(
    database: Database, ours: Tenant
) -> None:
    def fail_half_way() -> None:
        with database.write() as session:
            session.get_one(PracticeRow, ours.practice_id).name = "half done"
            session.flush()
            raise DeliberateError

    with pytest.raises(DeliberateError):
        fail_half_way()

    assert name_of(database, ours.practice_id) == "ours"


def test_a_reader_cannot_write(database: Database, ours: Tenant) -> None:
    with database.read() as session:
        session.get_one(PracticeRow, ours.practice_id).name = "by a reader"

        with pytest.raises(DBAPIError):
            session.flush()


def test_a_reader_sees_one_view_while_others_write(database: Database, ours: Tenant) -> None:
    with database.read() as session:
        before = session.exec(select(PracticeRow.name)).one()
        rename(database, ours.practice_id, "changed meanwhile")
        after = session.exec(select(PracticeRow.name)).one()

    assert before == after == "ours"


def test_writers_who_read_first_lose_no_update(database: Database, ours: Tenant) -> None:
    def add_one() -> None:
        for _ in range(10):
            with database.write() as session:
                row = session.get_one(PracticeRow, ours.practice_id, with_for_update=True)
                row.npi = str(int(row.npi or "0") + 1)

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read() as session:
        assert practices.get(session, ours.practice_id).npi == "40"


def test_an_error_of_the_database_does_not_repeat_what_was_written(
    database: Database, ours: Tenant
) -> None:
    with pytest.raises(DBAPIError) as failed, database.write() as session:
        session.execute(
            text("INSERT INTO practice (id, name) VALUES (:id, :name)"),
            {"id": ours.practice_id, "name": CANARY},
        )

    assert CANARY not in str(failed.value)


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    new = NewPractice(name="p", time_zone="UTC", identifier_namespace="n")
    naive = datetime(2026, 11, 20, 15, 0)  # noqa: DTZ001  # the very thing that is refused

    with pytest.raises(StatementError, match="without a zone"), database.write() as session:
        practices.add(session, new, naive)


def test_a_moment_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    new = NewPractice(name="p", time_zone="UTC", identifier_namespace="n")
    in_delhi = datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5.5)))

    with database.write() as session:
        practice_id = practices.add(session, new, in_delhi).id

    with database.read() as session:
        stored = practices.get(session, practice_id).created_at
    assert stored == in_delhi
    assert stored.tzinfo is UTC


def test_sqlite_is_set_up_for_safety_on_every_connection(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'ccm.sqlite'}")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}

    for engine in (database.engine, database.reader_engine):
        with engine.connect() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted
            }
        assert found == wanted
    database.close()


@pytest.mark.needs("postgres")
def test_postgresql_knows_the_practice_within_the_transaction_only(migrated_server: str) -> None:
    database = open_database(migrated_server)
    setting = text("SELECT current_setting('app.practice', true)")

    with database.write("p-1") as session:
        inside = session.execute(setting).scalar_one()
    with database.write() as session:
        after = session.execute(setting).scalar_one()
    database.close()

    assert (inside, after or "") == ("p-1", "")


def test_a_session_for_a_practice_writes_like_any_other(database: Database, ours: Tenant) -> None:
    with database.write(ours.practice_id) as session:
        session.get_one(PracticeRow, ours.practice_id).name = "renamed"

    assert name_of(database, ours.practice_id) == "renamed"


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://u:canary@h/d", "canary canary"]
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_database(url)

    assert "canary" not in str(refused.value)


def test_two_practices_are_listed_in_the_order_in_which_they_came(
    database: Database, add_tenant: Callable[[str], Tenant]
) -> None:
    first, second = add_tenant("first"), add_tenant("second")

    with database.read() as session:
        listed = {practice.id for practice in practices.list_all(session)}

    assert listed == {first.practice_id, second.practice_id}
