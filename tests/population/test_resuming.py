"""Whoever is killed, nothing that was finished is lost, and nothing comes out differently."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from ccm_fhir.errors import InputError
from ccm_fhir.population import LocalPool, plan_sweep, run_sweep
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.work import SweepStorageError, opened_work
from fhir_fixtures.practice.population import Population, write_population
from tests.population.exports import ASKING, by_file, candidate, swept_folder, written


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("population")
    write_population(
        Population(
            patients=600, seed=11, as_of=date(2026, 11, 23), broken=0.02, patients_a_file=50
        ),
        folder,
    )
    return folder / "export"


@pytest.fixture(scope="module")
def wanted(export: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return swept_folder(export, tmp_path_factory.mktemp("wanted")).written


def command(export: Path, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "ccm_fhir", "sweep", f"--ndjson={export}", f"--out={out}"),
        *("--as-of=2026-11-23", *more),
    ]


def run(export: Path, out: Path, *more: str) -> int:
    ran = subprocess.run(command(export, out, *more), check=False, capture_output=True)  # noqa: S603
    return ran.returncode


def finished(folder: Path) -> int:
    return len(list(folder.glob("*.spill"))) + len(list(folder.glob("*.tally")))


@pytest.mark.parametrize("processes", [1, 3])
def test_the_results_do_not_depend_on_the_number_of_processes(
    export: Path, wanted: bytes, tmp_path: Path, processes: int
) -> None:
    out = tmp_path / "out.ndjson"
    assert run(export, out, f"--processes={processes}") == 1
    assert out.read_bytes() == wanted
    assert list(tmp_path.iterdir()) == [out]


def test_a_sweep_killed_again_and_again_ends_as_if_it_never_was(
    export: Path, wanted: bytes, tmp_path: Path
) -> None:
    out, work = tmp_path / "out.ndjson", tmp_path / "work"
    done = 0
    for _ in range(5):
        running = subprocess.Popen(  # noqa: S603
            command(export, out, f"--work={work}", "--processes=1"), stderr=subprocess.DEVNULL
        )
        patience = time.monotonic() + 60
        while finished(work) <= done + 8 and running.poll() is None:
            assert time.monotonic() < patience
            time.sleep(0.005)
        running.kill()
        running.wait()
        assert finished(work) >= done
        done = finished(work)
    assert done > 0
    assert not out.exists()
    assert run(export, out, f"--work={work}", "--processes=1") == 1
    assert out.read_bytes() == wanted


def test_a_killed_worker_costs_only_what_it_had_in_hand(
    export: Path, wanted: bytes, tmp_path: Path
) -> None:
    out, work = tmp_path / "out.ndjson", tmp_path / "work"
    running = subprocess.Popen(  # noqa: S603
        command(export, out, f"--work={work}", "--processes=2"), stderr=subprocess.DEVNULL
    )
    patience = time.monotonic() + 60
    while not finished(work) and running.poll() is None:
        assert time.monotonic() < patience
        time.sleep(0.005)
    killed = 0
    for child in workers_of(running.pid)[:1]:
        os.kill(child, signal.SIGKILL)
        killed += 1
    assert running.wait(timeout=120) == 1
    assert killed == 1
    assert out.read_bytes() == wanted


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a sweep."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def test_a_disk_that_takes_no_more_is_told_and_the_sweep_goes_on_later(
    export: Path, wanted: bytes, tmp_path: Path
) -> None:
    out, work = tmp_path / "out.ndjson", tmp_path / "work"
    ran = subprocess.run(  # noqa: S603
        command(export, out, f"--work={work}", "--processes=1"),
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
    )
    assert ran.returncode == 3
    assert "What is finished is kept" in ran.stderr
    assert not out.exists()
    assert not list(work.glob("*.draft*"))
    assert run(export, out, f"--work={work}", "--processes=1") == 1
    assert out.read_bytes() == wanted


def test_a_work_folder_belongs_to_one_sweep(tmp_path: Path) -> None:
    export = written(tmp_path, by_file(candidate()))
    plan = plan_sweep(export, ASKING, judge_for(ASKING).versions)
    work = tmp_path / "work"
    with opened_work(work, plan), pytest.raises(InputError, match="another sweep is working"):
        opened_work(work, plan).__enter__()
    (export / "Condition.ndjson").write_bytes(b"\n")
    changed = plan_sweep(export, ASKING, judge_for(ASKING).versions)
    with pytest.raises(InputError, match="unfinished work of another sweep"):
        opened_work(work, changed).__enter__()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="holds something else"):
        opened_work(other, plan).__enter__()


def test_a_file_that_vanishes_under_the_sweep_is_told(tmp_path: Path) -> None:
    export = written(tmp_path, by_file(candidate()))
    plan = plan_sweep(export, ASKING, judge_for(ASKING).versions)
    (export / "Condition.ndjson").unlink()
    with (
        opened_work(tmp_path / "work", plan) as work,
        pytest.raises(SweepStorageError, match="No such file"),
    ):
        run_sweep(plan, work, LocalPool(ASKING, 1), lambda _: None)
