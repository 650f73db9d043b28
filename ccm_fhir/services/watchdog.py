"""Signs of life of this process, and taking over from one that gives none.

The engine itself lets only a process of the same name go on with what one has begun: a worker
that never comes back would leave it for ever. Only where several run, on PostgreSQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import leases

BEAT_SECONDS = 5.0
LEASE = timedelta(seconds=30)


class LeftWork(Protocol):
    """The half of the durable engine that takes over."""

    def left_by(self, executor_id: str) -> tuple[str, ...]:
        """Return the workflows that a process had under way."""

    def resume(self, workflow_id: str) -> None:
        """Let any living engine go on with one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """One process's sign of life, and its eye on who gives none for as long as ``lease``."""

    world: Installation
    executor_id: str
    work: LeftWork
    lease: timedelta = LEASE

    def look(self) -> tuple[str, ...]:
        """Give a sign of life, and take over from who gave none; return what was taken over.

        Two that look at the same moment both ask for a workflow to go on; it goes on once.
        """
        now = self.world.clock()
        with self.world.db.write() as session:
            leases.beat(session, self.executor_id, now)
            mute = leases.silent_since(session, now - self.lease)
        taken = tuple(
            workflow_id for executor in mute for workflow_id in self.work.left_by(executor)
        )
        for workflow_id in taken:
            self.work.resume(workflow_id)
        return taken
