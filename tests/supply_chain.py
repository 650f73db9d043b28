"""What we are made of, and whether anybody knows a weakness of it.

``make sbom`` lists the locked packages as CycloneDX; ``make vulnerabilities`` looks each up.
pip-audit ends well where it could look nothing up; here that is an outcome of its own.
"""

from __future__ import annotations

import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from typing import Any

import msgspec

from tests.parts import ROOT

LOCK = ROOT / "requirements" / "app.lock"
SBOM = ROOT / "build" / "sbom.cdx.json"


class Outcome(IntEnum):
    """How a look-up ended, as an exit code."""

    CLEAN = 0
    VULNERABLE = 1
    NOT_LOOKED_UP = 3


def judge(report: bytes) -> tuple[Outcome, list[str]]:
    """Return what pip-audit's JSON comes to, and the lines that say why."""
    try:
        packages: list[dict[str, Any]] = msgspec.json.decode(report)["dependencies"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return Outcome.NOT_LOOKED_UP, ["not run: pip-audit gave no report"]
    weak = [
        f"{one['name']} {one['version']}: {found['id']}"
        for one in packages
        for found in one.get("vulns", ())
    ]
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    lines = list(weak)
    if unknown or not packages:
        lines.append(f"not looked up: {len(unknown)} of {len(packages)} packages")
    if weak:
        return Outcome.VULNERABLE, lines
    if lines:
        return Outcome.NOT_LOOKED_UP, lines
    return Outcome.CLEAN, [f"no known vulnerability in {len(packages)} packages"]


def look_up(lock: Path = LOCK) -> tuple[Outcome, list[str]]:
    """Look every package of a lock file up."""
    asked = ("--disable-pip", "--require-hashes", "--requirement", str(lock), "--format", "json")
    ran = subprocess.run(  # noqa: S603  # a tool of our own environment
        [sys.executable, "-m", "pip_audit", *asked, "--progress-spinner", "off"],
        capture_output=True,
        check=False,
    )
    return judge(ran.stdout)


def write_sbom(to: Path = SBOM, lock: Path = LOCK) -> None:
    """Write the packages of a lock file as CycloneDX 1.6."""
    to.parent.mkdir(parents=True, exist_ok=True)
    wanted = ("--pyproject", str(ROOT / "pyproject.toml"), "--sv", "1.6", "--output-reproducible")
    subprocess.run(  # noqa: S603  # a tool of our own environment
        [sys.executable, "-m", "cyclonedx_py", "requirements", str(lock), *wanted, "-o", str(to)],
        capture_output=True,
        check=True,
    )


def main(arguments: list[str]) -> int:
    """Do what is asked; return the exit code."""
    if arguments == ["sbom"]:
        write_sbom()
        sys.stdout.write(f"written: {SBOM.relative_to(ROOT)}\n")
        return 0
    outcome, lines = look_up()
    sys.stdout.write("\n".join(lines) + "\n")
    return int(outcome)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
