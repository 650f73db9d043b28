"""F15: an upgrade over workflows that the release before has under way: all are finished."""

from __future__ import annotations

import subprocess
import sys
import time

from sqlalchemy import create_engine, inspect

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.engine import Enqueuer, WorkflowState
from ccm_fhir.storage.database import parse_url
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.migrate import check
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from tests.faults.f02_deliveries import counted
from tests.faults.old_worker import OLD_NAME
from tests.faults.result import FaultResult
from tests.faults.storm import KILLED, database_of, storm
from tests.world import settings_for


def run(database_url: str, entries: int) -> FaultResult:
    """Kill the old worker while its workflows sleep, start the new one, count."""
    began = time.monotonic()
    with storm(database_url, entries, are_calls=False) as blown, Enqueuer(database_url) as queue:
        planned = len(blown.records())
        with blown.site.world.db.write(blown.site.practice_id) as session:
            for record in blown.records():
                queue.enqueue(session, OLD_NAME, f"old-{record.id}", record.practice_id, record.id)
        blown.blow(FaultPlan(seed=3, server_error_rate=1.0))
        environment = settings_for(database_url, CCM_SETTLE_SECONDS="2", CCM_EXECUTOR_ID="worker-0")
        command = [sys.executable, "-m", "tests.faults.old_worker"]
        with subprocess.Popen(command, env=environment) as old:  # noqa: S603
            most = min(entries, 32)
            blown.wait(lambda: len(_in_doubt(blown.records())) >= most, 120.0)
            old.kill()
        pending = len(queue.ids_in(WorkflowState.PENDING))
        blown.blow(FaultPlan())
        blown.worker()
        done = blown.wait(
            lambda: (
                not queue.ids_in(
                    WorkflowState.PENDING, WorkflowState.ENQUEUED, WorkflowState.DELAYED
                )
            )
        )
        found = counted(blown, planned, 1)
    return FaultResult(
        row="F15",
        operation="upgrade over workflows of the release before",
        database=database_of(database_url),
        asked=f"{entries} finished, some PENDING at the upgrade",
        reached=f"{pending} PENDING at the upgrade; {found}",
        passed=done and pending > 0 and found.is_exact,
        seconds=time.monotonic() - began,
    )


def die_in_a_migration(database_url: str, deaths: int) -> FaultResult:
    """Die after one revision or another, and migrate again: nothing is left half way."""
    began = time.monotonic()
    killed, halves = 0, 0
    for number in range(deaths):
        killed += _migrated(database_url, CCM_FAILPOINT=f"C9:{2 + 3 * number}") == KILLED
        halves += bool(_tables(database_url))
    ended = _migrated(database_url)
    differences = check(database_url)
    return FaultResult(
        row="F15",
        operation="migration, killed on the way (C9)",
        database=database_of(database_url),
        asked=f"{deaths} deaths, nothing half migrated, then whole",
        reached=f"{killed} deaths, {halves} half migrated; at the end {len(differences)} missing",
        passed=(killed, halves, ended, differences) == (deaths, 0, 0, ()),
        seconds=time.monotonic() - began,
    )


def _migrated(database_url: str, **settings: str) -> int:
    command = [sys.executable, "-m", "ccm_fhir", "migrate"]
    environment = settings_for(database_url, **settings)
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


def _tables(database_url: str) -> list[str]:
    engine = create_engine(parse_url(database_url))
    found = inspect(engine).get_table_names()
    engine.dispose()
    return found


def _in_doubt(records: tuple[DeliveryRecord, ...]) -> list[DeliveryRecord]:
    return [record for record in records if record.state is DeliveryState.UNCERTAIN]
