"""The app as an installation runs it: ``ccm-fhir serve`` in a process of its own, on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE_SECONDS = 60.0


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running_app(
    environment: Mapping[str, str],
    port: int,
    *,
    module: tuple[str, ...] = (),
    says: IO[bytes] | None = None,
) -> Iterator[str]:
    """Serve until the block ends; yield the app's address. What it says goes to ``says``.

    ``module`` is what to run, with its arguments, instead of ``ccm_fhir serve``.
    """
    command = [sys.executable, "-m", *(module or ("ccm_fhir", "serve", f"--port={port}"))]
    with subprocess.Popen(  # noqa: S603  # our own interpreter and module
        command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=says, stderr=says
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_ready(process, address)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            answer = httpx2.get(f"{address}/health/ready", trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.05)
            continue
        if answer.is_success:
            return
    message = f"the app did not come up (exit code {process.poll()})"
    raise AssertionError(message)
