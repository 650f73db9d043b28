"""A worker killed with SIGKILL in the middle of a workflow: nothing is lost, nothing done twice."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.engine import Enqueuer, WorkflowState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

SCRIPT = Path(__file__).with_name("crash_worker.py")
PATIENCE_SECONDS = 30.0


@pytest.fixture
def worker(engine_url: str, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Yield a way to start a worker process; all are killed at the end."""
    with ExitStack() as stack:

        def spawn(executor: str) -> subprocess.Popen[bytes]:
            arguments = [sys.executable, str(SCRIPT), engine_url, str(tmp_path), executor]
            process = stack.enter_context(subprocess.Popen(arguments))  # noqa: S603
            stack.callback(process.kill)
            return process

        yield spawn


def wait_for(file: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not file.exists():
        assert time.monotonic() < until, f"{file.name} did not come"
        time.sleep(0.02)


def enqueue_and_kill(
    enqueuer: Enqueuer, sql: Engine, process: subprocess.Popen[bytes], folder: Path
) -> None:
    with sql.begin() as connection:
        enqueuer.enqueue(connection, "deliver", "w-1", "d-1")
    wait_for(folder / "second")
    process.kill()
    process.wait()
    assert enqueuer.state("w-1") is WorkflowState.PENDING


def test_a_restarted_worker_finishes_what_it_was_killed_in(
    worker: Callable[[str], subprocess.Popen[bytes]],
    enqueuer: Enqueuer,
    sql: Engine,
    tmp_path: Path,
) -> None:
    enqueue_and_kill(enqueuer, sql, worker("worker-0"), tmp_path)

    (tmp_path / "go").touch()
    worker("worker-0")

    assert enqueuer.wait("w-1", PATIENCE_SECONDS) is WorkflowState.SUCCESS
    assert (tmp_path / "first").read_text() == "x"
    assert (tmp_path / "second").read_text() == "xx"
    assert (tmp_path / "third").read_text() == "x"


def test_another_worker_takes_over_only_what_it_is_told_to_resume(
    worker: Callable[[str], subprocess.Popen[bytes]],
    enqueuer: Enqueuer,
    sql: Engine,
    tmp_path: Path,
) -> None:
    enqueue_and_kill(enqueuer, sql, worker("worker-0"), tmp_path)

    (tmp_path / "go").touch()
    worker("worker-1")
    wait_for(tmp_path / "launched-worker-1")
    assert enqueuer.wait("w-1", 2) is WorkflowState.PENDING

    enqueuer.resume("w-1")

    assert enqueuer.wait("w-1", PATIENCE_SECONDS) is WorkflowState.SUCCESS
    assert (tmp_path / "first").read_text() == "x"
    assert (tmp_path / "third").read_text() == "x"


def test_a_second_process_may_not_run_the_engine_on_the_same_sqlite_file(
    worker: Callable[[str], subprocess.Popen[bytes]],
    engine_url: str,
    tmp_path: Path,
) -> None:
    process = worker("worker-0")
    wait_for(tmp_path / "launched-worker-0")

    second = (
        subprocess.run(  # noqa: S603
            [sys.executable, str(SCRIPT), engine_url, str(tmp_path), "worker-1"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if engine_url.startswith("sqlite")
        else None
    )

    if second is not None:
        assert second.returncode == 1
        assert f"process {process.pid} already runs the engine" in second.stderr
    else:
        worker("worker-1")
        wait_for(tmp_path / "launched-worker-1")
