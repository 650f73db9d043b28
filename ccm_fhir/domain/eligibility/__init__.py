"""Eligibility: each criterion asked of one chart in one month, answered with its evidence.

``assess`` is the one judgement behind the patient screen, the month page and the sweep. A sweep
asks it by ``screen``, which leaves out the picture of the care plan: that is for people to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccm_fhir.domain.careplan import picture
from ccm_fhir.domain.conditions import classify, distinct_families
from ccm_fhir.domain.eligibility.consent import best_consent, consent_given
from ccm_fhir.domain.eligibility.coverage import best_coverage, medicare_coverage
from ccm_fhir.domain.eligibility.diagnoses import (
    distinct,
    duration_and_risk,
    two_chronic_conditions,
)
from ccm_fhir.domain.eligibility.plan import best_care_plan, comprehensive_care_plan
from ccm_fhir.domain.eligibility.question import ATTESTABLE, Question
from ccm_fhir.domain.eligibility.risk import RiskEvidence, RiskSign, risk_evidence
from ccm_fhir.domain.eligibility.screening import Outcome, Screened, screened
from ccm_fhir.domain.eligibility.standing import alive, not_billed_elsewhere, practice_requirements
from ccm_fhir.domain.eligibility.stays import Stay, not_away_all_month, stays_of
from ccm_fhir.domain.eligibility.steps import NextStep, next_steps
from ccm_fhir.domain.eligibility.visits import initiating_visit
from ccm_fhir.domain.eligibility.withdrawal import refusals
from ccm_fhir.domain.reviews import apply_reviews

if TYPE_CHECKING:
    from ccm_fhir.domain.careplan import CarePlanPicture
    from ccm_fhir.domain.conditions import ChronicFamily, ConditionVerdict, DistinctFamilies
    from ccm_fhir.domain.facts import CarePlanFact, ConsentFact, CoverageFact
    from ccm_fhir.domain.findings import Criterion, Finding

__all__ = [
    "ATTESTABLE",
    "Eligibility",
    "NextStep",
    "Outcome",
    "Question",
    "RiskEvidence",
    "RiskSign",
    "Screened",
    "Stay",
    "assess",
    "next_steps",
    "risk_evidence",
    "screen",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """The findings, and what of them the coding and the claim go on to use."""

    findings: tuple[Finding, ...]
    verdicts: tuple[ConditionVerdict, ...]
    families: tuple[ChronicFamily, ...]
    consent: ConsentFact | None
    refusals: tuple[ConsentFact, ...]
    coverage: CoverageFact | None
    care_plan: CarePlanFact | None
    picture: CarePlanPicture
    stays: tuple[Stay, ...]

    def finding(self, criterion: Criterion) -> Finding:
        """Return the finding of one criterion; every criterion has exactly one."""
        return next(f for f in self.findings if f.criterion is criterion)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What of a chart stands for each criterion."""

    verdicts: tuple[ConditionVerdict, ...]
    families: tuple[ChronicFamily, ...]
    distinct: DistinctFamilies
    coverage: CoverageFact | None
    consent: ConsentFact | None
    care_plan: CarePlanFact | None
    stays: tuple[Stay, ...]


def assess(question: Question) -> Eligibility:
    """Answer every criterion; the same question gives the same answer, in the same order."""
    standing = _standing(question)
    seen = picture(question.chart, standing.families, question.month, question.care_plan_rule)
    return Eligibility(
        findings=_findings(question, standing, seen),
        verdicts=standing.verdicts,
        families=standing.families,
        consent=standing.consent,
        refusals=refusals(question),
        coverage=standing.coverage,
        care_plan=standing.care_plan,
        picture=seen,
        stays=standing.stays,
    )


def screen(question: Question) -> Screened:
    """Answer every criterion as ``assess`` does, and say what they amount to in a sweep.

    The answers are the same, but for the notes on what CMS lists of a care plan.
    """
    standing = _standing(question)
    findings = _findings(question, standing, None)
    return screened(findings, standing.distinct.families, refusals(question))


def _standing(question: Question) -> _Standing:
    verdicts = tuple(
        classify(c, question.table, question.month.last_day) for c in question.chart.conditions
    )
    verdicts = apply_reviews(verdicts, question.chart.conditions, question.reviews, question.table)
    families = distinct_families(verdicts, question.table)
    return _Standing(
        verdicts=verdicts,
        families=families,
        distinct=distinct(question, verdicts, families),
        coverage=best_coverage(question),
        consent=best_consent(question),
        care_plan=best_care_plan(question),
        stays=stays_of(question),
    )


def _findings(
    question: Question, standing: _Standing, seen: CarePlanPicture | None
) -> tuple[Finding, ...]:
    return (
        two_chronic_conditions(question, standing.distinct),
        duration_and_risk(question),
        medicare_coverage(question, standing.coverage),
        consent_given(question, standing.consent),
        initiating_visit(question, standing.consent),
        comprehensive_care_plan(question, standing.care_plan, seen),
        practice_requirements(question),
        alive(question),
        not_billed_elsewhere(question),
        not_away_all_month(question, standing.stays),
    )
