"""Locking a month, or one patient's month: nothing more is recorded or signed until it is unlocked.

Who locks says why, and so does who unlocks; both stay on record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.reconcile import latest_report
from ccm_fhir.services.reconciled import Report
from ccm_fhir.storage import month_locks, patients, practices, users
from ccm_fhir.storage.month_locks import LockRecord, NewLock
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import LockAct

MonthAct = LockAct
LOCKERS = (Role.PRACTITIONER, Role.BILLER, Role.ADMIN)
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LockShown:
    """A lock that holds: who set it, when by the practice's clock, and why."""

    by: str
    at: datetime
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDone(LockShown):
    """One act of the past: ``whose`` is "the month", or says that it was one patient's."""

    is_lock: bool
    whose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLocks:
    """A month's locks as its page shows them: the practice's, and the open patient's alone.

    ``report`` is the newest comparison of ledger and EHR, which whoever locks should have seen.
    """

    month: ServiceMonth
    practice_name: str
    lock: LockShown | None
    patient_name: str = field(repr=False)
    patient_lock: LockShown | None
    history: tuple[LockDone, ...]
    may_lock: bool
    report: Report | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockMonth:
    """A month to be locked or unlocked, and why; ``patient_id`` None is the whole practice."""

    patient_id: str | None
    month: ServiceMonth
    act: LockAct
    reason: str = field(repr=False)
    form_key: str


def lock_month(world: Installation, actor: Actor, request: LockMonth, now: datetime) -> None:
    """Lock or unlock a month; the same form twice acts once.

    Raises:
        NotAllowedError: neither a biller, a billing practitioner nor an administrator.
        InputError: no reason, or a long one.
        ConflictError: it is locked already, or there is nothing to unlock.
        NotFoundError: no such patient in this practice.
    """
    actor.must_be("locking a month", *LOCKERS)
    reason = _reason(request)
    new = NewLock(
        patient_id=request.patient_id,
        month=request.month,
        act=request.act,
        reason=reason,
        user_id=actor.user_id,
        form_key=request.form_key,
    )
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, f"{request.act.value}_month", request.patient_id)
        if month_locks.find_by_form(session, actor.practice_id, request.form_key) is None:
            _refuse_idle(session, actor.practice_id, request)
        month_locks.record(session, actor.practice_id, new, now)


def locks_of(
    world: Installation, actor: Actor, month: ServiceMonth, patient_id: str | None
) -> MonthLocks:
    """Return a month's locks, newest act first; of single patients only the open one is told.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_locks", patient_id)
        practice = practices.get(session, actor.practice_id)
        acts = month_locks.of_month(session, actor.practice_id, month)
        name = "" if patient_id is None else patients.get(session, practice.id, patient_id).name
        names = {user.id: user.name for user in users.list_all(session, practice.id)}
    told = [act for act in acts if act.patient_id in {None, patient_id}]
    held = month_locks.in_force(acts)
    lock, patient_lock = held.get(None), held.get(patient_id) if patient_id else None
    return MonthLocks(
        month=month,
        practice_name=practice.name,
        lock=None if lock is None else _named(practice, names, lock),
        patient_name=name,
        patient_lock=None if patient_lock is None else _named(practice, names, patient_lock),
        history=tuple(_done(practice, names, act) for act in reversed(told)),
        may_lock=actor.may(*LOCKERS),
        report=latest_report(world, actor.practice_id),
    )


def refuse_locked(
    session: Session, practice: Practice, patient_id: str, month: ServiceMonth
) -> None:
    """Raise ConflictError, with who locked it and why, where a patient-month is locked."""
    acts = month_locks.of_patient_month(session, practice.id, patient_id, month)
    held = month_locks.in_force(acts)
    lock = held.get(None) or held.get(patient_id)
    if lock is None:
        return
    said = _shown(session, practice, lock)
    whose = "" if lock.patient_id is None else " for this patient"
    raise ConflictError(
        f"{month} is locked{whose} since {said.at:%Y-%m-%d}, by {said.by or 'a colleague'}: "
        f"“{said.reason}”. Unlock it to go on."
    )


def lock_shown(
    session: Session, practice: Practice, month: ServiceMonth, patient_id: str | None = None
) -> LockShown | None:
    """Return the lock that holds for a practice's month, or for one patient's by itself."""
    acts = month_locks.of_month(session, practice.id, month)
    lock = month_locks.in_force(acts).get(patient_id)
    return None if lock is None else _shown(session, practice, lock)


def _shown(session: Session, practice: Practice, lock: LockRecord) -> LockShown:
    names = {user.id: user.name for user in users.list_all(session, practice.id)}
    return _named(practice, names, lock)


def _done(practice: Practice, names: dict[str, str], act: LockRecord) -> LockDone:
    return LockDone(
        by=names.get(act.user_id, ""),
        at=act.acted_at.astimezone(practice.zone),
        reason=act.reason,
        is_lock=act.act is LockAct.LOCK,
        whose="the month" if act.patient_id is None else "this patient’s month",
    )


def _named(practice: Practice, names: dict[str, str], lock: LockRecord) -> LockShown:
    return LockShown(
        by=names.get(lock.user_id, ""),
        at=lock.acted_at.astimezone(practice.zone),
        reason=lock.reason,
    )


def _reason(request: LockMonth) -> str:
    text = request.reason.strip()
    if not text:
        raise InputError("reason", "Say why; it stays on record.")
    if len(text) > LONGEST_REASON:
        raise InputError("reason", f"Keep it under {LONGEST_REASON} characters.")
    return text


def _refuse_idle(session: Session, practice_id: str, request: LockMonth) -> None:
    acts = month_locks.of_month(session, practice_id, request.month)
    is_locked = request.patient_id in month_locks.in_force(acts)
    if is_locked and request.act is LockAct.LOCK:
        raise ConflictError(f"{request.month} is locked already.")
    if not is_locked and request.act is LockAct.UNLOCK:
        raise ConflictError(f"{request.month} is not locked; there is nothing to unlock.")
