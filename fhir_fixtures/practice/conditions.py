"""Condition resources, in the ways in which real charts record a disease."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures.practice.codes import (
    ICD10CM,
    SNOMED,
    coding,
    concept,
    hl7,
    reference,
    us_core,
)
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.story import Coded, Problem, Standing, Story

_PROFILES = {
    "problem-list-item": "condition-problems-health-concerns",
    "encounter-diagnosis": "condition-encounter-diagnosis",
}
_LASTED = timedelta(days=14)


def conditions_of(story: Story, visit: Resource | None, as_of: date) -> tuple[Resource, ...]:
    """Return a Condition for each problem, in the story's order."""
    return tuple(
        _condition(story, number, problem, visit, as_of)
        for number, problem in enumerate(story.problems, start=1)
    )


def is_active(condition: Resource) -> bool:
    """Whether a Condition is clinically active and confirmed."""
    standing = (condition.get("clinicalStatus"), condition["verificationStatus"])
    return standing == (
        hl7("condition-clinical", "active"),
        hl7("condition-ver-status", "confirmed"),
    )


def is_on_problem_list(condition: Resource) -> bool:
    """Whether a Condition is a problem-list item, not one visit's diagnosis."""
    return bool(condition["category"] == [hl7("condition-category", "problem-list-item")])


def _condition(
    story: Story, number: int, problem: Problem, visit: Resource | None, as_of: date
) -> Resource:
    category = "encounter-diagnosis" if problem.at_visit else "problem-list-item"
    clinical, verification = problem.standing.value
    onset = as_of - timedelta(days=400 * number + 30)
    if problem.at_visit and story.visited_on is not None:
        onset = story.visited_on
    condition: Resource = {
        "resourceType": "Condition",
        "id": f"{story.patient_id}-condition-{number}",
        "meta": us_core(_PROFILES[category]),
        "verificationStatus": hl7("condition-ver-status", verification),
        "category": [hl7("condition-category", category)],
        "code": _code(problem),
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "onsetDateTime": onset.isoformat(),
        "recordedDate": onset.isoformat(),
    }
    if clinical:
        condition["clinicalStatus"] = hl7("condition-clinical", clinical)
    if problem.standing is Standing.RESOLVED:
        condition["abatementDateTime"] = (onset + _LASTED).isoformat()
    if problem.at_visit and visit is not None:
        condition["encounter"] = reference(visit)
    return condition


def _code(problem: Problem) -> Resource:
    disease = problem.disease
    icd10cm = coding(ICD10CM, disease.icd10cm, disease.title)
    snomed = coding(SNOMED, disease.snomed, disease.snomed_title)
    codings = {
        Coded.BOTH: (icd10cm, snomed) if disease.snomed else (icd10cm,),
        Coded.ICD10CM: (icd10cm,),
        Coded.SNOMED: (snomed,),
        Coded.TEXT: (),
    }[problem.coded]
    return concept(*codings, text=disease.title)
