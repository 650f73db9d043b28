"""The way from the patient page to the consent page, and how consent stands."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.consents import RECORDED_CONSENT
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.services.patient_month import PatientMonthReview
from smart_app.views import tones, wording
from smart_app.views.tones import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentLinkView:
    """How consent stands; ``answer`` is empty where the month cannot be decided."""

    answer: str
    tone: Tone
    kept: str
    label: str


def consent_link(review: PatientMonthReview) -> ConsentLinkView:
    """Return the line about consent."""
    found = next((f for f in review.findings if f.criterion is Criterion.CONSENT), None)
    answer = Answer.UNKNOWN if found is None else found.answer
    is_ours = found is not None and any(r.resource_type == RECORDED_CONSENT for r in found.evidence)
    asks = review.may_record_consent and answer is not Answer.MET
    return ConsentLinkView(
        answer="" if found is None else wording.ANSWERS[answer],
        tone=tones.ANSWERS[answer],
        kept="Kept here; its record says where it stands with the EHR." if is_ours else "",
        label="Record consent" if asks else "Consent record",
    )
