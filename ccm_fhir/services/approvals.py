"""Typed time that waits for a second person: it is not counted, nor told to the EHR, until then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.approvals import ApprovalReason, TypedPolicy, reasons_to_approve
from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.services.signed_months import refuse_signed_months
from ccm_fhir.services.tell_time import tell_ehr
from ccm_fhir.storage import approvals, ledger, patients, practices, users
from ccm_fhir.storage.approvals import ApprovalRecord, NewStep
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.users import AppUser
from ccm_fhir.storage.vocabulary import EntryChange, EntrySource

APPROVERS = (Role.PRACTITIONER, Role.ADMIN)
LONGEST_WORD = 500
MOST_DAYS = 366
MOST_MINUTES = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEntry:
    """Typed time that waits; in the practice's zone. ``is_own``: somebody else must answer."""

    entry_id: str
    patient_id: str
    patient_name: str = field(repr=False)
    person: str = field(repr=False)
    typist: str = field(repr=False)
    started_at: datetime
    ended_at: datetime
    seconds: int
    activity: Activity
    note: str = field(repr=False)
    recorded_at: datetime
    reasons: tuple[ApprovalReason, ...]
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerApproval:
    """What an approver says; a refusal says why."""

    entry_id: str
    is_approved: bool
    note: str = field(default="", repr=False)


def must_wait(world: Installation, session: Session, entry: TimeEntryRecord, now: datetime) -> bool:
    """Whether an entry just recorded waits for approval; what its policy asks for is written.

    An entry that was recorded before, by the same form, stands as it was judged then.
    """
    known = approvals.of_entries(session, entry.practice_id, (entry.id,)).get(entry.id)
    if known is not None:
        return known.is_approved is not True
    if entry.source is not EntrySource.TYPED or entry.recorded_at != now:
        return False
    reasons = _reasons(session, entry)
    if not reasons:
        return False
    typist = entry.recorded_by or entry.user_id
    asked = NewStep(entry_id=entry.id, user_id=typist, reasons=reasons)
    approvals.add_step(session, world.audit_key, entry.practice_id, asked, now)
    return True


def waiting_entries(world: Installation, actor: Actor) -> tuple[WaitingEntry, ...]:
    """Return what waits for approval in the practice, oldest first; the look is audited.

    Raises:
        NotAllowedError: neither a practitioner nor an administrator.
    """
    actor.must_be("approving typed time", *APPROVERS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_approvals", None)
        practice = practices.get(session, actor.practice_id)
        names = {one.id: one.name for one in users.list_all(session, actor.practice_id)}
        found = [
            _shown(session, actor, practice, record, names)
            for record in approvals.waiting(session, actor.practice_id)
        ]
    return tuple(sorted(found, key=lambda one: (one.started_at, one.entry_id)))


def answer_approval(
    world: Installation, actor: Actor, answer: AnswerApproval, now: datetime
) -> None:
    """Let typed time count, and tell it to the EHR; or say that it never will.

    Raises:
        NotAllowedError: the person may not, or typed or did the work.
        NotFoundError: no such entry.
        ConflictError: it needs no approval, was answered or changed; its month is signed.
        InputError: a refusal without a reason, or too long a one.
    """
    actor.must_be("approving typed time", *APPROVERS)
    note = answer.note.strip()
    if not answer.is_approved and not note:
        raise InputError("note", "Say why this time is not approved.")
    if len(note) > LONGEST_WORD:
        raise InputError("note", f"Keep it under {LONGEST_WORD} characters.")
    with world.db.write(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        entry = ledger.get(session, actor.practice_id, answer.entry_id)
        act = "approve_time" if answer.is_approved else "refuse_time"
        audited(world, session, actor, act, entry.patient_id)
        _refuse_own(actor, entry)
        _refuse_changed(session, practice, entry)
        step = NewStep(
            entry_id=entry.id, user_id=actor.user_id, is_approved=answer.is_approved, note=note
        )
        approvals.add_step(session, world.audit_key, actor.practice_id, step, now)
        if answer.is_approved:
            worker = users.get(session, actor.practice_id, entry.user_id)
            tell_ehr(world, session, entry, worker.fhir_user, now)


def may_approve(person: AppUser, entry: TimeEntryRecord) -> bool:
    """Whether a person of the practice can approve an entry: another's, by an approver."""
    return person.role in APPROVERS and person.id not in {entry.user_id, entry.recorded_by}


def policy_of(world: Installation, practice_id: str) -> TypedPolicy:
    """Return what the practice lets people type without a second person."""
    with world.db.read(practice_id) as session:
        return approvals.policy_of(session, practice_id)


def set_policy(world: Installation, hand: SetupHand, policy: TypedPolicy, now: datetime) -> None:
    """Set what may be typed without a second person; time typed before stands as it was judged.

    Raises:
        InputError: a limit that cannot be.
    """
    if not 0 <= policy.late_after_days <= MOST_DAYS:
        raise InputError("late_after_days", f"Give whole days from 0 to {MOST_DAYS}.")
    if not 1 <= policy.longest_minutes <= MOST_MINUTES:
        raise InputError("longest_minutes", f"Give whole minutes from 1 to {MOST_MINUTES}.")
    with world.db.write(hand.practice_id) as session:
        if approvals.policy_of(session, hand.practice_id) == policy:
            return
        told = f"{policy.late_after_days} {policy.longest_minutes} {policy.after_month_end}"
        audit_act(world, session, hand, f"set_typed_policy {told.lower()}")
        approvals.set_policy(session, hand.practice_id, policy, hand.user_id, now)


def _reasons(session: Session, entry: TimeEntryRecord) -> tuple[ApprovalReason, ...]:
    zone = practices.get(session, entry.practice_id).zone
    return reasons_to_approve(
        entry.started_at.astimezone(zone),
        entry.ended_at.astimezone(zone),
        entry.recorded_at.astimezone(zone),
        approvals.policy_of(session, entry.practice_id),
    )


def _refuse_own(actor: Actor, entry: TimeEntryRecord) -> None:
    if actor.user_id in {entry.user_id, entry.recorded_by}:
        raise NotAllowedError(
            "approving this time", "billing practitioner or administrator who did not type it"
        )


def _refuse_changed(session: Session, practice: Practice, entry: TimeEntryRecord) -> None:
    is_changed = ledger.successor_of(session, practice.id, entry.id) is not None
    if is_changed or entry.change is EntryChange.VOID:
        raise ConflictError("The entry was corrected or taken back meanwhile; look at it again.")
    if entry.id not in approvals.of_entries(session, practice.id, (entry.id,)):
        raise ConflictError("This entry needs no approval.")
    refuse_signed_months(session, practice, entry.patient_id, entry.started_at, entry.ended_at)


def _shown(
    session: Session,
    actor: Actor,
    practice: Practice,
    record: ApprovalRecord,
    names: dict[str, str],
) -> WaitingEntry:
    entry = ledger.get(session, practice.id, record.entry_id)
    typist = entry.recorded_by or entry.user_id
    return WaitingEntry(
        entry_id=entry.id,
        patient_id=entry.patient_id,
        patient_name=patients.get(session, practice.id, entry.patient_id).name,
        person=names.get(entry.user_id, ""),
        typist=names.get(typist, ""),
        started_at=entry.started_at.astimezone(practice.zone),
        ended_at=entry.ended_at.astimezone(practice.zone),
        seconds=entry.as_time_entry.total_seconds,
        activity=entry.activity,
        note=entry.note,
        recorded_at=entry.recorded_at.astimezone(practice.zone),
        reasons=record.reasons,
        is_own=actor.user_id in {entry.user_id, typist},
    )
