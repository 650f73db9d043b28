"""The panel: every patient the practice's backend service may see, read one by one."""

from __future__ import annotations

from datetime import datetime

from ccm_fhir.domain.facts import Skipped
from ccm_fhir.errors import FhirError, LaunchError
from ccm_fhir.fhir.reader import patients as read_patients
from ccm_fhir.services.ehr_access import system_client
from ccm_fhir.services.installation import READ_PANEL, Installation
from ccm_fhir.services.read_chart import read_patient_as_system
from ccm_fhir.storage import patients


def ask_for_panel(world: Installation, practice_id: str, ehr_id: str, now: datetime) -> None:
    """Enqueue a reading of the whole panel; asked twice in one minute it runs once."""
    with world.db.write(practice_id) as session:
        world.queue.enqueue(
            session, READ_PANEL, f"panel-{ehr_id}-{now:%Y%m%d%H%M}", practice_id, ehr_id
        )


def list_panel(
    world: Installation, practice_id: str, ehr_id: str, now: datetime
) -> tuple[str, ...]:
    """Read who the patients are, keep them, and return our ids of them."""
    client = system_client(world, practice_id, ehr_id)
    found = [fact for fact in read_patients(client) if not isinstance(fact, Skipped)]
    with world.db.write(practice_id) as session:
        return tuple(patients.upsert(session, practice_id, ehr_id, fact, now).id for fact in found)


def read_one(world: Installation, practice_id: str, patient_id: str, now: datetime) -> bool:
    """Read one patient's chart; False where the EHR would not let us, and the rest goes on."""
    try:
        read_patient_as_system(world, practice_id, patient_id, now)
    except (FhirError, LaunchError):
        return False
    return True
