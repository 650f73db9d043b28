"""Eligibility: each criterion asked of one chart in one month, answered with its evidence.

``assess`` is the one judgement behind the patient screen, the month page and the sweep.
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
from ccm_fhir.domain.eligibility.standing import alive, not_billed_elsewhere, practice_requirements
from ccm_fhir.domain.eligibility.stays import Stay, not_away_all_month, stays_of
from ccm_fhir.domain.eligibility.steps import NextStep, next_steps
from ccm_fhir.domain.eligibility.visits import initiating_visit
from ccm_fhir.domain.eligibility.withdrawal import refusals
from ccm_fhir.domain.reviews import apply_reviews

if TYPE_CHECKING:
    from ccm_fhir.domain.careplan import CarePlanPicture
    from ccm_fhir.domain.conditions import ChronicFamily, ConditionVerdict
    from ccm_fhir.domain.facts import CarePlanFact, ConsentFact, CoverageFact
    from ccm_fhir.domain.findings import Criterion, Finding

__all__ = [
    "ATTESTABLE",
    "Eligibility",
    "NextStep",
    "Question",
    "RiskEvidence",
    "RiskSign",
    "Stay",
    "assess",
    "next_steps",
    "risk_evidence",
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


def assess(question: Question) -> Eligibility:
    """Answer every criterion; the same question gives the same answer, in the same order."""
    verdicts = tuple(
        classify(c, question.table, question.month.last_day) for c in question.chart.conditions
    )
    verdicts = apply_reviews(verdicts, question.chart.conditions, question.reviews, question.table)
    families = distinct_families(verdicts, question.table)
    coverage = best_coverage(question)
    consent = best_consent(question)
    care_plan = best_care_plan(question)
    seen = picture(question.chart, families, question.month, question.care_plan_rule)
    stays = stays_of(question)
    findings = (
        two_chronic_conditions(question, distinct(question, verdicts, families)),
        duration_and_risk(question),
        medicare_coverage(question, coverage),
        consent_given(question, consent),
        initiating_visit(question, consent),
        comprehensive_care_plan(question, care_plan, seen),
        practice_requirements(question),
        alive(question),
        not_billed_elsewhere(question),
        not_away_all_month(question, stays),
    )
    return Eligibility(
        findings=findings,
        verdicts=verdicts,
        families=families,
        consent=consent,
        refusals=refusals(question),
        coverage=coverage,
        care_plan=care_plan,
        picture=seen,
        stays=stays,
    )
