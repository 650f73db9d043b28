"""A workflow is asked for in the caller's transaction: both happen, or neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import Session

from ccm_fhir.engine import Enqueuer, WorkflowState
from ccm_fhir.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

    from ccm_fhir.engine import Durable

    Start = Callable[..., Durable]


class DeliberateError(Exception):
    pass


def test_what_is_enqueued_in_a_rolled_back_transaction_never_runs(
    start: Start, sql: Engine
) -> None:
    ran: list[str] = []
    durable = start(deliver=ran.append)

    def fail_half_way() -> None:
        with Session(sql) as session, session.begin():
            session.connection().exec_driver_sql("INSERT INTO ours VALUES ('row')")
            durable.enqueue(session, "deliver", "w-1", "d-1")
            raise DeliberateError

    with pytest.raises(DeliberateError):
        fail_half_way()

    assert durable.enqueuer.wait("w-1", 0.5) is None
    assert ran == []


def test_what_is_enqueued_in_a_committed_transaction_runs_once(start: Start, sql: Engine) -> None:
    ran: list[str] = []
    durable = start(deliver=ran.append)

    with Session(sql) as session, session.begin():
        session.connection().exec_driver_sql("INSERT INTO ours VALUES ('row')")
        durable.enqueue(session, "deliver", "w-1", "d-1")

    assert durable.enqueuer.wait("w-1", 10) is WorkflowState.SUCCESS
    assert ran == ["d-1"]


def test_the_same_workflow_id_runs_once_however_often_it_is_enqueued(
    start: Start, sql: Engine
) -> None:
    ran: list[str] = []
    durable = start(deliver=ran.append)

    for _ in range(3):
        with sql.begin() as connection:
            durable.enqueue(connection, "deliver", "w-1", "d-1")
        durable.enqueuer.wait("w-1", 10)

    assert ran == ["d-1"]


def test_one_process_may_enqueue_for_an_engine_that_starts_later(
    enqueuer: Enqueuer, start: Start, sql: Engine
) -> None:
    ran: list[str] = []
    with sql.begin() as connection:
        enqueuer.enqueue(connection, "deliver", "w-1", "p-1", "d-1")
    assert enqueuer.state("w-1") is WorkflowState.ENQUEUED

    start(deliver=lambda practice, delivery: ran.extend((practice, delivery)))

    assert enqueuer.wait("w-1", 10) is WorkflowState.SUCCESS
    assert ran == ["p-1", "d-1"]


def test_an_engine_refuses_to_enqueue_what_it_cannot_run(start: Start, sql: Engine) -> None:
    durable = start()

    with sql.begin() as connection, pytest.raises(ConfigurationError, match="no workflow"):
        durable.enqueue(connection, "misspelt", "w-1", "d-1")


def test_inputs_steps_and_results_are_stored_as_json_and_not_pickled(
    start: Start, sql: Engine, engine_rows: Callable[[str, str], list[Any]]
) -> None:
    def deliver(delivery: str) -> None:
        durable.step("send", lambda it: {"delivery": it})(delivery)

    durable = start(deliver=deliver)

    with sql.begin() as connection:
        durable.enqueue(connection, "deliver", "w-1", "d-1")
    assert durable.enqueuer.wait("w-1", 10) is WorkflowState.SUCCESS

    (inputs,) = engine_rows("workflow_input", "inputs")
    assert json.loads(inputs) == {"positionalArgs": ["d-1"], "namedArgs": {}}
    assert set(engine_rows("workflow_status", "serialization")) == {"portable_json"}
    assert engine_rows("operation_outputs", "output") == ['{"delivery":"d-1"}']


def test_the_version_of_work_is_pinned_and_not_a_hash_of_the_code(
    enqueuer: Enqueuer, sql: Engine, engine_rows: Callable[[str, str], list[Any]]
) -> None:
    with sql.begin() as connection:
        enqueuer.enqueue(connection, "deliver", "w-1")

    assert engine_rows("workflow_status", "application_version") == ["1"]
