"""Time entries as FHIR R4: a Procedure for the work, an Encounter where the patient took part.

FHIR's Encounter is an interaction with the patient; work without the patient is a Procedure
alone. CPT codes stay off both: they are monthly billing units and belong on the Claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import SNOMED, Activity, PerformerKind
from ccm_fhir.domain.writeback import ContactMode, TimeRecord
from ccm_fhir.fhir.json import Json, concept, identifier, reference

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ccm_fhir.domain.claims import ClaimDraft

_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_UCUM = "http://unitsofmeasure.org"
_SECONDS_A_MINUTE = 60
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
        "identifier": [_typed(ours)],
        "status": "finished",
        "class": {"system": _ACT_CODE, "code": class_code, "display": class_name},
        "type": [concept(SNOMED, snomed, display, text=f"Care management contact: {text}")],
        "subject": reference(record.patient_ref),
        "participant": [_performer(record.performer_ref)],
        "period": period(record),
        "serviceProvider": reference(record.practice_ref),
    }
    if record.condition_refs:
        resource["reasonReference"] = [reference(ref) for ref in record.condition_refs]
    return resource


def month_encounter(draft: ClaimDraft, ours: OurIdentifier, zone: ZoneInfo) -> Json:
    """Return the Encounter of a signed month in which nobody spoke with the patient.

    For servers that hang a charge on an Encounter and nothing else. Its period is the calendar
    month in the practice's zone, its length what was counted; it says that it is no contact.
    """
    month, parties = draft.month, draft.parties
    last_second = month.ends_at(zone) - timedelta(seconds=1)
    text = f"Care management of {month}, on which its charges hang; no single contact"
    return {
        "resourceType": "Encounter",
        "meta": {"profile": [_US_CORE_ENCOUNTER]},
        "identifier": [_typed(ours)],
        "status": "finished",
        "class": {"system": _ACT_CODE, "code": "VR", "display": "virtual"},
        "type": [concept(SNOMED, "308335008", "Patient encounter procedure", text=text)],
        "subject": reference(parties.patient_ref),
        "participant": [_performer(parties.practitioner_ref)],
        "period": {
            "start": month.starts_at(zone).isoformat(),
            "end": last_second.isoformat(),
        },
        "length": duration(draft.counted_seconds),
        "serviceProvider": reference(parties.practice_ref),
    }


def duration(seconds: int) -> Json:
    """Return a length of time in whole minutes, or in seconds where it is none."""
    if seconds % _SECONDS_A_MINUTE:
        return {"value": seconds, "unit": "s", "system": _UCUM, "code": "s"}
    return {"value": seconds // _SECONDS_A_MINUTE, "unit": "min", "system": _UCUM, "code": "min"}


def _typed(ours: OurIdentifier) -> Json:
    """Oracle Health refuses an Encounter's identifier without a type (its R4 API, "create")."""
    return {**identifier(ours.system, ours.value), "type": _RESOURCE_IDENTIFIER}


def _performer(practitioner_ref: str) -> Json:
    return {
        "type": [concept(_PARTICIPATION, "PPRF", "primary performer")],
        "individual": reference(practitioner_ref),
    }


def period(record: TimeRecord) -> Json:
    """Return the interval of an entry."""
    return {"start": record.started_at.isoformat(), "end": record.ended_at.isoformat()}
