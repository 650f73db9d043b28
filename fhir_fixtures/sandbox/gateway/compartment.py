"""Which resources belong to a patient, and by which element.

After https://hl7.org/fhir/R4/compartmentdefinition-patient.html, narrowed to the element that
says whom the resource is *about*.
"""

from collections.abc import Iterator
from typing import Any

_ELEMENTS = {
    "subject": (
        "Account CarePlan CareTeam ChargeItem ClinicalImpression Communication"
        " CommunicationRequest Condition DeviceRequest DiagnosticReport DocumentReference"
        " Encounter Flag Goal ImagingStudy Invoice List MedicationAdministration"
        " MedicationDispense MedicationRequest MedicationStatement Observation Procedure"
        " QuestionnaireResponse RiskAssessment ServiceRequest Specimen"
    ),
    "patient": (
        "AllergyIntolerance Claim ClaimResponse Consent CoverageEligibilityRequest"
        " CoverageEligibilityResponse Device EpisodeOfCare ExplanationOfBenefit"
        " FamilyMemberHistory Immunization NutritionOrder RelatedPerson"
    ),
    "beneficiary": "Coverage",
    "for": "Task",
    "target": "Provenance",
    "participant": "Appointment",
}
ELEMENT_OF = {each: element for element, types in _ELEMENTS.items() for each in types.split()}

# Of no patient in particular: readable under patient/ scopes, never writable.
SHARED = frozenset(
    {
        "Endpoint",
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Questionnaire",
    }
)


def is_of_patients(resource_type: str) -> bool:
    """Whether resources of the type belong to a patient."""
    return resource_type == "Patient" or resource_type in ELEMENT_OF


def search_parameter(resource_type: str, patient_id: str) -> tuple[str, str]:
    """The parameter that confines a search of the type to the patient."""
    return ("_id", patient_id) if resource_type == "Patient" else ("patient", patient_id)


def belongs_to(resource: dict[str, Any], patient_id: str, fhir_base: str) -> bool:
    """Whether the resource is the patient or is about the patient."""
    resource_type = resource.get("resourceType", "")
    if resource_type == "Patient":
        return bool(resource.get("id") == patient_id)
    element = resource.get(ELEMENT_OF.get(resource_type, ""))
    wanted = {f"Patient/{patient_id}", f"{fhir_base}/Patient/{patient_id}"}
    return any(reference in wanted for reference in _references(element))


def _references(element: object) -> Iterator[str]:
    for each in element if isinstance(element, list) else [element]:
        if not isinstance(each, dict):
            continue
        reference = each.get("actor", each)
        if isinstance(reference, dict) and isinstance(reference.get("reference"), str):
            yield reference["reference"]
