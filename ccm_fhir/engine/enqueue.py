"""Asking for a workflow, from inside the transaction that made it necessary.

Needs no running engine: the web process and the command line use this half alone.
"""

from __future__ import annotations

import threading
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from dbos import DBOSClient, EnqueueOptions
from dbos import error as dbos_error

from ccm_fhir.engine.setup import (
    APPLICATION,
    QUEUE,
    SCHEMA,
    SERIALIZER,
    VERSION,
    as_text,
    parse_url,
    quiet,
)

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session

_BATCH = 500
_POLL_SECONDS = 0.05


class WorkflowState(StrEnum):
    """Where a workflow stands."""

    ENQUEUED = "ENQUEUED"
    DELAYED = "DELAYED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    GAVE_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"


FINISHED = frozenset({WorkflowState.SUCCESS, WorkflowState.ERROR, WorkflowState.CANCELLED})
NEEDS_A_PERSON = frozenset({WorkflowState.ERROR, WorkflowState.GAVE_UP})


class Enqueuer:
    """Enqueues workflows and tells how they stand; runs none."""

    def __init__(self, database_url: str) -> None:
        quiet()
        self._client = DBOSClient(
            system_database_url=as_text(parse_url(database_url)),
            dbos_system_schema=SCHEMA,
            serializer=SERIALIZER,
            application_name=APPLICATION,
            lazy=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.destroy()

    def enqueue(
        self,
        transaction: Session | Connection,
        workflow: str,
        workflow_id: str,
        *ids: str,
        delay_seconds: float = 0.0,
    ) -> None:
        """Ask for a workflow in the caller's own transaction: both happen, or neither.

        An id that was used before asks for nothing new. Arguments are ids of ours: they stand
        in the engine's tables, where nothing of a patient may. One that is delayed takes no
        place among those that run until its time has come.
        """
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": QUEUE,
            "workflow_id": workflow_id,
            "app_version": VERSION,
        }
        if delay_seconds > 0:
            options["delay_seconds"] = delay_seconds
        self._client.enqueue_in_transaction(transaction, options, *ids)

    def state(self, workflow_id: str) -> WorkflowState | None:
        """Return where a workflow stands; None where nobody asked for it."""
        try:
            handle = self._client.retrieve_workflow(workflow_id)  # type: ignore[var-annotated]  # its result is not read
        except dbos_error.DBOSNonExistentWorkflowError:
            return None
        return WorkflowState(handle.get_status().status)

    def wait(self, workflow_id: str, seconds: float) -> WorkflowState | None:
        """Return where a workflow stands once it is finished, or after so many seconds."""
        until = time.monotonic() + seconds
        state = self.state(workflow_id)
        while state not in FINISHED and time.monotonic() < until:
            threading.Event().wait(_POLL_SECONDS)
            state = self.state(workflow_id)
        return state

    def ids_in(self, *states: WorkflowState) -> tuple[str, ...]:
        """Return the workflows that stand somewhere, oldest first; see ``NEEDS_A_PERSON``."""
        found = self._client.list_workflows(
            status=[state.value for state in states], load_input=False, load_output=False
        )
        return tuple(workflow.workflow_id for workflow in found)

    def left_by(self, executor_id: str) -> tuple[str, ...]:
        """Return the workflows that a process had under way, oldest first."""
        found = self._client.list_workflows(
            status=WorkflowState.PENDING.value,
            executor_id=executor_id,
            load_input=False,
            load_output=False,
        )
        return tuple(workflow.workflow_id for workflow in found)

    def resume(self, workflow_id: str) -> None:
        """Let any living engine go on with a workflow whose own has died or that gave up."""
        self._client.resume_workflow(workflow_id, queue_name=QUEUE)

    def forget_finished(self, before: datetime) -> int:
        """Delete what the engine keeps of workflows that succeeded before a moment.

        Their ids may then be used again: what must not be done twice is the ledger's to know.
        """
        gone = 0
        while batch := self._client.list_workflows(
            status=WorkflowState.SUCCESS.value,
            completed_before=before.isoformat(),
            limit=_BATCH,
            load_input=False,
            load_output=False,
        ):
            self._client.delete_workflows([workflow.workflow_id for workflow in batch])
            gone += len(batch)
        return gone
