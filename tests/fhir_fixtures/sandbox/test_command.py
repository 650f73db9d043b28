"""`python -m fhir_fixtures.sandbox`, as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import httpx2
import pytest

from fhir_fixtures.sandbox.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "fhir_fixtures.sandbox"]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = ["--port", "0", "--patients", "20", "--as-of", "2026-11-23"]
    with subprocess.Popen(  # noqa: S603 (our own command)
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # noqa: TID251 (so that its folder is found)
    ) as process:
        yield process
        process.kill()


def test_one_command_serves_a_practice_and_says_where(sandbox: subprocess.Popen[str]) -> None:
    assert sandbox.stdout
    assert sandbox.stderr
    started = time.monotonic()

    line = sandbox.stdout.readline()

    took = time.monotonic() - started
    origin = re.fullmatch(r"Sandbox EHR ready at (http://localhost:\d+)/\n", line)
    assert origin, line or sandbox.stderr.read()
    with httpx2.Client(base_url=origin[1]) as http:
        launcher = http.get("/")
        found = http.get("/fhir/.well-known/smart-configuration").json()
    sandbox.send_signal(signal.SIGINT)
    rest, errors = sandbox.communicate(timeout=10)
    assert "20 of 20 patients" in launcher.text
    assert found["issuer"] == origin[1]
    assert (rest, errors) == ("", "")
    assert sandbox.returncode == 0
    assert took < 15


def test_answers_are_not_held_back_by_the_network(sandbox: subprocess.Popen[str]) -> None:
    assert sandbox.stdout
    origin = sandbox.stdout.readline().split()[-1]
    with httpx2.Client(base_url=origin) as http:
        took = [
            http.get("/fhir/.well-known/smart-configuration").elapsed.total_seconds()
            for _ in range(25)
        ]

    # Nagle's algorithm against delayed acknowledgements would make it 0.04.
    assert median(took) < 0.03


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_data_goes_when_the_sandbox_stops(
    sandbox: subprocess.Popen[str], tmp_path: Path, stop: signal.Signals
) -> None:
    assert sandbox.stdout
    sandbox.stdout.readline()
    during = list(tmp_path.iterdir())

    sandbox.send_signal(stop)
    sandbox.wait(timeout=10)

    assert len(during) == 1
    assert list(tmp_path.iterdir()) == []


def test_port_that_is_taken_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code = main(["--port", str(taken.getsockname()[1])])

    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("seconds", ["299", "3601"])
def test_token_lifetime_outside_its_range_is_refused(seconds: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--token-lifetime", seconds])


def test_address_that_others_can_reach_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--host", "0.0.0.0"])  # noqa: S104 (that it is refused is the point)

    assert code == 2
    assert "--i-know-this-is-a-demo" in capsys.readouterr().err


def test_a_vendor_and_faults_are_chosen_by_option(tmp_path: Path) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_text("seed = 5\nserver_error_rate = 0.5\n", encoding="utf-8")
    arguments = ["--port=0", "--patients=1", "--profile=canvas", f"--faults={faults}"]
    with subprocess.Popen(  # noqa: S603 (our own command)
        [*COMMAND, *arguments, "--fault-control"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            origin = process.stdout.readline().split()[-1]
            with httpx2.Client(base_url=origin, trust_env=False) as http:
                statement = http.get("/fhir/metadata").json()
                control = http.get("/faults").json()
        finally:
            process.kill()

    assert "Canvas Medical" in statement["implementation"]["description"]
    assert control["plan"]["seed"] == 5


def test_a_plan_that_means_nothing_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('{"server_error_rate": 2}', encoding="utf-8")

    assert main(["--port=0", f"--faults={faults}"]) == 2
    assert capsys.readouterr().err.startswith("--faults: a rate is a number from 0 to 1")


def test_a_vendor_that_is_none_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--profile=allscripts"])

    assert ended.value.code == 2
    assert "invalid choice: 'allscripts'" in capsys.readouterr().err
