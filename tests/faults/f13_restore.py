"""F13: yesterday's backup is restored; the reconciler looks first, and nothing is sent again.

The backup is taken while claims are on their way. After it all arrive, and some more are signed.
What is restored knows neither: claims that are in the EHR stand there as planned, and the EHR
holds claims that the ledger has never heard of.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from ccm_fhir.engine import Enqueuer
from ccm_fhir.services.reconcile import Scope, reconcile
from ccm_fhir.services.reconciled import Difference
from ccm_fhir.storage.database import open_database
from tests.databases import fresh_postgres_database
from tests.faults.claim_storm import claim_storm, of_a_sum, sums
from tests.faults.f02_deliveries import counted
from tests.faults.result import FaultResult
from tests.faults.storm import STORM, Storm, database_of
from tests.services.claiming import signed_claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world import Desk

_LATER = 10  # one claim in so many is signed after the backup


def run(database_url: str, number: int) -> FaultResult:
    """Restore a backup of half-delivered claims; none may be sent a second time."""
    began = time.monotonic()
    with claim_storm(database_url, number) as (blown, desk), _backup_of(database_url) as copy_url:
        blown.blow(STORM)
        blown.kill_at(number // 2, blown.worker())
        _copy(database_url, copy_url)
        known_then = blown.sent()
        _delivered_meanwhile(blown, desk, number)
        before = blown.counters()
        with _restored(blown, copy_url) as ours:
            stood = ours.sent()
            report = reconcile(ours.site.world, Scope(practice_id=ours.site.practice_id))
            worker = ours.worker()
            ours.wait(ours.is_over, ours.patience())
            worker.kill()
            worker.wait()
            found = counted(ours, number, 1)
            ledger, told = sums(ours)
        posts = found.posts - int(before["posts"])
        foreign = sum(one.difference is Difference.FOREIGN for one in report.differences)
        later = number // _LATER
    is_exact = found.sent == found.distinct == number and found.created == number + later
    return FaultResult(
        row="F13",
        operation="claims: a backup is restored, the reconciler first",
        database=database_of(database_url),
        asked=f"{number} claims, 0 sent again; {later} that the backup does not know are named",
        reached=(
            f"{stood} of {number} known as sent after the restore, {posts} POSTs since, "
            f"{found.sent} sent, {found.created} in the EHR, {foreign} named, {ledger} signed, "
            f"{told} in the EHR"
        ),
        passed=is_exact and posts == 0 and foreign == later and stood == known_then < number,
        seconds=time.monotonic() - began,
    )


def _delivered_meanwhile(blown: Storm, desk: Desk, number: int) -> None:
    for one in range(number, number + number // _LATER):
        signed_claim(desk, one, made=of_a_sum(one))
    worker = blown.worker()
    blown.wait(blown.is_over, blown.patience())
    worker.kill()
    worker.wait()
    time.sleep(STORM.late_commit_seconds + 0.5)


@contextmanager
def _restored(blown: Storm, copy_url: str) -> Iterator[Storm]:
    """Yield the same practice before the same EHR, on what the backup holds."""
    database, queue = open_database(copy_url), Enqueuer(copy_url)
    world = replace(blown.site.world, db=database, queue=queue)
    try:
        yield replace(blown, site=replace(blown.site, world=world), database_url=copy_url)
    finally:
        queue.close()
        database.close()


@contextmanager
def _backup_of(database_url: str) -> Iterator[str]:
    """Yield the URL at which the backup is restored; nothing is there yet."""
    if database_url.startswith("sqlite"):
        yield f"{database_url}.restored"
        return
    with fresh_postgres_database(database_url) as copy_url:
        yield copy_url


def _copy(database_url: str, copy_url: str) -> None:
    if not database_url.startswith("sqlite"):
        _piped(["pg_dump", _libpq(database_url)], ["psql", "-q", "-X", _libpq(copy_url)])
        return
    source, target = (url.removeprefix("sqlite:///") for url in (database_url, copy_url))
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as kept:
        live.backup(kept)


def _piped(first: list[str], second: list[str]) -> None:
    dumped = subprocess.run(first, check=True, stdout=subprocess.PIPE)  # noqa: S603
    subprocess.run(  # noqa: S603
        second, check=True, input=dumped.stdout, stdout=subprocess.DEVNULL
    )


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
