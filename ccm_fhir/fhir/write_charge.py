"""Lines of a claim as charges: a ChargeItem each, or Oracle Health's ``ChargeItem/$create``.

For EHRs that take no Claim. A charge says what was done and for how much; the EHR's own billing
makes the claim (https://hl7.org/fhir/R4/chargeitem.html).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, cast
from uuid import UUID

from ccm_fhir.domain.codes import CPT, ICD10CM
from ccm_fhir.fhir.json import Json, concept, identifier, reference
from ccm_fhir.fhir.write_claim import usd

if TYPE_CHECKING:
    from ccm_fhir.domain.claims import ClaimDraft, ClaimLine
    from ccm_fhir.fhir.write_claim import ClaimEnvelope

_NOON = time(12)  # no zone in the country moves noon to another day
_SCHEDULE = "https://fhir-ehr.cerner.com/r4/StructureDefinition/bill-code-schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCodes:
    """How one Oracle Health tenant codes a charge (ChargeItem page of its R4 API).

    ``system`` is the tenant's ``…/CodeSystem/BillCodes-CPT``; ``schedule_system`` and
    ``schedule_code`` name the bill code schedule, from the tenant's code set 14002.
    """

    system: str
    schedule_system: str
    schedule_code: str


def charged(body: Json) -> Json:
    """Return the ChargeItem that a request carries: itself, or what the operation is given."""
    if body.get("resourceType") != "Parameters":
        return body
    given = cast("list[Json]", body["parameter"])
    return next(cast("Json", one["resource"]) for one in given if one["name"] == "chargeItem")


def transaction_id(body: Json) -> str:
    """Return the ``transactionId`` of the operation's Parameters, as a bare UUID."""
    given = cast("list[Json]", body["parameter"])
    (urn,) = (str(one["valueUuid"]) for one in given if one["name"] == "transactionId")
    return urn.removeprefix("urn:uuid:")


def with_work_there(body: Json, gone: frozenset[str], encounter_ref: str) -> Json:
    """Return a request without references to work that went to the EHR in another way.

    Args:
        body: a ChargeItem, or the operation's Parameters.
        gone: references that lead nowhere.
        encounter_ref: an Encounter that is there, to be the context instead; empty for none.
    """
    if body.get("resourceType") == "Parameters":
        return {
            **body,
            "parameter": [
                {**one, "resource": with_work_there(charged(body), gone, encounter_ref)}
                if one["name"] == "chargeItem"
                else one
                for one in cast("list[Json]", body["parameter"])
            ],
        }
    kept = {name: value for name, value in body.items() if name not in {"context", "service"}}
    context = cast("Json", body.get("context", {})).get("reference", "")
    context = encounter_ref if context in gone else context
    work = [
        one for one in cast("list[Json]", body.get("service", [])) if one["reference"] not in gone
    ]
    return {
        **kept,
        **({"context": reference(str(context))} if context else {}),
        **({"service": work} if work else {}),
    }


def charge_items(draft: ClaimDraft, envelope: ClaimEnvelope) -> tuple[Json, ...]:
    """Return a ChargeItem a line; the same draft and envelope give the same resources."""
    return tuple(
        _charge_item(place, line, draft, envelope)
        for place, line in enumerate(draft.lines, start=1)
    )


def charge_operations(
    draft: ClaimDraft, envelope: ClaimEnvelope, codes: BillCodes
) -> tuple[Json, ...]:
    """Return the Parameters of one ``ChargeItem/$create`` a line.

    ``transactionId`` follows from our identifier and the line, so that a repeated request can be
    told from a second charge where the EHR looks at it.

    Raises:
        ValueError: the envelope names no Encounter, which the operation needs as its context.
    """
    if not envelope.encounter_refs:
        message = "ChargeItem/$create needs an Encounter as its context"
        raise ValueError(message)
    return tuple(
        _operation(place, line, draft, envelope, codes)
        for place, line in enumerate(draft.lines, start=1)
    )


def _charge_item(place: int, line: ClaimLine, draft: ClaimDraft, envelope: ClaimEnvelope) -> Json:
    resource: Json = {
        "resourceType": "ChargeItem",
        "identifier": [identifier(envelope.ours.system, _name(envelope, place))],
        "status": "billable",
        "code": concept(CPT, line.code),
        "subject": reference(draft.parties.patient_ref),
        "occurrenceDateTime": line.serviced_on.isoformat(),
        "performer": [{"actor": reference(draft.parties.practitioner_ref)}],
        "performingOrganization": reference(draft.parties.practice_ref),
        "quantity": {"value": line.units},
        "priceOverride": usd(line.charge_usd),
        "enteredDate": envelope.created_at.isoformat(timespec="seconds"),
        "reason": [concept(ICD10CM, draft.diagnoses[pointer - 1]) for pointer in line.pointers],
    }
    if envelope.encounter_refs:
        resource["context"] = reference(envelope.encounter_refs[0])
    if envelope.procedure_refs:
        resource["service"] = [reference(ref) for ref in envelope.procedure_refs]
    if line.modifiers:
        resource["note"] = [{"text": f"Modifiers: {', '.join(line.modifiers)}"}]
    return resource


def _operation(
    place: int, line: ClaimLine, draft: ClaimDraft, envelope: ClaimEnvelope, codes: BillCodes
) -> Json:
    transaction = _transaction(f"{envelope.ours.system}|{_name(envelope, place)}")
    occurred = datetime.combine(line.serviced_on, _NOON, tzinfo=envelope.created_at.tzinfo)
    item: Json = {
        "resourceType": "ChargeItem",
        "status": "unknown",  # the one status the operation takes
        "code": {"coding": [_bill_code(line, codes)]},
        "subject": reference(draft.parties.patient_ref),
        "context": reference(envelope.encounter_refs[0]),
        "occurrenceDateTime": occurred.isoformat(),
        "performer": [{"actor": reference(draft.parties.practitioner_ref)}],
        "quantity": {"value": line.units},
        "reason": [concept(ICD10CM, draft.diagnoses[pointer - 1]) for pointer in line.pointers],
    }
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "transactionId", "valueUuid": transaction.urn},
            {"name": "chargeItem", "resource": item},
        ],
    }


def _bill_code(line: ClaimLine, codes: BillCodes) -> Json:
    schedule: Json = {"system": codes.schedule_system, "code": codes.schedule_code}
    return {
        "extension": [{"url": _SCHEDULE, "valueCoding": schedule}],
        "system": codes.system,
        "code": line.code,
    }


def _transaction(name: str) -> UUID:
    """Return a UUID that follows from a name, in the form of version 4.

    R4 allows any version; ``fhir.resources`` takes version 4 alone.
    """
    return UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4)


def _name(envelope: ClaimEnvelope, place: int) -> str:
    return f"{envelope.ours.value}-{place}"
