"""F3: two workers on one PostgreSQL, restarted in turn; one dies and never comes back."""

from __future__ import annotations

import time

from tests.faults.f02_deliveries import counted
from tests.faults.result import FaultResult
from tests.faults.storm import STORM, database_of, storm


def run(database_url: str, entries: int, restarts: int) -> FaultResult:
    """Let what a dead worker left be taken over when its lease is over; each arrives once."""
    began = time.monotonic()
    with storm(database_url, entries, are_calls=False) as blown:
        planned = len(blown.records())
        blown.blow(STORM)
        lost = blown.worker("worker-lost")
        kept = blown.worker("worker-0")
        deaths = int(blown.kill_at(max(1, entries // 8), lost))
        for number in range(restarts):
            at = blown.sent() + max(1, (planned - blown.sent()) // (restarts - number + 1))
            deaths += blown.kill_at(at, kept)
            kept = blown.worker("worker-0")
        blown.wait(lambda: blown.sent() == planned)
        time.sleep(STORM.late_commit_seconds + 0.5)
        found = counted(blown, planned, deaths)
    return FaultResult(
        row="F3",
        operation="two workers, rolling restart, one never comes back (lease 30 s)",
        database=database_of(database_url),
        asked=f"{entries} once each, {restarts + 1} kill -9",
        reached=str(found),
        passed=found.is_exact,
        seconds=time.monotonic() - began,
    )
