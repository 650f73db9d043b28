"""F3: two workers on one PostgreSQL, restarted in turn; one dies and never comes back.

What a worker had begun to send when it died is found so by the next, which searches before it
sends again: that is counted, from the ledger's own steps. A step that is run again before it had
begun to send leaves no trace there, and is not counted.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.tables import DeliveryEventRow
from tests.faults.f02_deliveries import counted
from tests.faults.result import FaultResult
from tests.faults.storm import STORM, database_of, storm

if TYPE_CHECKING:
    from tests.faults.storm import Storm

_PLACES = 32  # what a worker has under way at once


def run(database_url: str, entries: int, restarts: int) -> FaultResult:
    """Let what a dead worker left be taken over when its lease is over; each arrives once."""
    began = time.monotonic()
    with storm(database_url, entries, are_calls=False) as blown:
        planned = len(blown.records())
        blown.blow(STORM)
        lost = blown.worker("worker-lost")
        kept = blown.worker("worker-0")
        happened = {"the one that is lost": blown.kill_at(max(1, entries // 8), lost)}
        for number in range(restarts):
            at = blown.sent() + max(1, (planned - blown.sent()) // (restarts - number + 1))
            happened[f"restart {number + 1}"] = blown.kill_at(at, kept)
            kept = blown.worker("worker-0")
        blown.wait(lambda: blown.sent() == planned)
        time.sleep(STORM.late_commit_seconds + 0.5)
        missed = tuple(name for name, did in happened.items() if not did)
        deaths = sum(happened.values())
        found = counted(blown, planned, deaths, missed)
        again = _found_sending(blown)
    most = max(again.values(), default=0)
    return FaultResult(
        row="F3",
        operation="two workers, rolling restart, one never comes back (lease 30 s)",
        database=database_of(database_url),
        asked=(
            f"{entries} once each, {restarts + 1} kill -9; begun to send again at most one a kill "
            f"and place of a worker ({_PLACES})"
        ),
        reached=f"{found}; {again.total()} begun to send again, {most} of one delivery at most",
        passed=found.is_exact and again.total() <= deaths * _PLACES and most <= deaths,
        seconds=time.monotonic() - began,
    )


def _found_sending(blown: Storm) -> Counter[str]:
    """Return by delivery how often one was found that somebody had begun to send."""
    practice_id = blown.site.practice_id
    with blown.site.world.db.read(practice_id) as session:
        found = session.exec(
            select(DeliveryEventRow.delivery_id)
            .where(col(DeliveryEventRow.practice_id) == practice_id)
            .where(col(DeliveryEventRow.detail_code) == "found_sending")
        ).all()
    return Counter(found)
