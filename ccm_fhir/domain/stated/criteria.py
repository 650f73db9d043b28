"""The other criteria as stated: conditions, coverage, plan, practice, practitioner, services."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import UNSET

from ccm_fhir.domain.codes import EligibleProfession
from ccm_fhir.domain.conditions import Chronic, CodeMeaning
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Criterion, Finding
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import EligibilityRule, MonthRules
from ccm_fhir.domain.stated.answers import met, not_met, unknown
from ccm_fhir.domain.stated.document import Payer, StatedMonth
from ccm_fhir.errors import InputError

_PCM_FAMILY = "pcm"
_PRACTICE = (
    ("access_24_7", Reason.NO_24_7_ACCESS),
    ("certified_ehr", Reason.CERTIFIED_EHR_MISSING),
    ("continuity_designated_team_member", Reason.CONTINUITY_MISSING),
)


def conditions(
    stated: StatedMonth,
    rule: EligibilityRule,
    rules: MonthRules,
    look_up: Callable[[str], CodeMeaning | None],
) -> Finding:
    """Answer whether enough distinct chronic diseases are stated; two codes of one are one."""
    criterion = Criterion.TWO_CHRONIC_CONDITIONS
    meanings = [_known(place, look_up(code)) for place, code in enumerate(stated.conditions)]
    chronic = [m.family for m in meanings if m.chronic is Chronic.CHRONIC]
    doubtful = sum(1 for m in meanings if m.chronic is Chronic.REVIEW)
    families = set(chronic)
    if len(families) >= rule.minimum_condition_families:
        return met(criterion, rule)
    if len(families) + doubtful >= rule.minimum_condition_families:
        return unknown(criterion, rule, "conditions")
    cautions: list[Caution] = []
    if len(chronic) > len(families):
        cautions += [Caution.REVIEW_CONDITION_FAMILIES, Caution.SOURCE_UNCONFIRMED]
    if families and any(rules.family(f"{_PCM_FAMILY}_{who}") for who in ("staff", "practitioner")):
        cautions.append(Caution.CONSIDER_PCM)
    return not_met(criterion, Reason.FEWER_THAN_TWO_CONDITIONS, rule, *cautions)


def _known(place: int, meaning: CodeMeaning | None) -> CodeMeaning:
    if meaning is None:
        raise InputError(f"conditions[{place}]", "not an ICD-10-CM code of the loaded tables")
    return meaning


def risk(stated: StatedMonth, rule: EligibilityRule) -> Finding:
    """Answer whether duration and risk are documented."""
    documented = stated.conditions_meet_risk_and_12mo
    if documented is UNSET:
        return unknown(Criterion.DURATION_AND_RISK, rule, "conditions_meet_risk_and_12mo")
    if documented:
        return met(Criterion.DURATION_AND_RISK, rule)
    return not_met(Criterion.DURATION_AND_RISK, Reason.RISK_OR_DURATION_NOT_DOCUMENTED, rule)


def coverage(stated: StatedMonth, rule: EligibilityRule) -> Finding:
    """Answer whether Medicare Part B, or a plan in its place, covers the month."""
    criterion, enrolled = Criterion.MEDICARE_COVERAGE, stated.patient.enrolled_part_b
    if stated.payer is Payer.OTHER:
        return not_met(criterion, Reason.PAYER_NOT_MEDICARE, rule)
    if enrolled is UNSET:
        return unknown(criterion, rule, "patient.enrolled_part_b")
    if not enrolled:
        return not_met(criterion, Reason.NO_PART_B, rule)
    cautions: tuple[Caution, ...] = ()
    if stated.payer is Payer.MEDICARE_ADVANTAGE:
        cautions += (Caution.MA_CONTRACT_RULES,)
    if stated.patient.qmb is True:
        cautions += (Caution.QMB_NO_COST_SHARING,)
    return met(criterion, rule, *cautions)


def care_plan(stated: StatedMonth, month: ServiceMonth, rule: EligibilityRule) -> Finding:
    """Answer whether a plan was in place and its copy given."""
    criterion, plan = Criterion.CARE_PLAN, stated.care_plan
    if plan is UNSET:
        return unknown(criterion, rule, "care_plan")
    if plan is None:
        return not_met(criterion, Reason.CARE_PLAN_MISSING, rule)
    if plan.date and plan.date > month.last_day:
        return not_met(criterion, Reason.CARE_PLAN_MISSING, rule)
    if plan.copy_given is False:
        return not_met(criterion, Reason.CARE_PLAN_COPY_NOT_GIVEN, rule)
    missing = (
        ("care_plan.date", not plan.date),
        ("care_plan.copy_given", plan.copy_given is UNSET),
    )
    if any(is_missing for _, is_missing in missing):
        return unknown(criterion, rule, *(name for name, is_missing in missing if is_missing))
    return met(criterion, rule)


def practice(stated: StatedMonth, rule: EligibilityRule) -> Iterator[Finding]:
    """Answer what the practice attests, one finding for each thing that is not so."""
    criterion, attested = Criterion.PRACTICE_REQUIREMENTS, stated.practice_attestations
    missing: list[str] = []
    refused = False
    for name, reason in _PRACTICE:
        value = UNSET if attested is UNSET else getattr(attested, name)
        if value is UNSET:
            missing.append(f"practice_attestations.{name}")
        elif not value:
            refused = True
            yield not_met(criterion, reason, rule)
    if missing:
        yield unknown(criterion, rule, *missing)
    elif not refused:
        yield met(criterion, rule)


def practitioner(stated: StatedMonth, rule: EligibilityRule, rules: MonthRules) -> Finding:
    """Answer whether the billing practitioner's profession may bill."""
    criterion, role = Criterion.PRACTICE_REQUIREMENTS, stated.billing_practitioner.role
    if role is UNSET:
        return unknown(criterion, rule, "billing_practitioner.role")
    named = role.strip().lower()
    if named not in rule.professions:
        return not_met(criterion, Reason.PRACTITIONER_NOT_ELIGIBLE, rule)
    is_paid_less = EligibleProfession(named) in rules.professions_paid_less
    return met(criterion, rule, *((Caution.NPP_REDUCED,) if is_paid_less else ()))
