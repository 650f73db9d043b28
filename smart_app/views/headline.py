"""The one sentence at the top of the patient page: where the month stands and what is next."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.findings import Answer, Finding
from ccm_fhir.domain.reasons import Reason
from ccm_fhir.domain.stated.sentences import SENTENCES
from ccm_fhir.domain.writeback import CHARGES, DeliveryState, RungName
from ccm_fhir.services.patient_month import ClaimInHand, Delivered, PatientMonthReview, SignedMonth
from smart_app.views import wording
from smart_app.views.formats import bare_minutes, count, listed, minutes, money, sentence
from smart_app.views.meter import reached_words
from smart_app.views.tones import Tone

_TOLD_ELSEWHERE = frozenset({"nothing_to_report", "practitioner_npi_missing"})
_BY_A_PERSON = frozenset({RungName.DOCUMENT, RungName.HAND_OFF})
_FROM_A_SHEET = "The EHR takes no Claim; the biller keys it in from the charge sheet on the chart."
_FROM_CHARGES = "The EHR takes no Claim; its own billing makes one of a charge for each line."
_BY_FILE = "Whoever bills makes the month’s file; nothing of the claim goes to the EHR."
_BY_HAND = "The EHR takes neither a Claim nor a document; its superbill is on the hand-off sheet."
_STUCK = frozenset({DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineView:
    """Where the month stands, why, and the part of the page that has more."""

    tone: Tone
    state: str
    why: str
    anchor: str
    anchor_label: str


def headline(review: PatientMonthReview) -> HeadlineView:
    """Return the sentence for a review; a claim that exists speaks before anything else."""
    if review.claim is not None:
        return _of_claim(review.claim, review.signed)
    if review.signed is not None:
        return _says(Tone.MOVING, "Signed", "The claim is being prepared.", "claim")
    if review.decision is None:
        return _without_decision(review)
    refused = tuple(f for f in review.findings if f.answer is Answer.NOT_MET)
    if refused:
        titles = listed(tuple(wording.CRITERIA[f.criterion] for f in refused))
        return _says(Tone.BAD, f"Not eligible; not met: {titles}", refused[0].reason, "eligibility")
    return _of_time(review, review.decision)


def _of_claim(held: ClaimInHand, signed: SignedMonth | None) -> HeadlineView:
    codes = reached_words(tuple(code for code, units, _ in held.lines for _ in range(units)))
    state = None if held.delivery is None else held.delivery.state
    what = f"{codes}, {money(held.total_usd)}"
    if held.delivery is not None and held.delivery.rung is RungName.X12_FILE:
        return _of_filed_claim(held.delivery, what)
    if held.delivery is not None and held.delivery.rung in _BY_A_PERSON:
        return _of_claim_in_hands(held.delivery, what)
    if held.delivery is not None and held.delivery.rung in CHARGES:
        return _of_charges(held.delivery, what)
    if held.delivery is not None and state in _STUCK:
        title = f"The claim needs a person: {wording.DELIVERIES[held.delivery.state]}"
        return _says(Tone.BAD, title, held.delivery.problem, "claim")
    if state is DeliveryState.SENT:
        return _says(Tone.GOOD, f"Claim in the EHR: {what}", "", "claim")
    by = "" if signed is None else f"Signed by {signed.signed_by}."
    return _says(Tone.MOVING, f"Claim on its way to the EHR: {codes}", by, "claim")


def _of_filed_claim(delivery: Delivered, what: str) -> HeadlineView:
    if delivery.state is DeliveryState.SENT:
        return _says(Tone.GOOD, f"Claim in a claim file: {what}", "", "claim")
    return _says(Tone.MOVING, f"Claim waits for the claim file: {what}", _BY_FILE, "claim")


def _of_charges(delivery: Delivered, what: str) -> HeadlineView:
    """Where an EHR takes charges, its own billing makes the claim of them."""
    if delivery.state is DeliveryState.SENT:
        return _says(Tone.GOOD, f"Charges in the EHR: {what}", _FROM_CHARGES, "claim")
    if delivery.state in _STUCK:
        title = f"The charges need a person: {wording.DELIVERIES[delivery.state]}"
        return _says(Tone.BAD, title, delivery.problem, "claim")
    return _says(Tone.MOVING, f"Charges on their way to the EHR: {what}", "", "claim")


def _of_claim_in_hands(delivery: Delivered, what: str) -> HeadlineView:
    """Where an EHR takes no Claim, a person makes one of what it got, or of the superbill."""
    is_there = delivery.state is DeliveryState.SENT
    if delivery.rung is RungName.DOCUMENT and is_there:
        return _says(Tone.GOOD, f"Charge sheet in the EHR: {what}", _FROM_A_SHEET, "claim")
    if delivery.rung is RungName.DOCUMENT and delivery.state in _STUCK:
        title = f"The charge sheet needs a person: {wording.DELIVERIES[delivery.state]}"
        return _says(Tone.BAD, title, delivery.problem, "claim")
    if delivery.rung is RungName.DOCUMENT:
        return _says(Tone.MOVING, f"Charge sheet on its way to the EHR: {what}", "", "claim")
    if is_there:
        return _says(Tone.GOOD, f"Claim keyed into the EHR by hand: {what}", "", "claim")
    return _says(Tone.OPEN, f"Claim to be keyed into the EHR by hand: {what}", _BY_HAND, "claim")


def _without_decision(review: PatientMonthReview) -> HeadlineView:
    if review.chart.read_at is None:
        return _says(Tone.PLAIN, "The chart has not been read yet", _WHAT_READING_DOES, "chart")
    return _says(Tone.OPEN, "This month cannot be decided", review.decision_problem, "chart")


def _of_time(review: PatientMonthReview, decision: Decision) -> HeadlineView:
    unsettled = tuple(
        f
        for f in review.findings
        if f.answer is Answer.UNKNOWN and f.criterion not in review.to_attest
    )
    if not decision.reached:
        return _short(decision, unsettled)
    codes = reached_words(tuple(x.code for x in decision.reached for _ in range(x.units)))
    if Reason.TIMELY_FILING_EXPIRED in decision.reasons:
        late = Reason.TIMELY_FILING_EXPIRED
        return _says(Tone.BAD, wording.REASONS[late], SENTENCES[late].remedy, "claim")
    if unsettled:
        title = f"{codes} reached; {count(len(unsettled), 'question', 'questions')} open"
        return _says(Tone.OPEN, title, _open_questions(unsettled), "eligibility")
    if decision.is_mdm_awaited:
        why = "The time of complex care is met; the practitioner says which codes are reported."
        return _says(Tone.OPEN, f"{codes} reached; decision making is open", why, "claim")
    if any(o.code not in _TOLD_ELSEWHERE for o in review.sign_obstacles):
        return _says(Tone.OPEN, f"{codes} reached; the claim needs a fix", "", "claim")
    return _says(Tone.GOOD, f"Ready to sign: {codes}", _if_early(review), "claim")


def _if_early(review: PatientMonthReview) -> str:
    """Return what signing before the month's end means; never a wish for more minutes."""
    if review.today > review.month.last_day:
        return ""
    return "The month is not over: work after the signature is not on this claim."


def _short(decision: Decision, unsettled: tuple[Finding, ...]) -> HeadlineView:
    goal = decision.next_threshold_seconds
    if goal is None:
        return _says(Tone.PLAIN, f"{minutes(decision.counted_seconds)} counted", "", "time")
    have = f"{bare_minutes(decision.counted_seconds)} of {bare_minutes(goal)} minutes"
    to_go = f"{minutes(goal - decision.counted_seconds)} to go"
    return _says(Tone.OPEN, f"{have}: {to_go}", _open_questions(unsettled), "time")


def _open_questions(unsettled: tuple[Finding, ...]) -> str:
    titles = listed(tuple(wording.CRITERIA[f.criterion] for f in unsettled))
    return f"Still open: {titles}." if titles else ""


_WHAT_READING_DOES = (
    "Reading it asks the EHR for conditions, coverage, consent, visits and care plan."
)
_ANCHORS = {
    "claim": "Go to the claim",
    "eligibility": "See why",
    "time": "Record time",
    "chart": "",
}


def _says(tone: Tone, state: str, why: str, anchor: str) -> HeadlineView:
    return HeadlineView(
        tone=tone, state=state, why=sentence(why), anchor=anchor, anchor_label=_ANCHORS[anchor]
    )
