"""docs/register-with-an-ehr.md, run as it stands: its commands in three terminals, other ports."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

from tests.parts import ENVIRONMENT, ROOT
from tests.services.loopback_app import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = (ROOT / "docs" / "register-with-an-ehr.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^\*\*Terminal (\d)\*\*\n\n```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE_SECONDS = 60


def terminals(ports: Mapping[str, str]) -> dict[int, str]:
    """Return what is typed into each terminal, with free ports for those of the page."""
    typed: dict[int, str] = {}
    for number, commands in BLOCK.findall(PAGE):
        typed[int(number)] = typed.get(int(number), "") + commands
    return {number: _with(text, ports) for number, text in typed.items()}


def _with(text: str, ports: Mapping[str, str]) -> str:
    for said, free in ports.items():
        text = text.replace(said, free)
    return text


def a_new_shell() -> dict[str, str]:
    """Return the environment of somebody who has installed this and set nothing."""
    bare = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("CCM_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), bare["PATH"]])
    return bare | {"PATH": path, "PYTHONPATH": str(ROOT)}


@contextmanager
def terminal(typed: str, folder: Path) -> Iterator[None]:
    """Run what stays in a terminal until the block ends, then press Ctrl-C."""
    with subprocess.Popen(  # noqa: S603  # the page's own commands
        ["/bin/bash", "-e", "-c", typed],
        cwd=folder,
        env=a_new_shell(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(url: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if httpx2.get(url, trust_env=False).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    message = f"nothing answered at {url}"
    raise AssertionError(message)


def test_the_page_leads_a_stranger_from_nothing_to_a_claim(tmp_path: Path) -> None:
    ehr, app = str(free_port()), str(free_port())
    typed = terminals({"8720": ehr, "8730": app})

    with ExitStack() as stack:
        stack.enter_context(terminal(typed[1], tmp_path))
        wait_for(f"http://localhost:{ehr}/fhir/metadata")
        stack.enter_context(terminal(typed[2], tmp_path))
        wait_for(f"http://127.0.0.1:{app}/health/ready")
        done = subprocess.run(  # noqa: S603  # the page's own commands
            ["/bin/bash", "-e", "-c", typed[3]],
            cwd=tmp_path,
            env=a_new_shell(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert f"launch URL        http://127.0.0.1:{app}/launch" in done.stdout
    checks = re.findall(
        r"^(\w+) +(?:discovery|signing|Cap|clock|token|scopes)", done.stdout, re.MULTILINE
    )
    assert checks == ["ok"] * 6
    assert re.search(r"^Done: Claim/\S+$", done.stdout, re.MULTILINE)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")] == [
        "var/second"
    ]


def test_what_the_page_says_of_failures_is_what_the_product_says() -> None:
    table = PAGE.partition("## What goes wrong")[2].partition("## With")[0]
    words = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("ccm_fhir", "fhir_fixtures")
        for path in (ROOT / folder).rglob("*.py")
    )

    assert len(words) == 7
    for said in words:
        for part in re.split(r" while | localhost port 8720|process … | 400(?= )", said):
            assert part in source or part == "doctor", part
