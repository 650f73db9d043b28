"""Time entries as FHIR R4: a Procedure for the work, an Encounter where the patient took part.

FHIR's Encounter is an interaction with the patient; work without the patient is a Procedure
alone. CPT codes stay off both: they are monthly billing units and belong on the Claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ccm_fhir.domain.codes import SNOMED, Activity, PerformerKind
from ccm_fhir.domain.writeback import ContactMode, TimeRecord
from ccm_fhir.fhir.json import Json, concept, identifier, reference

_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_US_CORE_PROCEDURE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-procedure"
_US_CORE_ENCOUNTER = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter"

_RESOURCE_IDENTIFIER = concept(
    "http://terminology.hl7.org/CodeSystem/v2-0203", "RI", "Resource identifier"
)
ACTIVITY_TEXT: Mapping[Activity, str] = {
    Activity.PATIENT_CALL: "Care management: call with the patient",
    Activity.CARE_PLAN: "Care management: care plan",
    Activity.MEDICATION: "Care management: medication management",
    Activity.COORDINATION: "Care management: coordination of care",
    Activity.EDUCATION: "Care management: education and self-management",
    Activity.CHART_REVIEW: "Care management: chart review",
}
PERFORMER_TEXT: Mapping[PerformerKind, str] = {
    PerformerKind.CLINICAL_STAFF: "Clinical staff under general supervision",
    PerformerKind.BILLING_PRACTITIONER: "Billing practitioner in person",
    PerformerKind.NONCLINICAL_STAFF: "Non-clinical staff",
}
_CONTACT: Mapping[ContactMode, tuple[str, str, str, str, str]] = {
    ContactMode.TELEPHONE: ("VR", "virtual", "185317003", "Telephone encounter", "Telephone"),
    ContactMode.VIDEO: ("VR", "virtual", "308335008", "Patient encounter procedure", "Video"),
    ContactMode.PORTAL: ("VR", "virtual", "308335008", "Patient encounter procedure", "Portal"),
    ContactMode.IN_PERSON: (
        "AMB",
        "ambulatory",
        "308335008",
        "Patient encounter procedure",
        "In person",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OurIdentifier:
    """The identifier by which we find again what we wrote."""

    system: str
    value: str


def procedure_resource(
    record: TimeRecord, ours: OurIdentifier, *, encounter_ref: str | None
) -> Json:
    """Return the Procedure of one time entry: one contiguous interval of counted work."""
    resource: Json = {
        "resourceType": "Procedure",
        "meta": {"profile": [_US_CORE_PROCEDURE]},
        "identifier": [identifier(ours.system, ours.value)],
        "status": "completed",
        "code": concept(
            SNOMED, "386230005", "Case management", text=ACTIVITY_TEXT[record.activity]
        ),
        "subject": reference(record.patient_ref),
        "performedPeriod": period(record),
        "performer": [
            {
                "function": {"text": PERFORMER_TEXT[record.performer]},
                "actor": reference(record.performer_ref),
                "onBehalfOf": reference(record.practice_ref),
            }
        ],
    }
    if encounter_ref:
        resource["encounter"] = reference(encounter_ref)
    if record.care_plan_ref:
        resource["basedOn"] = [reference(record.care_plan_ref)]
    if record.condition_refs:
        resource["reasonReference"] = [reference(ref) for ref in record.condition_refs]
    if record.note:
        resource["note"] = [{"text": record.note}]
    return resource


def encounter_resource(record: TimeRecord, ours: OurIdentifier) -> Json:
    """Return the Encounter of a time entry that was a contact with the patient.

    Raises:
        ValueError: the entry was no contact; it has no Encounter.
    """
    if record.contact_mode is None:
        message = "an entry without patient contact is no Encounter"
        raise ValueError(message)
    class_code, class_name, snomed, display, text = _CONTACT[record.contact_mode]
    resource: Json = {
        "resourceType": "Encounter",
        "meta": {"profile": [_US_CORE_ENCOUNTER]},
        # Oracle Health refuses an Encounter's identifier without a type (its R4 API, "create").
        "identifier": [{**identifier(ours.system, ours.value), "type": _RESOURCE_IDENTIFIER}],
        "status": "finished",
        "class": {"system": _ACT_CODE, "code": class_code, "display": class_name},
        "type": [concept(SNOMED, snomed, display, text=f"Care management contact: {text}")],
        "subject": reference(record.patient_ref),
        "participant": [
            {
                "type": [concept(_PARTICIPATION, "PPRF", "primary performer")],
                "individual": reference(record.performer_ref),
            }
        ],
        "period": period(record),
        "serviceProvider": reference(record.practice_ref),
    }
    if record.condition_refs:
        resource["reasonReference"] = [reference(ref) for ref in record.condition_refs]
    return resource


def period(record: TimeRecord) -> Json:
    """Return the interval of an entry."""
    return {"start": record.started_at.isoformat(), "end": record.ended_at.isoformat()}
