"""The jobs of a sweep as Ray tasks, on this machine or on a cluster.

The functions, the files and so the results are the local runner's: a task writes its range's or
part's file where every node sees it, and returns a tally. Ray does again what a lost worker or
node had in hand.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

from ccm_fhir.errors import CcmError
from ccm_fhir.population.pools import Done, Job
from ccm_fhir.population.work import SweepStorageError

if TYPE_CHECKING:
    from ray import ObjectRef

_MOST_RETRIES = 3
_WAITING_A_CORE = 2  # jobs handed out for each core, so that none idles between two
_ANSWER_SECONDS = 10.0
_OBJECTS_BYTES = 100 * 1024 * 1024  # tallies are small: what is large lies in files


class RayMissingError(CcmError):
    """A cluster was asked for, and the library that speaks to it is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "--engine ray: Ray is not installed; install the extra `ray` "
            "(pip install 'ccm-fhir[ray]'), or use --engine local"
        )


class ClusterUnreachableError(CcmError):
    """No Ray cluster answered at the address."""

    def __init__(self) -> None:
        super().__init__(
            "--address: no Ray cluster answered there; give HOST:PORT of its head, "
            "which has this version of Ray and of Python"
        )


@contextmanager
def ray_pool(address: str, processes: int | None) -> Iterator[RayPool]:
    """Connect to the cluster at an address; empty begins one of so many cores on this machine.

    Raises:
        RayMissingError: Ray is not installed.
        ClusterUnreachableError: nothing answers at the address.
    """
    if find_spec("ray") is None:
        raise RayMissingError
    # A cluster that begins here reads it, and reports no use to anybody.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # noqa: TID251  # written, not read
    import ray  # noqa: PLC0415  # an extra

    options = _there(address) if address else _here(processes)
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, RuntimeError, TimeoutError):
        raise ClusterUnreachableError from None
    try:
        yield RayPool()
    finally:
        ray.shutdown()


def _there(address: str) -> dict[str, Any]:
    """Return how to join a cluster, once something listens there: Ray itself would ask for ever."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except (OSError, ValueError, OverflowError):
        raise ClusterUnreachableError from None
    return {"address": address}


def _here(processes: int | None) -> dict[str, Any]:
    return {
        "address": "local",
        "num_cpus": processes,
        "include_dashboard": False,
        "object_store_memory": _OBJECTS_BYTES,
    }


class RayPool:
    """The cores of the cluster that this process is connected to, as they come and go."""

    def all_done(
        self, work: Callable[[Job], Done], jobs: Sequence[Job]
    ) -> Iterable[tuple[Job, Done]]:
        """Yield each job with what came of it, as they are done."""
        import ray  # noqa: PLC0415  # an extra

        begin = ray.remote(num_cpus=1, max_retries=_MOST_RETRIES)(work).remote
        waiting = iter(jobs)
        running: dict[ObjectRef[Done], Job] = {}
        try:
            while True:
                for job in islice(waiting, max(0, _room() - len(running))):
                    running[begin(job)] = job
                if not running:
                    return
                done, _ = ray.wait(list(running), num_returns=1)
                for ref in done:
                    yield running.pop(ref), ray.get(ref)
        except ray.exceptions.WorkerCrashedError:
            raise SweepStorageError(
                f"a job lost its worker {_MOST_RETRIES + 1} times (out of memory?)"
            ) from None
        except (ray.exceptions.NodeDiedError, ray.exceptions.RaySystemError):
            raise SweepStorageError("the cluster was lost") from None


def _room() -> int:
    import ray  # noqa: PLC0415  # an extra

    now: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return _WAITING_A_CORE * max(1, int(now.get("CPU", 1)))
