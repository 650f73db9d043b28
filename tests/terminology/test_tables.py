"""The shipped tables, and single Conditions judged by them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from ccm_fhir.domain.conditions import (
    Chronic,
    classify,
    distinct_families,
    two_distinct_families,
)
from ccm_fhir.domain.facts import ConditionFact
from ccm_fhir.domain.findings import Answer
from ccm_fhir.fhir.extract import extract
from ccm_fhir.terminology import load_chronic_table
from tests.builders import icd

TABLE = load_chronic_table()
AS_OF = date(2026, 11, 30)


def test_the_tables_hold_every_code_they_are_shipped_with() -> None:
    assert len(TABLE.icd10cm) == 98_796
    assert len(TABLE.snomed) == 253
    assert len(TABLE.families) == 359


@pytest.mark.parametrize("spelling", ["E11.9", "e119", " E11.9 ", "E11.9X", "E11.9."])
def test_a_code_is_found_however_it_is_spelt(spelling: str) -> None:
    meaning = TABLE.icd10cm_meaning(spelling)

    assert meaning is not None
    assert (meaning.chronic, meaning.family) == (Chronic.CHRONIC, "diabetes")


@pytest.mark.parametrize(
    ("codes", "families"),
    [
        (("E11.9", "E11.65"), ["diabetes"]),
        (("I11.0", "I50.22"), ["hypertension", "heart_failure"]),
        (("I12.9", "N18.30"), ["hypertension", "chronic_kidney_disease"]),
        (("J00", "I10"), ["hypertension"]),
    ],
)
def test_one_disease_is_one_family(codes: tuple[str, ...], families: list[str]) -> None:
    verdicts = tuple(classify(icd(code, n), TABLE, AS_OF) for n, code in enumerate(codes))

    assert [f.family for f in distinct_families(verdicts, TABLE)] == families


def test_a_family_is_reported_by_its_most_specific_code() -> None:
    verdicts = tuple(classify(icd(c, n), TABLE, AS_OF) for n, c in enumerate(("E11", "E11.65")))

    assert distinct_families(verdicts, TABLE)[0].icd10cm == "E11.65"


SHOWN = {Chronic.CHRONIC: True, Chronic.NOT_CHRONIC: False, Chronic.REVIEW: "review"}
TWO = {Answer.MET: True, Answer.NOT_MET: False, Answer.UNKNOWN: "review"}


@pytest.mark.needs("shared")
def test_labelled_conditions_are_judged_as_labelled(shared_data: Path) -> None:
    lines = (shared_data / "condition_cases.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = []
    for case in map(json.loads, lines):
        fact = extract(json.dumps(case["condition"]).encode(), "")
        assert isinstance(fact, ConditionFact)
        verdict = classify(fact, TABLE, AS_OF)
        found = SHOWN[verdict.chronic], verdict.family or None
        if found != (case["chronic"], case["family"]):
            wrong.append((case["condition"]["id"], case["chronic"], case["family"], found))

    assert wrong == []


@pytest.mark.needs("shared")
def test_labelled_patients_have_two_diseases_or_not_as_labelled(shared_data: Path) -> None:
    lines = (shared_data / "condition_patients.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = []
    for case in map(json.loads, lines):
        codes = enumerate(case["icd10cm_active_confirmed"])
        verdicts = tuple(classify(icd(code, n), TABLE, AS_OF) for n, code in codes)
        answer = two_distinct_families(verdicts, distinct_families(verdicts, TABLE), TABLE)
        found = [each.family for each in answer.families], TWO[answer.answer]
        if found != (case["families"], case["two_or_more"]):
            wrong.append((case, found))

    assert wrong == []
