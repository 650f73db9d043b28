"""Code systems and the few FHIR shapes that every builder needs.

CPT codes are given without AMA's descriptors; where a person needs words, they are our own.
SNOMED CT displays of conditions are from the Global Patient Set (CC BY 4.0, SNOMED
International); other SNOMED CT and LOINC codes are given without a display.
"""

from __future__ import annotations

from fhir_fixtures.practice.model import Resource

SANDBOX = "https://sandbox.example.org/fhir"

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
NUCC = "http://nucc.org/provider-taxonomy"
SNOMED = "http://snomed.info/sct"
SOPT = "https://nahdo.org/sopt"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

CARE_MANAGEMENT = "386230005"  # SNOMED CT: case management, as a procedure
HOSPITAL_ADMISSION = "32485007"  # SNOMED CT
EMERGENCY_VISIT = "4525004"  # SNOMED CT
TELEPHONE_CONTACT = "185317003"  # SNOMED CT
PATIENT_IN_TEAM = "116154003"  # SNOMED CT


def coding(system: str, code: str, display: str = "") -> Resource:
    """Return a Coding; an empty display is left out."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(*codings: Resource, text: str = "") -> Resource:
    """Return a CodeableConcept of the codings, the text, or both."""
    return ({"coding": list(codings)} if codings else {}) | ({"text": text} if text else {})


def hl7(code_system: str, code: str) -> Resource:
    """Return a CodeableConcept in one of HL7's own terminologies, by its short name."""
    return concept(coding(f"http://terminology.hl7.org/CodeSystem/{code_system}", code))


def reference(resource: Resource) -> Resource:
    """Return a relative Reference to a resource."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def us_core(profile: str) -> Resource:
    """Return the meta that claims a US Core profile, by the end of its name."""
    root = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
    return {"profile": [f"{root}{profile}"]}


def npi_identifier(npi: str) -> Resource:
    """Return a National Provider Identifier as an Identifier."""
    return {"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}
