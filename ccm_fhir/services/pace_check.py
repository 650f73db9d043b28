"""How fast an EHR is asked and whether it is left alone now, as a check of the doctor's."""

from __future__ import annotations

from ccm_fhir.domain.pacing import Circuit, Pace, PauseReason, circuit
from ccm_fhir.services.diagnosis import Check, CheckName
from ccm_fhir.services.doctor_checks import ok, warned
from ccm_fhir.services.ehr_door import quota_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import paces
from ccm_fhir.storage.ehrs import Ehr

_WHY = {
    PauseReason.NONE: "",
    PauseReason.ASKED: "It asked us to wait",
    PauseReason.UNREACHABLE: "It gave no answer, or an error, several times in a row",
    PauseReason.UNAUTHORIZED: "It refused us a token",
}


def pace_check(world: Installation, ehr: Ehr) -> Check:
    """Return whether deliveries to an EHR go on, how fast, and what would change it."""
    name = CheckName.PACE
    with world.db.read(ehr.practice_id) as session:
        pace = paces.find(session, ehr.practice_id, ehr.id)
    if not ehr.is_active:
        return warned(name, "It is disconnected: deliveries wait for ccm-fhir ehr reconnect.")
    now = world.clock()
    state = circuit(pace, now)
    if pace.paused_until is not None and pace.paused_until > now:
        until = f"{pace.paused_until:%Y-%m-%d %H:%M:%S} UTC"
        return warned(name, f"{_why(pace)}: deliveries wait until {until}, then go on.")
    if state is Circuit.HALF_OPEN:
        return warned(name, f"{_why(pace)}: one delivery tries it next, the others wait for that.")
    quota = pace.per_minute or quota_of(world, ehr)
    return ok(name, f"Deliveries go on, within {quota} requests a minute.")


def _why(pace: Pace) -> str:
    return _WHY[pace.reason]
