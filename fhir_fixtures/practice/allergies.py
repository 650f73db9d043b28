"""Allergies of a patient: one that is listed, that none is known, or nothing on record.

Every third patient has one of each kind, so that a list, a finding of "none" and an empty list can
be told apart on the pages.
"""

from __future__ import annotations

from datetime import date

from fhir_fixtures.practice.codes import RXNORM, SNOMED, coding, concept, hl7, us_core
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.moments import in_month, on_weekday
from fhir_fixtures.practice.staff import PHYSICIAN_ID
from fhir_fixtures.practice.story import Story

_NONE_KNOWN = "716186003"  # SNOMED CT, No known allergy
_LISTED = (
    ("7980", "Penicillin G", "high", "Hives"),
    ("10831", "Sulfamethoxazole / Trimethoprim", "low", "Rash"),
    ("1191", "Aspirin", "low", "Wheezing"),
)


def allergies_of(story: Story, as_of: date) -> tuple[Resource, ...]:
    """Return what the chart has of allergies; for every third patient nothing."""
    recorded_on = on_weekday(in_month(as_of, 6, 14))
    kind = story.index % 3
    if kind == 0:
        return (_listed(story, recorded_on),)
    return (_none_known(story, recorded_on),) if kind == 1 else ()


def _listed(story: Story, recorded_on: date) -> Resource:
    code, words, criticality, shown = _LISTED[story.index // 3 % len(_LISTED)]
    return _allergy(story, "allergy", recorded_on) | {
        "type": "allergy",
        "category": ["medication"],
        "criticality": criticality,
        "code": concept(coding(RXNORM, code), text=words),
        "reaction": [{"manifestation": [concept(text=shown)]}],
    }


def _none_known(story: Story, recorded_on: date) -> Resource:
    none_known = concept(coding(SNOMED, _NONE_KNOWN), text="No known allergies")
    return _allergy(story, "no-known-allergy", recorded_on) | {"code": none_known}


def _allergy(story: Story, slug: str, recorded_on: date) -> Resource:
    return {
        "resourceType": "AllergyIntolerance",
        "id": f"{story.patient_id}-{slug}",
        "meta": us_core("allergyintolerance"),
        "clinicalStatus": hl7("allergyintolerance-clinical", "active"),
        "verificationStatus": hl7("allergyintolerance-verification", "confirmed"),
        "patient": {"reference": f"Patient/{story.patient_id}"},
        "recordedDate": recorded_on.isoformat(),
        "recorder": {"reference": f"Practitioner/{PHYSICIAN_ID}"},
    }
