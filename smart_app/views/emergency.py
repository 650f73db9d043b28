"""The emergency page: who is in the practice and what was last read of each chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.services.emergency import EmergencyPatient, EmergencyReading
from smart_app.views.formats import moment

_NOT_OVER = {"active", "recurrence", "relapse", None}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyPatientView:
    """One patient; ``problems`` are the conditions that are not over, as the chart words them."""

    name: str
    born: str
    mrn: str
    read: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyView:
    """The page; ``practice`` is empty before a code was given."""

    practice: str = ""
    opened_by: str = ""
    ends: str = ""
    patients: tuple[EmergencyPatientView, ...] = ()
    problem: str = ""


def emergency_page(reading: EmergencyReading) -> EmergencyView:
    """Return the page of what a code opens, its moments in the practice's own zone."""
    return EmergencyView(
        practice=reading.practice_name,
        opened_by=reading.opened_by,
        ends=moment(reading.expires_at),
        patients=tuple(_patient(one, reading.expires_at.tzinfo) for one in reading.patients),
    )


def _patient(one: EmergencyPatient, zone: tzinfo | None) -> EmergencyPatientView:
    return EmergencyPatientView(
        name=one.patient.name or "name not read yet",
        born=one.patient.birth_date_text or "not recorded",
        mrn=one.patient.mrn or "not recorded",
        read="never" if one.facts is None else moment(one.facts.read_at.astimezone(zone)),
        problems=() if one.facts is None else _problems(one.facts),
    )


def _problems(facts: ChartFacts) -> tuple[str, ...]:
    return tuple(
        condition.text or ", ".join(f"{c.code}" for c in condition.codings) or "not coded"
        for condition in facts.conditions
        if condition.clinical_status in _NOT_OVER and not condition.has_abatement
    )
