"""``ccm-fhir sweep``: exit codes, what it says, and the two kinds of file it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from ccm_fhir.cli import app
from ccm_fhir.errors import InputError, RuleTableMissingError
from tests.population.exports import by_file, candidate, condition, patient, written

DAY = "--as-of=2026-11-23"


def test_a_clean_export_exits_0_with_one_line_a_patient_in_order(tmp_path: Path) -> None:
    export = written(tmp_path, by_file([*candidate("b"), *candidate("a-1"), *candidate("a")]))
    out = tmp_path / "out.ndjson"
    ran = CliRunner().invoke(
        app, ["sweep", f"--ndjson={export}", f"--out={out}", DAY, "--processes=1"]
    )
    assert ran.exit_code == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["patient"] for line in lines] == ["Patient/a", "Patient/a-1", "Patient/b"]
    assert list(lines[0]) == ["patient", "outcome", "families", "evidence", "missing", "findings"]
    assert "3 patients = 3 assessed + 0 failed" in ran.stderr
    assert "12 resources read = 12 used + 0 of no matter + 0 skipped" in ran.stderr
    assert ran.stdout == ""


def test_something_rejected_exits_1_and_is_listed(tmp_path: Path) -> None:
    files = by_file([*candidate(), condition("I10", 9, "gone")])
    export = written(tmp_path, files | {"Encounter.ndjson": b"garbage\n"})
    ran = CliRunner().invoke(
        app,
        ["sweep", f"--ndjson={export}", f"--out={tmp_path / 'out'}", DAY, "--processes=1"],
    )
    assert ran.exit_code == 1
    assert "1 skipped: Encounter: it is not JSON that can be read" in ran.stderr
    assert "1 patients are referred to and are not in the export" in ran.stderr


def test_wrong_usage_is_said_before_anything_is_read(tmp_path: Path) -> None:
    export = written(tmp_path, by_file([patient()]))
    asked = ["sweep", f"--ndjson={export}", "--processes=1"]
    for arguments, kind in (
        ([*asked, f"--out={tmp_path / 'no' / 'out'}", DAY], InputError),
        (["sweep", f"--ndjson={tmp_path / 'no'}", f"--out={tmp_path / 'o'}", DAY], InputError),
        ([*asked, f"--out={tmp_path / 'o'}", "--as-of=2199-01-01"], RuleTableMissingError),
    ):
        ran = CliRunner().invoke(app, arguments)
        assert isinstance(ran.exception, kind)


def test_parquet_holds_what_the_json_lines_hold(tmp_path: Path) -> None:
    export = written(tmp_path, by_file([*candidate("a"), patient("b")]))
    bodies = []
    for name in ("one.parquet", "two.parquet", "out.ndjson"):
        asked = ["sweep", f"--ndjson={export}", f"--out={tmp_path / name}", DAY, "--processes=1"]
        assert CliRunner().invoke(app, asked).exit_code == 0
        bodies.append((tmp_path / name).read_bytes())
    assert bodies[0] == bodies[1]
    table = pq.read_table(tmp_path / "one.parquet")
    assert table.to_pylist() == [json.loads(line) for line in bodies[2].splitlines()]


def test_parquet_without_its_library_names_the_extra(tmp_path: Path) -> None:
    export = written(tmp_path, by_file([patient()]))
    code = (
        "import sys; sys.modules['pyarrow'] = None; sys.modules['pyarrow.parquet'] = None;"
        "from ccm_fhir.cli import main; main()"
    )
    ran = subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-c", code, "sweep", DAY),
            *(f"--ndjson={export}", f"--out={tmp_path / 'out.parquet'}"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    assert "ccm-fhir[parquet]" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("where", ["absent", "beside"])
def test_unfinished_work_lies_beside_the_results_and_is_gone_at_the_end(
    tmp_path: Path, where: str
) -> None:
    export = written(tmp_path, by_file(candidate()))
    out = tmp_path / "out.ndjson"
    if where == "beside":
        (tmp_path / "out.ndjson.work").mkdir()
    asked = ["sweep", f"--ndjson={export}", f"--out={out}", DAY, "--processes=1"]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "out.ndjson"]
