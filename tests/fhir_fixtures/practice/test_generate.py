"""The whole practice: order, references, purity of each patient."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest

from fhir_fixtures.practice import generate, iter_resources, patient_resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_fixtures.practice import Resource

AS_OF = date(2026, 11, 23)
SEED = 20261123
PRACTICE = generate(seed=SEED, patients=40, as_of=AS_OF)


def references(element: object) -> Iterator[str]:
    if isinstance(element, dict):
        if isinstance(element.get("reference"), str):
            yield element["reference"]
        for value in element.values():
            yield from references(value)
    elif isinstance(element, list):
        for value in element:
            yield from references(value)


def name_of(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


@pytest.mark.parametrize("seed", [0, 1, SEED])
def test_a_resource_refers_only_to_earlier_ones(seed: int) -> None:
    seen: set[str] = set()

    for resource in iter_resources(seed, 150, AS_OF):
        assert set(references(resource)) <= seen, name_of(resource)
        seen.add(name_of(resource))


def test_every_id_is_unique_and_legal() -> None:
    names = Counter(name_of(resource) for resource in PRACTICE.resources)

    assert set(names.values()) == {1}
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", r["id"]) for r in PRACTICE.resources)


def test_there_are_as_many_patients_as_asked_for() -> None:
    assert sum(r["resourceType"] == "Patient" for r in PRACTICE.resources) == 40


def test_all_types_that_the_product_reads_are_there() -> None:
    assert {r["resourceType"] for r in PRACTICE.resources} == {
        "AllergyIntolerance",
        "CarePlan",
        "CareTeam",
        "Claim",
        "Condition",
        "Consent",
        "Coverage",
        "DocumentReference",
        "Encounter",
        "Goal",
        "Location",
        "MedicationRequest",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "QuestionnaireResponse",
        "ServiceRequest",
    }


def test_a_patient_does_not_depend_on_how_many_there_are() -> None:
    chart = patient_resources(SEED, 35, AS_OF)

    larger = generate(seed=SEED, patients=60, as_of=AS_OF)

    assert chart == patient_resources(SEED, 35, AS_OF)
    assert all(resource in larger.resources for resource in chart)


def test_another_seed_changes_the_others_and_not_the_cast() -> None:
    other = generate(seed=SEED + 1, patients=40, as_of=AS_OF)

    changed = {name_of(r) for r in other.resources if r not in PRACTICE.resources}
    of_cast = {member.patient_id for member in PRACTICE.cast}

    assert changed
    assert not any(name.split("/")[1].startswith(tuple(of_cast)) for name in changed)


def test_a_small_practice_keeps_the_first_of_the_cast() -> None:
    small = generate(seed=SEED, patients=3, as_of=AS_OF)

    assert small.cast == PRACTICE.cast[:3]
    assert {entry.patient_id for entry in small.time_log} == {"pt-almost", "pt-exactly"}


@pytest.mark.parametrize(
    "as_of",
    [
        date(2026, 1, 1),
        date(2026, 11, 1),
        date(2027, 3, 1),
        date(2028, 2, 29),
        date(2026, 3, 31),
        date(2026, 12, 31),
    ],
)
def test_any_day_of_the_year_will_do(as_of: date) -> None:
    practice = generate(seed=SEED, patients=60, as_of=as_of)

    dates = [
        date.fromisoformat(when[:10])
        for resource in practice.resources
        for when in re.findall(r"\d{4}-\d\d-\d\dT[0-9:]+[+-]\d\d:\d\d", str(resource))
    ]

    assert dates
    assert max(dates) < as_of


def test_nothing_clinical_lies_after_the_day_of_the_charts() -> None:
    for resource in PRACTICE.resources:
        for element in (
            "onsetDateTime",
            "abatementDateTime",
            "recordedDate",
            "dateTime",
            "created",
        ):
            assert resource.get(element, "")[:10] <= AS_OF.isoformat(), name_of(resource)
