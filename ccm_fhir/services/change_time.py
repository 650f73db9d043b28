"""Changing what is in the time log: an entry is corrected or taken back by a further row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.approvals import must_wait
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.keep_time import TypedTime, typed_entry
from ccm_fhir.services.overlap import refuse_own_overlap, warn_of_others
from ccm_fhir.services.retract import TakenBack, retract
from ccm_fhir.services.signed_months import refuse_signed_months
from ccm_fhir.services.tell_time import tell_ehr
from ccm_fhir.services.timers import KEEPERS
from ccm_fhir.storage import ledger, practices, users
from ccm_fhir.storage.ledger import Correction, NewEntry, TimeEntryRecord, Voiding
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidEntry:
    """A request to take an entry back, with the reason that stays on record."""

    entry_id: str
    form_key: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectEntry:
    """What an entry should have said, typed anew, and why it is changed."""

    entry_id: str
    typed: TypedTime
    reason: str = field(repr=False)

    @property
    def form_key(self) -> str:
        """The key of the form that was sent."""
        return self.typed.form_key


def void_entry(world: Installation, actor: Actor, void: VoidEntry, now: datetime) -> None:
    """Take an entry back by a new row; the old one stays in the history.

    What of it is in the EHR, or may be, is amended there (``retract``).

    Raises:
        NotAllowedError: neither one's own entry nor a practitioner.
        ConflictError: the month is signed, or the entry was changed before.
        InputError: no reason.
    """
    actor.must_be("taking time back", *KEEPERS)
    reason = _reason(void.reason, "Say why the entry is taken back.")
    with world.db.write(actor.practice_id) as session:
        _, entry = _to_change(world, session, actor, void, "void_time")
        voiding = Voiding(
            entry_id=entry.id, user_id=actor.user_id, reason=reason, form_key=void.form_key
        )
        is_done = ledger.successor_of(session, actor.practice_id, entry.id) is not None
        ledger.void(session, world.audit_key, actor.practice_id, voiding, now)
        if not is_done:
            _take_back(world, session, entry, reason, now)


def correct_entry(world: Installation, actor: Actor, correct: CorrectEntry, now: datetime) -> str:
    """Replace an entry by what it should have said; return the id of the row that now holds.

    One row of the ledger voids the old entry and enters the new one; what the EHR was told of the
    old one is amended there; the person who worked stays
    the same, whoever corrects. The new one is typed, and may need approval like any other.

    Raises:
        NotAllowedError: neither one's own entry nor a practitioner.
        ConflictError: the month is signed, or the entry was changed before.
        InputError: no reason, or a field that cannot be.
        OverlapWarningError: somebody else worked for the patient then, and nobody has seen it.
    """
    actor.must_be("correcting time", *KEEPERS)
    reason = _reason(correct.reason, "Say why the entry is corrected.")
    with world.db.write(actor.practice_id) as session:
        practice, entry = _to_change(world, session, actor, correct, "correct_time")
        typed = replace(correct.typed, patient_id=entry.patient_id)
        new = _as_of_worker(typed_entry(actor, practice, typed, now), entry, actor)
        refuse_signed_months(session, practice, new.patient_id, new.started_at, new.ended_at)
        refuse_own_overlap(session, practice, new, but=entry.id)
        if not typed.overlap_seen:
            warn_of_others(world, session, practice, new, but=entry.id)
        correction = Correction(entry_id=entry.id, entry=new, reason=reason)
        is_done = ledger.successor_of(session, practice.id, entry.id) is not None
        held = ledger.correct(session, world.audit_key, practice.id, correction, now)
        if not is_done:
            _take_back(world, session, entry, reason, now)
        if not must_wait(world, session, held, now):
            worker = users.get(session, practice.id, held.user_id)
            tell_ehr(world, session, held, worker.fhir_user, now)
        return held.id


def may_change(actor: Actor, entry: TimeEntryRecord) -> bool:
    """Whether it is the person's own entry, or the person is a practitioner."""
    is_own = actor.may(*KEEPERS) and entry.user_id == actor.user_id
    return is_own or actor.may(Role.PRACTITIONER)


def _take_back(
    world: Installation, session: Session, entry: TimeEntryRecord, reason: str, now: datetime
) -> None:
    """Plan what must be done about an entry's resources, now that a later row holds."""
    taken = TakenBack(kind=ArtefactKind.TIME_ENTRY, artefact_id=entry.id, reason=reason)
    retract(world, session, entry.practice_id, taken, now)


def _to_change(
    world: Installation, session: Session, actor: Actor, asked: VoidEntry | CorrectEntry, act: str
) -> tuple[Practice, TimeEntryRecord]:
    practice = practices.get(session, actor.practice_id)
    entry = ledger.get(session, actor.practice_id, asked.entry_id)
    audited(world, session, actor, act, entry.patient_id)
    if entry.user_id != actor.user_id:
        actor.must_be("changing another person's time", Role.PRACTITIONER)
    refuse_signed_months(session, practice, entry.patient_id, entry.started_at, entry.ended_at)
    later = ledger.successor_of(session, practice.id, entry.id)
    if later is not None and later.form_key != asked.form_key:
        raise ConflictError(ledger.CHANGED_ALREADY)
    return practice, entry


def _as_of_worker(new: NewEntry, old: TimeEntryRecord, actor: Actor) -> NewEntry:
    return replace(
        new,
        user_id=old.user_id,
        performer=old.performer,
        credential=old.credential,
        recorded_by=actor.user_id,
    )


def _reason(text: str, missing: str) -> str:
    reason = text.strip()
    if not reason:
        raise InputError("reason", missing)
    if len(reason) > LONGEST_REASON:
        raise InputError("reason", f"Keep it under {LONGEST_REASON} characters.")
    return reason
