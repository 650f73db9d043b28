"""F8, for deliveries: storms of 429, tokens that expire, workers that die, one that always fails.

The quota holds in every second, and the one resource that the EHR answers with 500 whatever is done
keeps nothing else from arriving; it is not lost either, but stays open with the reason named.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.storage import deliveries
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from tests.faults.f02_deliveries import counted
from tests.faults.result import FaultResult
from tests.faults.storm import Storm, database_of, storm

QUOTA = 40
_NOT_SENT = frozenset({DeliveryState.PLANNED, DeliveryState.UNCERTAIN, DeliveryState.HELD})
_STORM = FaultPlan(
    seed=5,
    busy_rate=0.1,
    server_error_rate=0.02,
    retry_after="seconds",
    retry_after_seconds=1,
    methods=("GET", "POST"),
)


def run(
    database_url: str, entries: int, workers: int, kills: int = 4, *, is_one_broken: bool = True
) -> FaultResult:
    """Deliver within a quota by several workers while the EHR pleads and tokens run out."""
    began = time.monotonic()
    with storm(
        database_url,
        entries,
        are_calls=False,
        like=lambda s: replace(s, token_lifetime=timedelta(seconds=70)),
    ) as blown:
        records = blown.records()
        broken, whole = records[len(records) // 2], len(records) - is_one_broken
        if is_one_broken:
            blown.broken.add(broken.identifier)
        blown.blow(_STORM)
        deaths = _killed_in_turn(blown, workers, kills, whole)
        blown.wait(lambda: blown.sent() == whole)
        most = most_in_a_second(list(blown.arrivals))
        found = counted(blown, len(records), deaths)
        left, reasons = _state_and_reasons(blown, broken.id)
    return FaultResult(
        row="F8",
        operation=f"deliveries by {workers} workers, storm of 429, tokens of 70 s",
        database=database_of(database_url),
        asked=(
            f"{whole} once each and {len(records) - whole} that always fails left with the "
            f"reason, {kills} kill -9, "
            f"never more than {QUOTA} requests in a second"
        ),
        reached=(
            f"{found}; {most} requests in the fullest second; one that always fails: "
            f"{_told(left, reasons) if is_one_broken else 'none'}"
        ),
        passed=(
            whole == found.sent == found.created == found.distinct
            and deaths == kills
            and (not is_one_broken or (left in _NOT_SENT and reasons["server_error"] > 0))
            and most <= QUOTA
        ),
        seconds=time.monotonic() - began,
    )


def _state_and_reasons(blown: Storm, delivery_id: str) -> tuple[DeliveryState, Counter[str]]:
    """Return where a delivery stands, and how often each reason is on record for it."""
    practice_id = blown.site.practice_id
    with blown.site.world.db.read(practice_id) as session:
        steps = deliveries.events(session, practice_id, delivery_id)
        state = deliveries.get(session, practice_id, delivery_id).state
    return state, Counter(step.detail_code for step in steps)


def _told(state: DeliveryState, reasons: Counter[str]) -> str:
    return f"{state.value}, {reasons['server_error']} times for server_error"


def _killed_in_turn(blown: Storm, workers: int, kills: int, whole: int) -> int:
    """Start the workers; kill and restart one after another while they deliver; count deaths."""
    settings = {"CCM_EHR_REQUESTS_PER_MINUTE": str(QUOTA * 60)}
    names = [f"worker-{number}" for number in range(workers)]
    running = {name: blown.worker(name, **settings) for name in names}
    deaths = 0
    for number in range(kills):
        name = names[number % workers]
        sent = blown.sent()
        blown.kill_at(sent + max(1, (whole - sent) // (kills - number + 1)), running[name])
        deaths += blown.sent() < whole
        running[name] = blown.worker(name, **settings)
    return deaths


def most_in_a_second(moments: list[float]) -> int:
    """Return the most that arrived in any second."""
    ordered = sorted(moments)
    counts = (bisect_left(ordered, first + 1.0) - n for n, first in enumerate(ordered))
    return max(counts, default=0)
