"""Code systems in one spelling, and facts that print nothing of a patient."""

from __future__ import annotations

import pytest

from ccm_fhir.domain.codes import ICD10CM, NPI, SNOMED, canonical_system
from ccm_fhir.domain.facts import EvidenceRef, PatientFact


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("http://hl7.org/fhir/sid/icd-10-cm", ICD10CM),
        ("https://hl7.org/fhir/sid/icd-10-cm/", ICD10CM),
        ("urn:oid:2.16.840.1.113883.6.90", ICD10CM),
        (" 2.16.840.1.113883.6.96 ", SNOMED),
        ("urn:oid:2.16.840.1.113883.4.6", NPI),
        ("https://local.example.org/codes", "https://local.example.org/codes"),
        (None, None),
    ],
)
def test_a_code_system_has_one_spelling(spelling: str | None, canonical: str | None) -> None:
    assert canonical_system(spelling) == canonical


def test_a_fact_prints_its_type_alone() -> None:
    fact = PatientFact(ref=EvidenceRef("Patient", "p"), name="Canary Quux", mrn="MRN-77")

    assert repr(fact) == "<PatientFact>"
    assert "Canary" not in f"{fact}"
