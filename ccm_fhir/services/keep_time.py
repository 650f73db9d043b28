"""Keeping time: a typed entry becomes a ledger row and its way into the EHR, in one step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import plan_time_entry
from ccm_fhir.services.retract import TakenBack, retract
from ccm_fhir.services.roles import performer_kind
from ccm_fhir.services.told import WrittenTime, time_record
from ccm_fhir.storage import ledger, patients, practices, sign_offs
from ccm_fhir.storage.ledger import NewEntry, Voiding
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind, EntrySource

LONGEST_MINUTES = 8 * 60
LONGEST_NOTE = 2000
_STAFF = (Role.CARE_MANAGER, Role.PRACTITIONER)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedTime:
    """Work as a person types it: the day and the clock of the practice, whole minutes."""

    patient_id: str
    form_key: str
    started_on: date
    start_time: time
    minutes: int
    activity: Activity
    contact_mode: ContactMode | None
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidEntry:
    """A request to take an entry back, with the reason that stays on record."""

    entry_id: str
    form_key: str
    reason: str


def record_typed(world: Installation, actor: Actor, typed: TypedTime, now: datetime) -> str:
    """Record typed time and return its entry id; the same form twice records once.

    Raises:
        NotAllowedError: the person keeps no time.
        InputError: a field cannot be (future, overlap of one's own work, clock that skips).
        ConflictError: the month is signed.
    """
    actor.must_be("keeping time", *_STAFF)
    with world.db.write(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        patient = patients.get(session, actor.practice_id, typed.patient_id)
        audited(world, session, actor, "record_time", patient.id)
        new = _new_entry(actor, practice, typed, now)
        refuse_signed_months(session, practice, new.patient_id, new.started_at, new.ended_at)
        _refuse_overlap(session, actor, practice, new)
        return keep_entry(world, session, actor, new, now)


def keep_entry(
    world: Installation, session: Session, actor: Actor, new: NewEntry, now: datetime
) -> str:
    """Put an entry into the ledger and plan its way into the EHR; return its id.

    The caller has checked that it may be: month open, no overlap of the person's own work.
    """
    practice = practices.get(session, actor.practice_id)
    entry = ledger.record(session, actor.practice_id, new, now)
    record = replace(time_record(session, practice, entry), performer_ref=actor.fhir_user)
    plan_time_entry(world, session, WrittenTime(practice=practice, entry=entry, record=record), now)
    return entry.id


def void_entry(world: Installation, actor: Actor, void: VoidEntry, now: datetime) -> None:
    """Take an entry back by a new row; the old one stays in the history.

    What of it is in the EHR, or may be, is amended there (``retract``).

    Raises:
        NotAllowedError: neither one's own entry nor a practitioner.
        ConflictError: the month is signed.
        InputError: no reason.
    """
    actor.must_be("taking time back", *_STAFF)
    if not void.reason.strip():
        raise InputError("reason", "Say why the entry is taken back.")
    with world.db.write(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        entry = ledger.get(session, actor.practice_id, void.entry_id)
        audited(world, session, actor, "void_time", entry.patient_id)
        if entry.user_id != actor.user_id:
            actor.must_be("taking back another person's time", Role.PRACTITIONER)
        refuse_signed_months(session, practice, entry.patient_id, entry.started_at, entry.ended_at)
        ledger.void(
            session,
            actor.practice_id,
            Voiding(
                entry_id=entry.id,
                user_id=actor.user_id,
                reason=void.reason.strip(),
                form_key=void.form_key,
            ),
            now,
        )
        taken = TakenBack(
            kind=ArtefactKind.TIME_ENTRY, artefact_id=entry.id, reason=void.reason.strip()
        )
        retract(world, session, actor.practice_id, taken, now)


def _new_entry(actor: Actor, practice: Practice, typed: TypedTime, now: datetime) -> NewEntry:
    if not 1 <= typed.minutes <= LONGEST_MINUTES:
        raise InputError("minutes", f"Give whole minutes from 1 to {LONGEST_MINUTES}.")
    if len(typed.note) > LONGEST_NOTE:
        raise InputError("note", f"Keep the note under {LONGEST_NOTE} characters.")
    started_at = _instant(typed.started_on, typed.start_time, practice)
    ended_at = started_at + timedelta(minutes=typed.minutes)
    if ended_at > now:
        raise InputError("start_time", "The work cannot end in the future.")
    return NewEntry(
        patient_id=typed.patient_id,
        user_id=actor.user_id,
        performer=performer_kind(actor.role),
        credential=actor.taxonomy,
        started_at=started_at,
        ended_at=ended_at,
        zone=practice.time_zone,
        activity=typed.activity,
        is_contact=typed.contact_mode is not None,
        contact_mode=typed.contact_mode,
        source=EntrySource.TYPED,
        note=typed.note.strip(),
        form_key=typed.form_key,
    )


def _instant(day: date, clock: time, practice: Practice) -> datetime:
    """Return the instant of a wall clock, in UTC; refuse a time that the clocks skipped that day.

    Where a clock comes twice it is the first. UTC, since two moments of one zone are compared
    by the wall: 01:50 would come after the 01:12 of the hour's second turn.
    """
    local = datetime.combine(day, clock, tzinfo=practice.zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(practice.zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise InputError("start_time", "The clocks skipped this time on that day.")
    return instant


def refuse_signed_months(
    session: Session, practice: Practice, patient_id: str, started_at: datetime, ended_at: datetime
) -> None:
    """Raise ConflictError where work lies in a month of the patient that is signed."""
    for moment in (started_at, ended_at - timedelta(seconds=1)):
        month = ServiceMonth.containing(moment.astimezone(practice.zone).date())
        if sign_offs.find_latest(session, practice.id, patient_id, month) is not None:
            raise ConflictError(f"{month} is signed; its time can no longer be changed.")


def _refuse_overlap(session: Session, actor: Actor, practice: Practice, new: NewEntry) -> None:
    """One person works on one thing at a time, whichever patient it is for."""
    for other in ledger.of_user_between(
        session, actor.practice_id, actor.user_id, new.started_at, new.ended_at
    ):
        if other.form_key == new.form_key:
            continue
        begin = other.started_at.astimezone(practice.zone)
        end = other.ended_at.astimezone(practice.zone)
        raise InputError(
            "start_time", f"You already have work from {begin:%H:%M} to {end:%H:%M} on that day."
        )
