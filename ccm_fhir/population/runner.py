"""The local runner: ranges, then parts, each by one of several processes; then one file.

Every finished range and part is a file, so that a killed sweep goes on where it was. A killed
worker costs what it had in hand; after several, the sweep stops and keeps the rest.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import msgspec

from ccm_fhir.population.accounting import Accounting, MapTally, ReduceTally, account
from ccm_fhir.population.asking import Asking, judge_for
from ccm_fhir.population.mapping import map_range
from ccm_fhir.population.moving import Claimed, claims_on, settled, suspects
from ccm_fhir.population.plan import Range, SweepPlan
from ccm_fhir.population.records import ASKED_FOR
from ccm_fhir.population.reducing import Part, reduce_part
from ccm_fhir.population.spill import read_tally
from ccm_fhir.population.work import SweepStorageError, Work

_MOST_BREAKS = 3
# A forked worker shares the loaded tables. It is safe while the parent runs no thread of its own.
_START = "fork" if sys.platform == "linux" else "spawn"
_SAME_AS = {"Claim": ("Claim", "ExplanationOfBenefit")}
_Job = TypeVar("_Job")
_Done = TypeVar("_Done")


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sweep is: bytes read of all, and patients judged."""

    bytes_read: int
    bytes_total: int
    patients: int
    parts_done: int
    parts: int


Tell = Callable[[Progress], None]


def run_sweep(plan: SweepPlan, work: Work, processes: int, tell: Tell) -> Accounting:
    """Read every range and judge every part that is not finished yet.

    Args:
        plan: what to read and to ask.
        work: where finished work is, and goes.
        processes: how many work at a time; 1 works in this one.
        tell: is told how far the sweep is, now and then.

    Raises:
        SweepStorageError: a file cannot be read or written, or workers were killed too often.
        AccountingError: the sweep's own counts do not agree.
        RuleError: the rulebook has no answer for the month.
    """
    judge_for(plan.asking)
    told = _Told(plan, tell)
    try:
        maps = _map(plan, work, processes, told)
        spills = [work.spill(stretch.number) for stretch in plan.ranges()]
        moved = _moved(plan, spills, processes)
        parts = (
            Part(number=number, spills=spills, absent_types=_absent(maps), moved=moved)
            for number in range(plan.partitions)
        )
        reduces = _reduce(parts, plan.asking, work, processes, told)
    except OSError as problem:
        raise SweepStorageError(problem.strerror or type(problem).__name__) from None
    return account(maps, reduces)


class _Told:
    """Progress as it grows."""

    def __init__(self, plan: SweepPlan, tell: Tell) -> None:
        self._tell = tell
        self._now = Progress(
            bytes_read=0,
            bytes_total=plan.total_bytes,
            patients=0,
            parts_done=0,
            parts=plan.partitions,
        )

    def read(self, stretch: Range) -> None:
        now = self._now
        read = now.bytes_read + stretch.end - stretch.start
        self._say(msgspec.structs.replace(now, bytes_read=read))

    def judged(self, tally: ReduceTally) -> None:
        now, more = self._now, sum(tally.outcomes.values())
        self._say(
            msgspec.structs.replace(
                now, patients=now.patients + more, parts_done=now.parts_done + 1
            )
        )

    def _say(self, now: Progress) -> None:
        self._now = now
        self._tell(now)


def _map(plan: SweepPlan, work: Work, processes: int, told: _Told) -> list[MapTally]:
    tallies: list[MapTally] = []
    todo: list[tuple[Range, Work, int, Asking]] = []
    for stretch in plan.ranges():
        if work.spill(stretch.number).exists():
            tallies.append(read_tally(work.spill(stretch.number)))
            told.read(stretch)
        else:
            todo.append((stretch, work, plan.partitions, plan.asking))
    for (stretch, *_), tally in _all_done(_map_one, todo, processes, plan.asking):
        tallies.append(tally)
        told.read(stretch)
    return tallies


def _moved(plan: SweepPlan, spills: list[Path], processes: int) -> dict[tuple[str, str], str]:
    """Return whose each resource is that has versions of several patients."""
    jobs = [(spills, number) for number in range(plan.partitions)]
    found = _all_done(_suspects_one, jobs, processes, plan.asking)
    wanted = frozenset[int]().union(*(keys for _, keys in found))
    if not wanted:
        return {}
    asked = [(spills, number, wanted) for number in range(plan.partitions)]
    claimed = _all_done(_claims_one, asked, processes, plan.asking)
    return settled(claim for _, claims in claimed for claim in claims)


def _suspects_one(job: tuple[list[Path], int]) -> frozenset[int]:
    return suspects(*job)


def _claims_one(job: tuple[list[Path], int, frozenset[int]]) -> list[Claimed]:
    return claims_on(*job)


def _reduce(
    parts: Iterable[Part], asking: Asking, work: Work, processes: int, told: _Told
) -> list[ReduceTally]:
    tallies: list[ReduceTally] = []
    todo: list[tuple[Part, Work, Asking]] = []
    for part in parts:
        done = work.tally(part.number)
        if done is None:
            todo.append((part, work, asking))
        else:
            tallies.append(done)
            told.judged(done)
    for _, tally in _all_done(_reduce_one, todo, processes, asking):
        tallies.append(tally)
        told.judged(tally)
    return tallies


def _map_one(job: tuple[Range, Work, int, Asking]) -> MapTally:
    stretch, work, partitions, asking = job
    return map_range(
        stretch,
        work.spill(stretch.number),
        partitions=partitions,
        base_url=asking.base_url,
        table=judge_for(asking).table,
    )


def _reduce_one(job: tuple[Part, Work, Asking]) -> ReduceTally:
    part, work, asking = job
    tally = reduce_part(part, judge_for(asking), work.part(part.number))
    work.keep_tally(part.number, tally)
    return tally


def _absent(maps: Iterable[MapTally]) -> tuple[str, ...]:
    """Return the types that answers rest on and of which the whole export holds nothing."""
    seen = {resource_type for tally in maps for resource_type in tally.seen}
    return tuple(kind for kind in ASKED_FOR if seen.isdisjoint(_SAME_AS.get(kind, (kind,))))


def _all_done(
    work: Callable[[_Job], _Done], jobs: Sequence[_Job], processes: int, asking: Asking
) -> Iterable[tuple[_Job, _Done]]:
    """Yield each job with what came of it, as they are done."""
    if processes == 1:
        yield from ((job, work(job)) for job in jobs)
        return
    left, breaks = dict(enumerate(jobs)), 0
    while left:
        try:
            for number, done in _pooled(work, left, processes, asking):
                yield left.pop(number), done
        except BrokenProcessPool:
            breaks += 1
            if breaks > _MOST_BREAKS:
                raise SweepStorageError(
                    f"worker processes were killed {breaks} times (out of memory?)"
                ) from None


def _pooled(
    work: Callable[[_Job], _Done], jobs: dict[int, _Job], processes: int, asking: Asking
) -> Iterable[tuple[int, _Done]]:
    begin = partial(_begin, asking)
    context = get_context(_START)
    with ProcessPoolExecutor(processes, mp_context=context, initializer=begin) as pool:
        waiting = iter(tuple(jobs.items()))
        running: dict[Future[_Done], int] = {}
        try:
            while True:
                for number, job in islice(waiting, 2 * processes - len(running)):
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
