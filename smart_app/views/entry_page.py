"""One entry of the time log: its versions in words, and the forms that change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ccm_fhir.services.entry_history import EntryHistory, Version
from smart_app.views.approval_words import ApprovalView, approval
from smart_app.views.deliveries import DeliveryView, delivery
from smart_app.views.formats import day, minutes, moment, short_day, span
from smart_app.views.forms import Attempt, TimeFormView, Wrong, attempted, correction_form, key_of
from smart_app.views.tones import Tone
from smart_app.views.wording import ACTIVITIES, CONTACTS, SOURCES

CORRECT, VOID = "correct", "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """What an entry said from one recording to the next; ``changes`` tell old and new."""

    entry_id: str
    tone: Tone
    what: str
    state: str
    is_void: bool
    reason: str = field(repr=False)
    lines: tuple[str, ...]
    note: str = field(repr=False)
    changes: tuple[str, ...] = field(repr=False)
    recorded: str = field(repr=False)
    approval: ApprovalView | None
    deliveries: tuple[DeliveryView, ...]
    not_told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidFormView:
    """The form that takes an entry back."""

    form_key: str
    reason: str = field(repr=False)
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPageView:
    """Everything the page prints; ``closed`` stands instead of the forms."""

    entry_id: str
    patient: str = field(repr=False)
    worker: str = field(repr=False)
    day: str
    span: str
    month: str
    versions: tuple[VersionView, ...]
    closed: str
    form: TimeFormView
    void: VoidFormView
    wrong: tuple[Wrong, ...]
    zone: str
    practice: str


def entry_page(
    history: EntryHistory, today: date, page_key: str, attempt: Attempt | None = None
) -> EntryPageView:
    """Return the page; a refused form stands as it was sent."""
    newest = history.newest
    back = attempted(VOID, attempt)
    before: list[Version | None] = [None, *history.versions[:-1]]
    return EntryPageView(
        entry_id=newest.entry_id,
        patient=history.patient_name,
        worker=history.worker,
        day=day(newest.started_at.date()),
        span=span(newest.started_at, newest.ended_at),
        month=str(history.month),
        versions=tuple(
            _version(one, old, history) for one, old in zip(history.versions, before, strict=True)
        ),
        closed=history.closed,
        form=correction_form(_as_typed(newest), today, page_key, attempt),
        void=VoidFormView(
            form_key=key_of(page_key, VOID) if back is None else back.form_key,
            reason="" if back is None else back.typed.get("reason", ""),
            problem="" if back is None else " ".join(one.message for one in back.wrong),
        ),
        wrong=() if attempt is None else attempt.wrong,
        zone=history.time_zone.replace("_", " "),
        practice=history.practice_name,
    )


def _as_typed(newest: Version) -> dict[str, str]:
    whole, rest = divmod(newest.seconds, 60)
    return {
        "started_on": newest.started_at.date().isoformat(),
        "start_time": f"{newest.started_at:%H:%M:%S}",
        "minutes": str(whole),
        "seconds": str(rest),
        "activity": newest.activity.value,
        "contact_mode": "" if newest.contact_mode is None else newest.contact_mode.value,
        "note": newest.note,
    }


def _version(one: Version, old: Version | None, history: EntryHistory) -> VersionView:
    is_newest = one is history.newest
    what = "Taken back" if one.is_void else "Corrected" if old else "Entered"
    tone = Tone.BAD if one.is_void else Tone.GOOD if is_newest else Tone.PLAIN
    return VersionView(
        entry_id=one.entry_id,
        tone=tone,
        what=what,
        state="" if is_newest else "No longer holds.",
        is_void=one.is_void,
        reason=one.reason,
        lines=tuple(f"{name}: {value}" for name, value in _told(one) if name != "Note"),
        note=one.note,
        changes=() if old is None else _changes(old, one),
        recorded=f"Recorded {moment(one.recorded_at)} by {one.recorded_by}, {SOURCES[one.source]}.",
        approval=_approval(one, is_newest=is_newest),
        deliveries=tuple(delivery(item, history.ehr_links) for item in one.deliveries),
        not_told="Not in the EHR.",
    )


def _approval(one: Version, *, is_newest: bool) -> ApprovalView | None:
    """Return a version's approval; what was never answered and no longer holds tells nothing."""
    is_open = one.approval is not None and one.approval.is_approved is None
    return None if one.is_void or (is_open and not is_newest) else approval(one.approval)


def _told(one: Version) -> tuple[tuple[str, str], ...]:
    contact = "none" if one.contact_mode is None else CONTACTS[one.contact_mode]
    return (
        ("Date", short_day(one.started_at.date())),
        ("Time", f"{span(one.started_at, one.ended_at)}, {minutes(one.seconds)}"),
        ("Activity", ACTIVITIES[one.activity]),
        ("Contact with the patient", contact),
        ("Note", one.note or "none"),
    )


def _changes(old: Version, new: Version) -> tuple[str, ...]:
    if new.is_void:
        return ("It counts no more.",)
    pairs = zip(_told(old), _told(new), strict=True)
    found = tuple(f"{name}: {was} → {now}" for (name, was), (_, now) in pairs if was != now)
    return found or ("Nothing but the row itself: it was recorded anew.",)
