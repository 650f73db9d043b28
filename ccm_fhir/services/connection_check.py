"""The connection check of the page: the doctor's look at the EHR from which the app was opened.

It asks the EHR and writes nothing there; that it was asked is a line of the audit trail.
"""

from __future__ import annotations

from ccm_fhir.services.actor import Actor
from ccm_fhir.services.diagnosis import Diagnosis
from ccm_fhir.services.doctor import diagnose
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import administrator, audit_act
from ccm_fhir.storage import ehrs


def check_connection(world: Installation, actor: Actor) -> Diagnosis:
    """Return what can be found out about the actor's own EHR.

    Raises:
        NotAllowedError: only an administrator does.
    """
    hand = administrator(actor)
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, "check_connection")
        ehr = ehrs.get(session, hand.practice_id, actor.ehr_id)
    return diagnose(world, ehr)
