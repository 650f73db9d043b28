"""Where the rules behind one patient's month were read, for the people who argue about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ccm_fhir.domain.codes import NotCounted
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.rules import Citation, Cited, CountingRule, MonthRules, Rulebook
from ccm_fhir.domain.stated.citing import source_of

STATEMENTS_OF: dict[Criterion, tuple[str, ...]] = {
    Criterion.TWO_CHRONIC_CONDITIONS: ("minimum_condition_families", "distinct_families"),
    Criterion.DURATION_AND_RISK: ("minimum_condition_families",),
    Criterion.MEDICARE_COVERAGE: ("coverage_kinds",),
    Criterion.CONSENT: ("consent_modes", "required_consent_statements"),
    Criterion.INITIATING_VISIT: (
        "initiating_visit_codes",
        "initiating_visit_within_days",
        "initiating_visit_for_all",
    ),
    Criterion.CARE_PLAN: ("required_consent_statements",),
    Criterion.PRACTICE_REQUIREMENTS: ("professions",),
    Criterion.ALIVE: (),
    Criterion.NOT_BILLED_ELSEWHERE: (),
    Criterion.NOT_AWAY_ALL_MONTH: (),
}
"""The eligibility rule's statements that a criterion rests on; none: the rule as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources of one month's rules.

    ``citations`` holds every source by its id; ``statements`` what each rule version says and
    where each saying was read; ``reasons`` the statement behind a reason; ``counting`` the
    rules by which time does not count.
    """

    citations: Mapping[str, Citation] = field(default_factory=dict)
    statements: Mapping[str, tuple[Cited, ...]] = field(default_factory=dict)
    reasons: Mapping[str, Cited] = field(default_factory=dict)
    counting: Mapping[NotCounted, CountingRule] = field(default_factory=dict)

    def of_criterion(self, criterion: Criterion, version: str) -> tuple[Cited, ...]:
        """Return what a rule version says of a criterion; empty where it names nothing."""
        wanted = STATEMENTS_OF[criterion]
        return tuple(c for c in self.statements.get(version, ()) if c.what in wanted)


def sources_of(rulebook: Rulebook, month: ServiceMonth, decision: Decision) -> Sources:
    """Return the sources of a decision that the rulebook has made."""
    rules = rulebook.of_month(month)
    statements = {rule.version: rule.cited for codes in rules.families.values() for rule in codes}
    if rules.eligibility is not None:
        statements[rules.eligibility.version] = rules.eligibility.cited
    if rules.care_plan is not None:
        statements[rules.care_plan.version] = rules.care_plan.every_cited
    if rules.risk is not None:
        statements[rules.risk.version] = rules.risk.every_cited
    return Sources(
        citations={citation.id: citation for citation in _every(rules, statements.values())},
        statements=statements,
        reasons=_of_reasons(decision, rules),
        counting=rules.counting,
    )


def _every(rules: MonthRules, statements: Iterable[tuple[Cited, ...]]) -> Iterable[Citation]:
    for said in statements:
        for cited in said:
            yield from cited.citations
    for codes in rules.families.values():
        for rule in codes:
            yield from rule.citations
    if rules.eligibility is not None:
        yield from rules.eligibility.citations


def _of_reasons(decision: Decision, rules: MonthRules) -> dict[str, Cited]:
    known = (Reason(text) for text in decision.reasons if text in set(Reason))
    found = ((reason.value, source_of(reason, decision, rules)) for reason in known)
    return {text: cited for text, cited in found if cited is not None}
