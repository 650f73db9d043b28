"""The consent criterion: given, by whom, for whom, how, still in force, and what was told.

Consents that the EHR shows and those recorded here are judged alike, by the law of the day on
which they were given. A later refusal or revocation outranks an earlier consent wherever the
two are kept.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.eligibility.withdrawal import (
    Order,
    ended_elsewhere,
    is_dead,
    is_of_another_practice,
    is_refusal,
    on_hold,
    ordered,
    refusals,
    revocations,
)
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution

if TYPE_CHECKING:
    from ccm_fhir.domain.dates import PartialDate, ServiceMonth
    from ccm_fhir.domain.facts import ConsentFact, EvidenceRef
    from ccm_fhir.domain.rules import EligibilityRule

# As the rules name them: what is in a record, here or in an EHR, is documented by being there.
_MODES = {"written": "written", "verbal": "verbal_documented"}
_RENEW = "Ask again and document a new consent, if the patient wishes."


def best_consent(question: Question) -> ConsentFact | None:
    """Return the consent that holds, else the one that comes nearest to it; no refusal."""
    consents = [c for c in _candidates(question) if not is_refusal(c)]
    return max(consents, key=lambda c: _consent_rank(question, c), default=None)


def consent_given(question: Question, consent: ConsentFact | None) -> Finding:
    """Answer whether a consent to CCM holds for the month."""
    said = _without_consent(question) if consent is None else _judge_consent(question, consent)
    gap = why_unread(question, "Consent")
    if gap is not None and not _stands_beside_a_gap(consent, said):
        said = gap
    return finding_of(Criterion.CONSENT, question, said)


def _stands_beside_a_gap(consent: ConsentFact | None, said: Said) -> bool:
    """Whether an answer holds although the EHR's Consents could not be read.

    What a person recorded here, or another resource shows, does; so does the patient's no.
    """
    if said.answer is Answer.MET:
        return consent is not None and consent.ref.resource_type != "Consent"
    return said.answer is Answer.NOT_MET and any(
        ref.resource_type != "Consent" and said.code in {"consent_missing", "consent_revoked"}
        for ref in said.evidence
    )


def _candidates(question: Question) -> tuple[ConsentFact, ...]:
    revoked = revocations(question)
    return tuple(c for c in question.chart.consents if c.is_for_ccm and c not in revoked)


def _consent_rank(question: Question, consent: ConsentFact) -> tuple[int, int, str]:
    """Rank the earliest of those that hold first: asking again must not unsay a consent."""
    rank = {Answer.MET: 2, Answer.UNKNOWN: 1, Answer.NOT_MET: 0}
    answer = _judge_consent(question, consent).answer
    given = consent.given_on.latest.toordinal() if consent.given_on else 0
    return (rank[answer], -given if answer is Answer.MET else given, consent.ref.resource_id)


def _without_consent(question: Question) -> Said:
    refused = next(iter(refusals(question)), None)
    revoked = next(iter(_so_far(question)), None)
    if refused is not None:
        return _refused(refused)
    if revoked is not None:
        return _not_met(
            "consent_revoked",
            f"Consent was revoked on {revoked.given_on}, and none is on record.",
            _RENEW,
            (revoked.ref,),
        )
    if any(s.resource_type == "Consent" for s in question.chart.skipped):
        return Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason="A Consent in the chart could not be read.",
            remedy="Open the Consent in the EHR and correct it.",
            owner=Role.CARE_MANAGER,
        )
    return _not_met(
        "consent_missing",
        "No consent to chronic care management is on record.",
        "Ask the patient, tell the four required things, and document the consent.",
        (),
    )


def _judge_consent(question: Question, consent: ConsentFact) -> Said:
    evidence = (consent.ref,)
    if is_dead(consent):
        return _refused(consent)
    if is_of_another_practice(question, consent):
        return _not_met(
            "consent_not_for_billing_practitioner",
            "The consent on record was given to another practice.",
            _RENEW,
            evidence,
        )
    ended = _consent_ended(consent, question.month)
    if ended:
        why = f"The consent was revoked ({consent.ends_on or 'date not recorded'})."
        return _not_met("consent_revoked", why, _RENEW, evidence)
    if ended is None:
        why = "The consent has ended, but not on a day that can be read."
        return _unknown("cannot_determine", why, _RENEW, evidence)
    return (
        _withdrawn(question, consent)
        or _held(question, consent)
        or _judge_giving(question, consent)
    )


def _held(question: Question, consent: ConsentFact) -> Said | None:
    """Say that the patient paused before the month, or is with another practice."""
    hold = on_hold(question)
    if hold is None:
        return None
    evidence, is_before = (consent.ref, hold.ref), _is_before(hold, question.month)
    if hold.status == "paused":
        if not is_before:
            return None
        return _unknown(
            "cannot_determine",
            f"The patient paused care management on {hold.given_on} and has not taken it up again; "
            "the consent stands, but no source says that a paused month may be reported.",
            "Ask the patient, and record that it goes on, or that consent is revoked.",
            evidence,
        )
    if not is_before:
        return _unknown(
            "cannot_determine",
            f"The patient said on {hold.given_on} that another practice manages their care, and "
            "only one practitioner is paid for a month.",
            "Agree with the other practice who reports this month.",
            evidence,
        )
    return _not_met(
        "consent_not_for_billing_practitioner",
        f"Another practice manages the patient’s care since {hold.given_on} (recorded here).",
        "If the patient comes back, ask again and record the new consent.",
        evidence,
    )


def _is_before(hold: ConsentFact, month: ServiceMonth) -> bool:
    return hold.given_on is not None and hold.given_on.earliest < month.first_day


def _refused(consent: ConsentFact) -> Said:
    reason = "The Consent on record does not permit chronic care management."
    if consent.recorded_here:
        reason = f"The patient declined on {consent.given_on}; no later consent is on record."
    return _not_met("consent_missing", reason, _RENEW, (consent.ref,))


def _withdrawn(question: Question, consent: ConsentFact) -> Said | None:
    """Say that a later refusal or revocation outranks a consent, or that the order is unclear."""
    against = (*refusals(question), *_past_revocations(question))
    orders = tuple((ordered(consent.given_on, other.given_on), other) for other in against)
    for wanted in (Order.FIRST_IS_NOT_LATER, Order.UNCLEAR):
        for order, other in orders:
            if order is wanted:
                return _outranked_by(consent, other, order)
    return _ended_in_the_ehr(question, consent) if consent.recorded_here else None


def _ended_in_the_ehr(question: Question, consent: ConsentFact) -> Said | None:
    """Say that a Consent of the EHR ended after one recorded here: it may have been revoked."""
    for other in ended_elsewhere(question):
        ended = _consent_ended(other, question.month)
        if ended is False or ordered(consent.given_on, other.ends_on) is Order.FIRST_IS_LATER:
            continue
        return _unknown(
            "cannot_determine",
            f"A Consent in the EHR ended ({_day(other.ends_on)}) after the one recorded here was "
            f"given ({_day(consent.given_on)}), and it cannot be told whether the patient revoked.",
            "If the patient revoked, record it here; if not, record when consent was renewed.",
            (consent.ref, other.ref),
        )
    return None


def _outranked_by(consent: ConsentFact, other: ConsentFact, order: Order) -> Said:
    evidence = (consent.ref, other.ref)
    act = "declined" if is_refusal(other) else "revoked consent"
    if order is Order.UNCLEAR:
        return _unknown(
            "cannot_determine",
            f"The patient also {act} ({_day(other.given_on)}), and it cannot be told whether the "
            f"consent ({_day(consent.given_on)}) came before or after.",
            "Record the exact day of each, here or in the EHR.",
            evidence,
        )
    return _not_met(
        "consent_missing" if is_refusal(other) else "consent_revoked",
        f"The patient {act} on {other.given_on} ({_place(other)}), which outranks the consent "
        f"of {_day(consent.given_on)} ({_place(consent)}).",
        _RENEW,
        evidence,
    )


def _past_revocations(question: Question) -> tuple[ConsentFact, ...]:
    """Return the revocations that had taken effect before the month began."""
    return tuple(r for r in revocations(question) if _consent_ended(r, question.month))


def _so_far(question: Question) -> tuple[ConsentFact, ...]:
    """Return the revocations of which the month's last day knows."""
    last = question.month.last_day
    return tuple(
        r for r in revocations(question) if r.given_on is not None and r.given_on.earliest <= last
    )


def _judge_giving(question: Question, consent: ConsentFact) -> Said:
    evidence, given = (consent.ref,), consent.given_on
    if given is None or (
        not given.is_exact and given.is_on_or_before(question.month.first_day) is None
    ):
        return _unknown(
            "cannot_determine",
            f"The consent's day cannot be read ({given or 'no date'}).",
            "Record the exact day on which consent was given.",
            evidence,
        )
    if given.is_on_or_before(question.month.last_day) is False:
        return _not_met(
            "consent_after_service",
            f"Consent was given on {given}, after this month.",
            "Only work after the consent can be reported.",
            evidence,
        )
    laws = _laws_of(question, given)
    return (
        _judge_statements(consent, laws)
        or _judge_mode(question, consent, laws)
        or _met(question, consent, laws)
    )


def _laws_of(question: Question, given: PartialDate) -> tuple[EligibilityRule, ...]:
    """Return the rules of the days on which the consent may have been given: one, or two."""
    rules = question.month_rules
    found = (rules.eligibility_on_or_after(day) for day in (given.earliest, given.latest))
    return tuple({rule.version: rule for rule in found}.values())


def _judge_statements(consent: ConsentFact, laws: tuple[EligibilityRule, ...]) -> Said | None:
    required = dict.fromkeys(s for law in laws for s in law.required_consent_statements)
    missing = [statement for statement in required if statement not in consent.statements]
    if not missing:
        return None
    named = ", ".join(name.replace("_", " ") for name in missing)
    return _unknown(
        "consent_invalid",
        f"The consent does not show that the patient was told of: {named}.",
        "Tell the patient what is missing and document it with the consent.",
        (consent.ref,),
    )


def _judge_mode(
    question: Question, consent: ConsentFact, laws: tuple[EligibilityRule, ...]
) -> Said | None:
    """Say that consent was not given in a way that its day's law allows, where that is told."""
    if not consent.mode or all(_allows(law, consent.mode) for law in laws):
        return None
    remedy = "Document a written consent of that time, or ask the patient again."
    ways = " or ".join(sorted(_in_words(mode) for law in laws for mode in law.consent_modes))
    if any(_allows(law, consent.mode) for law in (question.rule, *laws)):
        return _unknown(
            "cannot_determine",
            f"The consent of {consent.given_on} was {consent.mode}; the law of that day asked for "
            f"a {ways} one, and whether it still counts has not been settled by a source.",
            remedy,
            (consent.ref,),
        )
    return _not_met(
        "consent_invalid",
        f"The consent of {consent.given_on} was {consent.mode}; the law of that day asks for a "
        f"{ways} one.",
        remedy,
        (consent.ref,),
    )


def _allows(law: EligibilityRule, mode: str) -> bool:
    return _MODES.get(mode, mode) in law.consent_modes


def _in_words(mode: str) -> str:
    return mode.partition("_")[0]


def _met(question: Question, consent: ConsentFact, laws: tuple[EligibilityRule, ...]) -> Said:
    how = f" ({consent.mode}, recorded here)" if consent.recorded_here else ""
    parts = (
        f"Consent given on {consent.given_on}{how}, with each required statement recorded.",
        *_untold_mode(question, consent, laws),
        *_outranked(question, consent),
        *_ends_with_the_month(question, consent),
        *_paused_this_month(question),
    )
    ending = _ending(question, consent)
    return Said(
        answer=Answer.MET,
        code="consent",
        reason=" ".join(parts),
        evidence=(consent.ref, *(one.ref for one in ending)),
        cautions=(Caution.CONSENT_REVOKED_MONTH_END,) if ending else (),
    )


def _untold_mode(
    question: Question, consent: ConsentFact, laws: tuple[EligibilityRule, ...]
) -> tuple[str, ...]:
    """Say that the way of consenting is not told, where the law of its day did not take any."""
    if consent.mode:
        return ()
    ever = {m for rule in question.month_rules.eligibility_versions for m in rule.consent_modes}
    if all(law.consent_modes >= ever for law in laws):
        return ()
    ways = " or ".join(sorted({_in_words(m) for law in laws for m in law.consent_modes}))
    return (f"The record does not tell whether it was {ways}, as the law of that day asked.",)


def _outranked(question: Question, consent: ConsentFact) -> tuple[str, ...]:
    older = (r for r in refusals(question) if r.ref != consent.ref)
    return tuple(f"It outranks the refusal of {r.given_on} ({_place(r)})." for r in older)


def _ends_with_the_month(question: Question, consent: ConsentFact) -> tuple[str, ...]:
    return tuple(
        f"It was revoked on {one.given_on or one.ends_on} and ends with that month."
        for one in _ending(question, consent)
    )[:1]


def _paused_this_month(question: Question) -> tuple[str, ...]:
    """Say that the patient paused during the month: what was done before that counts."""
    hold = on_hold(question)
    if hold is None:
        return ()
    return (f"The patient paused care management on {hold.given_on}: ask before any more work.",)


def _ending(question: Question, consent: ConsentFact) -> tuple[ConsentFact, ...]:
    """Return the revocations that end a consent with this month: a revoked month still counts."""
    month = question.month
    return tuple(
        r
        for r in revocations(question)
        if r.ends_on is not None
        and r.ends_on.latest == month.last_day
        and ordered(consent.given_on, r.given_on) is not Order.FIRST_IS_LATER
    )


def _consent_ended(consent: ConsentFact, month: ServiceMonth) -> bool | None:
    """Whether consent had ended before this month; a revocation takes effect at month's end."""
    if consent.ends_on is not None:
        return consent.ends_on.is_on_or_before(month.first_day - timedelta(days=1))
    return consent.status == "inactive"


def _day(given_on: PartialDate | None) -> str:
    return "a day that is not recorded" if given_on is None else str(given_on)


def _place(consent: ConsentFact) -> str:
    return "recorded here" if consent.recorded_here else "in the EHR"


def _not_met(code: str, reason: str, remedy: str, evidence: tuple[EvidenceRef, ...]) -> Said:
    return Said(
        answer=Answer.NOT_MET,
        code=code,
        reason=reason,
        remedy=remedy,
        owner=Role.CARE_MANAGER,
        evidence=evidence,
    )


def _unknown(code: str, reason: str, remedy: str, evidence: tuple[EvidenceRef, ...]) -> Said:
    return Said(
        answer=Answer.UNKNOWN,
        code=code,
        reason=reason,
        remedy=remedy,
        owner=Role.CARE_MANAGER,
        evidence=evidence,
    )
