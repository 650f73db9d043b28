"""F2, F4, F7: deliveries to an EHR that ignores If-None-Exist, whose index lags and that fails.

F4 is the control: the same storm without the recipe, by a sender of this file. If it doubled
nothing, the count would not be able to see that anything is doubled.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.fhir.outcomes import WriteKind
from tests.faults.result import FaultResult
from tests.faults.storm import KILLED, STORM, Storm, database_of, storm

if TYPE_CHECKING:
    import subprocess

    from ccm_fhir.fhir.client import FhirClient
    from fhir_fixtures.sandbox.faults.plan import FaultPlan

FAILPOINTS = ("C4:3", "C5:2", "C6:2", "C7:2", "C8:4")
_ENDING = "C10:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of a storm's deliveries; ``created`` is the EHR's own count."""

    planned: int
    sent: int
    created: int
    distinct: int
    posts: int
    deaths: int

    @property
    def is_exact(self) -> bool:
        return self.planned == self.sent == self.created == self.distinct

    def __str__(self) -> str:
        return (
            f"{self.planned} planned, {self.sent} sent, {self.created} created, "
            f"{self.created - self.distinct} doubled, {self.posts} POSTs, {self.deaths} deaths"
        )


def deliver(database_url: str, entries: int, kills: int) -> FaultResult:
    """F2: each Procedure once, whatever fails and whoever dies."""
    began = time.monotonic()
    with storm(database_url, entries, are_calls=False) as blown:
        counted = weathered(blown, kills)
    return FaultResult(
        row="F2",
        operation="time deliveries, EHR ignores If-None-Exist, index lag 0.5 s",
        database=database_of(database_url),
        asked=f"{entries} once each, C4 to C8, C10 and {kills} kill -9",
        reached=str(counted),
        passed=counted.is_exact,
        seconds=time.monotonic() - began,
    )


def deliver_pairs(database_url: str, pairs: int, kills: int) -> FaultResult:
    """F7: both of Encounter and Procedure, each once, and the one refers to the other."""
    began = time.monotonic()
    with storm(database_url, pairs, are_calls=True) as blown:
        counted = weathered(blown, kills)
        whole = _whole_pairs(blown)
    return FaultResult(
        row="F7",
        operation="write-back of Encounter and Procedure",
        database=database_of(database_url),
        asked=f"{pairs} pairs once each, C4 to C8, C10 and {kills} kill -9",
        reached=f"{counted}, {whole} pairs whole",
        passed=counted.is_exact and whole == pairs,
        seconds=time.monotonic() - began,
    )


def control(database_url: str, entries: int) -> FaultResult:
    """F4: without the recipe something must be doubled, or the count proves nothing."""
    began = time.monotonic()
    with storm(database_url, entries, are_calls=False) as blown:
        blown.blow(STORM)
        with blown.site.ehr.backend() as client:
            for record in blown.records():
                send_until_answered(client, record.body_json)
        time.sleep(1)
        created = int(blown.counters()["created"])
    return FaultResult(
        row="F4",
        operation="control: the recipe left out (a sender of the test's own)",
        database=database_of(database_url),
        asked="more than 0 doubled",
        reached=f"{entries} planned, {created} created, {created - entries} doubled",
        passed=created > entries,
        seconds=time.monotonic() - began,
    )


def weathered(
    blown: Storm,
    kills: int,
    plan: FaultPlan | None = STORM,
    points: tuple[str, ...] = FAILPOINTS,
) -> Counted:
    """Let workers die at each point and so many times besides, until all is delivered; count.

    Without a plan the storm goes on as it blows, and so does the EHR's count.
    """
    planned = blown.planned()
    if plan is not None:
        blown.blow(plan)
    deaths = 0
    for point in points:
        process = blown.worker(CCM_FAILPOINT=point)
        blown.wait(partial(_ended_or_over, blown, process), 60.0)
        deaths += _was_killed(process)
    deaths += _dies_while_ending(blown) if points else 0
    for number in range(kills):
        at = blown.sent() + max(1, (planned - blown.sent()) // (kills - number + 1))
        deaths += blown.kill_at(at, blown.worker())
    blown.worker()
    blown.wait(blown.is_over, blown.patience())
    time.sleep(STORM.late_commit_seconds + 0.5)  # what was committed late has come by now
    return counted(blown, planned, deaths)


def _was_killed(process: subprocess.Popen[bytes]) -> bool:
    """End a process, and return whether its failpoint had killed it."""
    code = process.poll()
    process.kill()
    process.wait()
    return code == KILLED


def _dies_while_ending(blown: Storm) -> bool:
    """Let a worker begin to work, tell it to end, and let it die over that."""
    process, before = blown.worker(CCM_FAILPOINT=_ENDING), blown.sent()
    blown.wait(lambda: blown.sent() > before or blown.is_over(), 60.0)
    process.terminate()
    blown.wait(lambda: process.poll() is not None, 60.0)
    return _was_killed(process)


def counted(blown: Storm, planned: int, deaths: int) -> Counted:
    """Return how the EHR's own count compares with the ledger's."""
    counters = blown.counters()
    return Counted(
        planned=planned,
        sent=blown.sent(),
        created=int(counters["created"]),
        distinct=len(_identifiers(blown)),
        posts=int(counters["posts"]),
        deaths=deaths,
    )


def _ended_or_over(blown: Storm, process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None or blown.is_over()


def _identifiers(blown: Storm) -> set[str]:
    ours = {record.identifier for record in blown.records()}
    found = set[str]()
    with blown.site.ehr.backend() as client:
        for kind in {record.resource_type.value for record in blown.records()}:
            for resource in client.search(kind, {"_count": "500"}):
                found |= {str(i.get("value")) for i in resource.json().get("identifier", ())}
    return found & ours


def _whole_pairs(blown: Storm) -> int:
    records = blown.records()
    encounters = {r.id: r for r in records if r.resource_type is ResourceKind.ENCOUNTER}
    with blown.site.ehr.backend() as client:
        stored = {
            resource.id: json.dumps(resource.json(), default=str)
            for resource in client.search("Procedure", {"_count": "500"})
        }
    return sum(
        encounters[record.depends_on[0]].remote_ref in stored.get(record.remote_id, "")
        for record in records
        if record.resource_type is ResourceKind.PROCEDURE
    )


def send_until_answered(client: FhirClient, body: str) -> None:
    """Send without the recipe: again and again, until an answer names what was stored."""
    for _ in range(20):
        outcome = client.create(body.encode())
        if outcome.kind in {WriteKind.CREATED, WriteKind.EXISTED}:
            return
