"""Who does the jobs of a sweep: the processes of this machine; see ``ray_pool`` for a cluster's.

A job is a module's function and an argument that pickles, and what it finishes lies on disk: a job
that is done twice leaves what it left when it was done once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Protocol, TypeVar

from ccm_fhir.population.asking import Asking, judge_for
from ccm_fhir.population.work import SweepStorageError

_MOST_BREAKS = 3
# A forked worker shares the loaded tables. It is safe while the parent runs no thread of its own.
_START = "fork" if sys.platform == "linux" else "spawn"
Job = TypeVar("Job")
Done = TypeVar("Done")


class Pool(Protocol):
    """Workers that jobs are given to."""

    def all_done(
        self, work: Callable[[Job], Done], jobs: Sequence[Job]
    ) -> Iterable[tuple[Job, Done]]:
        """Yield each job with what came of it, as they are done.

        Raises:
            OSError: of a job.
            SweepStorageError: workers were lost too often.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalPool:
    """Processes of this machine; one works in this process.

    A killed worker costs what it had in hand; after several, the sweep stops and keeps the rest.
    """

    asking: Asking
    processes: int

    def all_done(
        self, work: Callable[[Job], Done], jobs: Sequence[Job]
    ) -> Iterable[tuple[Job, Done]]:
        """Yield each job with what came of it, as they are done."""
        if self.processes == 1:
            yield from ((job, work(job)) for job in jobs)
            return
        left, breaks = dict(enumerate(jobs)), 0
        while left:
            try:
                for number, done in self._pooled(work, left):
                    yield left.pop(number), done
            except BrokenProcessPool:
                breaks += 1
                if breaks > _MOST_BREAKS:
                    raise SweepStorageError(
                        f"worker processes were killed {breaks} times (out of memory?)"
                    ) from None

    def _pooled(
        self, work: Callable[[Job], Done], jobs: dict[int, Job]
    ) -> Iterable[tuple[int, Done]]:
        begin = partial(_begin, self.asking)
        context = get_context(_START)
        with ProcessPoolExecutor(self.processes, mp_context=context, initializer=begin) as pool:
            waiting = iter(tuple(jobs.items()))
            running: dict[Future[Done], int] = {}
            try:
                while True:
                    for number, job in islice(waiting, 2 * self.processes - len(running)):
                        running[pool.submit(work, job)] = number
                    if not running:
                        return
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        yield running.pop(done), done.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _begin(asking: Asking) -> None:
    """Load what every job needs; it lives as long as the process, and is no garbage."""
    judge_for(asking)
    gc.collect()
    gc.freeze()
