"""A sweep against two answers that it had no part in: the generator's manifest, and DuckDB's."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from fhir_fixtures.practice.population import Population, write_population
from tests.population import oracle
from tests.population.exports import AS_OF, Swept, swept_folder

PATIENTS = 2000


def manifest(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Return the true outcome and families of each patient who is in the export."""
    told = map(json.loads, (folder / "manifest.ndjson").read_text().splitlines())
    return {
        one["patient"]: (one["outcome"], one["families"])
        for one in told
        if one["outcome"] != "absent"
    }


def answered(made: Swept) -> dict[str, tuple[str, list[str]]]:
    return {name: (r.outcome, sorted(r.families)) for name, r in made.results.items()}


def made(folder: Path, broken: float, seed: int) -> Path:
    write_population(
        Population(patients=PATIENTS, seed=seed, as_of=AS_OF, broken=broken, patients_a_file=700),
        folder,
        processes=2,
    )
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole"), 0.0, 1)


@pytest.fixture(scope="module")
def sweep(whole: Path) -> Swept:
    return swept_folder(whole / "export", whole)


def test_two_thousand_patients_get_their_true_answers(whole: Path, sweep: Swept) -> None:
    assert answered(sweep) == manifest(whole)
    assert sweep.account.is_clean
    assert sweep.account.patients == PATIENTS


@pytest.mark.parametrize("broken", [0.01, 0.05])
def test_broken_and_odd_lines_leave_the_answers_that_can_be_given(
    tmp_path: Path, broken: float
) -> None:
    folder = made(tmp_path, broken, 2)
    sweep = swept_folder(folder / "export", folder)
    assert answered(sweep) == manifest(folder)
    assert sweep.account.skipped


def test_hand_written_sql_finds_the_same(whole: Path, sweep: Swept) -> None:
    found = oracle.answers(whole / "export", AS_OF)
    assert found == answered(sweep)


def test_hand_written_sql_finds_the_same_evidence_consents_plans_and_visits(
    whole: Path, sweep: Swept
) -> None:
    rows = oracle.run(whole / "export", AS_OF, threads=2, scratch=None).fetchall()
    for name, _, families, evidence, has_consent, has_plan in rows:
        result = sweep.results[name]
        by_criterion = {finding.criterion: finding for finding in result.findings}
        assert (by_criterion["care_plan"].answer == "MET") is has_plan
        assert (by_criterion["consent"].answer == "MET") is has_consent
        if len(families) >= 2 and by_criterion["two_chronic_conditions"].answer == "MET":
            assert by_criterion["two_chronic_conditions"].evidence == sorted(evidence)


def test_another_day_is_another_month(whole: Path) -> None:
    december = oracle.answers(whole / "export", date(2026, 12, 10))
    november = oracle.answers(whole / "export", AS_OF)
    assert december != november
