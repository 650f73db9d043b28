"""The care plan as a list: which of CMS's elements were found, where, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.careplan import CarePlanPicture, ElementSeen, ElementState, Gap
from ccm_fhir.services.patient_month import PatientMonthReview
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import count, listed, sentence
from smart_app.views.sources import SourceView, sources_views
from smart_app.views.tones import Tone

_STATES: dict[ElementState, tuple[Tone, str]] = {
    ElementState.PRESENT: (Tone.GOOD, "Found"),
    ElementState.ABSENT: (Tone.OPEN, "Not found"),
    ElementState.STALE: (Tone.OPEN, "Out of date"),
    ElementState.UNKNOWN: (Tone.PLAIN, "Cannot tell"),
}
_BY_WORDS = "Found by words"
_WORST_FIRST = (ElementState.ABSENT, ElementState.STALE, ElementState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementView:
    """One element."""

    title: str
    word: str
    tone: Tone
    reason: str = field(repr=False)
    remedy: str
    evidence: tuple[EvidenceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    """One loose end."""

    reason: str = field(repr=False)
    evidence: tuple[EvidenceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlanView:
    """The section; ``facts`` are rows of label and text, open elements come worst first."""

    summary: str
    facts: tuple[tuple[str, str], ...] = field(repr=False)
    plans: tuple[EvidenceView, ...]
    copy_given: ElementView | None
    open_elements: tuple[ElementView, ...]
    found_elements: tuple[ElementView, ...]
    gaps: tuple[GapView, ...]
    unread: str
    rule_version: str
    sources: tuple[SourceView, ...]


def care_plan(review: PatientMonthReview) -> CarePlanView | None:
    """Return the section of a review; None where nothing was judged."""
    seen = review.picture
    if seen is None:
        return None
    links = review.ehr_links
    return CarePlanView(
        summary=_summary(seen),
        facts=_facts(seen),
        plans=tuple(evidence(ref, links) for ref in seen.plans),
        copy_given=_copy(seen, review) if seen.plans else None,
        open_elements=tuple(_element(e, review, seen) for e in _open(seen)),
        found_elements=tuple(
            _element(e, review, seen) for e in seen.elements if e.state is ElementState.PRESENT
        ),
        gaps=tuple(_gap(gap, review) for gap in seen.gaps),
        unread=_unread(seen),
        rule_version=seen.rule_version,
        sources=sources_views(review.sources.statements.get(seen.rule_version, ())),
    )


def _summary(seen: CarePlanPicture) -> str:
    if not seen.plans:
        cannot = any(e.state is ElementState.UNKNOWN for e in seen.elements)
        return "Care plans could not be read" if cannot else "No active care plan on record"
    plans = "" if len(seen.plans) == 1 else f" in {len(seen.plans)} plans together"
    return f"{seen.present} of {len(seen.elements)} elements found{plans}"


def _facts(seen: CarePlanPicture) -> tuple[tuple[str, str], ...]:
    days = (
        ("Written", seen.established_on),
        ("Last progress noted", seen.progressed_on),
        ("Last saved in the EHR", seen.saved_on),
    )
    return tuple((label, str(day)) for label, day in days if day is not None)


def _open(seen: CarePlanPicture) -> tuple[ElementSeen, ...]:
    unsettled = [e for e in seen.elements if e.state is not ElementState.PRESENT]
    return tuple(sorted(unsettled, key=lambda e: _WORST_FIRST.index(e.state)))


def _element(
    element: ElementSeen, review: PatientMonthReview, seen: CarePlanPicture
) -> ElementView:
    """Return one element; where there is one plan, its chip is not told again and again."""
    tone, word = _STATES[element.state]
    told = frozenset(seen.plans) if len(seen.plans) == 1 else frozenset()
    return ElementView(
        title=element.title,
        word=_BY_WORDS if element.is_by_words and element.state is ElementState.PRESENT else word,
        tone=tone,
        reason=sentence(element.reason),
        remedy=sentence(element.remedy),
        evidence=tuple(
            evidence(ref, review.ehr_links) for ref in element.evidence if ref not in told
        ),
    )


def _copy(seen: CarePlanPicture, review: PatientMonthReview) -> ElementView:
    tone, word = _STATES[seen.copy_given.state]
    return ElementView(
        title="Copy given to the patient",
        word=word,
        tone=tone,
        reason=sentence(seen.copy_given.reason),
        remedy="",
        evidence=tuple(evidence(ref, review.ehr_links) for ref in seen.copy_given.evidence),
    )


def _gap(gap: Gap, review: PatientMonthReview) -> GapView:
    return GapView(
        reason=sentence(gap.reason),
        evidence=tuple(evidence(ref, review.ehr_links) for ref in gap.evidence),
    )


def _unread(seen: CarePlanPicture) -> str:
    if not seen.unread:
        return ""
    kinds = count(len(seen.unread), "kind of resource", "kinds of resources")
    return f"The EHR did not show {kinds}: {listed(seen.unread)}."
