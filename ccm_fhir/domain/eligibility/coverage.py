"""The Medicare coverage criterion."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import CoverageKind, Role
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from datetime import date

    from ccm_fhir.domain.dates import PartialDate, ServiceMonth
    from ccm_fhir.domain.facts import CoverageFact


def _covers(coverage: CoverageFact, day: date) -> bool | None:
    """Whether a Coverage's period holds a day; None where its dates are too coarse."""
    started = _reached(coverage.starts_on, day)
    ended = coverage.ends_on is not None and coverage.ends_on.is_on_or_before(
        day - timedelta(days=1)
    )
    if started is False or ended is True:
        return False
    return None if started is None or ended is None else True


def _reached(starts_on: PartialDate | None, day: date) -> bool | None:
    return True if starts_on is None else starts_on.is_on_or_before(day)


def best_coverage(question: Question) -> CoverageFact | None:
    """Return the qualifying Coverage that holds all month, Part B before others."""
    qualifying = (
        c
        for c in question.chart.coverages
        if c.kind in question.rule.coverage_kinds and c.status in {"active", ""}
    )
    whole = (c for c in qualifying if _covers_month(c, question.month) is True)
    return min(
        whole, key=lambda c: (c.kind is not CoverageKind.MEDICARE_PART_B, c.ref), default=None
    )


def _covers_month(coverage: CoverageFact, month: ServiceMonth) -> bool | None:
    first, last = _covers(coverage, month.first_day), _covers(coverage, month.last_day)
    if first is True and last is True:
        return True
    return False if first is False and last is False else None


def medicare_coverage(question: Question, coverage: CoverageFact | None) -> Finding:
    """Answer whether Part B or an equivalent plan covers the month."""
    criterion = Criterion.MEDICARE_COVERAGE
    gap = why_unread(question, "Coverage")
    if gap is not None:
        return finding_of(criterion, question, gap)
    if coverage is not None:
        name = {
            CoverageKind.MEDICARE_PART_B: "Medicare Part B",
            CoverageKind.MEDICARE_ADVANTAGE: "a Medicare Advantage plan",
        }.get(coverage.kind, coverage.kind.value)
        said = Said(
            answer=Answer.MET,
            code="medicare_coverage",
            reason=f"Covered by {name} for the whole month.",
            evidence=(coverage.ref,),
        )
        return finding_of(criterion, question, said)
    return finding_of(criterion, question, _why_not_covered(question))


def _why_not_covered(question: Question) -> Said:
    coverages = question.chart.coverages
    in_doubt = tuple(
        c.ref
        for c in coverages
        if c.status in {"active", ""}
        and (
            c.kind is CoverageKind.UNREADABLE
            or (c.kind in question.rule.coverage_kinds and _covers_month(c, question.month) is None)
        )
    )
    skipped = any(s.resource_type == "Coverage" for s in question.chart.skipped)
    if not coverages or in_doubt or skipped:
        why = (
            "the chart holds no readable Coverage"
            if not in_doubt
            else "a Coverage does not say plainly whether Part B holds for the whole month"
        )
        return Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason=f"Medicare Part B cannot be confirmed: {why}.",
            remedy="Check eligibility with the payer and record the Coverage in the EHR.",
            owner=Role.BILLER,
            evidence=in_doubt,
        )
    is_medicare = any(
        c.kind in {CoverageKind.MEDICARE_PART_A, *question.rule.coverage_kinds} for c in coverages
    )
    return Said(
        answer=Answer.NOT_MET,
        code="no_part_b" if is_medicare else "payer_not_medicare",
        reason=(
            "Medicare, but no Part B (or Medicare Advantage) in force in this month."
            if is_medicare
            else "No Medicare coverage in force in this month."
        ),
        remedy="Correct the Coverage in the EHR if the patient has Part B.",
        owner=Role.BILLER,
        evidence=tuple(c.ref for c in coverages),
    )
