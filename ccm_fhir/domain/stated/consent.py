"""Consent as stated, judged by the law of the day on which it was given."""

from __future__ import annotations

from datetime import date

from msgspec import UNSET

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.findings import Criterion, Finding
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import EligibilityRule, Rulebook
from ccm_fhir.domain.stated.answers import met, not_met, unknown
from ccm_fhir.domain.stated.document import StatedConsent, StatedMonth
from ccm_fhir.errors import InputError

_CONSENT = Criterion.CONSENT


def consent(
    stated: StatedMonth, month: ServiceMonth, rule: EligibilityRule, rulebook: Rulebook
) -> Finding:
    """Answer whether a consent holds for the month."""
    given = stated.consent
    if given is UNSET:
        return unknown(_CONSENT, rule, "consent")
    if given is None:
        return not_met(_CONSENT, Reason.CONSENT_MISSING, rule)
    return _judge(given, month, rule, rulebook)


def _judge(
    given: StatedConsent, month: ServiceMonth, rule: EligibilityRule, rulebook: Rulebook
) -> Finding:
    if given.to_billing_practitioner is False:
        return not_met(_CONSENT, Reason.CONSENT_NOT_FOR_BILLING_PRACTITIONER, rule)
    if not given.date or not given.mode or given.to_billing_practitioner is UNSET:
        return unknown(_CONSENT, rule, *_missing(given))
    if given.date > month.last_day:
        return not_met(_CONSENT, Reason.CONSENT_AFTER_SERVICE, rule)
    if given.mode not in rulebook.eligibility_on_or_after(given.date).consent_modes:
        if given.mode in rule.consent_modes:
            return unknown(_CONSENT, rule, "consent.mode")
        return not_met(_CONSENT, Reason.CONSENT_INVALID, rule)
    return _unless_revoked(given.date, given.revoked or None, month, rule)


def _missing(given: StatedConsent) -> tuple[str, ...]:
    return tuple(
        name
        for name, value in (
            ("consent.date", given.date or UNSET),
            ("consent.mode", given.mode),
            ("consent.to_billing_practitioner", given.to_billing_practitioner),
        )
        if value is UNSET
    )


def _unless_revoked(
    given: date, revoked: date | None, month: ServiceMonth, rule: EligibilityRule
) -> Finding:
    """A revocation takes effect at the end of its month."""
    if revoked is None:
        return met(_CONSENT, rule)
    if revoked < given:
        raise InputError("consent.revoked", "before the day on which consent was given")
    ended = ServiceMonth.containing(revoked)
    if ended < month:
        return not_met(_CONSENT, Reason.CONSENT_REVOKED, rule)
    return met(_CONSENT, rule, *((Caution.CONSENT_REVOKED_MONTH_END,) if ended == month else ()))
