"""``python -m fhir_fixtures.practice``: NDJSON files, the same bytes for the same seed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

from fhir_fixtures.practice import generate

ROOT = Path(__file__).parents[3]


def run(
    out: Path, *, seed: str = "7", as_of: str = "2026-11-23", hash_seed: str = "0"
) -> subprocess.CompletedProcess[str]:
    arguments = ("--seed", seed, "--patients", "45", "--as-of", as_of, "--out", str(out))
    return subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", "fhir_fixtures.practice", *arguments],
        cwd=ROOT,
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        assert run(tmp_path / hash_seed, hash_seed=hash_seed).returncode == 0

    assert bytes_in(tmp_path / "1") == bytes_in(tmp_path / "2")


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    run(tmp_path / "a", seed="7")
    run(tmp_path / "b", seed="8")

    assert bytes_in(tmp_path / "a") != bytes_in(tmp_path / "b")


def test_the_files_hold_what_generate_returns(tmp_path: Path) -> None:
    run(tmp_path)
    practice = generate(seed=7, patients=45, as_of=date(2026, 11, 23))

    written = [
        json.loads(line)
        for content in bytes_in(tmp_path).values()
        for line in content.decode().splitlines()
    ]

    assert len(written) == len(practice.resources)
    assert all(resource in practice.resources for resource in written)
    assert {p.stem for p in tmp_path.iterdir()} == {r["resourceType"] for r in practice.resources}


def test_a_day_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    ran = run(tmp_path, as_of="2026-02-30")

    assert ran.returncode == 2
    assert "--as-of" in ran.stderr
