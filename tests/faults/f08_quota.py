"""F8, for deliveries: storms of 429 and tokens that expire; the quota holds in every second."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import replace
from datetime import timedelta

from fhir_fixtures.sandbox.faults.plan import FaultPlan
from tests.faults.f02_deliveries import counted
from tests.faults.result import FaultResult
from tests.faults.storm import database_of, storm

QUOTA = 40
_STORM = FaultPlan(
    seed=5,
    busy_rate=0.1,
    server_error_rate=0.02,
    retry_after="seconds",
    retry_after_seconds=1,
    methods=("GET", "POST"),
)


def run(database_url: str, entries: int, workers: int) -> FaultResult:
    """Deliver within a quota by several workers while the EHR pleads and tokens run out."""
    began = time.monotonic()
    with storm(
        database_url,
        entries,
        are_calls=False,
        like=lambda s: replace(s, token_lifetime=timedelta(seconds=70)),
    ) as blown:
        planned = len(blown.records())
        blown.blow(_STORM)
        for number in range(workers):
            blown.worker(f"worker-{number}", CCM_EHR_REQUESTS_PER_MINUTE=str(QUOTA * 60))
        blown.wait(lambda: blown.sent() == planned)
        found = counted(blown, planned, 0)
        most = most_in_a_second(blown.arrivals[:-5])
    return FaultResult(
        row="F8",
        operation=f"deliveries by {workers} workers, storm of 429, tokens of 70 s",
        database=database_of(database_url),
        asked=f"{entries} once each, never more than {QUOTA} requests in a second",
        reached=f"{found}; {most} requests in the fullest second",
        passed=found.is_exact and most <= QUOTA,
        seconds=time.monotonic() - began,
    )


def most_in_a_second(moments: list[float]) -> int:
    """Return the most that arrived in any second."""
    ordered = sorted(moments)
    counts = (bisect_left(ordered, first + 1.0) - n for n, first in enumerate(ordered))
    return max(counts, default=0)
