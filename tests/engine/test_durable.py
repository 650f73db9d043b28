"""The engine's face: what it refuses, what it keeps of errors, how it keeps time and house."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ccm_fhir.engine import Durable, Enqueuer, StepFailedError, WorkflowState, migrate
from ccm_fhir.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.engine import Engine

    Start = Callable[..., Durable]

CANARY = "Zebulon Quartermain-Okonkwo"


def enqueue(durable: Durable, sql: Engine, *, workflow_id: str = "w-1") -> None:
    with sql.begin() as connection:
        durable.enqueue(connection, "deliver", workflow_id, "d-1")


def test_an_engine_refuses_a_database_whose_tables_are_not_migrated(database_url: str) -> None:
    durable = Durable(database_url)

    with pytest.raises(ConfigurationError, match="migrate the database"):
        durable.launch()


def test_an_engine_that_was_refused_leaves_the_way_free_for_the_next(
    database_url: str,
) -> None:
    with pytest.raises(ConfigurationError):
        Durable(database_url).launch()
    migrate(database_url)

    with Durable(database_url) as durable:
        assert durable.enqueuer.state("nothing") is None


def test_only_one_engine_runs_in_a_process(start: Start, tmp_path: Path) -> None:
    start()
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    migrate(other)

    with Durable(other).enqueuer, pytest.raises(ConfigurationError, match="one engine runs"):
        Durable(other).launch()


def test_an_engine_can_be_closed_and_launched_again(start: Start, sql: Engine) -> None:
    ran: list[str] = []
    start(deliver=ran.append).close()

    enqueue(again := start(deliver=ran.append), sql)

    assert again.enqueuer.wait("w-1", 10) is WorkflowState.SUCCESS
    assert ran == ["d-1"]


def test_a_workflow_is_registered_once(engine_url: str) -> None:
    durable = Durable(engine_url)
    durable.register("deliver", print)

    with pytest.raises(ConfigurationError, match="registered twice"):
        durable.register("deliver", print)
    durable.close()


@pytest.mark.parametrize("url", ["not a url", "mysql://u:canary@h/d", "sqlite://"])
def test_a_url_the_engine_cannot_use_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        migrate(url)

    assert "canary" not in str(refused.value)


def test_a_failed_step_reaches_the_workflow_by_kind_alone(start: Start, sql: Engine) -> None:
    seen: list[StepFailedError] = []

    def fail() -> None:
        raise ValueError(CANARY)

    def deliver(_delivery: str) -> None:
        try:
            durable.step("send", fail)()
        except StepFailedError as error:
            seen.append(error)

    durable = start(deliver=deliver)
    enqueue(durable, sql)

    assert durable.enqueuer.wait("w-1", 10) is WorkflowState.SUCCESS
    assert [(error.step, error.kind) for error in seen] == [("send", "ValueError")]


@pytest.mark.parametrize("inside_a_step", [True, False])
def test_nothing_an_error_says_is_stored_or_logged(
    start: Start,
    sql: Engine,
    engine_rows: Callable[[str, str], list[Any]],
    *,
    inside_a_step: bool,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise ValueError(CANARY)

    def deliver(_delivery: str) -> None:
        (durable.step("send", fail) if inside_a_step else fail)()

    durable = start(deliver=deliver)
    enqueue(durable, sql)

    assert durable.enqueuer.wait("w-1", 10) is WorkflowState.ERROR
    assert durable.enqueuer.ids_in(WorkflowState.ERROR) == ("w-1",)
    stored = [
        *engine_rows("workflow_status", "error"),
        *engine_rows("operation_outputs", "error"),
        *engine_rows("workflow_output", "error"),
    ]
    assert any("ValueError" in str(text) for text in stored)
    assert not any(CANARY in str(text) for text in stored)
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err


def test_a_workflow_sleeps_at_least_as_long_as_it_was_told(start: Start, sql: Engine) -> None:
    woke: list[datetime] = []

    def deliver(_delivery: str) -> None:
        durable.step("before", lambda: woke.append(_now()))()
        durable.sleep(0.3)
        durable.step("after", lambda: woke.append(_now()))()

    durable = start(deliver=deliver)
    enqueue(durable, sql)

    assert durable.enqueuer.wait("w-1", 10) is WorkflowState.SUCCESS
    assert woke[1] - woke[0] >= timedelta(seconds=0.3)


def test_scheduled_work_is_given_the_moment_it_was_due(engine_url: str) -> None:
    due: list[datetime] = []
    durable = Durable(engine_url, poll_seconds=0.05)
    durable.schedule("every_second", "* * * * * *", "America/New_York", due.append)

    with durable:
        until = _now() + timedelta(seconds=15)
        while not due and _now() < until:
            durable.enqueuer.wait("nothing", 0.1)

    assert due[0].utcoffset() is not None
    assert due[0].microsecond == 0
    assert len(due) == len(set(due))


def test_finished_workflows_are_forgotten_and_others_kept(
    start: Start, sql: Engine, enqueuer: Enqueuer
) -> None:
    durable = start(deliver=lambda _: None)
    enqueue(durable, sql)
    durable.enqueuer.wait("w-1", 10)
    durable.close()
    with sql.begin() as connection:
        enqueuer.enqueue(connection, "deliver", "w-2", "d-2")

    assert enqueuer.forget_finished(_now() - timedelta(hours=1)) == 0
    assert enqueuer.forget_finished(_now() + timedelta(hours=1)) == 1

    assert enqueuer.state("w-1") is None
    assert enqueuer.state("w-2") is WorkflowState.ENQUEUED


def test_the_engine_says_nothing_when_all_is_well(
    start: Start, sql: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    durable = start(deliver=lambda _: None)
    enqueue(durable, sql)
    durable.enqueuer.wait("w-1", 10)
    durable.close()

    printed = capfd.readouterr()
    assert printed.out + printed.err == ""
    assert logging.getLogger("dbos").level == logging.WARNING


def test_a_sqlite_file_is_in_wal_mode_before_the_engine_runs(tmp_path: Path) -> None:
    file = tmp_path / "ccm.sqlite"

    migrate(f"sqlite:///{file}")

    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    # What the engine's own connections rely on, since it sets neither.
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()


def test_on_postgresql_the_engine_keeps_to_its_own_schema(sql: Engine) -> None:
    if sql.dialect.name == "sqlite":
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with sql.connect() as connection:
        found = {row[0] for row in connection.exec_driver_sql(tables)}

    assert "ours" in found
    assert ("workflow_status" in found) == (sql.dialect.name == "sqlite")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the engine keeps real time
