"""`python -m fhir_fixtures.sandbox`, as a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx2
import pytest

from fhir_fixtures.sandbox.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "fhir_fixtures.sandbox"]


@pytest.fixture
def sandbox() -> Iterator[subprocess.Popen[str]]:
    arguments = ["--port", "0", "--patients", "20", "--as-of", "2026-11-23"]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
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
    assert origin, sandbox.stderr.read() if not line else line
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


def test_address_that_others_can_reach_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--host", "0.0.0.0"])  # noqa: S104 (that it is refused is the point)

    assert code == 2
    assert "--i-know-this-is-a-demo" in capsys.readouterr().err
