"""What ends when an EHR takes its permission back: the launch, and the session with the last one.

Time that was measured is kept: a running timer rests, its work written down, until its owner
saves it after the next launch. Nothing is saved on anybody's behalf.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain import timers as clock
from ccm_fhir.domain.timers import Ending
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.sessions import IDLE
from ccm_fhir.storage import audit, ehrs, grants, launches, timers, web_sessions
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.crypto import hashed
from ccm_fhir.storage.launches import Launch
from ccm_fhir.storage.vocabulary import GrantStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """That an EHR has taken back what a launch rests on; ``iss`` is where to launch again."""

    iss: str


def end_withdrawn(
    world: Installation, session_token: str, launch_id: str, now: datetime
) -> Withdrawn | None:
    """End a browser's launch whose permission the EHR took back; None where it did not.

    Ended once and told as often as it is asked for. The session ends with the last launch whose
    permission holds. Timers rest at ``now``, the work's own clock, unless their owner is still
    signed in elsewhere.
    """
    moment = world.clock()
    with world.db.write() as session:
        held = web_sessions.find(session, hashed(session_token))
        if held is None:
            return None
        practice_id = held.practice_id
        launch = launches.find_ever(session, practice_id, launch_id, held.id_hash)
        if launch is None or not _is_withdrawn(session, launch):
            return None
        if launch.ended_at is None:
            launches.end(session, practice_id, launch.id, moment)
            entry = AuditEntry(
                act="grant_withdrawn", user_id=held.user_id, patient_id=launch.patient_id
            )
            audit.append(session, world.audit_key, practice_id, entry, moment)
            if not _still_open(session, practice_id, held.id_hash):
                web_sessions.end(session, practice_id, held.id_hash, moment)
                if not web_sessions.is_signed_in(session, practice_id, held.user_id, moment - IDLE):
                    let_timers_rest(session, practice_id, held.user_id, now)
        return Withdrawn(iss=ehrs.get(session, practice_id, launch.ehr_id).fhir_base)


def let_timers_rest(session: Session, practice_id: str, user_id: str, now: datetime) -> None:
    """Let a person's running timers rest, their work written down, until their owner is back."""
    moment = now.replace(microsecond=0)
    for one in timers.open_of_user(session, practice_id, user_id):
        if one.timer.is_running:
            rested = clock.rest(clock.settle(one.timer, moment), moment, Ending.PAUSE)
            timers.keep(session, practice_id, one, rested, moment)


def _is_withdrawn(session: Session, launch: Launch) -> bool:
    grant = grants.get(session, launch.practice_id, launch.grant_id)
    return grant.status is GrantStatus.REAUTHORISE


def _still_open(session: Session, practice_id: str, id_hash: str) -> bool:
    left = launches.open_of_session(session, practice_id, id_hash)
    return any(not _is_withdrawn(session, one) for one in left)
