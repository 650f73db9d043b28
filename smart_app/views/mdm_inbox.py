"""The inbox of decision making: each month with its work, and the three ways to answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.codes import MdmAnswer
from ccm_fhir.services.mdm_inbox import MdmInbox, MdmItem, WorkDone
from smart_app.views import wording
from smart_app.views.formats import count, listed, minutes, month_name, sentence, short_day
from smart_app.views.forms import Attempt, Wrong, attempted, key_of, messages
from smart_app.views.month_page import lock_said
from smart_app.views.months import MonthsView, months

INBOX_FIELDS = ("answer", "rationale", "is_plan_revised")
_NON_COMPLEX = "Report the non-complex codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One way to answer; none is chosen before a person chooses."""

    id: str
    value: str
    label: str
    hint: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItemView:
    """One patient's month with its form."""

    patient_id: str
    name: str = field(repr=False)
    born: str = field(repr=False)
    minutes: str
    conditions: str = field(repr=False)
    work: tuple[str, ...] = field(repr=False)
    anothers: str
    form: str
    form_key: str
    answers: tuple[AnswerView, ...]
    rationale: str = field(repr=False)
    is_plan_revised: bool
    messages: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxView:
    """Everything the inbox prints."""

    months: MonthsView
    practice: str
    said: str
    lock: str
    items: tuple[InboxItemView, ...]
    asks_plan_revision: bool
    page: int
    pages: int
    wrong: tuple[Wrong, ...]


def inbox_page(inbox: MdmInbox, page_key: str, attempt: Attempt | None) -> InboxView:
    """Return the page of an inbox; a refused answer is shown as it was sent."""
    said = count(inbox.waiting, "month waits", "months wait") + " for your word."
    if inbox.being_judged:
        said += f" {count(inbox.being_judged, 'patient is', 'patients are')} still being judged."
    return InboxView(
        months=months(inbox.month, (inbox.month,)),
        practice=inbox.practice_name,
        said=said,
        lock=lock_said(inbox.lock, month_name(inbox.month)),
        items=tuple(_item(one, page_key, attempt) for one in inbox.items),
        asks_plan_revision=inbox.asks_plan_revision,
        page=inbox.page,
        pages=inbox.pages,
        wrong=() if attempt is None else attempt.wrong,
    )


def form_of(patient_id: str) -> str:
    """Return the name of a patient's form on the page."""
    return f"mdm-{patient_id}"


def _item(item: MdmItem, page_key: str, attempt: Attempt | None) -> InboxItemView:
    form = form_of(item.patient_id)
    mine = attempted(form, attempt)
    typed = {} if mine is None else mine.typed
    return InboxItemView(
        patient_id=item.patient_id,
        name=item.name,
        born=item.birth_date,
        minutes=f"{minutes(item.counted_seconds)} counted",
        conditions=sentence(listed(item.conditions)),
        work=tuple(_work(one) for one in item.work),
        anothers=(
            "Another practitioner has answered; that counts when they sign, not for you."
            if item.is_anothers
            else ""
        ),
        form=form,
        form_key=key_of(page_key, form) if mine is None else mine.form_key,
        answers=tuple(
            AnswerView(
                id=f"{form}-answer" if place == 0 else f"{form}-answer-{place}",
                value=answer.value,
                label=_label(answer),
                hint="",
                is_chosen=typed.get("answer") == answer.value,
            )
            for place, answer in enumerate((MdmAnswer.MODERATE, MdmAnswer.HIGH, MdmAnswer.NOT_MET))
        ),
        rationale=typed.get("rationale", ""),
        is_plan_revised=bool(typed.get("is_plan_revised")),
        messages=messages(mine, INBOX_FIELDS),
    )


def _label(answer: MdmAnswer) -> str:
    return _NON_COMPLEX if answer is MdmAnswer.NOT_MET else wording.MDM_ANSWERS[answer]


def _work(one: WorkDone) -> str:
    note = f": {one.note}" if one.note else ""
    return (
        f"{short_day(one.started_at.date())}, {minutes(one.seconds)}, "
        f"{wording.ACTIVITIES[one.activity].lower()}, {one.person}{note}"
    )
