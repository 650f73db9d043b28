"""The list of typed time that waits for approval."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.services.approvals import WaitingEntry
from smart_app.views.approval_words import policy_words, why_asked
from smart_app.views.formats import count, day, minutes, moment, span
from smart_app.views.forms import Attempt, Wrong, attempted, key_of
from smart_app.views.wording import ACTIVITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """One entry that waits, and the form that answers."""

    entry_id: str
    form: str
    patient: str = field(repr=False)
    when: str
    worked: str
    activity: str
    why: str
    note: str = field(repr=False)
    recorded: str = field(repr=False)
    is_own: bool
    form_key: str
    typed_note: str = field(repr=False)
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsView:
    """Everything the page prints."""

    rows: tuple[WaitingView, ...]
    said: str
    policy: str
    wrong: tuple[Wrong, ...]


def approvals_page(
    waiting: tuple[WaitingEntry, ...],
    policy: TypedPolicy,
    page_key: str,
    attempt: Attempt | None = None,
) -> ApprovalsView:
    """Return the list; a refused answer stands as it was sent."""
    return ApprovalsView(
        rows=tuple(_row(one, page_key, attempt) for one in waiting),
        said=f"{count(len(waiting), 'entry waits', 'entries wait')}.",
        policy=policy_words(policy),
        wrong=() if attempt is None else attempt.wrong,
    )


def form_of(entry_id: str) -> str:
    """Return the name of the form that answers one entry."""
    return f"approval-{entry_id}"


def _row(one: WaitingEntry, page_key: str, attempt: Attempt | None) -> WaitingView:
    form = form_of(one.entry_id)
    mine = attempted(form, attempt)
    typist = "" if one.typist == one.person else f", typed by {one.typist}"
    return WaitingView(
        entry_id=one.entry_id,
        form=form,
        patient=one.patient_name,
        when=f"{day(one.started_at.date())}, {span(one.started_at, one.ended_at)}",
        worked=minutes(one.seconds),
        activity=ACTIVITIES[one.activity],
        why=why_asked(one.reasons),
        note=one.note,
        recorded=f"Work of {one.person}{typist}, recorded {moment(one.recorded_at)}.",
        is_own=one.is_own,
        form_key=key_of(page_key, form) if mine is None else mine.form_key,
        typed_note="" if mine is None else mine.typed.get("note", ""),
        problem="" if mine is None else " ".join(w.message for w in mine.wrong),
    )
