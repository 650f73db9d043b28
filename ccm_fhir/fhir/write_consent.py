"""A consent that was recorded here, as a FHIR R4 Consent and as lines for the lower rungs.

Words are chosen so that our own reader, and a person, find the same in it again
(https://hl7.org/fhir/R4/consent.html; constraint ppc-1 wants a policy or a policy rule).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import date, datetime

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.fhir.json import Json, concept, identifier, reference
from ccm_fhir.fhir.telling import Line, Telling, plain_text
from ccm_fhir.fhir.write_time import OurIdentifier

_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
_LOINC = "http://loinc.org"
_CONSENT_DOCUMENT = "59284-0"  # LOINC "Consent Document", the category of FHIR's own examples
_ABOUT = "Chronic care management"
_STATUS = {
    ConsentDecision.GIVEN: "active",
    ConsentDecision.DECLINED: "rejected",
    ConsentDecision.REVOKED: "inactive",
}
_DECISION = {
    ConsentDecision.GIVEN: "The patient agreed.",
    ConsentDecision.DECLINED: "The patient declined.",
    ConsentDecision.REVOKED: "The patient no longer agrees.",
    ConsentDecision.PAUSED: "The patient pauses; the consent stands.",
    ConsentDecision.RESUMED: "The patient takes it up again.",
    ConsentDecision.ELSEWHERE: "Another practice manages the patient’s care.",
}
# A reader, ours included, must not take a refusal's title for a consent.
_TITLE = {
    ConsentDecision.GIVEN: f"{_ABOUT} consent",
    ConsentDecision.DECLINED: f"{_ABOUT}: declined by the patient",
    ConsentDecision.REVOKED: f"{_ABOUT}: stopped by the patient",
    ConsentDecision.PAUSED: f"{_ABOUT}: paused by the patient",
    ConsentDecision.RESUMED: f"{_ABOUT}: taken up again by the patient",
    ConsentDecision.ELSEWHERE: f"{_ABOUT}: by another practice",
}
_MODE = {ConsentMode.VERBAL: "verbal", ConsentMode.WRITTEN: "written"}
_GIVER = {ConsentGiver.PATIENT: "Patient", ConsentGiver.REPRESENTATIVE: "Representative"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTold:
    """A recorded decision with everything its resources say."""

    patient_ref: str = field(repr=False)
    recorder_ref: str
    practice_ref: str
    decision: ConsentDecision
    decided_on: date
    ends_on: date | None
    recorded_at: datetime
    statements: tuple[str, ...]
    mode: ConsentMode | None
    language: str
    given_by: ConsentGiver | None
    representative: str = field(repr=False)
    note: str = field(repr=False)


def consent_resource(told: ConsentTold, ours: OurIdentifier) -> Json:
    """Return the Consent; a decision that a person took back has none."""
    is_refusal = told.decision is ConsentDecision.DECLINED
    provision: Json = {"type": "deny" if is_refusal else "permit", "period": _period(told)}
    if told.statements:
        provision["provision"] = [
            {"code": [{"coding": [{"code": code}], "text": code}]} for code in told.statements
        ]
    words = plain_text(consent_telling(told, ""), ours)
    return {
        "resourceType": "Consent",
        "identifier": [identifier(ours.system, ours.value)],
        "status": _STATUS[told.decision],
        "scope": concept(_SCOPE, "treatment", "Treatment"),
        "category": [
            concept(_LOINC, _CONSENT_DOCUMENT, "Consent Document", text=f"{_ABOUT} consent")
        ],
        "patient": reference(told.patient_ref),
        "dateTime": told.decided_on.isoformat(),
        "performer": [reference(told.patient_ref)],
        "organization": [reference(told.practice_ref)],
        "policyRule": {"text": _rule(told)},
        "sourceAttachment": {
            "contentType": "text/plain",
            "data": base64.b64encode(words.encode()).decode(),
            "title": _TITLE[told.decision],
            **({"language": told.language} if told.language else {}),
        },
        "provision": provision,
    }


def consent_telling(told: ConsentTold, questionnaire: str) -> Telling:
    """Return the decision as lines; what was not said is no line."""
    said = (
        ("decision", "Decision", _DECISION[told.decision]),
        ("decided-on", "Decided on", told.decided_on.isoformat()),
        ("ends-on", "Ends on", told.ends_on.isoformat() if told.ends_on else ""),
        ("mode", "Mode", _MODE[told.mode] if told.mode else ""),
        ("given-by", "Given by", _GIVER[told.given_by] if told.given_by else ""),
        ("representative", "Representative", told.representative),
        ("language", "Language", told.language),
        ("statements", "The patient was told of", ", ".join(told.statements)),
        ("note", "Note", told.note),
    )
    return Telling(
        title=_TITLE[told.decision],
        questionnaire=questionnaire,
        patient_ref=told.patient_ref,
        author_ref=told.recorder_ref,
        practice_ref=told.practice_ref,
        starts_at=told.recorded_at,
        ends_at=told.recorded_at,
        lines=tuple(
            Line(link_id=name, label=label, value=value) for name, label, value in said if value
        ),
    )


def _rule(told: ConsentTold) -> str:
    return f"{_ABOUT}, {_MODE[told.mode]} consent" if told.mode else _ABOUT


def _period(told: ConsentTold) -> Json:
    period: Json = {"start": told.decided_on.isoformat()}
    if told.ends_on is not None:
        period["end"] = told.ends_on.isoformat()
    return period
