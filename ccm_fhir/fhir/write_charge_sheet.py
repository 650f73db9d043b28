"""The charge sheet: a claim as a document on the chart, and the Task that tells the biller.

For EHRs that take neither a Claim nor a charge. The document holds the same claim twice: as
lines for the person who keys it in, and as FHIR for whoever can read that.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import Frequency, claim_number
from ccm_fhir.fhir.json import Json, concept, identifier, reference, to_bytes
from ccm_fhir.fhir.telling import Line, Telling
from ccm_fhir.fhir.write_claim import claim_resource, minutes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.domain.claims import ClaimDraft
    from ccm_fhir.fhir.write_claim import ClaimEnvelope
    from ccm_fhir.fhir.write_time import OurIdentifier

_LOINC = "http://loinc.org"
_NOTE = "34109-9"  # LOINC "Note": no code of LOINC's means a charge sheet and nothing else
_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
_TITLE = "Charge sheet: chronic care management"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQueue:
    """Who is to be told, by the EHR's reference; empty where it has no work queue."""

    owner_ref: str
    document_ref: str = field(repr=False)


def charge_sheet(draft: ClaimDraft, envelope: ClaimEnvelope, ours: OurIdentifier) -> Json:
    """Return the DocumentReference; the same arguments give the same resource.

    ``ours`` is the document's own identifier, the envelope's that of the claim it is about.
    """
    text = charge_sheet_text(draft, envelope.ours)
    claim = to_bytes(claim_resource(draft, envelope))
    title = f"{_TITLE}, {draft.month}"
    return {
        "resourceType": "DocumentReference",
        "identifier": [identifier(ours.system, ours.value)],
        "status": "current",
        "type": concept(_LOINC, _NOTE, "Note", text=_TITLE),
        "category": [concept(_CATEGORY, "clinical-note", "Clinical Note")],
        "subject": reference(draft.parties.patient_ref),
        "date": envelope.created_at.isoformat(timespec="seconds"),
        "author": [reference(draft.parties.practitioner_ref)],
        "custodian": reference(draft.parties.practice_ref),
        "description": title,
        "content": [
            _attachment("text/plain", text.encode(), title),
            _attachment("application/fhir+json", claim, f"{title} (FHIR Claim)"),
        ],
        "context": {
            "period": {
                "start": draft.month.first_day.isoformat(),
                "end": draft.month.last_day.isoformat(),
            }
        },
    }


def charge_sheet_text(draft: ClaimDraft, ours: OurIdentifier) -> str:
    """Return the claim as lines that a person keys in."""
    told = (f"{label}: {value}" if label else "" for label, value in _lines(draft, ours))
    return "\n".join([f"{_TITLE}, {draft.month}", "", *told, ""])


def superbill(draft: ClaimDraft, envelope: ClaimEnvelope) -> Telling:
    """Return the claim as the lines of a sheet, for a person who keys it in."""
    lines = (pair for pair in _lines(draft, envelope.ours) if pair[0])
    signed_at = envelope.created_at
    return Telling(
        title=f"Superbill: chronic care management, {draft.month}",
        questionnaire="",
        patient_ref=draft.parties.patient_ref,
        author_ref=draft.parties.practitioner_ref,
        practice_ref=draft.parties.practice_ref,
        starts_at=signed_at,
        ends_at=signed_at,
        lines=tuple(
            Line(link_id=f"claim-{place}", label=label, value=value)
            for place, (label, value) in enumerate(lines, start=1)
        ),
    )


def charge_task(
    draft: ClaimDraft, envelope: ClaimEnvelope, queue: WorkQueue, ours: OurIdentifier
) -> Json:
    """Return the Task that asks a biller to key the charge sheet in; ``ours`` names the Task."""
    task: Json = {
        "resourceType": "Task",
        "identifier": [identifier(ours.system, ours.value)],
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"text": "Key in a charge sheet"},
        "description": _asked(draft),
        "focus": reference(queue.document_ref),
        "for": reference(draft.parties.patient_ref),
        "authoredOn": envelope.created_at.isoformat(timespec="seconds"),
        "requester": reference(draft.parties.practitioner_ref),
    }
    if queue.owner_ref:
        task["owner"] = reference(queue.owner_ref)
    return task


def charge_message(
    draft: ClaimDraft, envelope: ClaimEnvelope, queue: WorkQueue, ours: OurIdentifier
) -> Json:
    """Return the Communication that says the same where an EHR takes no Task."""
    message: Json = {
        "resourceType": "Communication",
        "identifier": [identifier(ours.system, ours.value)],
        "status": "completed",
        "category": [{"text": "Key in a charge sheet"}],
        "subject": reference(draft.parties.patient_ref),
        "about": [reference(queue.document_ref)],
        "sent": envelope.created_at.isoformat(timespec="seconds"),
        "sender": reference(draft.parties.practitioner_ref),
        "payload": [{"contentString": _asked(draft)}],
    }
    if queue.owner_ref:
        message["recipient"] = [reference(queue.owner_ref)]
    return message


def _asked(draft: ClaimDraft) -> str:
    return (
        f"Key in the charge sheet for care management in {draft.month}, and note the claim's "
        "number in the care management app."
    )


_BLANK = ("", "")


def _lines(draft: ClaimDraft, ours: OurIdentifier) -> Iterator[tuple[str, str]]:
    parties = draft.parties
    yield "Date of service", draft.serviced_on.isoformat()
    yield "Place of service", parties.place_of_service
    yield "Billing NPI", parties.practice_npi
    yield "Rendering NPI", f"{parties.practitioner_npi} ({parties.practitioner_taxonomy})"
    yield "Insurance", draft.coverage_ref
    if draft.frequency is not Frequency.ORIGINAL and draft.related is not None:
        number = draft.related.payer_control_number or "not known yet"
        yield "Claim frequency", f"{draft.frequency}; the payer's earlier number: {number}"
    yield _BLANK
    for place, code in enumerate(draft.diagnoses, start=1):
        yield f"Diagnosis {place}", code
    yield _BLANK
    for place, line in enumerate(draft.lines, start=1):
        named = " ".join((line.code, *line.modifiers))
        pointers = ", ".join(map(str, line.pointers))
        yield (
            f"Line {place}",
            f"{named}, units {line.units}, charge {line.charge_usd:.2f} USD, diagnoses {pointers}",
        )
    yield "Total", f"{draft.total_usd:.2f} USD"
    yield _BLANK
    yield "Counted time", f"{minutes_of(draft)} minutes"
    yield "Consent", draft.consent_ref or draft.consent_words
    yield "Care plan", draft.care_plan_ref or draft.care_plan_words
    yield "Claim number", claim_number(ours.value)


def _attachment(content_type: str, body: bytes, title: str) -> Json:
    data = base64.b64encode(body).decode()
    return {"attachment": {"contentType": content_type, "data": data, "title": title}}
