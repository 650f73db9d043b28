"""The connection check of the pages: the doctor's look at an EHR of the practice.

It asks the EHR and writes nothing there; that it was asked is a line of the audit trail.
"""

from __future__ import annotations

from ccm_fhir.services.actor import Actor
from ccm_fhir.services.diagnosis import Diagnosis
from ccm_fhir.services.doctor import diagnose
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import administrator, audit_act
from ccm_fhir.storage import ehrs


def check_connection(world: Installation, actor: Actor, ehr_id: str = "") -> Diagnosis:
    """Return what can be found out about an EHR of the practice: the actor's own by default.

    Raises:
        NotAllowedError: only an administrator does.
        NotFoundError: no such EHR in this practice.
    """
    hand, asked = administrator(actor), ehr_id or actor.ehr_id
    with world.db.write(hand.practice_id) as session:
        ehr = ehrs.get(session, hand.practice_id, asked)
        audit_act(world, session, hand, f"check_connection {asked}")
    return diagnose(world, ehr)
