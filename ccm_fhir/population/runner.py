"""The runner: ranges, then parts, each by a worker of the pool it is given.

Every finished range and part is a file, so that a killed sweep goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from ccm_fhir.population.accounting import Accounting, MapTally, ReduceTally, account
from ccm_fhir.population.asking import Asking, judge_for
from ccm_fhir.population.mapping import map_range
from ccm_fhir.population.moving import Claimed, claims_on, settled, suspects
from ccm_fhir.population.plan import Range, SweepPlan
from ccm_fhir.population.pools import Pool
from ccm_fhir.population.records import ASKED_FOR
from ccm_fhir.population.reducing import Part, reduce_part
from ccm_fhir.population.spill import read_tally
from ccm_fhir.population.work import SweepStorageError, Work

_SAME_AS = {"Claim": ("Claim", "ExplanationOfBenefit")}


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sweep is: bytes read of all, and patients judged."""

    bytes_read: int
    bytes_total: int
    patients: int
    parts_done: int
    parts: int


Tell = Callable[[Progress], None]


def run_sweep(plan: SweepPlan, work: Work, pool: Pool, tell: Tell) -> Accounting:
    """Read every range and judge every part that is not finished yet.

    Args:
        plan: what to read and to ask.
        work: where finished work is, and goes.
        pool: the workers; all of them see the export and the work folder at the same paths.
        tell: is told how far the sweep is, now and then.

    Raises:
        SweepStorageError: a file cannot be read or written, or workers were killed too often.
        AccountingError: the sweep's own counts do not agree.
        RuleError: the rulebook has no answer for the month.
    """
    judge_for(plan.asking)
    told = _Told(plan, tell)
    try:
        maps = _map(plan, work, pool, told)
        spills = [work.spill(stretch.number) for stretch in plan.ranges()]
        moved = _moved(plan, spills, pool)
        deleted, absent = work.deletions(), _absent(maps, plan.asked_types)
        parts = (
            Part(number=number, spills=spills, absent_types=absent, moved=moved, deleted=deleted)
            for number in range(plan.partitions)
        )
        reduces = _reduce(parts, plan.asking, work, pool, told)
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


def _map(plan: SweepPlan, work: Work, pool: Pool, told: _Told) -> list[MapTally]:
    tallies: list[MapTally] = []
    todo: list[tuple[Range, Work, int, Asking]] = []
    for stretch in plan.ranges():
        if work.spill(stretch.number).exists():
            tallies.append(read_tally(work.spill(stretch.number)))
            told.read(stretch)
        else:
            todo.append((stretch, work, plan.partitions, plan.asking))
    for (stretch, *_), tally in pool.all_done(_map_one, todo):
        tallies.append(tally)
        told.read(stretch)
    return tallies


def _moved(plan: SweepPlan, spills: list[Path], pool: Pool) -> dict[tuple[str, str], str]:
    """Return whose each resource is that has versions of several patients."""
    jobs = [(spills, number) for number in range(plan.partitions)]
    found = pool.all_done(_suspects_one, jobs)
    wanted = frozenset[int]().union(*(keys for _, keys in found))
    if not wanted:
        return {}
    asked = [(spills, number, wanted) for number in range(plan.partitions)]
    claimed = pool.all_done(_claims_one, asked)
    return settled(claim for _, claims in claimed for claim in claims)


def _suspects_one(job: tuple[list[Path], int]) -> frozenset[int]:
    return suspects(*job)


def _claims_one(job: tuple[list[Path], int, frozenset[int]]) -> list[Claimed]:
    return claims_on(*job)


def _reduce(
    parts: Iterable[Part], asking: Asking, work: Work, pool: Pool, told: _Told
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
    for _, tally in pool.all_done(_reduce_one, todo):
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


def _absent(maps: Iterable[MapTally], asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the types that answers rest on and of which the whole export holds nothing."""
    seen = {resource_type for tally in maps for resource_type in tally.seen} | {*asked}
    return tuple(kind for kind in ASKED_FOR if seen.isdisjoint(_SAME_AS.get(kind, (kind,))))
