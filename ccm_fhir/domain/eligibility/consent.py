"""The consent criterion: given, by whom, for whom, still in force, and what was told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.facts import ConsentFact


def best_consent(question: Question) -> ConsentFact | None:
    """Return the consent that holds, else the one that comes nearest to it."""
    consents = [c for c in question.chart.consents if c.is_for_ccm]
    return max(consents, key=lambda c: _consent_rank(question, c), default=None)


def _consent_rank(question: Question, consent: ConsentFact) -> tuple[int, date, str]:
    rank = {Answer.MET: 2, Answer.UNKNOWN: 1, Answer.NOT_MET: 0}
    given = (
        consent.given_on.latest if consent.given_on else question.month.first_day.replace(year=1)
    )
    return (rank[_judge_consent(question, consent).answer], given, consent.ref.resource_id)


def consent_given(question: Question, consent: ConsentFact | None) -> Finding:
    """Answer whether a consent to CCM holds for the month."""
    criterion = Criterion.CONSENT
    gap = why_unread(question, "Consent")
    if gap is not None:
        return finding_of(criterion, question, gap)
    if consent is not None:
        return finding_of(criterion, question, _judge_consent(question, consent))
    if any(s.resource_type == "Consent" for s in question.chart.skipped):
        said = Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason="A Consent in the chart could not be read.",
            remedy="Open the Consent in the EHR and correct it.",
            owner=Role.CARE_MANAGER,
        )
    else:
        said = Said(
            answer=Answer.NOT_MET,
            code="consent_missing",
            reason="No consent to chronic care management is on record.",
            remedy="Ask the patient, tell the four required things, and document the consent.",
            owner=Role.CARE_MANAGER,
        )
    return finding_of(criterion, question, said)


def _judge_consent(question: Question, consent: ConsentFact) -> Said:
    evidence = (consent.ref,)
    month = question.month
    renew = "Ask again and document a new consent, if the patient wishes."
    if consent.is_refused or consent.status in {
        "rejected",
        "entered-in-error",
        "proposed",
        "draft",
    }:
        return Said(
            answer=Answer.NOT_MET,
            code="consent_missing",
            reason="The Consent on record does not permit chronic care management.",
            remedy=renew,
            owner=Role.CARE_MANAGER,
            evidence=evidence,
        )
    if _is_of_another_practice(question, consent):
        return Said(
            answer=Answer.NOT_MET,
            code="consent_not_for_billing_practitioner",
            reason="The consent on record was given to another practice.",
            remedy=renew,
            owner=Role.CARE_MANAGER,
            evidence=evidence,
        )
    ended = _consent_ended(consent, month)
    if ended is not False:
        return Said(
            answer=Answer.NOT_MET if ended else Answer.UNKNOWN,
            code="consent_revoked" if ended else "cannot_determine",
            reason=(
                f"The consent was revoked ({consent.ends_on or 'date not recorded'})."
                if ended
                else "The consent has ended, but not on a day that can be read."
            ),
            remedy=renew,
            owner=Role.CARE_MANAGER,
            evidence=evidence,
        )
    return _judge_giving(question, consent)


def _judge_giving(question: Question, consent: ConsentFact) -> Said:
    evidence = (consent.ref,)
    given = consent.given_on
    if given is None or (
        not given.is_exact and given.is_on_or_before(question.month.first_day) is None
    ):
        return Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason=f"The consent's day cannot be read ({given or 'no date'}).",
            remedy="Record the exact day on which consent was given.",
            owner=Role.CARE_MANAGER,
            evidence=evidence,
        )
    if given.is_on_or_before(question.month.last_day) is False:
        return Said(
            answer=Answer.NOT_MET,
            code="consent_after_service",
            reason=f"Consent was given on {given}, after this month.",
            remedy="Only work after the consent can be reported.",
            owner=Role.CARE_MANAGER,
            evidence=evidence,
        )
    missing = [s for s in question.rule.required_consent_statements if s not in consent.statements]
    if missing:
        said = ", ".join(name.replace("_", " ") for name in missing)
        return Said(
            answer=Answer.UNKNOWN,
            code="consent_invalid",
            reason=f"The consent does not show that the patient was told of: {said}.",
            remedy="Tell the patient what is missing and document it with the consent.",
            owner=Role.CARE_MANAGER,
            evidence=evidence,
        )
    return Said(
        answer=Answer.MET,
        code="consent",
        reason=f"Consent given on {given}, with each required statement recorded.",
        evidence=evidence,
    )


def _is_of_another_practice(question: Question, consent: ConsentFact) -> bool:
    ours = question.practice.organization
    return bool(ours and consent.organization and consent.organization != ours)


def _consent_ended(consent: ConsentFact, month: ServiceMonth) -> bool | None:
    """Whether consent had ended before this month; a revocation takes effect at month's end."""
    if consent.ends_on is not None:
        return consent.ends_on.is_on_or_before(month.first_day - timedelta(days=1))
    return consent.status == "inactive"
