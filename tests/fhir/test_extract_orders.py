from __future__ import annotations

from typing import Any

import pytest

from ccm_fhir.domain.facts import (
    Coding,
    EvidenceRef,
    MedicationFact,
    ServiceRequestFact,
    Skipped,
)
from tests.fhir.charts import concept, day, read

METFORMIN = {
    "text": "Metformin 500 mg",
    "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "861007"}],
}
CODED = (Coding(system="http://www.nlm.nih.gov/research/umls/rxnorm", code="861007"),)


def test_a_medication_is_ordered_by_its_code() -> None:
    fact = read(
        "MedicationRequest",
        status="active",
        intent="order",
        medicationCodeableConcept=METFORMIN,
        authoredOn="2026-01-05",
        dosageInstruction=[{"text": "one a day"}],
    )

    assert fact == MedicationFact(
        ref=EvidenceRef("MedicationRequest", "r1", "3"),
        status="active",
        intent="order",
        codings=CODED,
        text="Metformin 500 mg",
        authored_on=day("2026-01-05"),
        has_dosage=True,
    )


@pytest.mark.parametrize(
    ("members", "coded", "text"),
    [
        ({"medicationReference": {"reference": "#m"}}, CODED, "Metformin 500 mg"),
        ({"medicationReference": {"reference": "#other"}}, (), ""),
        ({"medicationReference": {"reference": "Medication/m"}}, (), ""),
        (
            {"medicationReference": {"reference": "Medication/9", "display": "Insulin"}},
            (),
            "Insulin",
        ),
        ({}, (), ""),
    ],
)
def test_a_medication_that_is_referred_to_is_named_where_it_is_at_hand(
    members: dict[str, Any], coded: tuple[Coding, ...], text: str
) -> None:
    inside = [{"resourceType": "Medication", "id": "m", "code": METFORMIN}]

    fact = read("MedicationRequest", contained=inside, **members)

    assert (fact.codings, fact.text) == (coded, text)


def test_a_service_is_asked_for_of_someone() -> None:
    fact = read(
        "ServiceRequest",
        status="active",
        intent="order",
        category=[concept("urn:c", "counselling")],
        code={"coding": [{"system": "urn:x", "code": "s", "display": "Dietitian"}]},
        performer=[{"reference": "Organization/1"}, {"identifier": {"system": "n", "value": "7"}}],
        authoredOn="2026-01",
    )

    assert fact == ServiceRequestFact(
        ref=EvidenceRef("ServiceRequest", "r1", "3"),
        status="active",
        intent="order",
        categories=("counselling",),
        codings=(Coding(system="urn:x", code="s", display="Dietitian"),),
        text="Dietitian",
        performers=("Organization/1", "n|7"),
        authored_on=day("2026-01"),
    )


@pytest.mark.parametrize("resource_type", ["MedicationRequest", "ServiceRequest"])
def test_an_order_not_to_do_something_is_no_order(resource_type: str) -> None:
    assert read(resource_type, doNotPerform=True) == Skipped(
        resource_type, "it says what must not be done"
    )
