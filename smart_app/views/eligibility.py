"""Why a patient is or is not eligible: each criterion with its reason, evidence and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.findings import Answer, Finding
from ccm_fhir.services.patient_month import PatientMonthReview
from ccm_fhir.services.sources import Sources
from smart_app.views import tones, wording
from smart_app.views.formats import sentence
from smart_app.views.sources import SourceView, by_id, sources_views
from smart_app.views.tones import Tone

_WORST_FIRST = (Answer.NOT_MET, Answer.UNKNOWN, Answer.MET)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """A resource a conclusion rests on; ``href`` is empty where the EHR offers no page."""

    ref: str
    version: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One criterion's row."""

    title: str
    answer: str
    tone: Tone
    reason: str = field(repr=False)
    evidence: tuple[EvidenceView, ...]
    remedy: str
    owner: str
    rule_version: str
    sources: tuple[SourceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityView:
    """The section: rows worst first, and a line that counts them."""

    summary: str
    findings: tuple[FindingView, ...]


def eligibility(review: PatientMonthReview) -> EligibilityView:
    """Return the section of a review's findings."""
    ordered = sorted(review.findings, key=lambda f: _WORST_FIRST.index(f.answer))
    return EligibilityView(
        summary=_summary(review.findings),
        findings=tuple(finding(f, review.ehr_links, review.sources) for f in ordered),
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
        remedy=sentence(found.remedy),
        owner="" if found.owner is None else wording.ROLES[found.owner],
        rule_version=found.rule_version,
        sources=sources_views(stated) if stated else by_id(found.citations, sources),
    )


def evidence(ref: EvidenceRef, links: Mapping[str, str]) -> EvidenceView:
    """Return a reference as a chip."""
    return EvidenceView(ref=str(ref), version=ref.version_id, href=links.get(str(ref), ""))


def _summary(findings: tuple[Finding, ...]) -> str:
    counts = Counter(f.answer for f in findings)
    return " · ".join(
        f"{counts[answer]} {wording.ANSWERS[answer].lower()}"
        for answer in _WORST_FIRST
        if counts[answer]
    )
