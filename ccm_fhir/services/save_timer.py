"""Saving a timer: each unbroken piece of its work becomes one entry of the ledger, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from sqlmodel import Session

from ccm_fhir.domain import timers as clock
from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.timers import LONGEST_UNWATCHED, Ending, Stretch, Timer
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.keep_time import LONGEST_NOTE, keep_entry
from ccm_fhir.services.roles import performer_kind
from ccm_fhir.services.signed_months import refuse_signed_months
from ccm_fhir.services.timers import KEEPERS, mine
from ccm_fhir.storage import ledger, practices, timers
from ccm_fhir.storage.ledger import NewEntry
from ccm_fhir.storage.timers import TimerRecord
from ccm_fhir.storage.vocabulary import EntrySource, TimerOutcome

_FORMS = UUID("5b1c52f6-5c0e-4a52-9d1e-5f8a3f0f6c71")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTimer:
    """What the work was, said when it is saved."""

    timer_id: str
    activity: Activity
    contact_mode: ContactMode | None
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What of a timer reached the ledger.

    ``recorded_before_seconds`` were in the ledger already, typed by the same person meanwhile.
    ``is_shared``: somebody else has work for the patient at the same time, of which each moment
    counts once. What was measured is saved all the same, and the person is told.
    """

    seconds: int
    recorded_before_seconds: int
    is_shared: bool
    entry_ids: tuple[str, ...]
    patient_id: str


def save(world: Installation, actor: Actor, request: SaveTimer, now: datetime) -> Saved:
    """Stop a timer and record its work; a discarded one may be saved after all.

    Raises:
        NotAllowedError: the person keeps no time.
        NotFoundError: no such timer of this person.
        ConflictError: saved already, or a month it lies in is signed; the timer stays as it is.
        InputError: too long a note; nothing was measured; no page watched it for too long.
    """
    actor.must_be("keeping time", *KEEPERS)
    if len(request.note) > LONGEST_NOTE:
        raise InputError("note", f"Keep the note under {LONGEST_NOTE} characters.")
    moment = now.replace(microsecond=0)
    with world.db.write(actor.practice_id) as session:
        record = _to_save(session, actor, request.timer_id)
        audited(world, session, actor, "save_timer", record.patient_id)
        stopped = clock.rest(clock.settle(record.timer, moment), moment, Ending.STOP)
        _refuse_unwatched(stopped)
        timers.keep(session, actor.practice_id, record, stopped, moment)
        saved = _record_work(world, session, _Saving(actor, request, record, stopped), now)
        timers.close(session, actor.practice_id, record.id, TimerOutcome.SAVED, moment)
        return saved


@dataclass(frozen=True, slots=True)
class _Saving:
    actor: Actor
    request: SaveTimer
    record: TimerRecord
    timer: Timer


def _to_save(session: Session, actor: Actor, timer_id: str) -> TimerRecord:
    record = timers.get(session, actor.practice_id, timer_id)
    if record.outcome is TimerOutcome.DISCARDED and record.user_id == actor.user_id:
        return record
    return mine(session, actor, timer_id)


def _refuse_unwatched(timer: Timer) -> None:
    if timer.is_watched:
        return
    longest = max((s.ended_at - s.started_at for s in timer.stretches), default=None)
    if longest is not None and longest > LONGEST_UNWATCHED:
        hours = LONGEST_UNWATCHED.total_seconds() / 3600
        raise InputError(
            "timer",
            f"This timer ran more than {hours:.0f} hours and no page was seen beside it. Type the "
            "time that was really worked, and discard the timer.",
        )


def _record_work(world: Installation, session: Session, saving: _Saving, now: datetime) -> Saved:
    actor, stretches = saving.actor, saving.timer.stretches
    if not stretches:
        raise InputError("timer", "Less than a second was measured; there is nothing to save.")
    practice = practices.get(session, actor.practice_id)
    begin, end = stretches[0].started_at, stretches[-1].ended_at
    refuse_signed_months(session, practice, saving.record.patient_id, begin, end)
    recorded = ledger.of_user_between(session, actor.practice_id, actor.user_id, begin, end)
    left = clock.without(stretches, ((one.started_at, one.ended_at) for one in recorded))
    ids = tuple(
        keep_entry(world, session, actor, _entry(saving, stretch, practice.time_zone), now)
        for stretch in left
    )
    seconds = sum(stretch.seconds for stretch in left)
    return Saved(
        seconds=seconds,
        recorded_before_seconds=sum(s.seconds for s in stretches) - seconds,
        is_shared=_is_shared(session, saving, left),
        entry_ids=ids,
        patient_id=saving.record.patient_id,
    )


def _is_shared(session: Session, saving: _Saving, left: tuple[Stretch, ...]) -> bool:
    actor, patient_id = saving.actor, saving.record.patient_id
    return any(
        other.user_id != actor.user_id
        for one in left
        for other in ledger.entries_of_month(
            session, actor.practice_id, patient_id, one.started_at, one.ended_at
        )
    )


def _entry(saving: _Saving, stretch: Stretch, zone: str) -> NewEntry:
    actor, request = saving.actor, saving.request
    return NewEntry(
        patient_id=saving.record.patient_id,
        user_id=actor.user_id,
        performer=performer_kind(actor.role),
        credential=actor.taxonomy,
        started_at=stretch.started_at,
        ended_at=stretch.ended_at,
        zone=zone,
        activity=request.activity,
        is_contact=request.contact_mode is not None,
        contact_mode=request.contact_mode,
        source=EntrySource.LIVE if saving.timer.is_watched else EntrySource.UNWATCHED,
        note=request.note.strip(),
        form_key=str(uuid5(_FORMS, f"{saving.record.id}|{stretch.started_at.isoformat()}")),
    )
