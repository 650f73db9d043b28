"""Which statement of which rule is the source of a reason."""

from __future__ import annotations

from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.rules import Cited, MonthRules
from ccm_fhir.domain.stated.sentences import SENTENCES


def source_of(reason: Reason, decision: Decision, rules: MonthRules) -> Cited | None:
    """Return the time rule's, the exclusion's, the eligibility's or the claim's statement."""
    cited = _code_statement(reason, decision, rules) or _exclusion(reason, rules)
    statement = SENTENCES[reason].statement
    if cited is None and statement and rules.eligibility is not None:
        cited = rules.eligibility.statement(statement)
    if cited is None and reason is Reason.TIMELY_FILING_EXPIRED and rules.claim is not None:
        cited = next(c for c in rules.claim.cited if c.what == "timely_filing_years")
    return cited


def _code_statement(reason: Reason, decision: Decision, rules: MonthRules) -> Cited | None:
    codes = rules.family(decision.family)
    if reason is not Reason.BELOW_TIME_THRESHOLD or not codes:
        return None
    return codes[0].statement("threshold_minutes")


def _exclusion(reason: Reason, rules: MonthRules) -> Cited | None:
    every = (e for group in rules.exclusions.values() for e in group)
    return next((e.cited for e in every if e.reason is reason), None)
