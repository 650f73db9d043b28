"""What the chart shows of risk, beside the attestation: counts and values, never an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.eligibility import RiskSign
from ccm_fhir.services.patient_month import PatientMonthReview
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import sentence
from smart_app.views.sources import SourceView, sources_views
from smart_app.views.tones import Tone

_WORDS: dict[bool | None, tuple[Tone, str]] = {
    True: (Tone.OPEN, "Sign"),
    False: (Tone.PLAIN, "No sign"),
    None: (Tone.PLAIN, "Not told"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignView:
    """One sign with its value."""

    title: str
    word: str
    tone: Tone
    reason: str = field(repr=False)
    evidence: tuple[EvidenceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskView:
    """The signs and how many of them are there."""

    summary: str
    signs: tuple[SignView, ...]
    rule_version: str
    sources: tuple[SourceView, ...]


def risk(review: PatientMonthReview) -> RiskView | None:
    """Return the signs of a review; None where nothing was judged."""
    found = review.risk
    if found is None:
        return None
    untold = f"; {found.untold} not told" if found.untold else ""
    return RiskView(
        summary=f"{found.present} of {len(found.signs)} signs of risk in the chart{untold}",
        signs=tuple(_sign(sign, review) for sign in found.signs),
        rule_version=found.rule_version,
        sources=sources_views(review.sources.statements.get(found.rule_version, ())),
    )


def _sign(sign: RiskSign, review: PatientMonthReview) -> SignView:
    tone, word = _WORDS[sign.is_present]
    return SignView(
        title=sign.title,
        word=word,
        tone=tone,
        reason=sentence(sign.reason),
        evidence=tuple(evidence(ref, review.ehr_links) for ref in sign.evidence),
    )
