"""The initiating visit as stated, judged by the law of the month in which CCM began."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from msgspec import UNSET

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Criterion, Finding
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import EligibilityRule, Rulebook
from ccm_fhir.domain.stated.answers import met, not_met, unknown
from ccm_fhir.domain.stated.document import StatedMonth, StatedVisit, VisitBy
from ccm_fhir.errors import InputError

_VISIT = Criterion.INITIATING_VISIT
_MONTHS_KEPT = 1024


def initiating_visit(
    stated: StatedMonth, month: ServiceMonth, rule: EligibilityRule, rulebook: Rulebook
) -> Finding:
    """Answer whether CCM began with a visit, or with a patient seen within the year before."""
    began = _began(stated, month)
    law = rulebook.eligibility_on_or_after(began.first_day)
    earliest = began.first_day - timedelta(days=law.initiating_visit_within_days)
    visit = stated.initiating_visit
    if visit and _qualifies(visit, law, earliest, began.last_day):
        return met(_VISIT, rule, *_cautions(stated, visit, month, rule))
    if not law.initiating_visit_for_all and _was_seen(stated, earliest, began.last_day):
        return met(_VISIT, rule, *_cautions(stated, visit or None, month, rule))
    if visit is UNSET:
        return unknown(_VISIT, rule, "initiating_visit")
    if visit is None:
        if stated.last_seen_by_billing_practitioner is UNSET and not law.initiating_visit_for_all:
            return unknown(_VISIT, rule, "last_seen_by_billing_practitioner")
        return not_met(_VISIT, Reason.VISIT_MISSING, rule)
    return _not_qualifying(visit, law, rule)


def _not_qualifying(visit: StatedVisit, law: EligibilityRule, rule: EligibilityRule) -> Finding:
    if visit.code and visit.code not in law.initiating_visit_codes:
        return not_met(_VISIT, Reason.VISIT_CODE_NOT_QUALIFYING, rule)
    missing = tuple(
        f"initiating_visit.{name}"
        for name, value in (("date", visit.date), ("code", visit.code), ("by", visit.by))
        if not value
    )
    if missing:
        return unknown(_VISIT, rule, *missing)
    return not_met(_VISIT, Reason.VISIT_MISSING, rule)


def _began(stated: StatedMonth, month: ServiceMonth) -> ServiceMonth:
    """Return the month in which CCM began: as stated, else that of the consent, else this one."""
    if stated.ccm_first_month:
        began = _first_month(stated.ccm_first_month)
    elif stated.consent and stated.consent.date:
        began = ServiceMonth.containing(stated.consent.date)
    else:
        began = month
    return min(began, month)


@lru_cache(maxsize=_MONTHS_KEPT)
def _first_month(text: str) -> ServiceMonth:
    try:
        return ServiceMonth.parse(text)
    except InputError as error:
        raise InputError("ccm_first_month", error.problem) from None


def _qualifies(visit: StatedVisit, law: EligibilityRule, earliest: date, latest: date) -> bool:
    return (
        visit.code in law.initiating_visit_codes
        and visit.by is VisitBy.BILLING_PRACTITIONER
        and bool(visit.date)
        and isinstance(visit.date, date)
        and earliest <= visit.date <= latest
    )


def _was_seen(stated: StatedMonth, earliest: date, latest: date) -> bool:
    """Whether the patient was seen in time; a visit that does not qualify is no such seeing."""
    seen = stated.last_seen_by_billing_practitioner
    if not seen or not earliest <= seen <= latest:
        return False
    visit = stated.initiating_visit
    return not (visit and visit.date == seen)


def _cautions(
    stated: StatedMonth, visit: StatedVisit | None, month: ServiceMonth, rule: EligibilityRule
) -> tuple[Caution, ...]:
    dates = (stated.last_seen_by_billing_practitioner, visit.date if visit else None)
    latest = max(day for day in dates if isinstance(day, date))
    year_before = month.first_day - timedelta(days=rule.initiating_visit_within_days)
    return (Caution.NO_FACE_TO_FACE,) if latest < year_before else ()
