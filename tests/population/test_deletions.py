"""What was deleted is void in the exports before, and not in one in which it came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.errors import InputError
from ccm_fhir.population import plan_sweep
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.deletions import deletions_in, write_deleted
from tests.population.exports import (
    ASKING,
    by_file,
    candidate,
    condition,
    patient,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

from typer.testing import CliRunner

from ccm_fhir.cli import app
from ccm_fhir.population.results import Result, decode_result


def copy_of(folder: Path, *runs: list[dict[str, object]]) -> Path:
    """Write a copy of several runs."""
    files = {
        f"{number:04d}/{name}": body
        for number, resources in enumerate(runs, start=1)
        for name, body in by_file(resources).items()
    }
    return written(folder, files)


def swept(export: Path, out: Path) -> tuple[dict[str, Result], str]:
    ran = CliRunner().invoke(
        app,
        ["sweep", f"--ndjson={export}", f"--out={out}", "--as-of=2026-11-23", "--processes=1"],
    )
    results = map(decode_result, out.read_bytes().splitlines())
    return {result.patient: result for result in results}, ran.stderr


@pytest.mark.proves("BULK6")
def test_a_disease_that_was_deleted_no_longer_counts(tmp_path: Path) -> None:
    export = copy_of(tmp_path, candidate(), [patient("p2")])
    before, _ = swept(export, tmp_path / "before")
    write_deleted(export / "0002", {("Condition", "p1-c2")})
    after, said = swept(export, tmp_path / "after")
    assert before["Patient/p1"].outcome == "candidate"
    assert after["Patient/p1"].outcome == "not_eligible"
    assert "1 skipped: Condition: it was deleted in the EHR since" in said


def test_what_came_back_in_a_later_run_counts_again(tmp_path: Path) -> None:
    again = condition("E11.9", 2)
    export = copy_of(tmp_path, candidate(), [patient("p2")], [again])
    write_deleted(export / "0002", {("Condition", "p1-c2")})
    after, _ = swept(export, tmp_path / "after")
    assert after["Patient/p1"].outcome == "candidate"


def test_a_patient_who_was_deleted_has_no_line(tmp_path: Path) -> None:
    export = copy_of(tmp_path, candidate())
    write_deleted(export / "0001", {("Patient", "p1")})
    after, said = swept(export, tmp_path / "after")
    assert after == {}
    assert "1 patients are referred to and are not in the export" in said


def test_a_condition_that_cannot_matter_is_deleted_and_accounted_for_too(tmp_path: Path) -> None:
    export = copy_of(tmp_path, [*candidate(), condition("J06.9", 9)])
    write_deleted(export / "0001", {("Condition", "p1-c9")})
    _, said = swept(export, tmp_path / "after")
    assert "5 resources read = 4 used + 0 of no matter + 1 skipped" in said


def test_a_list_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    export = copy_of(tmp_path, candidate())
    (export / "deleted.json").write_bytes(b"{")
    plan = plan_sweep(export, ASKING, judge_for(ASKING).versions)
    with pytest.raises(InputError, match=r"deleted\.json"):
        deletions_in(export, plan)
