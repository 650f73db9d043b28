"""``python -m tests.faults``: run the fault matrix and write docs/faults.md; exit 4 on a failure.

Needs ``CCM_TEST_POSTGRES_URL`` for the rows on PostgreSQL; without it they are said not to have
run. ``--share 0.1`` runs a tenth of the figures, and says so in the document.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ccm_fhir.wiring import real_now
from tests.databases import fresh_postgres_database
from tests.faults import (
    f01_claims,
    f02_deliveries,
    f03_two_workers,
    f04_control,
    f05_time_entries,
    f06_running_timer,
    f06_served_timers,
    f08_quota,
    f10_schedule,
    f11_chains,
    f12_database,
    f12_pages,
    f13_restore,
    f15_upgrade,
    f16_simulation,
)
from tests.faults.result import FaultResult
from tests.parts import ROOT, postgres_admin_url

DOCUMENT = ROOT / "docs" / "faults.md"
CHECK_FAILED = 4
SQLITE, POSTGRES = "SQLite", "PostgreSQL"
Runner = Callable[[str, int], FaultResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row on some databases, with the figure that is asked for in full."""

    name: str
    run: Runner
    full: int
    least: int = 10
    databases: tuple[str, ...] = (SQLITE, POSTGRES)


ROWS = (
    Row(name="F1", run=lambda url, n: f01_claims.deliver(url, n, 20), full=10_000, least=25),
    Row(name="F2", run=lambda url, n: f02_deliveries.deliver(url, n, 8), full=2000),
    Row(name="F2", run=lambda url, n: f01_claims.deliver_unheeded(url, n, 8), full=2000),
    Row(
        name="F3",
        run=lambda url, n: f03_two_workers.run(url, n, 4),
        full=2000,
        databases=(POSTGRES,),
    ),
    Row(
        name="F3",
        run=lambda url, n: f01_claims.two_workers(url, n, 4),
        full=2000,
        databases=(POSTGRES,),
    ),
    Row(name="F4", run=f04_control.without_the_recipe, full=2000, least=80),
    Row(name="F4", run=f04_control.without_settling, full=500, least=60),
    Row(name="F4", run=f01_claims.control, full=2000, least=80),
    Row(
        name="F5",
        run=lambda url, n: f05_time_entries.run(f05_time_entries.Scale(kills=n), url),
        full=20,
        least=2,
    ),
    Row(
        name="F6",
        run=lambda url, n: f06_running_timer.run(f06_running_timer.Scale(sessions=n), url),
        full=1000,
        least=24,
    ),
    Row(name="F6", run=f06_served_timers.run, full=20, least=2),
    Row(name="F7", run=lambda url, n: f02_deliveries.deliver_pairs(url, n, 8), full=5000),
    Row(name="F7", run=lambda url, n: f02_deliveries.deliver_singly(url, n, 8), full=1000),
    Row(name="F7", run=lambda url, n: f01_claims.deliver_charges(url, n, 8), full=2000),
    Row(name="F8", run=lambda url, n: f08_quota.run(url, n, 1), full=2000, databases=(SQLITE,)),
    Row(name="F8", run=lambda url, n: f08_quota.run(url, n, 2), full=2000, databases=(POSTGRES,)),
    Row(name="F10", run=f10_schedule.run, full=100, databases=(POSTGRES,)),
    Row(name="F10", run=f10_schedule.down_over_a_tick, full=100, least=12),
    Row(name="F10", run=f10_schedule.clock_changes, full=2, least=2),
    Row(name="F11", run=lambda url, n: f11_chains.run(url, n, 8), full=2000),
    Row(name="F12", run=f12_database.disk_full, full=50, databases=(SQLITE,)),
    Row(name="F12", run=f12_database.busy, full=5, least=1, databases=(SQLITE,)),
    Row(name="F12", run=f12_database.cut, full=50, databases=(POSTGRES,)),
    Row(name="F12", run=f12_pages.disk_full, full=50, databases=(SQLITE,)),
    Row(name="F12", run=f12_pages.pool_exhausted, full=5, least=1),
    Row(name="F13", run=f13_restore.run, full=1000, least=20),
    Row(name="F15", run=f15_upgrade.die_in_a_migration, full=5, least=2),
    Row(name="F15", run=f15_upgrade.run, full=500),
    Row(name="F16", run=f16_simulation.run, full=10_000, least=50),
    Row(
        name="F16",
        run=lambda url, n: f16_simulation.run(url, n, settle_seconds=0.5),
        full=2000,
        least=100,
    ),
)


def main(arguments: list[str]) -> int:
    """Run what is asked for and write the document; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--share", type=float, default=1.0, help="how much of each full figure")
    parser.add_argument("rows", nargs="*", help="such as F2 F16; all by default")
    asked = parser.parse_args(arguments)
    results = list[FaultResult]()
    for row in ROWS:
        if asked.rows and row.name not in asked.rows:
            continue
        for database in row.databases:
            results += _ran(row, database, max(row.least, int(row.full * asked.share)))
            _write(results, asked.share)
    return 0 if all(result.passed for result in results) else CHECK_FAILED


def _ran(row: Row, database: str, number: int) -> list[FaultResult]:
    with ExitStack() as stack:
        if database == SQLITE:
            folder = stack.enter_context(TemporaryDirectory())
            url = f"sqlite:///{Path(folder) / 'ccm.sqlite'}"
        elif postgres_admin_url():
            url = stack.enter_context(fresh_postgres_database(postgres_admin_url()))
        else:
            print(f"{row.name} {database}: not run, CCM_TEST_POSTGRES_URL is not set")
            return []
        result = row.run(url, number)
    verdict = "passed" if result.passed else "FAILED"
    print(f"{result.row} {result.database}: {result.reached}; {verdict}, {result.seconds:.0f} s")
    return [result]


def _write(results: list[FaultResult], share: float) -> None:
    lines = [
        "# The fault matrix",
        "",
        "Written by `make faults`. A failing EHR, processes killed with SIGKILL and databases that",
        "go away; afterwards our ledger is compared with the EHR's own count of what it stored.",
        "A row passes only if every death that it asks for happened, at the point it is named",
        "after. The lines of F4 and the last of F16 are controls: there something must be doubled,",
        "or the count could not see it.",
        "",
        "Left out: the failover of a PostgreSQL server to a standby: here is one server",
        "(F12 cuts every connection, as its restart does); and power loss, since SIGKILL ends a",
        "process but not the disk's cache. How often a worker's step is run again after a kill is",
        "counted in F3 where it had begun to send; one that had not leaves no trace to count.",
        "",
        (
            f"Run on {real_now():%Y-%m-%d} on {os.cpu_count()} cores, {platform.system()}, "
            f"Python {platform.python_version()}. {_sizes(share)}"
        ),
        "",
        "| row | operation | database | asked | reached | passed | seconds |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {r.row} | {r.operation} | {r.database} | {r.asked} | {r.reached} "
            f"| {'yes' if r.passed else '**no**'} | {r.seconds:.0f} |"
            for r in results
        ),
        "",
        _not_run(results),
        "",
    ]
    DOCUMENT.write_text("\n".join(lines), encoding="utf-8")


def _not_run(results: list[FaultResult]) -> str:
    ran = {(result.row, result.database) for result in results}
    left = [
        f"{row.name} ({database})"
        for row in ROWS
        for database in row.databases
        if (row.name, database) not in ran
    ]
    return f"Not run this time: {', '.join(left)}." if left else "Every row was run."


def _sizes(share: float) -> str:
    if share >= 1:
        return "Full figures."
    return f"Reduced: {share:.1%} of the full figures, but never fewer than show something."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
