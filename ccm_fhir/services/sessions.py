"""Browser sessions and open launches: who is asking, for which patient, from which EHR.

The launch id in every URL names the patient; two patients may be open at once in one session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.reading import Reading
from ccm_fhir.storage import audit, ehrs, grants, launches, practices, users, web_sessions
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.crypto import hashed
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.launches import Launch
from ccm_fhir.storage.tenancy import enter
from ccm_fhir.storage.users import AppUser
from ccm_fhir.storage.vocabulary import GrantStatus
from ccm_fhir.storage.web_sessions import NewWebSession, WebSession

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request's standing: the person, the launch it belongs to, and its EHR."""

    actor: Actor
    reading: Reading
    launch_id: str
    patient_id: str | None
    need_patient_banner: bool
    intent: str
    style_url: str
    csrf_token: str = field(repr=False)
    ehr_origin: str
    ehr_name: str
    expires_at: datetime

    @property
    def signed_in_at(self) -> datetime:
        """When the browser's session began."""
        return self.expires_at - LONGEST


def resolve(
    world: Installation, session_token: str, launch_id: str, *, touch: bool = True
) -> Visit | None:
    """Return the visit behind a cookie and a launch id, or None where either does not hold.

    A launch holds as long as the permission that the EHR gave with it. Sessions end by the real
    clock, whatever day a demo shows. What a page asks by itself says ``touch=False``: it must not
    keep a session alive that nobody sits at.
    """
    moment = world.clock()
    with world.db.write() as session:
        held = _live(session, session_token, moment)
        if held is None:
            return None
        launch = launches.find(session, held.practice_id, launch_id, held.id_hash)
        user = users.find(session, held.practice_id, held.user_id)
        if launch is None or user is None or user.role is None:
            return None
        if grants.get(session, held.practice_id, launch.grant_id).status is not GrantStatus.ACTIVE:
            return None
        if touch:
            web_sessions.touch(session, held.practice_id, held.id_hash, moment)
        ehr = ehrs.get(session, held.practice_id, launch.ehr_id)
        return _visit(world, held, launch, _Who(user, user.role, ehr))


def continue_or_start(
    world: Installation, session: Session, user: AppUser, session_token: str
) -> tuple[str, str]:
    """Return a session secret and its hash: the browser's own if it is this person's, or a new one.

    Keeping it lets a second patient open beside the first; another person gets a new session,
    and the one that the browser held before ends.
    """
    now = world.clock()
    held = _live(session, session_token, now) if session_token else None
    if held is not None and held.user_id == user.id and held.practice_id == user.practice_id:
        return session_token, held.id_hash
    if held is not None:
        _end(world, session, held, now)
    enter(session, user.practice_id)  # what the browser held before may be another practice's
    secret = world.new_secret()
    started = web_sessions.start(
        session,
        world.vault,
        user.practice_id,
        NewWebSession(
            id_hash=hashed(secret),
            user_id=user.id,
            csrf_secret=world.new_secret(),
            expires_at=now + LONGEST,
        ),
        now,
    )
    return secret, started.id_hash


def end(world: Installation, session_token: str) -> None:
    """End a session and its launches; a session that is gone already is no error."""
    now = world.clock()
    with world.db.write() as session:
        held = _live(session, session_token, now)
        if held is None:
            return
        _end(world, session, held, now)


def frame_origins(world: Installation, iss: str = "") -> tuple[str, ...]:
    """Return who may frame a page before a launch is known: the EHR of an ``iss``, or every one.

    An unknown ``iss`` has every registered EHR: one of them shows the page that says so.
    """
    active: set[str] = set()
    with world.db.read() as session:
        for practice in practices.list_all(session):
            enter(session, practice.id)
            known = ehrs.list_all(session, practice.id)
            active |= {ehr.fhir_base for ehr in known if ehr.is_active}
    named = {base for base in active if iss and base.rstrip("/") == iss.rstrip("/")}
    return tuple(sorted({str(Origin.of(base)) for base in named or active}))


def _end(world: Installation, session: Session, held: WebSession, now: datetime) -> None:
    web_sessions.end(session, held.practice_id, held.id_hash, now)
    entry = AuditEntry(act="sign_out", user_id=held.user_id)
    audit.append(session, world.audit_key, held.practice_id, entry, now)


@dataclass(frozen=True, slots=True)
class _Who:
    user: AppUser
    role: Role
    ehr: Ehr


def _live(session: Session, session_token: str, now: datetime) -> WebSession | None:
    if not session_token:
        return None
    held = web_sessions.find(session, hashed(session_token))
    return held if held is not None and held.is_live(now, IDLE) else None


def _visit(world: Installation, held: WebSession, launch: Launch, who: _Who) -> Visit:
    return Visit(
        actor=Actor(
            practice_id=held.practice_id,
            ehr_id=who.ehr.id,
            user_id=who.user.id,
            name=who.user.name,
            role=who.role,
            fhir_user=who.user.fhir_user,
            npi=who.user.npi,
            taxonomy=who.user.taxonomy,
        ),
        reading=Reading(
            practice_id=held.practice_id,
            user_id=who.user.id,
            grant_id=launch.grant_id,
            patient_id=launch.patient_id,
            scopes=frozenset(launch.scopes.split()),
        ),
        launch_id=launch.id,
        patient_id=launch.patient_id,
        need_patient_banner=launch.need_patient_banner,
        intent=launch.intent,
        style_url=launch.style_url,
        csrf_token=held.csrf_secret.open(world.vault),
        ehr_origin=str(Origin.of(who.ehr.fhir_base)),
        ehr_name=who.ehr.name,
        expires_at=held.expires_at,
    )
