"""The audit line of a person's act, written first in the transaction that does it."""

from __future__ import annotations

from sqlmodel import Session

from ccm_fhir.services.actor import Actor
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import audit
from ccm_fhir.storage.audit import AuditEntry


def audited(
    world: Installation, session: Session, actor: Actor, act: str, patient_id: str | None
) -> None:
    """Write the audit line first: the practice's other writers wait from here on.

    Without that, two overlapping entries, or time in a month that is just being signed, could
    both pass their checks.
    """
    entry = AuditEntry(act=act, user_id=actor.user_id, patient_id=patient_id)
    audit.append(session, world.audit_key, actor.practice_id, entry, world.clock())
