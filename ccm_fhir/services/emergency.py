"""Reading a practice in an emergency, when no EHR can open the app: 45 CFR 164.312(a)(2)(ii).

An operator opens one practice with a name and a reason and hands over a code. For an hour the
code shows what was last read of each chart; it changes nothing, and every look is audited.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.errors import InputError, NotFoundError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import audit_command
from ccm_fhir.storage import audit, charts, emergencies, patients, practices
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.crypto import hashed
from ccm_fhir.storage.emergencies import NewEmergency
from ccm_fhir.storage.patients import PatientRecord

LIFE = timedelta(hours=1)
_LEAST_REASON = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedEmergency:
    """What the operator hands over."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyPatient:
    """A patient and what was last read of the chart; None where it never was."""

    patient: PatientRecord
    facts: ChartFacts | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyReading:
    """A practice as an emergency shows it; ``expires_at`` is in the practice's own zone."""

    practice_name: str
    opened_by: str
    expires_at: datetime
    patients: tuple[EmergencyPatient, ...] = field(repr=False)


def open_emergency(
    world: Installation, practice_id: str, opened_by: str, reason: str
) -> OpenedEmergency:
    """Open a practice for reading for an hour; return the code that does it.

    Raises:
        InputError: no name, or no reason that somebody could check later.
        NotFoundError: no such practice.
    """
    if not opened_by.strip():
        raise InputError("by", "say who opens the practice; there is no shared account")
    if len(reason.strip()) < _LEAST_REASON:
        raise InputError("reason", f"say why, in {_LEAST_REASON} characters or more")
    now, code = world.clock(), world.new_secret()
    with world.db.write(practice_id) as session:
        practices.get(session, practice_id)
        new = NewEmergency(
            code_hash=hashed(code),
            opened_by=opened_by.strip(),
            reason=reason.strip(),
            expires_at=now + LIFE,
        )
        opened = emergencies.begin(session, practice_id, new, now)
        audit_command(world, session, practice_id, "emergency_opened")
    return OpenedEmergency(code=code, expires_at=opened.expires_at)


def read_emergency(world: Installation, code: str) -> EmergencyReading:
    """Return what a code opens, and note in the trail that each patient was looked at.

    Raises:
        NotFoundError: no such code, or its hour is over.
    """
    now = world.clock()
    with world.db.write() as session:
        found = emergencies.find(session, hashed(code))
        if found is None or found.expires_at <= now:
            raise NotFoundError("emergency access")
        practice = practices.get(session, found.practice_id)
        known = patients.list_all(session, practice.id)
        shown = []
        for patient in known:
            entry = AuditEntry(act="emergency_view", patient_id=patient.id)
            audit.append(session, world.audit_key, practice.id, entry, now)
            chart = charts.latest(session, practice.id, patient.id)
            facts = None if chart is None else chart.facts
            shown.append(EmergencyPatient(patient=patient, facts=facts))
    return EmergencyReading(
        practice_name=practice.name,
        opened_by=found.opened_by,
        expires_at=found.expires_at.astimezone(practice.zone),
        patients=tuple(shown),
    )
