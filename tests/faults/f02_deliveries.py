"""F2, F7: deliveries to an EHR that ignores If-None-Exist, whose index lags and that fails.

Every death that is asked for must happen, and at the point that it is named after: a storm that
was over before a worker came to its failpoint has shown nothing of that point.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.errors import EhrHttpError
from fhir_fixtures.sandbox import profiles
from tests.faults.result import FaultResult
from tests.faults.storm import KILLED, STORM, Storm, database_of, storm
from tests.world import READY

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from ccm_fhir.fhir.bundles import Resource
    from ccm_fhir.fhir.client import FhirClient
    from ccm_fhir.storage.deliveries import DeliveryRecord
    from fhir_fixtures.sandbox.faults.plan import FaultPlan
    from fhir_fixtures.sandbox.settings import SandboxSettings

FAILPOINTS = ("C4:3", "C5:2", "C6:2", "C7:2", "C8:4")
_ENDING = "C10:1"
_WITHOUT_TRANSACTIONS = "oracle-health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of a storm's deliveries; ``created`` is the EHR's own count.

    ``missed`` names the deaths that were asked for and did not happen.
    """

    planned: int
    sent: int
    created: int
    distinct: int
    posts: int
    deaths: int
    missed: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        return self.planned == self.sent == self.created == self.distinct and not self.missed

    def __str__(self) -> str:
        return (
            f"{self.planned} planned, {self.sent} sent, {self.created} created, "
            f"{self.created - self.distinct} doubled, {self.posts} POSTs, {self.deaths} deaths"
            + (f", none of {' '.join(self.missed)}" if self.missed else "")
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
    return _pairs(database_url, pairs, kills, "in one transaction", lambda settings: settings)


def deliver_singly(database_url: str, pairs: int, kills: int) -> FaultResult:
    """F7 at an EHR that offers no transactions and does not keep a Procedure's identifier."""
    vendor = profiles.load(_WITHOUT_TRANSACTIONS)
    how = f"in single writes, in order, as {vendor.name} takes them"
    return _pairs(database_url, pairs, kills, how, lambda s: replace(s, profile=vendor))


def _pairs(
    database_url: str,
    pairs: int,
    kills: int,
    how: str,
    like: Callable[[SandboxSettings], SandboxSettings],
) -> FaultResult:
    began = time.monotonic()
    with storm(database_url, pairs, are_calls=True, like=like) as blown:
        counted = weathered(blown, kills)
        whole = _whole_pairs(blown)
    return FaultResult(
        row="F7",
        operation=f"write-back of Encounter and Procedure {how}",
        database=database_of(database_url),
        asked=f"{pairs} pairs once each, C4 to C8, C10 and {kills} kill -9",
        reached=f"{counted}, {whole} pairs whole",
        passed=counted.is_exact and whole == pairs == counted.planned // 2,
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
    happened = {point: _dies_at(blown, point) for point in points}
    if points:
        happened[_ENDING] = _dies_while_ending(blown)
    for number in range(kills):
        at = blown.sent() + max(1, (planned - blown.sent()) // (kills - number + 1))
        happened[f"kill {number + 1}"] = blown.kill_at(at, blown.worker())
    blown.worker()
    blown.wait(blown.is_over, blown.patience())
    time.sleep(STORM.late_commit_seconds + 0.5)  # what was committed late has come by now
    missed = tuple(name for name, did in happened.items() if not did)
    return counted(blown, planned, sum(happened.values()), missed)


def _dies_at(blown: Storm, point: str) -> bool:
    """Let a worker work until it dies at a point; return whether it died, and there."""
    process = blown.worker(CCM_FAILPOINT=point)
    blown.wait(partial(_ended_or_over, blown, process), 60.0)
    return _was_killed(process)


def _was_killed(process: subprocess.Popen[bytes]) -> bool:
    """End a process, and return whether its failpoint had killed it."""
    code = process.poll()
    process.kill()
    process.wait()
    return code == KILLED


def _dies_while_ending(blown: Storm) -> bool:
    """Let a worker begin to work, tell it to end, and let it die over that, with work left."""
    process, before = blown.worker(CCM_FAILPOINT=_ENDING), blown.sent()
    blown.wait(lambda: blown.sent() > before or blown.is_over(), 60.0)
    process.terminate()
    blown.wait(lambda: process.poll() is not None, 60.0)
    return _was_killed(process) and not blown.is_over()


def counted(blown: Storm, planned: int, deaths: int, missed: tuple[str, ...] = ()) -> Counted:
    """Return how the EHR's own count compares with the ledger's."""
    counters = blown.counters()
    return Counted(
        planned=planned,
        sent=blown.sent(),
        created=int(counters["created"]),
        distinct=_found(blown),
        posts=int(counters["posts"]),
        deaths=deaths,
        missed=missed,
    )


def _ended_or_over(blown: Storm, process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None or blown.is_over()


def _found(blown: Storm) -> int:
    """Return how many deliveries the EHR holds: by identifier, or by the minute it was worked in.

    The minutes of a storm are each worked once, and some EHRs keep no identifier.
    """
    records, names = blown.records(), set[tuple[str, str]]()
    with blown.site.ehr.backend() as client:
        for kind in {record.resource_type.value for record in records}:
            for resource in _stored(client, kind):
                names |= {(kind, name) for name in _names(resource.json())}
    return sum(
        any((r.resource_type.value, name) in names for name in _known_as(r)) for r in records
    )


def _stored(client: FhirClient, kind: str) -> tuple[Resource, ...]:
    """Return every resource of a kind; of one patient where the EHR wants to be told whose."""
    try:
        return tuple(client.search(kind, {"_count": "500"}))
    except EhrHttpError:
        return tuple(client.search(kind, {"patient": READY, "_count": "500"}))


def _known_as(record: DeliveryRecord) -> list[str]:
    return [name for name in (record.identifier, _began(record.body_json)) if name]


def _names(resource: Mapping[str, Any]) -> set[str]:
    """Return the identifiers that an EHR shows, or where it shows none, when the work began."""
    shown = {str(identifier.get("value")) for identifier in resource.get("identifier", ())}
    return shown or {_began(json.dumps(resource, default=str))}


def _began(body: str) -> str:
    resource = json.loads(body)
    interval = resource.get("performedPeriod") or resource.get("period") or {}
    return str(interval.get("start", ""))


def _whole_pairs(blown: Storm) -> int:
    records = blown.records()
    encounters = {r.id: r for r in records if r.resource_type is ResourceKind.ENCOUNTER}
    with blown.site.ehr.backend() as client:
        stored = {
            resource.id: json.dumps(resource.json(), default=str)
            for resource in _stored(client, "Procedure")
        }
    return sum(
        encounters[record.depends_on[0]].remote_ref in stored.get(record.remote_id, "")
        for record in records
        if record.resource_type is ResourceKind.PROCEDURE
    )
