"""``ccm-fhir sweep --ehr``, a process killed and run again: one export, each file fetched once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fhir_fixtures.sandbox.bulk.plan import BulkPlan
from tests.services.loopback_ehr import RealClock, running_ehr
from tests.services.sweeping import as_ndjson, population
from tests.world import open_site, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

PRACTICE = population(3)
PATIENCE_SECONDS = 60


@dataclass
class Asked:
    """What an EHR was asked, as it heard it."""

    paths: Counter[str] = field(default_factory=Counter)

    def around(self, app: ASGIApp) -> ASGIApp:
        async def heard(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                self.paths[f"{scope['method']} {scope['path']}"] += 1
            await app(scope, receive, send)

        return heard

    def count(self, words: str) -> int:
        return sum(number for path, number in self.paths.items() if words in path)


@contextmanager
def heard_ehr(database_url: str, plan: BulkPlan) -> Iterator[Asked]:
    """Yield what an EHR hears that is connected to the installation of a database."""
    asked = Asked()
    with (
        running_ehr(
            PRACTICE, RealClock(), around=asked.around, like=lambda told: replace(told, bulk=plan)
        ) as ehr,
        open_site(database_url, ehr),
    ):
        yield asked


def command(out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "ccm_fhir", "sweep", "--ehr", "Sandbox EHR", f"--out={out}"),
        *("--as-of=2026-11-23", "--processes=1", *more),
    ]


def killed_when(database_url: str, out: Path, is_time: Callable[[], bool]) -> None:
    running = subprocess.Popen(  # noqa: S603
        command(out), env=settings_for(database_url), stderr=subprocess.DEVNULL
    )
    patience = time.monotonic() + PATIENCE_SECONDS
    while not is_time():
        assert running.poll() is None
        assert time.monotonic() < patience
        time.sleep(0.005)
    running.kill()
    running.wait()


def holds(work: Path, least: int) -> bool:
    return len(list(work.glob("*.spill"))) >= least


def run(database_url: str, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command(out, *more),
        check=False,
        capture_output=True,
        text=True,
        env=settings_for(database_url),
    )


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return as_ndjson(tmp_path_factory.mktemp("ndjson"), PRACTICE)


@pytest.mark.proves("BULK1", "BULK9")
def test_a_sweep_killed_while_it_waits_and_while_it_fetches_needs_no_new_export(
    sqlite_url: str, tmp_path: Path, wanted: bytes
) -> None:
    out = tmp_path / "out.ndjson"
    work = tmp_path / "out.ndjson.work"
    plan = BulkPlan(looks=3, retry_after_seconds=1, lines_a_file=2)
    with heard_ehr(sqlite_url, plan) as asked:
        killed_when(sqlite_url, out, lambda: asked.count("GET /fhir/export-status") > 0)
        assert json.loads((work / "export.json").read_bytes())["status_url"]
        kills = 1
        for least in (3, 10):
            killed_when(sqlite_url, out, partial(holds, work, least))
            kills += 1
        ran = run(sqlite_url, out)

        assert ran.returncode == 0, ran.stderr
        assert out.read_bytes() == wanted
        assert asked.count("$export") == 1
        files = [n for path, n in asked.paths.items() if "export-files" in path]
        assert sum(files) <= len(files) + kills
        assert asked.count("DELETE /fhir/export-status") == 1
        assert "read by bulk (patient): the EHR exports" in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if "sqlite" not in path.name) == [
        "out.ndjson"
    ]


def test_an_ehr_that_is_gone_stops_the_command_with_3_and_it_can_be_cancelled(
    sqlite_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"
    with heard_ehr(sqlite_url, BulkPlan(looks=99)) as asked:
        killed_when(sqlite_url, out, lambda: asked.count("GET /fhir/export-status") > 0)
        assert run(sqlite_url, out, "--group=other").returncode == 2
        ran = run(sqlite_url, out, "--cancel")

        assert ran.returncode == 0, ran.stderr
        assert asked.count("DELETE /fhir/export-status") == 1
        assert not (tmp_path / "out.ndjson.work").exists()
    ran = run(sqlite_url, out)
    assert ran.returncode == 3
    assert "did not answer" in ran.stderr


def test_what_is_wrong_with_the_options_is_said_before_anything_is_asked(
    sqlite_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"
    with heard_ehr(sqlite_url, BulkPlan()) as asked:
        before = asked.count("")
        for more, words in (
            (("--since=last",), "--keep must name a folder"),
            (("--ndjson=.",), "one of the two"),
            (("--files-at=ftp://x",), "not an absolute http"),
        ):
            ran = run(sqlite_url, out, *more)
            assert ran.returncode == 2, ran.stderr
            assert words in ran.stderr
        assert asked.count("") == before


@pytest.mark.proves("BULK10")
def test_nothing_of_a_patient_or_an_address_is_in_what_the_command_says(
    sqlite_url: str, tmp_path: Path
) -> None:
    plan = BulkPlan(problems=("error/exception",), omits=("Coverage",), unknown_type="Wombat")
    with heard_ehr(sqlite_url, plan):
        ran = run(sqlite_url, tmp_path / "out.ndjson")
        assert ran.returncode == 1, ran.stderr
        said = ran.stdout + ran.stderr
        assert "1 issues of the export: error (exception)" in said
        names = {r["id"] for r in PRACTICE.resources if r["resourceType"] == "Patient"}
        for secret in (*names, "Canary", "127.0.0.1", "export-status"):
            assert secret not in said
