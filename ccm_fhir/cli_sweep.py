"""``ccm-fhir sweep``: a population's export in, each patient's standing out."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ccm_fhir import population
from ccm_fhir.errors import CcmError, FhirError, InputError, LaunchError
from ccm_fhir.population import Accounting, Asking, LocalPool, Pool, SweepPlan
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.deletions import deletions_in
from ccm_fhir.population.ray_pool import ray_pool
from ccm_fhir.population.work import SweepStorageError, Work, opened_work
from ccm_fhir.population.writing import check_parquet, needs_parquet, write_results

DONE, SOME_REJECTED, UNREACHABLE = 0, 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a sweep works with: a folder for unfinished work, and workers."""

    work: Path | None = None
    processes: int | None = None
    engine: Literal["local", "ray"] = "local"
    address: str = ""


def run(ndjson: Path, asking: Asking, out: Path, means: Means) -> int:
    """Sweep a folder; return the exit code.

    Raises:
        InputError: the folder, the file or the work folder cannot be used.
        RuleError: the rulebook has no answer for the month.
        ParquetMissingError: Parquet is asked for and cannot be written.
        RayMissingError: Ray is asked for and is not installed.
        ClusterUnreachableError: no cluster answers at the address.
    """
    check_out(out)
    err = Console(stderr=True)

    def sweep() -> Accounting:
        plan = population.plan_sweep(ndjson, asking, judge(asking))
        with opened_work(work_folder(out, means), plan) as work:
            work.keep_deletions(deletions_in(ndjson, plan))
            return judged(plan, work, out, means, err)

    made = stopping(sweep, err)
    if made is None:
        return UNREACHABLE
    report(made, err)
    return DONE if made.is_clean else SOME_REJECTED


def check_out(out: Path) -> None:
    """Find out whether results can be written, before any work is done.

    Raises:
        InputError: the folder does not exist.
        ParquetMissingError: Parquet is asked for and cannot be written.
    """
    if needs_parquet(out):
        check_parquet()
    if not out.absolute().parent.is_dir():
        raise InputError("--out", "its folder does not exist")


def judge(asking: Asking) -> tuple[str, str]:
    """Load what judging needs; return the versions."""
    versions = judge_for(asking).versions
    gc.collect()
    gc.freeze()  # the tables live as long as the process, and workers share their pages
    return versions


def work_folder(out: Path, means: Means) -> Path:
    """Return where unfinished work lies."""
    return means.work or out.with_name(f"{out.name}.work")


def stopping(sweep: Callable[[], Accounting], err: Console) -> Accounting | None:
    """Return what a sweep made, or None where it stopped and may go on later; say why."""
    try:
        return sweep()
    except OSError as problem:
        stopped: CcmError = SweepStorageError(problem.strerror or type(problem).__name__)
    except (SweepStorageError, FhirError, LaunchError) as problem:
        stopped = problem
    err.print(str(stopped), style="red", markup=False, highlight=False, soft_wrap=True)
    if not isinstance(stopped, SweepStorageError):
        err.print("What was read is kept: run the same command again, and it goes on from there.")
    return None


def judged(plan: SweepPlan, work: Work, out: Path, means: Means, err: Console) -> Accounting:
    """Run a plan, write the results and remove the work; raises as ``run_sweep``."""
    with ExitStack() as stack:
        pool = stack.enter_context(_pool(plan.asking, means))
        tell = stack.enter_context(_Shown(err))
        made = population.run_sweep(plan, work, pool, tell.tell)
        write_results([work.part(n) for n in range(plan.partitions)], out)
        work.remove()
    return made


@contextmanager
def _pool(asking: Asking, means: Means) -> Iterator[Pool]:
    if means.engine == "ray":
        with ray_pool(means.address, means.processes) as pool:
            yield pool
    elif means.address:
        raise InputError("--address", "names a cluster; it needs --engine ray")
    else:
        yield LocalPool(asking, means.processes or os.cpu_count() or 1)


class _Shown:
    """Progress on a terminal; nothing where standard error is none."""

    def __init__(self, err: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[patients]} patients"),
            console=err,
            disable=not err.is_terminal,
            transient=True,
            auto_refresh=False,  # it would be a thread, and workers are forked
        )
        self._task = self._bar.add_task("reading", total=None, patients=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, now: population.Progress) -> None:
        """Show how far the sweep is; judging counts as a fifth of the way."""
        judged = now.parts_done / now.parts
        is_read = now.bytes_read == now.bytes_total
        self._bar.update(
            self._task,
            description="judging" if is_read else "reading",
            total=now.bytes_total * 5 // 4,
            completed=now.bytes_read + int(judged * now.bytes_total / 4),
            patients=now.patients,
            refresh=True,
        )


def report(made: Accounting, err: Console) -> None:
    """Print the account: every resource and every patient, and why some were left out."""
    skipped, irrelevant = sum(made.skipped.values()), sum(made.irrelevant.values())
    lines = [
        f"{made.patients} patients = {made.patients - made.failed} assessed + {made.failed} failed",
        *(f"  {count} {outcome}" for outcome, count in made.outcomes.items()),
        (
            f"{made.resources_read} resources read = {made.used} used + {irrelevant} of no matter "
            f"+ {skipped} skipped"
        ),
        *(f"  {count} skipped: {why}" for why, count in made.skipped.items()),
        *(f"  {count} failed: {why}" for why, count in made.failures.items()),
    ]
    if made.absent_patients:
        lines.append(
            f"{made.absent_patients} patients are referred to and are not in the export: "
            "they have no line"
        )
    if made.blank_lines:
        lines.append(f"{made.blank_lines} blank lines")
    if made.broken_files:
        lines.append(f"{made.broken_files} compressed files break off; what came before is used")
    for line in lines:
        err.print(line, markup=False, highlight=False, soft_wrap=True)
