"""The document that says what is proved, held equal to the markers, and the marker held strict."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.conformance_register.document import Result, document, result
from tests.conformance_register.register import Row, asvs_items, tables
from tests.parts import ENVIRONMENT, ROOT
from tests.test_conftest import run_suite

if TYPE_CHECKING:
    from pathlib import Path

ROW = Row(number="R1", requirement="something")


def test_the_document_says_what_the_markers_say() -> None:
    checked = subprocess.run(  # our own interpreter
        [sys.executable, "-m", "tests.conformance_register", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert checked.returncode == 0, checked.stdout[-2000:] + checked.stderr[-2000:]


def test_every_number_is_there_once_and_in_order() -> None:
    found = [row.number for table in tables() for row in table.row]
    expected = [
        *(f"R{n}" for n in range(1, 41)),
        *(f"CDS{n}" for n in range(1, 11)),
        *(f"BULK{n}" for n in range(1, 11)),
        *(f"S{n}" for n in range(1, 27)),
    ]

    assert found == expected


def test_every_row_of_a_public_specification_names_its_section() -> None:
    bare = [row.number for table in tables()[:3] for row in table.row if not row.section]

    assert bare == []


def test_every_item_of_asvs_is_served_and_every_served_item_is_known() -> None:
    known = [one.item for one in asvs_items()]
    served = {item for table in tables() for row in table.row for item in row.asvs}

    assert set(known) == served
    assert len(known) == len(set(known))
    assert {one.level for one in asvs_items()} == {1, 2}


def test_items_are_written_as_their_sources_write_them() -> None:
    rows = [row for table in tables() for row in table.row]

    assert all(re.fullmatch(r"\d+\.\d+\.\d+", item) for row in rows for item in row.asvs)
    assert all(re.fullmatch(r"164\.312(\(\w+\))+", item) for row in rows for item in row.hipaa)


@pytest.mark.parametrize(
    ("row", "tests", "expected"),
    [
        (ROW, {"a::b"}, Result.PROVED),
        (ROW, set(), Result.NOT_PROVED),
        (Row(number="R1", requirement="r", missing="half"), {"a::b"}, Result.IN_PART),
        (Row(number="R1", requirement="r", missing="all"), set(), Result.NOT_PROVED),
        (Row(number="R1", requirement="r", why_not="needs x"), set(), Result.NOT_HERE),
    ],
)
def test_a_row_is_proved_by_a_test_and_by_nothing_else(
    row: Row, tests: set[str], expected: Result
) -> None:
    assert result(row, {"R1": tests}) is expected


def test_a_row_that_cannot_be_tested_and_is_tested_is_a_contradiction() -> None:
    with pytest.raises(ValueError, match="R1 says why"):
        result(Row(number="R1", requirement="r", why_not="x"), {"R1": {"a::b"}})


def test_without_tests_nothing_is_proved() -> None:
    assert "**proved**" not in document({})


def test_the_document_counts_what_its_rows_say() -> None:
    said = document({number: {"tests/x.py::test_y"} for number in ("R1", "S1", "S2")})

    assert said.count("**proved**") == len(
        {"R1", "S1", "S2"} - {r.number for t in tables() for r in t.row if r.missing}
    )


def test_a_number_that_nobody_requires_stops_the_collection(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        """
        import pytest

        @pytest.mark.proves("R99")
        def test_claims_too_much():
            pass
        """,
    )

    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "proves() takes numbers" in run.stdout + run.stderr
    assert "R99" in run.stdout + run.stderr


def test_a_marker_without_a_number_stops_the_collection(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        """
        import pytest

        @pytest.mark.proves
        def test_claims_nothing():
            pass
        """,
    )

    assert run.returncode == pytest.ExitCode.USAGE_ERROR


def test_a_test_that_may_be_skipped_proves_nothing(tmp_path: Path) -> None:
    run = run_suite(
        tmp_path,
        """
        import pytest
        from tests.conformance_register.marks import claimed

        @pytest.mark.skip
        @pytest.mark.proves("R1")
        def test_skipped(): ...

        @pytest.mark.xfail(reason="not yet")
        @pytest.mark.proves("R1")
        def test_expected_to_fail(): assert False

        @pytest.mark.proves("R1", "S1")
        def test_runs(): ...

        def test_what_each_claims(request):
            claims = {i.name: claimed(i) for i in request.session.items}
            assert claims["test_skipped"] == claims["test_expected_to_fail"] == frozenset()
            assert claims["test_runs"] == {"R1", "S1"}
        """,
    )

    assert run.returncode == 0, run.stdout


def run_claims(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run the claims of a suite as ``make conformance`` does; print those that did not pass."""
    inner = folder / "inner"
    inner.mkdir()
    (inner / "conftest.py").write_text("", encoding="utf-8")
    (inner / "test_claims.py").write_text(textwrap.dedent(source), encoding="utf-8")
    said = (
        "import sys; from pathlib import Path; from tests.conformance_register.proofs import run; "
        "print('NOT PASSED', sorted(run(Path(sys.argv[1])).ended_badly.values()))"
    )
    return subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", said, str(folder)],
        cwd=ROOT,
        env={**ENVIRONMENT, "PYTEST_ADDOPTS": "-p tests.conftest"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_what_is_run_is_told_apart_by_how_it_ended(tmp_path: Path) -> None:
    ran = run_claims(
        tmp_path,
        """
        import pytest

        @pytest.mark.proves("R1")
        def test_holds(): ...

        @pytest.mark.proves("R2")
        def test_does_not(): assert False
        """,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "NOT PASSED ['failed']" in ran.stdout


def test_a_run_that_breaks_off_proves_nothing(tmp_path: Path) -> None:
    ran = run_claims(tmp_path, "def test_half(: ...")

    assert ran.returncode != 0
    assert "the run broke off" in ran.stderr
