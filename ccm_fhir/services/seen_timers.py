"""Who saw in a timer's words whose patient somebody is: a line a session and patient.

The timer's bar stands on every page and asks for itself again and again. It names patients whose
chart is not open, so that a person sees what they are timing; a line a look would drown the trail.
"""

from __future__ import annotations

from collections.abc import Iterable

from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.sessions import Visit
from ccm_fhir.storage import audit
from ccm_fhir.storage.audit import AuditEntry

_ACT = "view_timer"


def note_timers_seen(world: Installation, visit: Visit, patient_ids: Iterable[str]) -> None:
    """Write that the names of patients were shown, once for each in a session."""
    actor, wanted = visit.actor, dict.fromkeys(patient_ids)
    if not wanted:
        return
    with world.db.read(actor.practice_id) as session:
        new = [
            patient_id
            for patient_id in wanted
            if not audit.is_written(
                session,
                actor.practice_id,
                AuditEntry(act=_ACT, user_id=actor.user_id, patient_id=patient_id),
                since=visit.signed_in_at,
            )
        ]
    if new:
        with world.db.write(actor.practice_id) as session:
            for patient_id in new:
                audited(world, session, actor, _ACT, patient_id)
