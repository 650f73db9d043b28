"""Timers as they stand; one running a person is the database's own rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.timers import Stretch, Timer, TimerPolicy
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import (
    AppUserRow,
    PatientRow,
    TimerPolicyRow,
    TimerRow,
    TimerStretchRow,
)
from ccm_fhir.storage.values import columns_of, insert_once, require, require_parents
from ccm_fhir.storage.vocabulary import TimerOutcome

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.codes import Activity, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTimer:
    """Whose timer, for which patient, and how it begins."""

    user_id: str
    patient_id: str
    activity: Activity | None
    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRecord:
    """A timer as it was left; ``stretch_ids`` are those of ``timer.stretches``, in order."""

    id: str
    user_id: str
    patient_id: str
    activity: Activity | None
    started_at: datetime
    outcome: TimerOutcome | None
    closed_at: datetime | None
    timer: Timer
    stretch_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPolicy:
    """How timers start for a role, and who says so."""

    role: Role
    policy: TimerPolicy
    set_by: str | None


def open_timer(session: Session, practice_id: str, new: NewTimer, now: datetime) -> TimerRecord:
    """Keep a new timer.

    Raises:
        ConflictError: the person has one running, or one open for this patient.
    """
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.user_id))
    row = TimerRow(
        id=new_id(now),
        practice_id=practice_id,
        user_id=new.user_id,
        patient_id=new.patient_id,
        activity=new.activity,
        contact_mode=new.timer.contact_mode,
        started_at=now,
        running_since=new.timer.running_since,
        seen_at=new.timer.seen_at,
        active_at=new.timer.active_at,
        is_watched=new.timer.is_watched,
        closed_at=None,
        outcome=None,
    )
    if not insert_once(session, row):
        raise ConflictError("Another timer of yours is running; look again.")
    return _record(session, row)


def keep(session: Session, practice_id: str, old: TimerRecord, timer: Timer, now: datetime) -> None:
    """Write how a timer stands now; stretches are only ever added."""
    row = require(session, TimerRow, practice_id, old.id)
    row.running_since, row.seen_at = timer.running_since, timer.seen_at
    row.active_at, row.is_watched = timer.active_at, timer.is_watched
    session.add(row)
    for stretch in timer.stretches[len(old.timer.stretches) :]:
        session.add(
            TimerStretchRow(
                id=new_id(now),
                practice_id=practice_id,
                timer_id=old.id,
                started_at=stretch.started_at,
                ended_at=stretch.ended_at,
                ending=stretch.ending,
                recorded_at=now,
            )
        )
    session.flush()


def close(
    session: Session, practice_id: str, timer_id: str, outcome: TimerOutcome, now: datetime
) -> None:
    """Say what became of a timer; a discarded one may later be saved after all."""
    row = require(session, TimerRow, practice_id, timer_id)
    row.running_since, row.closed_at, row.outcome = None, now, outcome
    session.add(row)
    session.flush()


def get(session: Session, practice_id: str, timer_id: str) -> TimerRecord:
    """Return a timer; raises NotFoundError."""
    return _record(session, require(session, TimerRow, practice_id, timer_id))


def open_of_user(session: Session, practice_id: str, user_id: str) -> tuple[TimerRecord, ...]:
    """Return a person's open timers, the running one first, then the latest."""
    rows = session.exec(
        select(TimerRow).where(
            col(TimerRow.practice_id) == practice_id,
            col(TimerRow.user_id) == user_id,
            col(TimerRow.closed_at).is_(None),
        )
    )
    records = [_record(session, row) for row in rows]
    return tuple(
        sorted(records, key=lambda r: (not r.timer.is_running, -r.started_at.timestamp(), r.id))
    )


def discarded_since(
    session: Session, practice_id: str, user_id: str, since: datetime
) -> tuple[TimerRecord, ...]:
    """Return the timers a person has thrown away since a moment, the latest first."""
    rows = session.exec(
        select(TimerRow)
        .where(
            col(TimerRow.practice_id) == practice_id,
            col(TimerRow.user_id) == user_id,
            col(TimerRow.outcome) == TimerOutcome.DISCARDED,
            col(TimerRow.closed_at) >= since,
        )
        .order_by(col(TimerRow.closed_at).desc(), col(TimerRow.id).desc())
    )
    return tuple(_record(session, row) for row in rows)


def set_policy(session: Session, practice_id: str, new: NewPolicy, now: datetime) -> None:
    """Keep how timers start for a role from now on."""
    require_parents(session, practice_id, (AppUserRow, new.set_by))
    row = TimerPolicyRow(**columns_of(new), id=new_id(now), practice_id=practice_id, set_at=now)
    session.add(row)
    session.flush()


def policy_of(session: Session, practice_id: str, role: Role) -> TimerPolicy | None:
    """Return the policy a practice has set for a role, if it has."""
    row = session.exec(
        select(TimerPolicyRow)
        .where(col(TimerPolicyRow.practice_id) == practice_id, col(TimerPolicyRow.role) == role)
        .order_by(col(TimerPolicyRow.set_at).desc(), col(TimerPolicyRow.id).desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else row.policy


def _record(session: Session, row: TimerRow) -> TimerRecord:
    stretches = session.exec(
        select(TimerStretchRow)
        .where(
            col(TimerStretchRow.practice_id) == row.practice_id,
            col(TimerStretchRow.timer_id) == row.id,
        )
        .order_by(col(TimerStretchRow.started_at))
    ).all()
    return TimerRecord(
        id=row.id,
        user_id=row.user_id,
        patient_id=row.patient_id,
        activity=row.activity,
        started_at=row.started_at,
        outcome=row.outcome,
        closed_at=row.closed_at,
        timer=Timer(
            running_since=row.running_since,
            seen_at=row.seen_at,
            active_at=row.active_at,
            is_watched=row.is_watched,
            contact_mode=row.contact_mode,
            stretches=tuple(
                Stretch(started_at=s.started_at, ended_at=s.ended_at, ending=s.ending)
                for s in stretches
            ),
        ),
        stretch_ids=tuple(s.id for s in stretches),
    )
