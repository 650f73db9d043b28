"""A population sweep: ``python -m tests.benchmarks.bench_sweep [PATIENTS] [--profile]``.

Everything on the same bytes, in one run, each by as many processes or threads as there are cores:

- the floor: lines decoded into the typed Structs that the sweep uses, and kept nowhere;
- the sweep itself, from files to one file of results;
- DuckDB with SQL written by hand for the same answer (the tests hold the two equal);
- the naive loop over ``fhir.resources`` models, one process, on some of the patients: it only
  parses, and is scaled up.

Times are wall times and CPU times of all processes; on a machine that others use, trust CPU.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, sleep

import msgspec
from fhir.resources.R4B import get_fhir_model_class

from ccm_fhir.fhir.readers import READERS
from ccm_fhir.population import Asking, plan_sweep
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.lines import lines_of
from ccm_fhir.population.mapping import map_range
from ccm_fhir.population.plan import Range
from ccm_fhir.population.reducing import Part, reduce_part
from fhir_fixtures.practice.population import Population, write_population
from tests.population import oracle

AS_OF = date(2026, 11, 23)
CORES = os.cpu_count() or 1
NAIVE_PATIENTS = 200
FLOOR_GOAL, DUCKDB_GOAL, NAIVE_GOAL, MEMORY_GOAL_MB = 2.0, 0.8, 50.0, 200


class Timed(msgspec.Struct, frozen=True):
    """What a run took, in seconds, and the most memory of any process while it ran, in MB."""

    wall: float
    cpu: float
    megabytes: float = 0.0


def timed(work: Callable[[], object]) -> Timed:
    """Run something; CPU is that of this process and of its children that have ended."""
    begun, cpu = perf_counter(), spent()
    work()
    return Timed(perf_counter() - begun, spent() - cpu)


def spent() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(each) for each in whose]
    return sum(each.ru_utime + each.ru_stime for each in used)


def decode(stretch: Range) -> int:
    """Decode the lines of a range and keep nothing."""
    read = READERS[Path(stretch.path).name.split(".")[0]].decode
    count = 0
    for line in lines_of(stretch):
        read(line)
        count += 1
    return count


def floor(export: Path) -> None:
    plan = plan_sweep(export, Asking(as_of=AS_OF), ())
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        sum(pool.map(decode, plan.ranges()))


def sweep(export: Path, out: Path, peak: list[float]) -> None:
    """Run the command, and watch the memory of its processes."""
    command = [sys.executable, "-m", "ccm_fhir", "sweep", f"--ndjson={export}", f"--out={out}"]
    command += [f"--as-of={AS_OF}", f"--processes={CORES}"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE)  # noqa: S603
    watcher = threading.Thread(target=watch, args=(running, peak))
    watcher.start()
    told = running.communicate()[1].decode()
    watcher.join()
    if running.returncode:
        sys.exit(told)


def watch(running: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Note the largest proportional memory of a process and its children together."""
    while running.poll() is None:
        children = f"/proc/{running.pid}/task/{running.pid}/children"
        with suppress(OSError):
            pids = [str(running.pid), *Path(children).read_text().split()]
            peak[0] = max(peak[0], sum(map(proportional_mb, pids)))
        sleep(0.05)


def proportional_mb(pid: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def naive(export: Path, patients: int) -> None:
    """Parse some patients' resources as most programs do."""
    wanted = {f"p{number:07d}" for number in range(patients)}
    for path in sorted(export.glob("*.00000.ndjson")):
        model = get_fhir_model_class(path.name.split(".")[0])
        with path.open("rb") as file:
            for line in file:
                start = line.index(b'"id":"p') + 6
                if line[start : start + 8].decode() in wanted:
                    model.model_validate_json(line)


def profiled(export: Path, folder: Path) -> None:
    """Print where the time of both halves goes, in this process."""
    asking = Asking(as_of=AS_OF)
    judge = judge_for(asking)
    plan = plan_sweep(export, asking, judge.versions)
    spills = [folder / f"{stretch.number}.spill" for stretch in plan.ranges()]
    for work in (
        lambda: [
            map_range(stretch, spill, partitions=plan.partitions, base_url="", table=judge.table)
            for stretch, spill in zip(plan.ranges(), spills, strict=True)
        ],
        lambda: [
            reduce_part(
                Part(number=number, spills=spills, absent_types=()), judge, folder / f"{number}"
            )
            for number in range(plan.partitions)
        ],
    ):
        profiler = cProfile.Profile()
        profiler.runcall(work)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def report(patients: int, folder: Path) -> bool:
    """Measure and print; whether every goal is reached."""
    export = folder / "export"
    size = sum(path.stat().st_size for path in export.iterdir()) / 1e6
    print(f"{patients} patients, {size:.0f} MB, {CORES} processes or threads")
    peak = [0.0]
    bottom = timed(lambda: floor(export))
    ours = timed(lambda: sweep(export, folder / "out.ndjson", peak))
    sql = timed(
        lambda: oracle.write_answers(
            export, AS_OF, folder / "oracle.parquet", threads=CORES, scratch=folder
        )
    )
    few = min(patients, NAIVE_PATIENTS)
    loop = timed(lambda: naive(export, few))
    rows = (
        ("typed-decode floor", bottom, patients),
        ("ccm-fhir sweep", ours, patients),
        ("DuckDB, SQL by hand", sql, patients),
        ("fhir.resources loop (parse only)", loop, few),
    )
    for name, took, count in rows:
        print(
            f"  {name:34}{count / took.wall:9.0f} patients/s "
            f"{took.cpu / count * 1e6:9.0f} µs CPU a patient"
        )
    naive_whole = loop.wall / few * patients
    goals = (
        ("× the floor's wall", ours.wall / bottom.wall, FLOOR_GOAL, False),
        ("× the floor's CPU", ours.cpu / bottom.cpu, FLOOR_GOAL, False),
        ("× DuckDB's wall", ours.wall / sql.wall, DUCKDB_GOAL, False),
        ("× as fast as the loop, wall", naive_whole / ours.wall, NAIVE_GOAL, True),
        ("MB of all processes together", peak[0], MEMORY_GOAL_MB, False),
    )
    held = [told(*goal) for goal in goals]
    return all(held)


def told(name: str, found: float, goal: float, at_least: bool) -> bool:  # noqa: FBT001
    """Print one ratio beside its goal; whether it is reached."""
    is_held = found >= goal if at_least else found <= goal
    bound = "at least" if at_least else "at most"
    print(f"  {found:7.1f} {name} ({bound} {goal:g}: {'held' if is_held else 'NOT held'})")
    return is_held


def main(arguments: list[str]) -> int:
    """Make a population, measure, clean up."""
    numbers = [int(each) for each in arguments if each.isdigit()]
    patients = numbers[0] if numbers else 10_000
    folder = Path(tempfile.mkdtemp(prefix="bench-sweep-"))
    try:
        made = Population(patients=patients, seed=1, as_of=AS_OF, patients_a_file=5000)
        write_population(made, folder, processes=CORES)
        if "--profile" in arguments:
            profiled(folder / "export", folder)
            return 0
        return 0 if report(patients, folder) else 1
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
