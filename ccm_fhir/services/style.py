"""The style that an EHR asks its apps to wear; a style that cannot be had is none."""

from __future__ import annotations

from ccm_fhir.errors import FhirError
from ccm_fhir.fhir.style import SmartStyle, read_style
from ccm_fhir.services.ehr_access import gate_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.sessions import Visit
from ccm_fhir.storage import ehrs


def style_of(world: Installation, visit: Visit) -> SmartStyle | None:
    """Return the style of a launch's EHR; None where it sent none that can be used."""
    if not visit.style_url:
        return None
    with world.db.read(visit.actor.practice_id) as session:
        ehr = ehrs.get(session, visit.actor.practice_id, visit.actor.ehr_id)
    try:
        return read_style(gate_of(world, ehr), visit.style_url)
    except FhirError:
        return None
