"""The page of what was paid: sums, why claims were not paid, each claim, and remittances read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccm_fhir.domain.remittance import (
    Outcome,
    WhyNot,
    group_in_words,
    reason_in_words,
    remark_in_words,
)
from ccm_fhir.services.payments import NEEDS_WORK, PaymentReason, PaymentRow, Payments
from ccm_fhir.services.remittances import RemittanceRead
from smart_app.views.claim_words import KINDS, OUTCOMES
from smart_app.views.formats import count, listed, moment, money, month_name
from smart_app.views.forms import Attempt, Wrong, attempted, key_of, messages
from smart_app.views.months import MonthsView, months
from smart_app.views.tones import Tone

LOAD = "load"
_TO_DO: Mapping[Outcome, str] = {
    Outcome.DENIED: "Look at the reasons; appeal, or ask for a reopening, in the payer’s time.",
    Outcome.UNPROCESSABLE: "It was never decided: mend it, and send a new claim.",
    Outcome.SHORT: "Fewer units or a lower amount than billed; look at the reasons.",
    Outcome.UNCLEAR: "Its figures do not add up, or take back what was never read; ask the payer.",
    Outcome.REVERSED: "The payer took its decision back; wait for the next, or ask.",
    Outcome.AWAITED: "Nothing was read of it yet; most payers answer within 30 days.",
    Outcome.PAID: "",
}
_WHY_NOT: Mapping[WhyNot, str] = {
    WhyNot.UNKNOWN_NUMBER: (
        "No claim that this app filed has their number: another program’s, or keyed in by hand. "
        "Nothing to do, unless one of ours is missing from the list."
    ),
    WhyNot.SEVERAL_CLAIMS: "Their numbers lead to several claims; see which one the payer means.",
    WhyNot.OTHER_FIGURES: (
        "Codes or charge are not those of the claim of that number, so they are not believed; ask "
        "the payer."
    ),
    WhyNot.OTHER_PAYEE: "They were paid to another provider than the practice; ask the payer.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """How many claims came to it; ``value`` is empty for all."""

    value: str
    label: str
    count: int
    amount: str
    tone: Tone
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    """Why claims were not paid as billed; ``code`` is what the address asks for."""

    code: str
    words: str
    who: str
    claims: int
    charged: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """One claim's line."""

    patient_id: str
    name: str = field(repr=False)
    kind: str
    outcome: str
    tone: Tone
    charged: str
    paid: str
    borne: str
    reasons: tuple[str, ...]
    to_do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadView:
    """What a remittance that was just read came to."""

    said: str
    unmatched: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsPageView:
    """Everything the page prints."""

    months: MonthsView
    practice: str
    said: str
    sums: tuple[tuple[str, str], ...]
    outcomes: tuple[OutcomeView, ...]
    chosen: str
    reasons: tuple[ReasonView, ...]
    chosen_reason: str
    rows: tuple[PaymentView, ...]
    page: int
    pages: int
    files: tuple[str, ...]
    form_key: str
    problem: str
    read: ReadView | None
    wrong: tuple[Wrong, ...]


def payments_page(
    found: Payments,
    page_key: str,
    attempt: Attempt | None = None,
    read: RemittanceRead | None = None,
) -> PaymentsPageView:
    """Return the page; ``read`` is what has just been taken over."""
    mine, sums = attempted(LOAD, attempt), found.sums
    wanted = found.wanted
    return PaymentsPageView(
        months=months(found.month, found.months),
        practice=found.practice_name,
        said=_said(found),
        sums=(
            ("Charged", money(sums.charged_usd)),
            ("Paid by the payer", money(sums.paid_usd)),
            ("Patients’ coinsurance", money(sums.coinsurance_usd)),
            ("Patients’ deductible", money(sums.deductible_usd)),
        ),
        outcomes=_outcomes(found),
        chosen="" if wanted.outcome is None else wanted.outcome.value,
        reasons=tuple(_reason(one, wanted.reason) for one in found.reasons),
        chosen_reason=wanted.reason,
        rows=tuple(_row(one) for one in found.rows),
        page=found.page,
        pages=found.pages,
        files=tuple(
            f"Read on {moment(one.at)} by {one.by}: {count(one.matched, 'answer', 'answers')} to "
            f"claims of ours, {one.unmatched} not matched."
            for one in found.files
        ),
        form_key=key_of(page_key, LOAD),
        problem=messages(mine, ("file",))["file"],
        read=None if read is None else _read(read),
        wrong=() if attempt is None else attempt.wrong,
    )


def _said(found: Payments) -> str:
    every = sum(found.counts.values())
    if not every:
        return f"No claim of {month_name(found.month)} has left yet, so none can be paid."
    work = sum(found.counts.get(outcome, 0) for outcome in NEEDS_WORK)
    waiting = found.counts.get(Outcome.AWAITED, 0)
    told = f"{count(every, 'claim has', 'claims have')} left"
    if waiting:
        told += f", {waiting} of them without an answer"
    return f"{told}; {count(work, 'needs', 'need')} somebody’s work."


def _outcomes(found: Payments) -> tuple[OutcomeView, ...]:
    wanted = found.wanted
    every = OutcomeView(
        value="",
        label="All",
        count=sum(found.counts.values()),
        amount="",
        tone=Tone.PLAIN,
        is_chosen=wanted.outcome is None and not wanted.reason,
    )
    return (
        every,
        *(
            OutcomeView(
                value=outcome.value,
                label=label,
                count=found.counts.get(outcome, 0),
                amount=money(found.amounts[outcome]) if outcome in found.amounts else "",
                tone=tone,
                is_chosen=wanted.outcome is outcome,
            )
            for outcome, (label, tone) in OUTCOMES.items()
            if found.counts.get(outcome, 0) or wanted.outcome is outcome
        ),
    )


def _reason(one: PaymentReason, chosen: str) -> ReasonView:
    group, _, code = one.code.rpartition("-")
    return ReasonView(
        code=one.code,
        words=remark_in_words(one.code) if one.is_remark else reason_in_words(code),
        who=group_in_words(group) if group and not one.is_remark else "",
        claims=one.claims,
        charged=money(one.charged_usd),
        is_chosen=one.code == chosen,
    )


def _row(one: PaymentRow) -> PaymentView:
    came = one.settlement
    label, tone = OUTCOMES[came.outcome]
    borne = (
        ("coinsurance", came.coinsurance_usd),
        ("deductible", came.deductible_usd),
    )
    return PaymentView(
        patient_id=one.patient_id,
        name=one.name,
        kind=KINDS[one.frequency] + (", since corrected" if one.is_superseded else ""),
        outcome=label,
        tone=tone,
        charged=money(one.charge_usd),
        paid=money(came.paid_usd),
        borne=listed(tuple(f"{words} {money(amount)}" for words, amount in borne if amount)),
        reasons=(
            *(f"{code}: {reason_in_words(code.rpartition('-')[2])}" for code in came.reasons),
            *(f"{code}: {remark_in_words(code)}" for code in came.remarks),
        ),
        to_do=_TO_DO[came.outcome],
    )


def _read(read: RemittanceRead) -> ReadView:
    places: dict[WhyNot, list[str]] = {}
    for one in read.unmatched:
        places.setdefault(one.why, []).append(str(one.segment))
    before = f", {read.repeated} read before and left as they were" if read.repeated else ""
    others = f", {read.elsewhere} paid to other providers" if read.elsewhere else ""
    return ReadView(
        said=f"{count(read.payments, 'payment', 'payments')} of {money(read.total_usd)} in all: "
        f"{count(read.matched, 'answer', 'answers')} to claims of ours "
        f"({money(read.matched_usd)}){before}, {len(read.unmatched)} not matched{others}.",
        unmatched=tuple(
            (f"At {count(len(at), 'segment', 'segments')} {', '.join(at)}", _WHY_NOT[why])
            for why, at in places.items()
        ),
    )
