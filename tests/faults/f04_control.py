"""F4: the controls, in which something must be doubled, or the count could not see it.

One leaves the whole recipe out, by a sender of this file. The other is the product's own worker
with its one safeguard off: told that an index never lags, it looks at once and sends again. There
the index lags longer, since a worker leaves an EHR in trouble alone for a second or two anyway.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.fhir.outcomes import WriteKind
from tests.faults.f02_deliveries import counted
from tests.faults.result import FaultResult
from tests.faults.storm import STORM, database_of, storm

if TYPE_CHECKING:
    from ccm_fhir.fhir.client import FhirClient

_SLOW_INDEX = msgspec.structs.replace(STORM, lost_answer_rate=0.15, index_lag_seconds=6.0)


def without_the_recipe(database_url: str, entries: int) -> FaultResult:
    """Without the recipe something must be doubled, or the count proves nothing."""
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


def without_settling(database_url: str, entries: int) -> FaultResult:
    """The product's worker that does not let an EHR settle: what was lost on the way is doubled."""
    began = time.monotonic()
    with storm(database_url, entries, are_calls=False) as blown:
        planned = len(blown.records())
        blown.blow(_SLOW_INDEX)
        blown.worker(CCM_SETTLE_SECONDS="0")
        is_over = blown.wait(blown.is_over)
        time.sleep(_SLOW_INDEX.index_lag_seconds + 0.5)
        found = counted(blown, planned, 0)
    return FaultResult(
        row="F4",
        operation="control: the worker of F2 without a settle time, index lag 6 s",
        database=database_of(database_url),
        asked="more than 0 doubled",
        reached=str(found),
        passed=is_over and found.created > found.distinct == planned,
        seconds=time.monotonic() - began,
    )


def send_until_answered(client: FhirClient, body: str) -> None:
    """Send without the recipe: again and again, until an answer names what was stored."""
    for _ in range(20):
        outcome = client.create(body.encode())
        if outcome.kind in {WriteKind.CREATED, WriteKind.EXISTED}:
            return
