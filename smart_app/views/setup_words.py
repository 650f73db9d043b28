"""The words of setting up a practice."""

from __future__ import annotations

from ccm_fhir.domain.timers import TimerPolicy
from ccm_fhir.services.practice_overview import SetupStep

STEPS: dict[SetupStep, str] = {
    SetupStep.PRACTICE_NPI: "The practice’s own NPI, which stands on every claim",
    SetupStep.ATTESTATION: "What the practice attests; without it no month can be met",
    SetupStep.CHARGES: "What the practice charges; a code without a charge cannot be claimed",
    SetupStep.PRACTITIONER: "A billing practitioner with an NPI, who alone can sign",
}
ATTESTED: dict[str, str] = {
    "access_24_7": "Patients reach a clinician at any hour, every day, for urgent needs:",
    "certified_ehr": "The practice uses a certified EHR for its care management:",
    "designated_team_member": "Each patient has a designated member of the care team:",
}
POLICIES: dict[TimerPolicy, str] = {
    TimerPolicy.AUTO: "Start when a chart is opened",
    TimerPolicy.ASK: "Offer a button; the person starts it",
    TimerPolicy.NEVER: "No timers; time is typed",
}
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "Pacific/Guam",
)
