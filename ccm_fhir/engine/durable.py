"""The engine itself: it runs what was enqueued, and goes on after a crash where it was.

A step that was under way at a crash is run again: a step must be safe to repeat. Order of
steps must not depend on chance or on the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from dbos import DBOS, DBOSConfig, PortableWorkflowError
from dbos import error as dbos_error

from ccm_fhir.engine.enqueue import Enqueuer
from ccm_fhir.engine.guard import StepFailedError, told_by_kind
from ccm_fhir.engine.lock import EngineLock
from ccm_fhir.engine.setup import (
    APPLICATION,
    QUEUE,
    SCHEMA,
    SERIALIZER,
    VERSION,
    as_text,
    parse_url,
    prepare_file,
    quiet,
    sqlite_file,
)
from ccm_fhir.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session

R = TypeVar("R")

CONCURRENCY = 8
POLL_SECONDS = 1.0
DRAIN_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schedule:
    name: str
    cron: str
    zone: str
    run: Callable[..., None]


class Durable:
    """The engine of one process: register, launch, close.

    ``executor_id`` must be the same after every restart: work is recovered by the executor
    that began it. ``concurrency`` is how many workflows run here at once; one that sleeps
    counts.
    """

    _running: ClassVar[Durable | None] = None

    def __init__(
        self,
        database_url: str,
        *,
        executor_id: str = "worker-0",
        concurrency: int = CONCURRENCY,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._url = parse_url(database_url)
        self._executor_id = executor_id
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        self._workflows: dict[str, Callable[..., None]] = {}
        self._schedules: list[_Schedule] = []
        file = sqlite_file(self._url)
        self._lock = None if file is None else EngineLock(file)
        self.enqueuer = Enqueuer(database_url)

    def __enter__(self) -> Self:
        self.launch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close(DRAIN_SECONDS)

    def register(self, name: str, work: Callable[..., None]) -> None:
        """Name a workflow before ``launch``; it is called with the ids it was enqueued with."""
        if name in self._workflows:
            raise ConfigurationError("engine", f"workflow {name} is registered twice")
        self._workflows[name] = told_by_kind(work)

    def schedule(self, name: str, cron: str, zone: str, work: Callable[[datetime], None]) -> None:
        """Have work done by the calendar of a zone; it is given the moment it was due.

        What came due while no engine ran is made up for at the next launch, each moment once:
        work for which only the newest counts must look at the moment it is given. What comes due in
        the moment of the launch itself may be left out: DBOS looks back, and only then ahead.
        """

        def run(due_at: datetime | str, _context: object) -> None:
            # Through JSON the moment comes as text.
            work(datetime.fromisoformat(due_at) if isinstance(due_at, str) else due_at)

        self.register(name, run)
        self._schedules.append(
            _Schedule(name=name, cron=cron, zone=zone, run=self._workflows[name])
        )

    def launch(self) -> None:
        """Begin to run: first what a crash left, then what is enqueued.

        Raises:
            ConfigurationError: the tables are not migrated, another process runs the engine
                on this SQLite file, or another engine runs in this process.
        """
        if Durable._running is not None:
            raise ConfigurationError("engine", "one engine runs in this process already")
        if self._lock is not None:
            self._lock.take()
        Durable._running = self
        try:
            self._launch()
        except dbos_error.DBOSInitializationError:
            self.close()
            raise ConfigurationError(
                "database_url", "the engine's tables are missing or old; migrate the database"
            ) from None
        except BaseException:
            self.close()
            raise

    def close(self, drain_seconds: int = 0) -> None:
        """Stop, after waiting so long for what is under way; the rest goes on at next launch."""
        if Durable._running is self:
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=drain_seconds)
            Durable._running = None
        if self._lock is not None:
            self._lock.give_back()
        self.enqueuer.close()

    def enqueue(
        self,
        transaction: Session | Connection,
        workflow: str,
        workflow_id: str,
        *ids: str,
        delay_seconds: float = 0.0,
    ) -> None:
        """Ask for a workflow in the caller's transaction; see ``Enqueuer.enqueue``."""
        if workflow not in self._workflows:
            raise ConfigurationError("engine", f"no workflow is registered as {workflow}")
        self.enqueuer.enqueue(transaction, workflow, workflow_id, *ids, delay_seconds=delay_seconds)

    def step(self, name: str, work: Callable[..., R]) -> Callable[..., R]:
        """Return work as a step: done once and remembered, when called inside a workflow.

        What it returns is kept as JSON: ids and words only. An error reaches the workflow as
        ``StepFailedError``; an outcome to be acted on is better returned.
        """
        guarded = told_by_kind(work)

        def run(*args: object) -> R:
            try:
                return DBOS.run_step({"name": name}, guarded, *args)
            except PortableWorkflowError as error:
                raise StepFailedError(name, error.name) from None

        return run

    def sleep(self, seconds: float) -> None:
        """Sleep inside a workflow; after a crash only what is left of it."""
        DBOS.sleep(seconds)

    def _launch(self) -> None:
        quiet()
        prepare_file(self._url)
        DBOS(config=self._config())
        workflows = {name: DBOS.workflow(name=name)(work) for name, work in self._workflows.items()}
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._concurrency,
            polling_interval_sec=self._poll_seconds,
            on_conflict="always_update",
        )
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": schedule.name,
                    "workflow_fn": workflows[schedule.name],
                    "schedule": schedule.cron,
                    "cron_timezone": schedule.zone,
                    "context": None,
                    "automatic_backfill": True,  # what was due while nobody ran is made up for
                }
                for schedule in self._schedules
            ]
        )

    def _config(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": as_text(self._url),
            "dbos_system_schema": SCHEMA,
            "application_version": VERSION,
            "executor_id": self._executor_id,
            "serializer": SERIALIZER,
            "run_migrations": False,
            "notification_listener_polling_interval_sec": self._poll_seconds,
            "enable_otlp": False,
            "log_level": "WARNING",
        }
