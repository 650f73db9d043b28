"""The page of a month's lock: the practice's and the open patient's, and every act so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.services.month_locks import MonthLocks
from ccm_fhir.services.reconciled import Report
from smart_app.views.formats import moment, month_name, sentence
from smart_app.views.forms import Attempt, Wrong, attempted, key_of, messages
from smart_app.views.month_page import lock_said
from smart_app.views.needs_page import compared_words, differs_words

PRACTICE, PATIENT = "lock", "hold"
LOCK_FIELDS = ("reason",)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFormView:
    """A form that locks or unlocks; ``act`` is what it would do."""

    name: str
    form_key: str
    act: str
    label: str
    reason: str = field(repr=False)
    messages: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockPageView:
    """Everything the page prints; a form is None for whom may not use it."""

    month: str
    month_value: str
    practice: str
    said: str
    patient: str = field(repr=False)
    patient_said: str = field(repr=False)
    form: LockFormView | None
    patient_form: LockFormView | None
    compared: str
    is_in_doubt: bool
    history: tuple[tuple[str, str], ...] = field(repr=False)
    wrong: tuple[Wrong, ...]


def lock_page(found: MonthLocks, page_key: str, attempt: Attempt | None) -> LockPageView:
    """Return the page of a month's locks."""
    name = month_name(found.month)
    return LockPageView(
        month=name,
        month_value=str(found.month),
        practice=found.practice_name,
        said=lock_said(found.lock, name) or f"{name} is open.",
        patient=found.patient_name,
        patient_said=lock_said(found.patient_lock, "This patient’s month")
        or "This patient’s month is not held by itself.",
        form=_form(PRACTICE, "month", page_key, attempt, is_locked=found.lock is not None)
        if found.may_lock
        else None,
        patient_form=_form(
            PATIENT,
            "patient’s month",
            page_key,
            attempt,
            is_locked=found.patient_lock is not None,
        )
        if found.may_lock and found.patient_name
        else None,
        compared=_compared(found.report),
        is_in_doubt=found.report is None or not found.report.agrees,
        history=tuple(
            (f"{_DID[act.is_lock]} {act.whose}, {act.by}, {moment(act.at)}", sentence(act.reason))
            for act in found.history
        ),
        wrong=() if attempt is None else attempt.wrong,
    )


def _compared(report: Report | None) -> str:
    if report is None:
        return "Our ledger and the EHR were not compared yet; that is done every night."
    return f"{compared_words(report)} {differs_words(report) or 'Nothing differs.'}"


_DID = {True: "Locked", False: "Unlocked"}


def _form(
    name: str, what: str, page_key: str, attempt: Attempt | None, *, is_locked: bool
) -> LockFormView:
    mine = attempted(name, attempt)
    act = "unlock" if is_locked else "lock"
    return LockFormView(
        name=name,
        form_key=key_of(page_key, f"{name}-{act}") if mine is None else mine.form_key,
        act=act,
        label=f"{act.capitalize()} the {what}",
        reason="" if mine is None else mine.typed.get("reason", ""),
        messages=messages(mine, LOCK_FIELDS),
    )
