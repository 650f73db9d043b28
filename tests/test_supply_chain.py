"""What we are made of: locked, listed whole, and looked up without taking silence for health."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.parts import ROOT
from tests.supply_chain import LOCK, Outcome, judge, look_up, write_sbom

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def package(name: str, **more: object) -> dict[str, Any]:
    return {"name": name, "version": "1", "vulns": []} | more


def said(*packages: dict[str, Any]) -> bytes:
    return json.dumps({"dependencies": packages, "fixes": []}).encode()


@pytest.mark.proves("S25")
@pytest.mark.parametrize(
    ("report", "outcome", "line"),
    [
        (said(package("a"), package("b")), Outcome.CLEAN, "no known vulnerability in 2 packages"),
        (
            said(package("a", vulns=[{"id": "GHSA-1"}]), package("b")),
            Outcome.VULNERABLE,
            "a 1: GHSA-1",
        ),
        (
            said(package("a"), {"name": "b", "skip_reason": "not found"}),
            Outcome.NOT_LOOKED_UP,
            "not looked up: 1 of 2 packages",
        ),
        (said(), Outcome.NOT_LOOKED_UP, "not looked up: 0 of 0 packages"),
        (b"", Outcome.NOT_LOOKED_UP, "not run: pip-audit gave no report"),
        (b"[]", Outcome.NOT_LOOKED_UP, "not run: pip-audit gave no report"),
    ],
)
def test_a_look_up_that_did_not_happen_is_no_clean_one(
    report: bytes, outcome: Outcome, line: str
) -> None:
    found, lines = judge(report)

    assert found is outcome
    assert line in lines


def test_a_weakness_is_told_though_others_could_not_be_looked_up() -> None:
    report = said(package("a", vulns=[{"id": "X"}]), {"name": "b", "skip_reason": "not found"})

    assert judge(report) == (Outcome.VULNERABLE, ["a 1: X", "not looked up: 1 of 2 packages"])


@pytest.mark.proves("S25")
def test_a_lock_file_that_cannot_be_looked_up_says_so(tmp_path: Path) -> None:
    lock = tmp_path / "broken.lock"
    lock.write_text("not a lock file at all ===", encoding="utf-8")

    assert look_up(lock)[0] is Outcome.NOT_LOOKED_UP


@pytest.mark.proves("S25")
def test_the_list_of_components_is_the_lock_file(tmp_path: Path) -> None:
    write_sbom(tmp_path / "sbom.json")

    listed = json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8"))
    components = {(c["name"], c["version"]) for c in listed["components"]}
    pins = {(m["name"], m["version"]) for m in PIN.finditer(LOCK.read_text(encoding="utf-8"))}
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    assert components == pins
    assert len(pins) > 30


@pytest.mark.proves("S25")
@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_its_hashes(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    starts = [found.start() for found in PIN.finditer(text)]
    entries = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]

    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
