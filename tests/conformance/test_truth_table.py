"""The truth table: every shipped example, every generated boundary, and any other program."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from ccm_fhir import truth_table
from ccm_fhir.conformance.answers import answer_lines
from ccm_fhir.conformance.boundaries import boundary_examples
from ccm_fhir.conformance.suite import Example, differences, shipped
from ccm_fhir.domain.rules import PROGRAMME_FAMILIES
from ccm_fhir.rulebook import load_rulebook
from tests.conformance.months import law

EXAMPLES = shipped()
BOUNDARIES = tuple(boundary_examples(load_rulebook()))


def answered(example: Example) -> dict[str, object]:
    ((text, _),) = answer_lines([msgspec.json.encode(example.inputs)], law())
    return msgspec.json.decode(text, type=dict[str, object])


def test_the_truth_table_has_its_sixty_examples() -> None:
    assert len(EXAMPLES) == 60


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_each_example_is_answered_as_its_source_says(example: Example) -> None:
    assert list(differences(example.expected, answered(example))) == []


@pytest.mark.parametrize("example", BOUNDARIES, ids=lambda example: example.id)
def test_each_threshold_holds_to_the_second_on_its_first_and_last_month(example: Example) -> None:
    assert list(differences(example.expected, answered(example))) == []


def test_every_timed_code_of_the_programme_has_boundary_examples() -> None:
    covered = {example.title.split()[0] for example in BOUNDARIES}

    assert covered == {
        rule.code
        for rule in load_rulebook().codes
        if rule.family in (*PROGRAMME_FAMILIES, "clinic")
    }


@pytest.mark.needs("shared")
def test_the_shipped_examples_and_schema_are_the_agreed_ones(shared_data: Path) -> None:
    ours = Path(truth_table.__file__).parent / "conformance" / "data"

    for name in ("vignettes.jsonl", "patient_month.schema.json"):
        assert (ours / name).read_bytes() == (shared_data / name).read_bytes()


def test_the_suite_passes_our_own_command(capfd: pytest.CaptureFixture[str]) -> None:
    code = truth_table.main([sys.executable, "-m", "ccm_fhir", "decide", "-"])

    assert code == 0
    assert "60 of 60 right" in capfd.readouterr().out


def test_the_suite_fails_a_program_that_reports_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    program = 'import sys\nfor line in sys.stdin: print(\'{"lines": [], "warnings": []}\')'

    code = truth_table.main([sys.executable, "-c", program])

    assert code == 4
    assert "V003" in capfd.readouterr().out


def test_a_program_that_answers_too_little_cannot_be_compared(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert truth_table.main([sys.executable, "-c", ""]) == 2
    assert "60 examples, 0 answers" in capfd.readouterr().err


def test_answers_given_elsewhere_are_compared_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    lines = [msgspec.json.encode(example.inputs) for example in EXAMPLES]
    file.write_bytes(b"\n".join(text for text, _ in answer_lines(lines, law())))

    assert truth_table.main(["--answers", str(file)]) == 0
    file.write_bytes(b"\n".join([b"no json"] * len(EXAMPLES)))
    assert truth_table.main(["--answers", str(file)]) == 4


def test_without_a_command_the_input_lines_are_printed(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert truth_table.main(["--boundaries"]) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == len(EXAMPLES) + len(BOUNDARIES)


def test_differences_name_what_differs() -> None:
    expected = {
        "lines": [{"code": "99490", "units": 1}],
        "warnings": ["overlap_merged"],
        "counted_seconds": 1200,
        "national_nonfacility_allowed_total": 66.13,
    }

    assert list(differences(expected, {"error": "no"})) == ["refused: no"]
    found = "; ".join(differences(expected, {"lines": None, "warnings": None}))
    for name in ("lines", "warnings", "counted_seconds", "national"):
        assert name in found
