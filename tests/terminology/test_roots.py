"""A site's own roots for its terminology server."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccm_fhir.errors import TerminologyFileError
from ccm_fhir.terminology import read_roots


def written(folder: Path, text: str) -> Path:
    path = folder / "roots.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_row_is_a_concept_and_one_of_our_families(tmp_path: Path) -> None:
    path = written(tmp_path, "# ours\n73211009\tdiabetes\n\n38341003 \t hypertension\n")

    assert read_roots(path) == {"73211009": "diabetes", "38341003": "hypertension"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("73211009\tsugar\n", "row 1: names a family"),
        ("73211009\n", "row 1: names a family"),
        ("# x\ndiabetes\t73211009\n", "row 2: does not begin"),
        ("".join(f"{100_000 + n}\tdiabetes\n" for n in range(201)), "more than 200"),
    ],
)
def test_a_bad_table_is_refused_by_its_row(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TerminologyFileError, match=says):
        read_roots(written(tmp_path, text))


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerminologyFileError, match="cannot be read"):
        read_roots(tmp_path / "roots.tsv")
