"""AllergyIntolerance → what is told of an allergy, in the chart's own words."""

from __future__ import annotations

import json
from typing import Any

from ccm_fhir.domain.facts import AllergyFact, EvidenceRef, Skipped
from ccm_fhir.fhir.extract import extract


def read(**elements: Any) -> Any:  # noqa: ANN401  # a fact or Skipped
    resource = {"resourceType": "AllergyIntolerance", "id": "a1", **elements}
    return extract(json.dumps(resource).encode())


def test_an_allergy_is_read_with_its_statuses_and_what_it_does() -> None:
    fact = read(
        clinicalStatus={"coding": [{"system": "urn:c", "code": "active"}]},
        verificationStatus={"coding": [{"system": "urn:v", "code": "confirmed"}]},
        criticality="high",
        code={"text": "Penicillin"},
        reaction=[{"manifestation": [{"text": "Hives"}, {"text": "Hives"}]}],
        patient={"reference": "Patient/1"},
    )

    assert fact == AllergyFact(
        ref=EvidenceRef("AllergyIntolerance", "a1"),
        clinical_status="active",
        verification_status="confirmed",
        criticality="high",
        text="Penicillin",
        reactions=("Hives",),
    )


def test_where_no_code_names_it_a_reactions_substance_does() -> None:
    assert read(reaction=[{"substance": {"text": "Latex"}}]).text == "Latex"


def test_one_with_a_modifier_is_skipped() -> None:
    assert isinstance(read(modifierExtension=[{"url": "urn:not"}]), Skipped)
