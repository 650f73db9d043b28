"""A claim as one vendor takes it: what its documentation asks, and nothing that it ignores.

Canvas Medical (docs.canvasmedical.com/api/claim, read 2026-11): no ``identifier``; ``provider`` is
the Practitioner; ``created`` becomes the date of service; a display is required on every code;
one ``supportingInfo``, the reason for visit; an item takes no encounter, date or net.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import Frequency, Obstacle
from ccm_fhir.domain.codes import CPT, HCPCS, ICD10CM
from ccm_fhir.fhir.json import Json, concept, reference
from ccm_fhir.fhir.write_claim import ClaimEnvelope, claim_resource, minutes_of, usd

if TYPE_CHECKING:
    from ccm_fhir.domain.claims import ClaimDraft, ClaimLine

_HL7 = "http://terminology.hl7.org/CodeSystem/"
_QUEUE = "http://schemas.canvasmedical.com/fhir/extensions/claim-queue"
_CORRECTED_BY_HAND = Obstacle(
    code="correction_by_hand",
    owner="biller",
    fix="This EHR takes no replacement or void by its interface; correct the claim there by hand.",
)


class ClaimProfile(StrEnum):
    """Which shape an EHR takes a Claim in."""

    R4 = "r4"
    CANVAS = "canvas"


def claim_for(
    profile: ClaimProfile, draft: ClaimDraft, envelope: ClaimEnvelope
) -> Json | tuple[Obstacle, ...]:
    """Return the Claim in the shape of an EHR, or why that EHR cannot be told of it."""
    if profile is ClaimProfile.R4:
        return claim_resource(draft, envelope)
    if draft.frequency is not Frequency.ORIGINAL:
        return (_CORRECTED_BY_HAND,)
    return _canvas(draft)


def _canvas(draft: ClaimDraft) -> Json:
    return {
        "resourceType": "Claim",
        "extension": [
            {
                "url": _QUEUE,
                "valueCoding": {
                    "system": "http://canvasmedical.com",
                    "code": "NeedsCodingReview",
                    "display": "Coding",
                },
            }
        ],
        "status": "active",
        "type": concept(_HL7 + "claim-type", "professional", "Professional"),
        "use": "claim",
        "patient": reference(draft.parties.patient_ref),
        "created": draft.serviced_on.isoformat(),
        "provider": reference(draft.parties.practitioner_ref),
        "priority": concept(_HL7 + "processpriority", "normal", "Normal"),
        "supportingInfo": [
            {
                "sequence": 1,
                "category": concept(
                    _HL7 + "claiminformationcategory",
                    "patientreasonforvisit",
                    "Patient Reason for Visit",
                ),
                "valueString": f"Chronic care management in {draft.month}: {minutes_of(draft)} "
                "minutes counted; consent and care plan are on record.",
            }
        ],
        "diagnosis": [
            {"sequence": place, "diagnosisCodeableConcept": concept(ICD10CM, code, code)}
            for place, code in enumerate(draft.diagnoses, start=1)
        ],
        "insurance": [{"sequence": 1, "focal": True, "coverage": reference(draft.coverage_ref)}],
        "item": [_canvas_item(place, line) for place, line in enumerate(draft.lines, start=1)],
    }


def _canvas_item(place: int, line: ClaimLine) -> Json:
    item: Json = {
        "sequence": place,
        "diagnosisSequence": list(line.pointers),
        "productOrService": concept(CPT, line.code, f"Care management ({line.code})"),
        "quantity": {"value": line.units},
        "unitPrice": usd(line.unit_charge_usd),
    }
    if line.modifiers:
        item["modifier"] = [concept(HCPCS, modifier) for modifier in line.modifiers]
    return item
