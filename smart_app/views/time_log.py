"""The time log: what counted, what did not and why, and each entry's way into the EHR."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ccm_fhir.domain.rules import CountingRule
from ccm_fhir.domain.timekeeping import LeftOut, NotCounted
from ccm_fhir.services.patient_month import PatientMonthReview, WorkEntry
from ccm_fhir.services.sources import Sources
from smart_app.views.approval_words import ApprovalView, approval
from smart_app.views.deliveries import SentView, sent_of_entry
from smart_app.views.formats import listed, minutes, moment, sentence, short_day, span
from smart_app.views.forms import Attempt, key_of
from smart_app.views.sources import SourceView, sources_views
from smart_app.views.wording import ACTIVITIES, CONTACTS, NOT_COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One line of the log; the void form is open where it has just been refused."""

    entry_id: str
    day: str
    span: str
    person: str = field(repr=False)
    performer: str
    activity: str
    contact: str
    note: str = field(repr=False)
    recorded: str
    worked: str
    counted: str
    is_partly_counted: bool
    left_out: tuple[str, ...]
    sent: SentView
    approval: ApprovalView | None
    link: str
    not_told: str
    may_void: bool
    form_key: str
    void_reason: str = field(repr=False)
    void_problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCountedView:
    """Time that was left out: how much and why, and where that was read."""

    what: str
    why: str
    sources: tuple[SourceView, ...]


def log(
    review: PatientMonthReview, page_key: str, attempt: Attempt | None
) -> tuple[EntryView, ...]:
    """Return the log, latest work first."""
    newest_first = sorted(review.entries, key=lambda entry: entry.started_at, reverse=True)
    return tuple(_entry(entry, review, page_key, attempt) for entry in newest_first)


def waits(entry: WorkEntry) -> bool:
    """Whether an entry counts for nothing until somebody approves it, or for good."""
    return entry.approval is not None and entry.approval.is_approved is not True


def waiting(entries: tuple[WorkEntry, ...]) -> str:
    """Say how much waits for approval, and who can give it; empty where nothing does."""
    open_ones = [e for e in entries if e.approval is not None and e.approval.is_approved is None]
    if not open_ones:
        return ""
    amount = minutes(sum(entry.seconds for entry in open_ones))
    shown = [entry.approval for entry in open_ones if entry.approval is not None]
    who = listed(tuple(dict.fromkeys(name for one in shown for name in one.approvers)))
    by = f"Who can approve: {who}." if who else "Nobody else here can approve it yet."
    return f"{amount} that were typed wait for approval and are not counted. {by}"


def not_counted(left_out: tuple[LeftOut, ...]) -> tuple[str, ...]:
    """Return how much was left out for each reason, most first."""
    seconds: Counter[str] = Counter()
    for part in left_out:
        seconds[NOT_COUNTED[part.reason]] += part.seconds
    return tuple(f"{minutes(amount)} {why}" for why, amount in seconds.most_common())


def explained(left_out: tuple[LeftOut, ...], sources: Sources) -> tuple[NotCountedView, ...]:
    """Return how much was left out for each reason, with the rule that leaves it out."""
    seconds: Counter[NotCounted] = Counter()
    for part in left_out:
        seconds[part.reason] += part.seconds
    return tuple(
        NotCountedView(
            what=f"{minutes(amount)} {NOT_COUNTED[reason]}",
            why="" if (rule := sources.counting.get(reason)) is None else _why(rule),
            sources=() if rule is None else sources_views((rule.cited,)),
        )
        for reason, amount in seconds.most_common()
    )


def _why(rule: CountingRule) -> str:
    return f"{sentence(rule.summary)} {sentence(rule.remedy)}"


def _entry(
    entry: WorkEntry, review: PatientMonthReview, page_key: str, attempt: Attempt | None
) -> EntryView:
    form = f"void-{entry.entry_id}"
    mine = attempt if attempt is not None and attempt.form == form else None
    return EntryView(
        entry_id=entry.entry_id,
        day=short_day(entry.started_at.date()),
        span=span(entry.started_at, entry.ended_at),
        person=entry.person,
        performer=entry.performer,
        activity=ACTIVITIES[entry.activity],
        contact="" if entry.contact_mode is None else CONTACTS[entry.contact_mode],
        note=entry.note,
        recorded=f"{'Typed' if entry.is_typed else 'Timed'} {moment(entry.recorded_at)}",
        worked=minutes(entry.seconds),
        counted=minutes(entry.counted_seconds),
        is_partly_counted=entry.counted_seconds != entry.seconds,
        left_out=not_counted(entry.left_out),
        sent=sent_of_entry(entry, review.ehr_links),
        approval=approval(entry.approval),
        link="Corrected: history" if entry.is_changed else "History",
        not_told="Not in the EHR" if waits(entry) else "Stays here",
        may_void=entry.may_void,
        form_key=key_of(page_key, form) if mine is None else mine.form_key,
        void_reason="" if mine is None else mine.typed.get("reason", ""),
        void_problem="" if mine is None else " ".join(w.message for w in mine.wrong),
    )
