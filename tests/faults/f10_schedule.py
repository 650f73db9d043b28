"""F10: two schedulers on one PostgreSQL, one killed on the way: each period once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from ccm_fhir.engine import migrate
from tests.faults.result import FaultResult
from tests.faults.storm import database_of
from tests.parts import ENVIRONMENT

_PATIENCE_SECONDS = 300.0


def run(database_url: str, periods: int) -> FaultResult:
    """Tick every second in two processes; half way one dies, at the end both."""
    began = time.monotonic()
    migrate(database_url)
    with TemporaryDirectory() as folder, ExitStack() as spawned:
        file = Path(folder) / "ticks"
        file.touch()
        both = [_started(spawned, database_url, file, f"worker-{number}") for number in (0, 1)]
        _wait_for(file, periods // 2)
        both[1].kill()
        _wait_for(file, periods)
        both[0].kill()
        ticks = Counter(file.read_text(encoding="utf-8").split())
    doubled = sum(number > 1 for number in ticks.values())
    return FaultResult(
        row="F10",
        operation="schedule of every second, two schedulers, one killed",
        database=database_of(database_url),
        asked=f"{periods} periods, each once",
        reached=f"{len(ticks)} periods, {doubled} run twice",
        passed=len(ticks) >= periods and doubled == 0,
        seconds=time.monotonic() - began,
    )


def _started(spawned: ExitStack, url: str, file: Path, executor: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.faults.ticking", url, str(file), executor]
    process = spawned.enter_context(
        subprocess.Popen(command, env=dict(ENVIRONMENT))  # noqa: S603
    )
    spawned.callback(process.kill)
    return process


def _wait_for(file: Path, ticks: int) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while len(set(file.read_text(encoding="utf-8").split())) < ticks:
        if time.monotonic() > until:
            return
        time.sleep(0.1)
