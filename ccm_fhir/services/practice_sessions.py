"""Who of a practice is signed in, and ending one person's sessions (OWASP ASVS 5.0, 7.4.5).

What was recorded stays: a running timer rests with its time until its owner is back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ccm_fhir.domain.codes import Role
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.sessions import IDLE
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.services.withdrawal import let_timers_rest
from ccm_fhir.storage import practices, users, web_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInPerson:
    """A person with open sessions, one for each browser; moments are in the practice's zone."""

    user_id: str
    name: str = field(repr=False)
    role: Role | None
    browsers: int
    since: datetime
    last_seen_at: datetime


def signed_in(world: Installation, hand: SetupHand) -> tuple[SignedInPerson, ...]:
    """Return who of a practice has an open session, who has been there longest first."""
    with world.db.read(hand.practice_id) as session:
        zone = practices.get(session, hand.practice_id).zone
        people = {one.id: one for one in users.list_all(session, hand.practice_id)}
        held = web_sessions.live(session, hand.practice_id, world.clock(), IDLE)
    whose = dict.fromkeys(one.user_id for one in held)
    own = {user: [one for one in held if one.user_id == user] for user in whose}
    return tuple(
        SignedInPerson(
            user_id=user,
            name=people[user].name,
            role=people[user].role,
            browsers=len(theirs),
            since=theirs[0].created_at.astimezone(zone),
            last_seen_at=max(one.last_seen_at for one in theirs).astimezone(zone),
        )
        for user, theirs in own.items()
    )


def end_sessions(world: Installation, hand: SetupHand, user_id: str, now: datetime) -> int:
    """End every open session of one person; return how many there were. None is no error.

    Their timers rest at ``now``, the work's own clock.

    Raises:
        NotFoundError: no such person in this practice.
    """
    moment = world.clock()
    with world.db.write(hand.practice_id) as session:
        users.get(session, hand.practice_id, user_id)
        held = web_sessions.live(session, hand.practice_id, moment, IDLE)
        theirs = [one for one in held if one.user_id == user_id]
        if theirs:
            audit_act(world, session, hand, f"end_sessions {user_id}")
            for one in theirs:
                web_sessions.end(session, hand.practice_id, one.id_hash, moment)
            let_timers_rest(session, hand.practice_id, user_id, now)
        return len(theirs)
