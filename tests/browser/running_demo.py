"""`ccm-fhir demo` as a process of its own on free ports, as a newcomer starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that is ready; the EHR and the app are two sites, as in life."""

    app_url: str
    ehr_url: str


class DemoDiedError(Exception):
    """The demo did not come up; holds what it said."""


@contextmanager
def running_demo(*options: str) -> Iterator[Demo]:
    """Yield a demo once it says that it is ready; end it, as Ctrl-C would, afterwards."""
    app_port, ehr_port = _free_ports()
    process = subprocess.Popen(  # noqa: S603  # our own command
        [
            sys.executable,
            "-m",
            "ccm_fhir",
            "demo",
            f"--port={app_port}",
            f"--ehr-port={ehr_port}",
            *options,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        _wait_until_ready(process)
        yield Demo(app_url=f"http://127.0.0.1:{app_port}", ehr_url=f"http://localhost:{ehr_port}")
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    heard, said, is_ready = Event(), list[str](), Event()

    def listen(stream: IO[str]) -> None:
        for line in stream:
            said.append(line)
            if line.startswith("Ready"):
                is_ready.set()
                heard.set()
        heard.set()

    Thread(target=listen, args=(process.stdout,), daemon=True).start()
    heard.wait(PATIENCE_SECONDS)
    if not is_ready.is_set():
        raise DemoDiedError("the demo was not ready; it said:\n" + "".join(said))


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return one.getsockname()[1], other.getsockname()[1]
