"""F1 to F4 and F7 for claims: each once, and the sums of money equal, whatever fails or dies.

F1 is an EHR that honours If-None-Exist, F2 one that says it does and ignores it while its index
lags. F4 is the control of F2, without the recipe. F7 are claims as charges: all lines, each once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from tests.faults.claim_storm import claim_storm, sums
from tests.faults.f02_deliveries import FAILPOINTS, counted, weathered
from tests.faults.f04_control import send_until_answered
from tests.faults.result import FaultResult
from tests.faults.storm import STORM, database_of

if TYPE_CHECKING:
    from fhir_fixtures.sandbox.faults.plan import FaultPlan

HONOURING = msgspec.structs.replace(STORM, ignores_if_none_exist=False, index_lag_seconds=0.0)
LINES = 2


def deliver(
    database_url: str, number: int, kills: int, points: tuple[str, ...] = FAILPOINTS
) -> FaultResult:
    """F1: each claim once at an EHR that fails, and money as signed."""
    operation = "claims, 5 % 5xx, 2 % lost answers, 1 % 429, 1 % late"
    return _delivered(database_url, ("F1", operation), number, HONOURING, kills, points)


def deliver_unheeded(database_url: str, number: int, kills: int) -> FaultResult:
    """F2: the same where the EHR ignores the condition and its index lags."""
    operation = "claims, EHR ignores If-None-Exist, index lag 0.5 s"
    return _delivered(database_url, ("F2", operation), number, STORM, kills, FAILPOINTS)


def deliver_charges(
    database_url: str, number: int, kills: int, points: tuple[str, ...] = FAILPOINTS
) -> FaultResult:
    """F7: every line of every claim is one ChargeItem, and no Claim stands beside them."""
    began = time.monotonic()
    with claim_storm(database_url, number, as_charges=True) as (blown, _):
        found = weathered(blown, kills, STORM, points)
        ledger, told = sums(blown)
    return FaultResult(
        row="F7",
        operation="claims as charges, a ChargeItem a line",
        database=database_of(database_url),
        asked=f"{number} claims, {number * LINES} charges once each, {kills} kill -9, sums equal",
        reached=f"{found}, {ledger} signed, {told} in the EHR",
        passed=found.is_exact and found.planned == number * LINES and ledger == told,
        seconds=time.monotonic() - began,
    )


def two_workers(database_url: str, number: int, restarts: int) -> FaultResult:
    """F3: two workers on one PostgreSQL, restarted in turn; one dies and never comes back."""
    began = time.monotonic()
    with claim_storm(database_url, number) as (blown, _):
        planned = blown.planned()
        blown.blow(STORM)
        lost, kept = blown.worker("worker-lost"), blown.worker("worker-0")
        deaths = int(blown.kill_at(max(1, number // 8), lost))
        for left in range(restarts, 0, -1):
            at = blown.sent() + max(1, (planned - blown.sent()) // (left + 1))
            deaths += blown.kill_at(at, kept)
            kept = blown.worker("worker-0")
        blown.wait(lambda: blown.sent() == planned, blown.patience())
        time.sleep(STORM.late_commit_seconds + 0.5)
        found = counted(blown, planned, deaths)
        ledger, told = sums(blown)
    return FaultResult(
        row="F3",
        operation="claims, two workers, rolling restart, one never comes back (lease 30 s)",
        database=database_of(database_url),
        asked=f"{number} once each, {restarts + 1} kill -9, sums equal",
        reached=f"{found}, {ledger} signed, {told} in the EHR",
        passed=found.is_exact and ledger == told,
        seconds=time.monotonic() - began,
    )


def control(database_url: str, number: int) -> FaultResult:
    """F4: without the recipe some claim must be doubled, or count and sums prove nothing."""
    began = time.monotonic()
    with claim_storm(database_url, number) as (blown, _):
        blown.blow(STORM)
        with blown.site.ehr.backend() as client:
            for record in blown.records():
                send_until_answered(client, record.body_json)
        time.sleep(1)
        created = int(blown.counters()["created"])
        ledger, told = sums(blown)
    return FaultResult(
        row="F4",
        operation="control for claims: the recipe left out (a sender of the test's own)",
        database=database_of(database_url),
        asked="more than 0 doubled, and more billed than signed",
        reached=f"{created - number} doubled, {ledger} signed, {told} in the EHR",
        passed=created > number and told > ledger,
        seconds=time.monotonic() - began,
    )


def _delivered(  # where, which row, how many, against what
    database_url: str,
    row: tuple[str, str],
    number: int,
    plan: FaultPlan,
    kills: int,
    points: tuple[str, ...],
) -> FaultResult:
    began = time.monotonic()
    with claim_storm(database_url, number) as (blown, _):
        found = weathered(blown, kills, plan, points)
        ledger, told = sums(blown)
    name, operation = row
    return FaultResult(
        row=name,
        operation=operation,
        database=database_of(database_url),
        asked=f"{number} once each, C4 to C8, C10 and {kills} kill -9, sums equal",
        reached=f"{found}, {ledger} signed, {told} in the EHR",
        passed=found.is_exact and found.planned == number and ledger == told,
        seconds=time.monotonic() - began,
    )
