"""The score of mutation tests: what counts as killed, and what is told apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests import mutation_score
from tests.mutation_sample import sample
from tests.mutation_score import Score, exit_codes, least_percent, score_of

if TYPE_CHECKING:
    from pathlib import Path

KILLED, SURVIVED, UNREACHED, OUT_OF_TIME, CRASHED = 1, 0, 33, -24, -11


def test_only_a_failing_test_kills_a_mutant_and_neither_time_nor_want_of_a_test_does() -> None:
    score = score_of([KILLED, KILLED, OUT_OF_TIME, UNREACHED, SURVIVED])

    assert score == Score(killed=2, timed_out=1, survived=1, unreached=1)
    assert score.percent == 40.0


def test_a_mutant_that_was_not_run_counts_nowhere() -> None:
    assert score_of([KILLED, None]).total == 1


def test_an_outcome_nobody_expected_never_raises_the_score() -> None:
    assert score_of([CRASHED]).percent == 0.0


def test_a_module_without_mutants_has_nothing_that_survived() -> None:
    assert score_of([]).percent == 100.0


@pytest.mark.parametrize(
    ("codes", "status"), [([KILLED], 0), ([KILLED, SURVIVED], 1), ([None], 1), ([], 1)]
)
def test_the_command_fails_below_the_target_and_where_nothing_was_run(
    codes: list[int | None],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = tmp_path / "ccm_fhir" / "domain" / "npi.py.meta"
    kept.parent.mkdir(parents=True)
    names = {f"m{n}": code for n, code in enumerate(codes)}
    kept.write_text(json.dumps({"exit_code_by_key": names}), encoding="utf-8")
    found = exit_codes(tmp_path)
    monkeypatch.setattr(mutation_score, "exit_codes", lambda: found)

    assert mutation_score.main() == status
    assert list(found) == ["ccm_fhir/domain/npi.py"]
    assert "together" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("killed", "survived", "least"), [(90, 10, 82.6), (900, 100, 88.0), (10, 0, 72.2)]
)
def test_a_sample_promises_less_the_smaller_it_is(killed: int, survived: int, least: float) -> None:
    score = Score(killed=killed, survived=survived, timed_out=0, unreached=0)

    assert least_percent(score) == pytest.approx(least, abs=0.05)


@pytest.mark.parametrize(("killed", "status"), [(88, 1), (97, 0)])
def test_a_sample_has_to_reach_the_target_with_its_lower_end(
    killed: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = (KILLED,) * killed + (SURVIVED,) * (100 - killed) + (None,) * 400
    monkeypatch.setattr(mutation_score, "exit_codes", lambda: {"ccm_fhir/domain/npi.py": codes})

    assert mutation_score.main(is_sample=True) == status
    assert "a sample of 100 of 500 mutants" in capsys.readouterr().out


def test_a_sample_is_drawn_from_every_module_and_is_the_same_each_time(tmp_path: Path) -> None:
    for module in ("npi", "mbi"):
        kept = tmp_path / "ccm_fhir" / "domain" / f"{module}.py.meta"
        kept.parent.mkdir(parents=True, exist_ok=True)
        names = {f"{module}.{n}": None for n in range(50)}
        kept.write_text(json.dumps({"exit_code_by_key": names}), encoding="utf-8")

    drawn = sample(40, tmp_path)

    assert drawn == sample(40, tmp_path)
    assert len(set(drawn)) == 40
    assert {name.split(".")[0] for name in drawn} == {"npi", "mbi"}
    assert len(sample(1000, tmp_path)) == 100
