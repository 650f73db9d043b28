"""What eligibility is asked about, and how one criterion is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.errors import NoRuleInForceError

if TYPE_CHECKING:
    from ccm_fhir.domain.conditions import ChronicTable
    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, PracticeFact
    from ccm_fhir.domain.reasons import Caution
    from ccm_fhir.domain.reviews import ConditionReview
    from ccm_fhir.domain.rules import CarePlanRule, ChartRule, EligibilityRule, MonthRules

ATTESTABLE = frozenset(
    {
        Criterion.TWO_CHRONIC_CONDITIONS,
        Criterion.DURATION_AND_RISK,
        Criterion.NOT_BILLED_ELSEWHERE,
    }
)
"""Criteria that a billing practitioner may ever settle by attesting; whether the answer of one
patient-month can be is the finding's to say (``is_attestable``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One chart, asked about one month under one version of the law."""

    chart: ChartFacts
    month: ServiceMonth
    rule: EligibilityRule
    month_rules: MonthRules
    table: ChronicTable
    practice: PracticeFact
    attested: frozenset[Criterion]
    own_claim_identifiers: frozenset[str]
    reviews: tuple[ConditionReview, ...] = ()

    @property
    def chart_rule(self) -> ChartRule:
        """How Encounters and other people's claims are read in this month.

        Raises:
            NoRuleInForceError: the rulebook says nothing of it for this month.
        """
        found = self.month_rules.chart
        if found is None:
            raise NoRuleInForceError("chart", self.month.last_day)
        return found

    @property
    def care_plan_rule(self) -> CarePlanRule:
        """What a comprehensive care plan holds in this month.

        Raises:
            NoRuleInForceError: the rulebook says nothing of it for this month.
        """
        found = self.month_rules.care_plan
        if found is None:
            raise NoRuleInForceError("care_plan", self.month.last_day)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer before it is bound to its criterion and rule version."""

    answer: Answer
    code: str
    reason: str
    remedy: str = ""
    owner: Role | None = None
    evidence: tuple[EvidenceRef, ...] = ()
    cautions: tuple[Caution, ...] = ()
    notes: tuple[str, ...] = ()
    is_unread: bool = False
    is_attestable: bool = False


def finding_of(criterion: Criterion, question: Question, said: Said) -> Finding:
    """Bind an answer to its criterion, the rule version and its citations."""
    return Finding(
        criterion=criterion,
        answer=said.answer,
        code=said.code,
        reason=said.reason,
        remedy=said.remedy,
        owner=said.owner,
        evidence=said.evidence,
        rule_version=question.rule.version,
        citations=tuple(citation.id for citation in question.rule.citations),
        cautions=said.cautions,
        notes=said.notes,
        is_unread=said.is_unread,
        is_attestable=said.is_attestable,
    )


def why_unread(question: Question, resource_type: str) -> Said | None:
    """Return the UNKNOWN that follows from a resource type that could not be read."""
    for gap in question.chart.unread:
        if gap.resource_type == resource_type:
            return Said(
                answer=Answer.UNKNOWN,
                code="cannot_determine",
                reason=f"{resource_type} could not be read from the EHR: {gap.reason}.",
                remedy=f"Ask the EHR's administrator to let this app read {resource_type}.",
                owner=Role.ADMIN,
                is_unread=True,
            )
    return None


def number_of(number: int, one: str, many: str) -> str:
    """Return a number with its noun, as a sentence begins with it: none is ``No``."""
    return f"{number or 'No'} {one if number == 1 else many}"
