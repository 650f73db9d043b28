"""Why a patient is or is not eligible: each criterion with its reason, evidence and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ccm_fhir.domain.eligibility import NextStep
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.services.patient_month import PatientMonthReview
from ccm_fhir.services.sources import Sources
from smart_app.views import tones, wording
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import sentence
from smart_app.views.risk import RiskView, risk
from smart_app.views.sources import SourceView, by_id, sources_views
from smart_app.views.tones import Tone

_WORST_FIRST = (Answer.NOT_MET, Answer.UNKNOWN, Answer.MET)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One criterion's row."""

    title: str
    answer: str
    tone: Tone
    reason: str = field(repr=False)
    evidence: tuple[EvidenceView, ...]
    notes: tuple[str, ...] = field(repr=False)
    remedy: str
    owner: str
    rule_version: str
    sources: tuple[SourceView, ...]
    asks_consent: bool
    risk: RiskView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One thing to do; ``asks_consent`` where the page has a form for it."""

    what: str
    who: str
    how: str
    why_now: str
    asks_consent: bool
    evidence: tuple[EvidenceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityView:
    """The section: what to do next, rows worst first, and a line that counts them."""

    summary: str
    steps: tuple[StepView, ...]
    findings: tuple[FindingView, ...]


def eligibility(review: PatientMonthReview) -> EligibilityView:
    """Return the section of a review's findings."""
    ordered = sorted(review.findings, key=lambda f: _WORST_FIRST.index(f.answer))
    return EligibilityView(
        summary=_summary(review.findings),
        steps=tuple(_step(step, review) for step in review.steps),
        findings=tuple(_finding(f, review) for f in ordered),
    )


def finding(found: Finding, links: Mapping[str, str], sources: Sources) -> FindingView:
    """Return one criterion's row."""
    stated = sources.of_criterion(found.criterion, found.rule_version)
    return FindingView(
        title=wording.CRITERIA[found.criterion],
        answer=wording.ANSWERS[found.answer],
        tone=tones.ANSWERS[found.answer],
        reason=sentence(found.reason),
        evidence=tuple(evidence(ref, links) for ref in found.evidence),
        notes=tuple(sentence(note) for note in found.notes),
        remedy=sentence(found.remedy),
        owner="" if found.owner is None else wording.ROLES[found.owner],
        rule_version=found.rule_version,
        sources=sources_views(stated) if stated else by_id(found.citations, sources),
        asks_consent=found.criterion is Criterion.CONSENT and found.answer is not Answer.MET,
    )


def _finding(found: Finding, review: PatientMonthReview) -> FindingView:
    """Return one criterion's row; what may show risk stands with the attestation of it."""
    view = finding(found, review.ehr_links, review.sources)
    if found.criterion is not Criterion.DURATION_AND_RISK:
        return view
    return replace(view, risk=risk(review))


def _step(step: NextStep, review: PatientMonthReview) -> StepView:
    return StepView(
        what=step.what,
        who=wording.ROLES[step.who],
        how=sentence(step.how),
        why_now=sentence(step.why_now),
        asks_consent=step.criterion is Criterion.CONSENT,
        evidence=tuple(evidence(ref, review.ehr_links) for ref in step.evidence),
    )


def _summary(findings: tuple[Finding, ...]) -> str:
    counts = Counter(f.answer for f in findings)
    return " · ".join(
        f"{counts[answer]} {wording.ANSWERS[answer].lower()}"
        for answer in _WORST_FIRST
        if counts[answer]
    )
