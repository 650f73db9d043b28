"""A signed month as a FHIR R4 Claim (use ``claim``): the hand-over to the EHR's billing.

No US-realm guide profiles a provider's claim; elements follow the base specification and what
an 837P will need of them (https://hl7.org/fhir/R4/claim.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from ccm_fhir.domain.claims import ClaimDraft, ClaimLine, Frequency, RelatedClaim
from ccm_fhir.domain.codes import CPT, HCPCS, ICD10CM, NUCC
from ccm_fhir.fhir.json import Json, concept, identifier, reference
from ccm_fhir.fhir.write_time import OurIdentifier

_HL7 = "http://terminology.hl7.org/CodeSystem/"
_POS = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
_UCUM = "http://unitsofmeasure.org"
_PAYER_NUMBER = (
    "urn:ccm-fhir:payer-control-number"  # the payer's own; it names no system of its own
)
_SECONDS_A_MINUTE = 60
_FREQUENCY_WORDS = {
    Frequency.ORIGINAL: "a new claim",
    Frequency.REPLACEMENT: "replaces an earlier claim",
    Frequency.VOID: "voids an earlier claim",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimEnvelope:
    """What a Claim holds beside its draft; references may be ``urn:uuid`` until sending."""

    ours: OurIdentifier
    created_at: datetime
    procedure_refs: tuple[str, ...]
    encounter_refs: tuple[str, ...]


def claim_resource(draft: ClaimDraft, envelope: ClaimEnvelope) -> Json:
    """Return the Claim; the same draft and envelope give the same resource."""
    resource: Json = {
        "resourceType": "Claim",
        "identifier": [identifier(envelope.ours.system, envelope.ours.value)],
        "status": "active",
        "type": concept(_HL7 + "claim-type", "professional"),
        "use": "claim",
        "patient": reference(draft.parties.patient_ref),
        "billablePeriod": {
            "start": draft.month.first_day.isoformat(),
            "end": draft.month.last_day.isoformat(),
        },
        "created": envelope.created_at.isoformat(timespec="seconds"),
        "provider": reference(draft.parties.practice_ref),
        "priority": concept(_HL7 + "processpriority", "normal"),
        "careTeam": [_rendering_practitioner(draft)],
        "supportingInfo": _supporting_info(draft),
        "diagnosis": [
            _diagnosis(place, code) for place, code in enumerate(draft.diagnoses, start=1)
        ],
        "insurance": [{"sequence": 1, "focal": True, "coverage": reference(draft.coverage_ref)}],
        "item": [
            _item(place, line, draft, envelope) for place, line in enumerate(draft.lines, start=1)
        ],
        "total": usd(draft.total_usd),
    }
    if envelope.procedure_refs:
        resource["procedure"] = [
            {"sequence": place, "procedureReference": reference(ref)}
            for place, ref in enumerate(envelope.procedure_refs, start=1)
        ]
    if draft.related is not None:
        resource["subType"] = _frequency(draft.frequency)
        resource["related"] = [_related(draft.related, envelope.ours.system)]
    return resource


def without_work(resource: Json, gone: frozenset[str]) -> Json:
    """Return a Claim without references to work that the EHR holds in another way, or not at all.

    Procedures are numbered anew, since items name them by number.
    """
    procedures = cast("list[Json]", resource.get("procedure", []))
    items = cast("list[Json]", resource["item"])
    kept = [
        one for one in procedures if _target(cast("Json", one["procedureReference"])) not in gone
    ]
    changed = {name: value for name, value in resource.items() if name != "procedure"}
    if kept:
        changed["procedure"] = [{**one, "sequence": n} for n, one in enumerate(kept, start=1)]
    changed["item"] = [_item_without(item, gone, len(kept)) for item in items]
    return changed


def _item_without(item: Json, gone: frozenset[str], procedures: int) -> Json:
    encounters = cast("list[Json]", item.get("encounter", []))
    kept = [one for one in encounters if _target(one) not in gone]
    rest = {k: v for k, v in item.items() if k not in {"procedureSequence", "encounter"}}
    if procedures:
        rest["procedureSequence"] = list(range(1, procedures + 1))
    if kept:
        rest["encounter"] = kept
    return rest


def _target(held: Json) -> str:
    return str(held.get("reference", ""))


def minutes_of(draft: ClaimDraft) -> Decimal:
    """Return the counted time in minutes, to the hundredth, without needless zeros."""
    minutes = Decimal(draft.counted_seconds) / _SECONDS_A_MINUTE
    return minutes.quantize(Decimal("0.01")).normalize() + 0


def _diagnosis(place: int, code: str) -> Json:
    diagnosis: Json = {"sequence": place, "diagnosisCodeableConcept": concept(ICD10CM, code)}
    if place == 1:
        diagnosis["type"] = [concept(_HL7 + "ex-diagnosistype", "principal")]
    return diagnosis


def _frequency(frequency: Frequency) -> Json:
    """Return the claim frequency; R4 has no element for it, and 837P calls it CLM05-3."""
    return {"text": f"Claim frequency {frequency}: {_FREQUENCY_WORDS[frequency]}"}


def _related(related: RelatedClaim, system: str) -> Json:
    claim = (
        reference(related.claim_ref)
        if related.claim_ref
        else {"identifier": identifier(system, related.identifier)}
    )
    made: Json = {
        "claim": claim,
        "relationship": concept(_HL7 + "ex-relatedclaimrelationship", "prior"),
    }
    if related.payer_control_number:
        made["reference"] = identifier(_PAYER_NUMBER, related.payer_control_number)
    return made


def _rendering_practitioner(draft: ClaimDraft) -> Json:
    member: Json = {
        "sequence": 1,
        "provider": reference(draft.parties.practitioner_ref),
        "responsible": True,
        "role": concept(_HL7 + "claimcareteamrole", "primary"),
    }
    if draft.parties.practitioner_taxonomy:
        member["qualification"] = concept(NUCC, draft.parties.practitioner_taxonomy)
    return member


def _supporting_info(draft: ClaimDraft) -> list[Json]:
    category = concept(_HL7 + "claiminformationcategory", "info")
    return [
        {
            "sequence": 1,
            "category": category,
            "code": {"text": "Counted care management time"},
            "valueQuantity": {
                "value": minutes_of(draft),
                "unit": "min",
                "system": _UCUM,
                "code": "min",
            },
        },
        {
            "sequence": 2,
            "category": category,
            "code": {"text": "Consent to chronic care management"},
            **_consent_value(draft),
        },
        {
            "sequence": 3,
            "category": category,
            "code": {"text": "Comprehensive care plan"},
            **_care_plan_value(draft),
        },
    ]


def _consent_value(draft: ClaimDraft) -> Json:
    if draft.consent_ref:
        return {"valueReference": reference(draft.consent_ref)}
    return {"valueString": draft.consent_words}


def _care_plan_value(draft: ClaimDraft) -> Json:
    if draft.care_plan_ref:
        return {"valueReference": reference(draft.care_plan_ref)}
    return {"valueString": draft.care_plan_words}


def _item(place: int, line: ClaimLine, draft: ClaimDraft, envelope: ClaimEnvelope) -> Json:
    item: Json = {
        "sequence": place,
        "careTeamSequence": [1],
        "diagnosisSequence": list(line.pointers),
        "informationSequence": [1, 2, 3],
        "productOrService": concept(CPT, line.code),
        "servicedDate": line.serviced_on.isoformat(),
        "locationCodeableConcept": concept(_POS, draft.parties.place_of_service),
        "quantity": {"value": line.units},
        "unitPrice": usd(line.unit_charge_usd),
        "net": usd(line.charge_usd),
    }
    if line.modifiers:
        item["modifier"] = [concept(HCPCS, modifier) for modifier in line.modifiers]
    if envelope.procedure_refs:
        item["procedureSequence"] = list(range(1, len(envelope.procedure_refs) + 1))
    if envelope.encounter_refs:
        item["encounter"] = [reference(ref) for ref in envelope.encounter_refs]
    return item


def usd(amount: Decimal) -> Json:
    """Return a Money in dollars."""
    return {"value": amount, "currency": "USD"}
