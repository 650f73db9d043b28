"""Keeping time: a typed entry becomes a ledger row and its way into the EHR, in one step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import InputError
from ccm_fhir.failpoints import failpoint
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.approvals import must_wait
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.overlap import refuse_own_overlap, warn_of_others
from ccm_fhir.services.roles import performer_kind
from ccm_fhir.services.signed_months import refuse_signed_months
from ccm_fhir.services.tell_time import tell_ehr
from ccm_fhir.storage import ledger, patients, practices
from ccm_fhir.storage.ledger import NewEntry
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import EntrySource

LONGEST_MINUTES = 8 * 60
LONGEST_NOTE = 2000
_STAFF = (Role.CARE_MANAGER, Role.PRACTITIONER)
_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedTime:
    """Work as a person types it: the day and the clock of the practice, whole minutes.

    ``seconds`` beyond them stay where a timer's entry is corrected. ``overlap_seen``: the person
    was told that somebody else worked for the patient at that time.
    """

    patient_id: str
    form_key: str
    started_on: date
    start_time: time
    minutes: int
    seconds: int = 0
    activity: Activity
    contact_mode: ContactMode | None
    note: str = field(repr=False)
    overlap_seen: bool = False


def record_typed(world: Installation, actor: Actor, typed: TypedTime, now: datetime) -> str:
    """Record typed time and return its entry id; the same form twice records once.

    Raises:
        NotAllowedError: the person keeps no time.
        InputError: a field cannot be (future, overlap of one's own work, clock that skips).
        ConflictError: the month is signed or locked.
        OverlapWarningError: somebody else worked for the patient then, and nobody has seen it.
    """
    actor.must_be("keeping time", *_STAFF)
    failpoint("C1")
    with world.db.write(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        patient = patients.get(session, actor.practice_id, typed.patient_id)
        audited(world, session, actor, "record_time", patient.id)
        new = typed_entry(actor, practice, typed, now)
        refuse_signed_months(session, practice, new.patient_id, new.started_at, new.ended_at)
        refuse_own_overlap(session, practice, new)
        if not typed.overlap_seen:
            warn_of_others(world, session, practice, new)
        entry_id = keep_entry(world, session, actor, new, now)
    failpoint("C2")
    return entry_id


def keep_entry(
    world: Installation, session: Session, actor: Actor, new: NewEntry, now: datetime
) -> str:
    """Put an entry into the ledger and plan its way into the EHR; return its id.

    What was typed past the practice's limits waits for approval instead. The caller has checked
    that it may be: month open, no overlap of the person's own work.
    """
    entry = ledger.record(session, world.audit_key, actor.practice_id, new, now)
    if not must_wait(world, session, entry, now):
        tell_ehr(world, session, entry, actor.fhir_user, now)
    return entry.id


def typed_entry(actor: Actor, practice: Practice, typed: TypedTime, now: datetime) -> NewEntry:
    """Return what was typed as an entry of the person's own; raises InputError by its field."""
    worked = timedelta(minutes=typed.minutes, seconds=typed.seconds)
    if not _LEAST <= worked <= timedelta(minutes=LONGEST_MINUTES) or typed.minutes < 0:
        raise InputError("minutes", f"Give whole minutes from 1 to {LONGEST_MINUTES}.")
    if len(typed.note) > LONGEST_NOTE:
        raise InputError("note", f"Keep the note under {LONGEST_NOTE} characters.")
    started_at = _instant(typed.started_on, typed.start_time, practice)
    ended_at = started_at + worked
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
