"""Whose hand sets a practice up: an administrator's on a page, or the operator's by command.

Every act is a line of the audit trail, which says what was changed and who did it: a person, or
the system's administrator at the command line.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import InputError
from ccm_fhir.fhir.audit_event import BY_COMMAND
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import audit, practices
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.practices import Practice


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupHand:
    """Who changes a practice; ``user_id`` None is the operator of the installation."""

    practice_id: str
    user_id: str | None


def administrator(actor: Actor) -> SetupHand:
    """Return an administrator's hand; raises NotAllowedError for anybody else."""
    actor.must_be("setting up the practice", Role.ADMIN)
    return SetupHand(practice_id=actor.practice_id, user_id=actor.user_id)


def operator(world: Installation, practice: str = "") -> SetupHand:
    """Return the operator's hand on the one practice of a name or id; empty where there is one.

    Raises:
        InputError: there is none, or there are several.
    """
    with world.db.read() as session:
        every = practices.list_all(session)
    found = [one for one in every if _is_named(one, practice)]
    if len(found) == 1:
        return SetupHand(practice_id=found[0].id, user_id=None)
    if not every:
        raise InputError("practice", "there is none yet; run: ccm-fhir ehr add")
    told = ", ".join(f"{one.name} ({one.id})" for one in found or every)
    problem = "several are meant; give the id of one" if found else "none is called so; there are"
    raise InputError("practice", f"{problem}: {told}")


def practice_ids(world: Installation) -> tuple[str, ...]:
    """Return the ids of every practice of the installation."""
    with world.db.read() as session:
        return tuple(practice.id for practice in practices.list_all(session))


def audit_act(world: Installation, session: Session, hand: SetupHand, act: str) -> None:
    """Write the audit line; from here on, whoever signs in this practice waits."""
    said = act if hand.user_id else f"{act} {BY_COMMAND}"
    entry = AuditEntry(act=said, user_id=hand.user_id)
    audit.append(session, world.audit_key, hand.practice_id, entry, world.clock())


def audit_command(world: Installation, session: Session, practice_id: str, act: str) -> None:
    """Write the audit line of a command that changes one practice."""
    audit_act(world, session, SetupHand(practice_id=practice_id, user_id=None), act)


def audit_everywhere(world: Installation, act: str) -> None:
    """Write the audit line of a command that changes the installation, in every practice's trail.

    Each practice keeps a trail of its own, and what all of them stand on concerns each.
    """
    with world.db.read() as session:
        every = practices.list_all(session)
    for practice in every:
        with world.db.write(practice.id) as session:
            audit_command(world, session, practice.id, act)


def _is_named(practice: Practice, name: str) -> bool:
    return not name or name == practice.id or name.casefold() == practice.name.casefold()
