"""``python -m tests.benchmarks.bench_deliveries``: what bounds deliveries, EHR or our own code.

A sandbox EHR, a process of its own, answers each request 50 ms late: the latency bounds both
columns, until the cores or the disk do. For each concurrency the same number of Procedures is
posted bare by httpx2, and delivered by ``attempt_delivery`` (search, create, read back: three
requests and their records). Printed is requests a second of both: the ratio of the two is what
our code costs beside the EHR. The processor's time of our own process for a delivery says how many
of them one core could make a second, if the EHR answered at once. Last, ``ccm-fhir worker`` brings
as many by the durable engine, with its queue and its turns: what the engine costs beside that.
"""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import httpx2

from fhir_fixtures.sandbox.faults.plan import FaultPlan
from tests.faults.storm import storm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.storm import Storm

LATENCY_SECONDS = 0.05
CONCURRENCIES = (1, 4, 16, 32)
EACH = 64
BY_ENGINE = 256
REQUESTS_OF_A_DELIVERY = 3


def main() -> int:
    """Measure every concurrency; return the exit code."""
    by_hand = EACH * len(CONCURRENCIES)
    wanted = by_hand + BY_ENGINE
    with (
        TemporaryDirectory() as folder,
        storm(f"sqlite:///{folder}/ccm.sqlite", wanted, are_calls=False, is_apart=True) as calm,
    ):
        calm.blow(FaultPlan(latency_seconds=LATENCY_SECONDS))
        records = iter(calm.records())
        latency = f"{LATENCY_SECONDS * 1000:.0f} ms"
        print(f"EHR answers after {latency}; {EACH} each; SQLite, synchronous FULL")
        print("latency alone would allow: requests at once / 0.05 s")
        print("at once  bare requests/s  deliveries/s  requests/s of deliveries  ratio  our CPU")
        for concurrency in CONCURRENCIES:
            bare = _bare(calm, concurrency)
            ids = [next(records).id for _ in range(EACH)]
            spent = time.process_time()
            delivered = _delivered(calm, concurrency, ids)
            each = (time.process_time() - spent) / EACH
            requests = delivered * REQUESTS_OF_A_DELIVERY
            print(
                f"{concurrency:>7}  {bare:>15.1f}  {delivered:>12.1f}  {requests:>24.1f}  "
                f"{requests / bare:>5.2f}  {each * 1000:>9.1f} ms"
            )
        began = calm.sent()
        seconds = _by_worker(calm, wanted)
        print(f"by the engine, a worker process: {(wanted - began) / seconds:.1f} deliveries/s")
    return 0


def _by_worker(calm: Storm, wanted: int) -> float:
    """Return how long a worker takes for what is left, from its first delivery to its last."""
    began = calm.sent()
    calm.worker()
    calm.wait(lambda: calm.sent() > began)
    first = time.perf_counter()
    calm.wait(lambda: calm.sent() == wanted)
    return time.perf_counter() - first


def _bare(calm: Storm, concurrency: int) -> float:
    """Post Procedures, each with an identifier of its own, and nothing else."""
    body = {
        "resourceType": "Procedure",
        "status": "completed",
        "subject": {"reference": "Patient/pt-ready"},
    }
    numbers, local = count(), threading.local()
    with calm.site.ehr.backend() as client:
        token = client.access_token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}

        def post(_: int) -> None:
            if not hasattr(local, "http"):
                local.http = httpx2.Client(trust_env=False, headers=headers)
            one = {**body, "identifier": [{"system": "urn:bench", "value": str(next(numbers))}]}
            local.http.post(f"{calm.site.ehr.base}/Procedure", json=one).raise_for_status()

        return _a_second(concurrency, EACH * REQUESTS_OF_A_DELIVERY, post)


def _delivered(calm: Storm, concurrency: int, ids: list[str]) -> float:
    """Deliver by the product's own recipe."""

    def deliver(number: int) -> None:
        while calm.site.attempt(ids[number]).wait_seconds is not None:
            pass

    return _a_second(concurrency, len(ids), deliver)


def _a_second(concurrency: int, number: int, act: Callable[[int], None]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as threads:
        list(threads.map(act, range(number)))
    return number / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
