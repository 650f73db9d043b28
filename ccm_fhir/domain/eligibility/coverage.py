"""The Medicare coverage criterion: which Coverage holds on which days of the month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import CoverageKind, Role
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccm_fhir.domain.dates import PartialDate, ServiceMonth
    from ccm_fhir.domain.facts import CoverageFact

_DAY = timedelta(days=1)
_LIVE = frozenset({"active", ""})
_ENDED = "cancelled"
_NAMES = {
    CoverageKind.MEDICARE_PART_B: "Medicare Part B",
    CoverageKind.MEDICARE_ADVANTAGE: "a Medicare Advantage plan",
}


def best_coverage(question: Question) -> CoverageFact | None:
    """Return the qualifying Coverage that holds all month, Part B before others.

    Where no single one does, the last of several of one kind that together leave no day out.
    """
    live = [c for c in question.chart.coverages if _qualifies(question, c) and c.status in _LIVE]
    whole = [c for c in live if _covers_month(c, question.month) is True]
    if whole:
        return min(whole, key=_preferred)
    chains = (_chain((c for c in live if c.kind is kind), question.month) for kind in _NAMES)
    return next((chain[-1] for chain in chains if chain), None)


def medicare_coverage(question: Question, coverage: CoverageFact | None) -> Finding:
    """Answer whether Part B or an equivalent plan covers the month."""
    criterion = Criterion.MEDICARE_COVERAGE
    gap = why_unread(question, "Coverage")
    if gap is not None:
        return finding_of(criterion, question, gap)
    said = _why_not_covered(question) if coverage is None else _covered(question, coverage)
    return finding_of(criterion, question, said)


def _qualifies(question: Question, coverage: CoverageFact) -> bool:
    return coverage.kind in question.rule.coverage_kinds


def _preferred(coverage: CoverageFact) -> tuple[bool, bool, object]:
    return (
        coverage.kind is not CoverageKind.MEDICARE_PART_B,
        coverage.ref.resource_type != "Coverage",
        coverage.ref,
    )


def _covers(coverage: CoverageFact, day: date) -> bool | None:
    """Whether a Coverage's period holds a day; None where its dates are too coarse."""
    started = _reached(coverage.starts_on, day)
    ended = coverage.ends_on is not None and coverage.ends_on.is_on_or_before(day - _DAY)
    if started is False or ended is True:
        return False
    return None if started is None or ended is None else True


def _reached(starts_on: PartialDate | None, day: date) -> bool | None:
    return True if starts_on is None else starts_on.is_on_or_before(day)


def _covers_month(coverage: CoverageFact, month: ServiceMonth) -> bool | None:
    if _reached(coverage.starts_on, month.last_day) is False:
        return False
    if coverage.ends_on is not None and coverage.ends_on.is_on_or_before(month.first_day - _DAY):
        return False
    days = (month.first_day, month.last_day)
    return True if all(_covers(coverage, day) is True for day in days) else None


def _chain(coverages: Iterable[CoverageFact], month: ServiceMonth) -> tuple[CoverageFact, ...]:
    """Return coverages that follow one another through the month; empty where a day is left."""
    day = month.first_day
    chain: list[CoverageFact] = []
    for coverage in sorted(coverages, key=lambda c: (_starts(c), _ends(c), c.ref)):
        if _covers(coverage, day) is True:
            chain.append(coverage)
            if _ends(coverage) >= month.last_day:
                return tuple(chain)
            day = _ends(coverage) + _DAY
    return ()


def _starts(coverage: CoverageFact) -> date:
    return date.min if coverage.starts_on is None else coverage.starts_on.latest


def _ends(coverage: CoverageFact) -> date:
    return date.max if coverage.ends_on is None else coverage.ends_on.earliest


def _covered(question: Question, coverage: CoverageFact) -> Said:
    name = _NAMES.get(coverage.kind, coverage.kind.value)
    others = tuple(c for c in question.chart.coverages if _is_qmb(c, question.month))
    return Said(
        answer=Answer.MET,
        code="medicare_coverage",
        reason=f"Covered by {name} for the whole month.",
        evidence=(coverage.ref, *(c.ref for c in others)),
        cautions=_cautions(coverage, others),
        notes=_notes(coverage),
    )


def _is_qmb(coverage: CoverageFact, month: ServiceMonth) -> bool:
    return (
        coverage.kind is CoverageKind.QMB
        and coverage.status in _LIVE
        and _covers_month(coverage, month) is not False
    )


def _cautions(coverage: CoverageFact, qmb: tuple[CoverageFact, ...]) -> tuple[Caution, ...]:
    is_advantage = coverage.kind is CoverageKind.MEDICARE_ADVANTAGE
    return (
        *((Caution.MA_CONTRACT_RULES,) if is_advantage else ()),
        *((Caution.QMB_NO_COST_SHARING,) if qmb else ()),
    )


def _notes(coverage: CoverageFact) -> tuple[str, ...]:
    container = coverage.ref.resource_type
    if container == "Coverage":
        return ()
    return (
        (
            f"The coverage stands only inside a {container} and may be out of date; check it with "
            "the payer."
        ),
    )


def _why_not_covered(question: Question) -> Said:
    coverages = question.chart.coverages
    skipped = any(s.resource_type == "Coverage" for s in question.chart.skipped)
    doubts = _doubts(question)
    if doubts or skipped or not coverages:
        reason, evidence = doubts[0] if doubts else ("The chart holds no readable Coverage.", ())
        return Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason=f"Medicare Part B cannot be confirmed. {reason}",
            remedy="Check eligibility with the payer and record the Coverage in the EHR.",
            owner=Role.BILLER,
            evidence=evidence,
        )
    return _not_covered(question)


_Doubt = tuple[str, tuple[EvidenceRef, ...]]


def _doubts(question: Question) -> list[_Doubt]:
    """Return why coverage is in doubt, plainest first, each with the Coverages it rests on."""
    month = question.month
    live = [c for c in question.chart.coverages if c.status in _LIVE]
    ours = [c for c in live if _qualifies(question, c)]
    partly = [c for c in ours if _covers_month(c, month) is None]
    told = (
        (_partly(partly, month), partly),
        (
            "A Coverage speaks of Medicare or is unclear, and does not say plainly which part.",
            [c for c in live if c.kind is CoverageKind.UNREADABLE],
        ),
        (
            "A Coverage is marked as cancelled, though its period holds days of this month.",
            [
                c
                for c in question.chart.coverages
                if c.status == _ENDED
                and c.ends_on is not None
                and _qualifies(question, c)
                and _covers_month(c, month) is not False
            ],
        ),
    )
    return [(why, tuple(sorted(c.ref for c in found))) for why, found in told if found]


def _partly(partly: list[CoverageFact], month: ServiceMonth) -> str:
    """Say on which part of the month a Coverage holds."""
    if partly and all(c.ref.resource_type != "Coverage" for c in partly):
        return "Only a claim names it, which shows coverage on the claim's own days."
    if len({c.kind for c in partly}) > 1:
        return "Different Medicare coverages each hold for a part of the month."
    ends = [c.ends_on for c in partly if _is_inside(c.ends_on, month)]
    if ends:
        return f"It ended on {max(ends, key=str)}, within the month."
    starts = [c.starts_on for c in partly if _is_inside(c.starts_on, month)]
    if starts:
        return f"It began on {min(starts, key=str)}, within the month."
    return "A Coverage's dates are too coarse to tell whether it holds for the whole month."


def _is_inside(day: PartialDate | None, month: ServiceMonth) -> bool:
    return day is not None and day.is_exact and month.first_day <= day.earliest <= month.last_day


def _not_covered(question: Question) -> Said:
    coverages = question.chart.coverages
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
        evidence=tuple(sorted(c.ref for c in coverages)),
    )
