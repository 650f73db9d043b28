"""docs/demo-patients.md says what to expect of each patient: here the judgement is held to it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccm_fhir.domain.careplan import ElementState
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import Eligibility, Question, assess, next_steps
from ccm_fhir.domain.facts import ChartFacts, Fact, PatientFact, PracticeFact
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.fhir.extract import extract_for
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.terminology import load_chronic_table
from fhir_fixtures.practice import iter_resources
from fhir_fixtures.practice.staff import PRACTICE_ID
from tests.builders import READ_AT

AS_OF = date(2026, 11, 23)
MONTH = ServiceMonth.containing(AS_OF)
PAGE = Path(__file__).parents[2] / "docs" / "demo-patients.md"
TITLES = {
    "Two chronic conditions": Criterion.TWO_CHRONIC_CONDITIONS,
    "Medicare coverage": Criterion.MEDICARE_COVERAGE,
    "Consent": Criterion.CONSENT,
    "Initiating visit": Criterion.INITIATING_VISIT,
    "Care plan": Criterion.CARE_PLAN,
    "Billed elsewhere": Criterion.NOT_BILLED_ELSEWHERE,
    "Alive": Criterion.ALIVE,
}
FIELDS = {
    field.name: field.type for field in msgspec.structs.fields(ChartFacts) if "Fact" in str(field)
}
PRACTICE = PracticeFact(
    organization=f"Organization/{PRACTICE_ID}",
    access_24_7=True,
    certified_ehr=True,
    designated_team_member=True,
    attested_on=AS_OF,
)


def _charts() -> dict[str, ChartFacts]:
    """Return the chart of each patient of the demo, read as a sweep would read it."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    for resource in iter_resources(20261123, 40, AS_OF):
        read = extract_for(json.dumps(resource).encode())
        if read.patient and isinstance(read.fact, Fact):
            facts[read.patient.removeprefix("Patient/")] += [read.fact, *read.also]
    return {patient: _chart(found) for patient, found in facts.items()}


def _chart(found: list[Fact]) -> ChartFacts:
    patient = next(fact for fact in found if isinstance(fact, PatientFact))
    many: dict[str, Any] = {
        name: tuple(fact for fact in found if type(fact).__name__ in str(kind))
        for name, kind in FIELDS.items()
        if name != "patient"
    }
    return ChartFacts(patient=patient, read_at=READ_AT, **many)


CHARTS = _charts()


def judged(patient: str) -> Eligibility:
    return assess(
        Question(
            chart=CHARTS[patient],
            month=MONTH,
            rule=load_rulebook().eligibility_rule(MONTH.last_day),
            month_rules=load_rulebook().of_month(MONTH),
            table=load_chronic_table(),
            practice=PRACTICE,
            attested=frozenset({Criterion.DURATION_AND_RISK}),
            own_claim_identifiers=frozenset(),
        )
    )


def _rows() -> list[tuple[str, str]]:
    table = re.findall(
        r"^\| [^|]+ \| `(pt-[a-z0-9]+)` \| [^|]+ \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE
    )
    return [(patient, expected) for patient, expected in table]


def _expected(text: str) -> dict[Criterion, Answer]:
    """Return the answers that a row of the page names; NOT MET before MET."""
    said = {}
    for title, answer in re.findall(r"([A-Z][A-Za-z ]+): (NOT MET|UNKNOWN|MET)", text):
        if title.strip() in TITLES:
            said[TITLES[title.strip()]] = Answer(answer.replace(" ", "_"))
    return said


@pytest.mark.parametrize(("patient", "text"), _rows(), ids=[row[0] for row in _rows()])
def test_each_patient_shows_what_the_page_says_and_nothing_else(patient: str, text: str) -> None:
    found = judged(patient)
    expected = dict.fromkeys(Criterion, Answer.MET) | _expected(text)

    assert {f.criterion: f.answer for f in found.findings} == expected


def test_the_page_names_twenty_eight_patients() -> None:
    assert len(_rows()) == 28


def test_rosas_plan_shows_each_element_and_partialplans_few() -> None:
    rosa, clarence = judged("pt-ready").picture, judged("pt-partialplan").picture

    assert rosa.present == len(rosa.elements)
    assert clarence.present < rosa.present
    assert {e.state for e in clarence.elements} == {ElementState.PRESENT, ElementState.ABSENT}


def test_rosa_has_but_the_copy_left_to_do() -> None:
    found = judged("pt-ready")

    assert [step.what for step in next_steps(found.findings, found.picture)] == [
        "Give the patient a copy of the plan, and record that"
    ]


def test_the_stay_of_last_month_takes_no_day_of_this_one() -> None:
    assert judged("pt-sixtyfive").stays == ()
