"""Launches: the attempt that leaves for the EHR and returns once, and the launch it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, delete, select, update

from ccm_fhir.storage.crypto import Place, Sealed, Vault
from ccm_fhir.storage.ids import new_opaque_id
from ccm_fhir.storage.tables import (
    AppUserRow,
    EhrRow,
    LaunchAttemptRow,
    LaunchRow,
    PatientRow,
    TokenGrantRow,
    WebSessionRow,
)
from ccm_fhir.storage.tenancy import enter, looking_for
from ccm_fhir.storage.values import columns_of, require, require_parents, value_of
from ccm_fhir.storage.vocabulary import AttemptRefusal

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    """What must be known again when the EHR sends the browser back."""

    state_hash: str = field(repr=False)
    ehr_id: str
    launch: str | None = field(repr=False)
    code_verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    browser_hash: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt as begun; it tells which practice and EHR the answer must belong to."""

    state_hash: str = field(repr=False)
    practice_id: str
    ehr_id: str
    launch: str | None = field(repr=False)
    code_verifier: Sealed
    nonce: str = field(repr=False)
    browser_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLaunch:
    """The context of a finished launch."""

    ehr_id: str
    user_id: str
    session_id_hash: str = field(repr=False)
    patient_id: str | None
    grant_id: str
    need_patient_banner: bool
    style_url: str = ""
    intent: str = ""
    encounter_ref: str = field(default="", repr=False)
    scopes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch(NewLaunch):
    """A launch; ``id`` is opaque and stands in every URL, so that two may be open at once."""

    id: str
    practice_id: str
    created_at: datetime
    ended_at: datetime | None


def begin_attempt(
    session: Session, vault: Vault, practice_id: str, new: NewAttempt, now: datetime
) -> Attempt:
    """Remember an attempt before the browser is sent to the EHR."""
    require(session, EhrRow, practice_id, new.ehr_id)
    place = _place(practice_id, new.state_hash)
    row = LaunchAttemptRow(
        **columns_of(new, without=frozenset({"code_verifier"})),
        practice_id=practice_id,
        code_verifier_sealed=vault.seal(new.code_verifier.encode(), place),
        created_at=now,
        used_at=None,
    )
    session.add(row)
    session.flush()
    return _attempt(row)


def consume_attempt(session: Session, state_hash: str, now: datetime) -> Attempt | AttemptRefusal:
    """Return an attempt to the first who asks for it, and a refusal to everyone after.

    From here on the transaction is of the practice that the attempt is of.
    """
    looking_for(session, state_hash)
    known = session.get(LaunchAttemptRow, state_hash)
    if known is None:
        return AttemptRefusal.UNKNOWN
    enter(session, known.practice_id)
    won = session.exec(
        update(LaunchAttemptRow)
        .where(
            col(LaunchAttemptRow.state_hash) == state_hash,
            col(LaunchAttemptRow.used_at).is_(None),
            col(LaunchAttemptRow.expires_at) > now,
        )
        .values(used_at=now)
    )
    row = session.get_one(LaunchAttemptRow, state_hash, populate_existing=True)
    if won.rowcount == 1:
        return _attempt(row)
    return AttemptRefusal.EXPIRED if row.used_at is None else AttemptRefusal.USED


def forget_attempts(session: Session, practice_id: str, before: datetime) -> int:
    """Delete a practice's attempts begun before a moment; return how many."""
    gone = session.exec(
        delete(LaunchAttemptRow).where(
            col(LaunchAttemptRow.practice_id) == practice_id,
            col(LaunchAttemptRow.created_at) < before,
        )
    )
    return int(gone.rowcount)


def start(session: Session, practice_id: str, new: NewLaunch, now: datetime) -> Launch:
    """Record a finished launch under a new opaque id."""
    require_parents(
        session,
        practice_id,
        (EhrRow, new.ehr_id),
        (AppUserRow, new.user_id),
        (WebSessionRow, new.session_id_hash),
        (PatientRow, new.patient_id),
        (TokenGrantRow, new.grant_id),
    )
    row = LaunchRow(
        **columns_of(new),
        id=new_opaque_id(),
        practice_id=practice_id,
        created_at=now,
        ended_at=None,
    )
    session.add(row)
    session.flush()
    return value_of(Launch, row)


def find(session: Session, practice_id: str, launch_id: str, session_id_hash: str) -> Launch | None:
    """Return a launch that has not ended, and only to the browser session that made it."""
    row = session.exec(
        select(LaunchRow).where(
            col(LaunchRow.practice_id) == practice_id,
            col(LaunchRow.id) == launch_id,
            col(LaunchRow.session_id_hash) == session_id_hash,
            col(LaunchRow.ended_at).is_(None),
        )
    ).one_or_none()
    return None if row is None else value_of(Launch, row)


def find_ever(
    session: Session, practice_id: str, launch_id: str, session_id_hash: str
) -> Launch | None:
    """Return a launch, ended ones too, and only to the browser session that made it."""
    row = session.exec(
        select(LaunchRow).where(
            col(LaunchRow.practice_id) == practice_id,
            col(LaunchRow.id) == launch_id,
            col(LaunchRow.session_id_hash) == session_id_hash,
        )
    ).one_or_none()
    return None if row is None else value_of(Launch, row)


def open_of_session(session: Session, practice_id: str, session_id_hash: str) -> tuple[Launch, ...]:
    """Return a browser session's launches that have not ended."""
    rows = session.exec(
        select(LaunchRow).where(
            col(LaunchRow.practice_id) == practice_id,
            col(LaunchRow.session_id_hash) == session_id_hash,
            col(LaunchRow.ended_at).is_(None),
        )
    )
    return tuple(value_of(Launch, row) for row in rows)


def open_of_grant(session: Session, practice_id: str, grant_id: str) -> tuple[Launch, ...]:
    """Return the launches that rest on a grant and have not ended."""
    rows = session.exec(
        select(LaunchRow).where(
            col(LaunchRow.practice_id) == practice_id,
            col(LaunchRow.grant_id) == grant_id,
            col(LaunchRow.ended_at).is_(None),
        )
    )
    return tuple(value_of(Launch, row) for row in rows)


def set_patient(session: Session, practice_id: str, launch_id: str, patient_id: str) -> Launch:
    """Put a patient in context, where the launch came without one."""
    require(session, PatientRow, practice_id, patient_id)
    row = require(session, LaunchRow, practice_id, launch_id)
    row.patient_id = patient_id
    session.flush()
    return value_of(Launch, row)


def end(session: Session, practice_id: str, launch_id: str, now: datetime) -> None:
    """End a launch; its URLs lead nowhere from now on."""
    row = require(session, LaunchRow, practice_id, launch_id)
    row.ended_at = row.ended_at or now
    session.flush()


def _attempt(row: LaunchAttemptRow) -> Attempt:
    place = _place(row.practice_id, row.state_hash)
    return value_of(
        Attempt, row, code_verifier=Sealed(place=place, sealed=row.code_verifier_sealed)
    )


def _place(practice_id: str, state_hash: str) -> Place:
    return Place(
        practice_id=practice_id, table="launch_attempt", row=state_hash, field="code_verifier"
    )
