"""Populations of any size: the same seed, the same bytes; and the answers to them are known."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from ccm_fhir.domain.conditions import Chronic, Tier
from ccm_fhir.terminology import load_chronic_table
from fhir_fixtures.practice.population import Population, write_population
from fhir_fixtures.practice.population.diseases import ACUTE, CHRONIC, SPREAD, Disease

AS_OF = date(2026, 11, 23)
TABLE = load_chronic_table()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.ndjson")}


def resources(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted((folder / "export").glob("*.ndjson"))
        for line in path.read_text().splitlines()
    ]


def manifest(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.ndjson").read_text().splitlines()]


def population(patients: int, broken: float = 0.0, seed: int = 7) -> Population:
    return Population(patients=patients, seed=seed, as_of=AS_OF, broken=broken, patients_a_file=20)


def test_the_bytes_are_the_same_whatever_the_number_of_processes(tmp_path: Path) -> None:
    write_population(population(60, 0.05), tmp_path / "one")
    write_population(population(60, 0.05), tmp_path / "two", processes=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_draws_other_patients(tmp_path: Path) -> None:
    write_population(population(20), tmp_path / "one")
    write_population(population(20, seed=8), tmp_path / "two")
    assert contents(tmp_path / "one") != contents(tmp_path / "two")


def test_a_larger_population_begins_with_the_smaller_one(tmp_path: Path) -> None:
    write_population(population(40), tmp_path / "small")
    write_population(population(60), tmp_path / "large")
    assert manifest(tmp_path / "large")[:40] == manifest(tmp_path / "small")


def test_a_patient_is_some_twenty_kilobytes_of_distinct_resources(tmp_path: Path) -> None:
    write_population(population(200), tmp_path)
    size = sum(len(body) for name, body in contents(tmp_path).items() if "export" in name)
    assert 16_000 < size / 200 < 24_000
    made = resources(tmp_path)
    assert len({(r["resourceType"], r["id"]) for r in made}) == len(made)
    kinds = Counter(r["resourceType"] for r in made)
    assert kinds["Patient"] == 200
    assert kinds["Condition"] == 12 * 200
    assert kinds["Encounter"] == 6 * 200


def test_every_resource_is_valid_by_models_nobody_here_wrote(tmp_path: Path) -> None:
    write_population(population(40), tmp_path)
    for made in resources(tmp_path):
        get_fhir_model_class(made["resourceType"]).model_validate(made)


def test_fields_come_in_many_orders(tmp_path: Path) -> None:
    write_population(population(20), tmp_path)
    first = {next(iter(r)) for r in resources(tmp_path) if r["resourceType"] == "Condition"}
    assert len(first) > 4


def test_every_outcome_is_drawn_with_its_reason(tmp_path: Path) -> None:
    write_population(population(400, 0.02), tmp_path)
    told = manifest(tmp_path)
    assert [one["patient"] for one in told] == [f"Patient/p{n:07d}" for n in range(400)]
    assert {one["outcome"] for one in told} >= {"candidate", "review", "not_eligible", "excluded"}
    assert all(one["why"] for one in told if one["outcome"] != "candidate")


def test_broken_lines_come_at_the_chosen_rate(tmp_path: Path) -> None:
    write_population(population(200, 0.1), tmp_path)
    broken = total = 0
    for name, body in contents(tmp_path).items():
        for line in body.splitlines() if "export" in name else ():
            total += 1
            try:
                broken += not isinstance(json.loads(line or b"{}").get("meta"), dict)
            except ValueError:
                broken += 1
    assert 0.07 < broken / total < 0.13


@pytest.mark.parametrize("disease", [*CHRONIC, SPREAD], ids=lambda disease: disease.family)
def test_diseases_are_what_the_tables_call_them(disease: Disease) -> None:
    for code, _ in disease.codes:
        meaning = TABLE.icd10cm_meaning(code)
        assert meaning is not None
        assert (meaning.chronic, meaning.family) == (Chronic.CHRONIC, disease.family)
        assert (meaning.tier is not Tier.CCIR) is disease.named
    if disease.snomed:
        found = TABLE.snomed_meaning(disease.snomed[0])
        assert found is not None
        assert found.family == disease.family


@pytest.mark.parametrize("code", [code for code, _ in ACUTE])
def test_other_codes_are_not_chronic(code: str) -> None:
    meaning = TABLE.icd10cm_meaning(code)
    assert meaning is not None
    assert meaning.chronic is Chronic.NOT_CHRONIC


def test_the_command_writes_what_the_function_writes(tmp_path: Path) -> None:
    write_population(population(30, 0.05), tmp_path / "by_function")
    command = [sys.executable, "-m", "fhir_fixtures.practice.population", "--patients=30"]
    command += ["--seed=7", "--as-of=2026-11-23", "--broken=0.05", "--patients-a-file=20"]
    subprocess.run([*command, f"--out={tmp_path / 'by_command'}"], check=True)  # noqa: S603
    assert contents(tmp_path / "by_command") == contents(tmp_path / "by_function")
