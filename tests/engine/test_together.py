"""Our tables and the engine's in one database: a row and its workflow come together or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ccm_fhir import engine
from ccm_fhir.engine import Enqueuer, WorkflowState
from ccm_fhir.storage import migrate, practices
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.practices import NewPractice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from ccm_fhir.storage.database import Database

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
NEW = NewPractice(name="p", time_zone="UTC", identifier_namespace="n")


class DeliberateError(Exception):
    pass


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Yield a database with both sets of tables."""
    migrate.upgrade(database_url)
    engine.migrate(database_url)
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def enqueuer(database: Database) -> Iterator[Enqueuer]:
    with Enqueuer(database.url) as opened:
        yield opened


def add_and_enqueue(session: Session, enqueuer: Enqueuer) -> None:
    practices.add(session, NEW, NOW)
    enqueuer.enqueue(session, "deliver", "w-1", "p-1", "d-1")


def practice_count(database: Database) -> int:
    with database.read() as session:
        return len(practices.list_all(session))


def test_a_committed_row_has_its_workflow(database: Database, enqueuer: Enqueuer) -> None:
    with database.write() as session:
        add_and_enqueue(session, enqueuer)

    assert practice_count(database) == 1
    assert enqueuer.state("w-1") is WorkflowState.ENQUEUED


def test_a_row_that_is_rolled_back_has_none(database: Database, enqueuer: Enqueuer) -> None:
    def fail_half_way() -> None:
        with database.write() as session:
            add_and_enqueue(session, enqueuer)
            raise DeliberateError

    with pytest.raises(DeliberateError):
        fail_half_way()

    assert practice_count(database) == 0
    assert enqueuer.state("w-1") is None


def test_our_own_statements_are_unharmed_after_enqueueing_in_the_same_transaction(
    database: Database, enqueuer: Enqueuer
) -> None:
    with database.write("p-1") as session:
        enqueuer.enqueue(session, "deliver", "w-1", "p-1", "d-1")
        practices.add(session, NEW, NOW)
        enqueuer.enqueue(session, "deliver", "w-1", "p-1", "d-1")

    assert practice_count(database) == 1


def test_neither_set_of_tables_is_a_difference_to_the_other(
    database: Database, enqueuer: Enqueuer
) -> None:
    assert migrate.check(database.url) == ()
    assert migrate.is_at_head(database.url)

    migrate.upgrade(database.url)
    engine.migrate(database.url)

    assert enqueuer.ids_in(WorkflowState.ENQUEUED) == ()
