"""Encounters: the visit that starts CCM, monthly telephone contacts, a hospital stay.

An office visit is class AMB and typed with its CPT or HCPCS code (no descriptor); a contact is
class VR and typed with SNOMED CT; a hospital stay is class IMP.
"""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures.practice.codes import (
    ACT_CODE,
    CPT,
    EMERGENCY_VISIT,
    HCPCS,
    HOSPITAL_ADMISSION,
    SNOMED,
    TELEPHONE_CONTACT,
    coding,
    concept,
    hl7,
    us_core,
)
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.moments import at, free_slot, period
from fhir_fixtures.practice.staff import (
    CARE_MANAGER_ID,
    HOSPITAL_ID,
    LOCATION_ID,
    PHYSICIAN_ID,
    PRACTICE_ID,
)
from fhir_fixtures.practice.story import Story

_STAY = timedelta(days=3)
_NURSED = timedelta(days=2)


def visit_of(story: Story) -> Resource | None:
    """Return the office visit with the billing physician, if there was one."""
    if story.visited_on is None:
        return None
    system = HCPCS if story.visit_code.startswith("G") else CPT
    words = "Annual wellness visit" if system == HCPCS else "Office visit"
    visit = _encounter(
        story, "visit-1", "AMB", concept(coding(system, story.visit_code), text=words)
    )
    return visit | {
        "participant": [_took_part(PHYSICIAN_ID)],
        "period": period(at(story.visited_on, 10, 15), 40),
        "location": [{"location": {"reference": f"Location/{LOCATION_ID}"}}],
        "serviceProvider": {"reference": f"Organization/{PRACTICE_ID}"},
    }


def contact_of(story: Story, months_ago: int, day: date) -> Resource:
    """Return a telephone contact by the care manager, made while a month was managed."""
    kind = concept(coding(SNOMED, TELEPHONE_CONTACT), text="Telephone contact")
    return _encounter(story, f"contact-{months_ago}", "VR", kind) | {
        "participant": [_took_part(CARE_MANAGER_ID)],
        "period": period(free_slot(story.index, day), 12),
        "serviceProvider": {"reference": f"Organization/{PRACTICE_ID}"},
    }


def hospital_stays_of(story: Story) -> tuple[Resource, ...]:
    """Return the way through the emergency room, hospital and a nursing facility, if there was one.

    All of it lies in one month: three days in hospital, and two more to recover.
    """
    if story.hospital_stay_from is None:
        return ()
    stay_ends_on = story.hospital_stay_from + _STAY
    kind = concept(coding(SNOMED, HOSPITAL_ADMISSION), text="Hospital stay")
    stay = _encounter(story, "hospital-1", "IMP", kind) | {
        "period": {
            "start": at(story.hospital_stay_from, 21, 5).isoformat(),
            "end": at(stay_ends_on, 11, 30).isoformat(),
        },
        "hospitalization": {"dischargeDisposition": hl7("discharge-disposition", "home")},
        "serviceProvider": {"reference": f"Organization/{HOSPITAL_ID}"},
    }
    return (
        _emergency_visit(story, story.hospital_stay_from),
        stay,
        _nursing_stay(story, stay_ends_on),
    )


def _emergency_visit(story: Story, day: date) -> Resource:
    kind = concept(coding(SNOMED, EMERGENCY_VISIT), text="Emergency department visit")
    return _encounter(story, "emergency-1", "EMER", kind) | {
        "period": period(at(day, 17, 40), 200),
        "serviceProvider": {"reference": f"Organization/{HOSPITAL_ID}"},
    }


def _nursing_stay(story: Story, since: date) -> Resource:
    return _encounter(
        story, "nursing-1", "NONAC", concept(text="Skilled nursing facility stay")
    ) | {
        "period": {
            "start": at(since, 13).isoformat(),
            "end": at(since + _NURSED, 10).isoformat(),
        },
        "serviceProvider": {"reference": f"Organization/{HOSPITAL_ID}"},
    }


def _encounter(story: Story, slug: str, class_code: str, kind: Resource) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": f"{story.patient_id}-{slug}",
        "meta": us_core("encounter"),
        "status": "finished",
        "class": coding(ACT_CODE, class_code),
        "type": [kind],
        "subject": {"reference": f"Patient/{story.patient_id}"},
    }


def _took_part(practitioner_id: str) -> Resource:
    return {
        "type": [hl7("v3-ParticipationType", "PPRF")],
        "individual": {"reference": f"Practitioner/{practitioner_id}"},
    }
