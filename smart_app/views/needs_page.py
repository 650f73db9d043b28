"""The page of what needs a person: why each does not go on, since when, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccm_fhir.domain.writeback import DeliveryState, Disposition
from ccm_fhir.services.needs_person import NeedsPerson, Stopped
from ccm_fhir.services.reconciled import Report
from smart_app.views.formats import count, money_of_cents
from smart_app.views.forms import Attempt, Wrong, attempted, key_of, messages
from smart_app.views.tones import DELIVERIES as TONES
from smart_app.views.tones import Tone
from smart_app.views.wording import DELIVERIES

_WHAT = {"Claim": "Claim", "Encounter": "Contact (Encounter)", "Procedure": "Work (Procedure)"}
_RETRY = {
    DeliveryState.QUARANTINE: "Look again, now that the EHR was put right",
    DeliveryState.HELD: "Try again",
    DeliveryState.REJECTED: "Try again",
}
_DISPOSITIONS = {
    Disposition.ACCEPTED: "in the EHR",
    Disposition.ACCEPTED_LOSSY: "in the EHR, not kept whole",
    Disposition.KEYED: "entered by hand",
    Disposition.PENDING: "waiting to be sent, compared or keyed",
    Disposition.SENT_UNKNOWN: "sent, being checked",
    Disposition.HELD: "held for a person",
    Disposition.REJECTED: "refused by the EHR",
    Disposition.QUARANTINE: "set aside for a person",
    Disposition.AWAITING_APPROVAL: "waiting for a second person's approval",
    Disposition.NOT_APPROVED: "not approved, and not counted",
    Disposition.UNPLANNED: "not planned",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedView:
    """One delivery with its two forms."""

    delivery_id: str
    form: str
    form_key: str
    patient: str = field(repr=False)
    what: str
    state: str
    tone: Tone
    reason: str
    owner: str
    age: str
    tries: str
    retry: str
    may_fall: bool
    ehr_number: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionView:
    """How many rows of the ledger stand so, and the money of the claims among them."""

    name: str
    rows: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsView:
    """Everything the page prints; ``compared`` is empty where nothing was ever reconciled."""

    said: str
    wrong: tuple[Wrong, ...]
    may_act: bool
    stopped: tuple[StoppedView, ...]
    compared: str
    differs: str
    dispositions: tuple[DispositionView, ...]


def form_of(delivery_id: str) -> str:
    """Return the id of a delivery's form."""
    return f"keyed-{delivery_id}"


def needs_page(
    found: NeedsPerson, now: datetime, page_key: str, attempt: Attempt | None = None
) -> NeedsView:
    """Return the page; a refused form is shown as it was sent."""
    report = found.report
    return NeedsView(
        said=_said(len(found.stopped)),
        wrong=() if attempt is None else attempt.wrong,
        may_act=found.may_act,
        stopped=tuple(_stopped(one, now, page_key, attempt) for one in found.stopped),
        compared="" if report is None else compared_words(report),
        differs="" if report is None else differs_words(report),
        dispositions=() if report is None else _dispositions(report),
    )


def _said(number: int) -> str:
    if not number:
        return "Nothing needs a person: whatever is not in the EHR yet goes on by itself."
    if number == 1:
        return "1 record does not go on by itself, since trying blindly could lose or double it."
    return f"{number} records do not go on by themselves: trying blindly could double or lose them."


def _stopped(one: Stopped, now: datetime, page_key: str, attempt: Attempt | None) -> StoppedView:
    form = form_of(one.delivery_id)
    mine = attempted(form, attempt)
    return StoppedView(
        delivery_id=one.delivery_id,
        form=form,
        form_key=key_of(page_key, form) if mine is None else mine.form_key,
        patient=one.patient_name,
        what=_WHAT.get(one.resource_type, one.resource_type),
        state=DELIVERIES[one.state],
        tone=TONES[one.state],
        reason=one.reason,
        owner=one.owner,
        age=_age(now - one.since),
        tries=count(one.tries, "try", "tries"),
        retry=_RETRY[one.state] if one.may_retry else "",
        may_fall=one.may_fall,
        ehr_number="" if mine is None else mine.typed.get("ehr_number", ""),
        message=messages(mine, ("ehr_number",))["ehr_number"],
    )


def _age(age: timedelta) -> str:
    if age < timedelta(hours=1):
        return "less than an hour"
    if age < timedelta(days=2):
        return count(int(age / timedelta(hours=1)), "hour", "hours")
    return count(age.days, "day", "days")


def compared_words(report: Report) -> str:
    """Return when and how much of ledger and EHR was compared."""
    what = f"{report.month}" if report.month else "every month"
    unread = "" if not report.not_compared else f"; {report.not_compared} could not be"
    return (
        f"On {report.at:%Y-%m-%d at %H:%M} UTC {what} was compared: "
        f"{count(report.ledger, 'row', 'rows')} in our ledger, "
        f"{count(report.compared, 'delivery', 'deliveries')} looked for in the EHR{unread}."
    )


def differs_words(report: Report) -> str:
    """Return what differed, or nothing where all agrees."""
    if report.agrees and not report.unreachable:
        return ""
    parts = [f"{', '.join(report.unreachable)} gave no answer"] if report.unreachable else []
    if report.differences:
        parts.append(
            count(len(report.differences), "difference was", "differences were") + " found"
        )
    if not report.balances:
        parts.append("the rows do not add up")
    told = "; ".join(parts)
    return f"{told[:1].upper()}{told[1:]}. The operator sees each by ccm-fhir reconcile."


def _dispositions(report: Report) -> tuple[DispositionView, ...]:
    return tuple(
        DispositionView(
            name=_DISPOSITIONS[one],
            rows=str(report.dispositions[one]),
            amount=money_of_cents(report.cents[one]),
        )
        for one in _DISPOSITIONS
        if report.dispositions.get(one)
    )
