"""Results and orders of a patient: what was measured, prescribed and asked for.

Each follows from a disease on the problem list: A1c with diabetes, blood pressure with
hypertension, kidney function with kidney disease. Values are whole numbers.
"""

from __future__ import annotations

from datetime import date

from fhir_fixtures.practice.codes import (
    LOINC,
    RXNORM,
    SNOMED,
    UCUM,
    coding,
    concept,
    hl7,
    us_core,
)
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.moments import at, in_month, on_weekday
from fhir_fixtures.practice.staff import PHYSICIAN_ID
from fhir_fixtures.practice.story import Standing, Story

_A1C = "4548-4"  # LOINC
_EGFR = "98979-8"  # LOINC, by the equation without race
_BLOOD_PRESSURE, _SYSTOLIC, _DIASTOLIC = "85354-9", "8480-6", "8462-4"  # LOINC
_COUNSELLING = "409063005"  # SNOMED CT
_MEDICINES = {
    "diabetes": ("861007", "Metformin 500 mg tablet", "One tablet twice a day with food"),
    "hypertension": ("314076", "Lisinopril 10 mg tablet", "One tablet in the morning"),
    "hyperlipidemia": ("617310", "Atorvastatin 20 mg tablet", "One tablet at night"),
}


def results_of(story: Story, as_of: date) -> tuple[Resource, ...]:
    """Return what was measured three months and one month ago, by disease."""
    families = _families(story)
    return tuple(
        result
        for months_ago in (3, 1)
        for result in _measured(
            story, families, months_ago, on_weekday(in_month(as_of, months_ago, 11))
        )
    )


def orders_of(story: Story, as_of: date) -> tuple[Resource, ...]:
    """Return the medicines of a patient, and for a diabetic the referral to a dietitian."""
    ordered_on = on_weekday(in_month(as_of, 3, 6))
    families = [family for family in _MEDICINES if family in _families(story)]
    medicines = tuple(_medicine(story, family, ordered_on) for family in families)
    referral = (_referral(story, ordered_on),) if "diabetes" in families else ()
    return (*medicines, *referral)


def _families(story: Story) -> frozenset[str]:
    return frozenset(
        p.disease.family for p in story.problems if p.standing is Standing.ACTIVE and not p.at_visit
    )


def _measured(
    story: Story, families: frozenset[str], months_ago: int, day: date
) -> tuple[Resource, ...]:
    found: list[Resource] = []
    if "diabetes" in families:
        result = _result(story, f"a1c-{months_ago}", "observation-lab", day)
        found.append(result | _lab(_A1C, "Hemoglobin A1c", _quantity(8 + months_ago // 3, "%")))
    if "chronic_kidney_disease" in families:
        result = _result(story, f"egfr-{months_ago}", "observation-lab", day)
        value = _quantity(52 - story.index % 5, "mL/min/{1.73_m2}")
        found.append(result | _lab(_EGFR, "Estimated glomerular filtration rate", value))
    if "hypertension" in families:
        pressure = _result(story, f"bp-{months_ago}", "blood-pressure", day)
        found.append(pressure | _pressure(140 + 4 * months_ago, 84 + months_ago))
    return tuple(found)


def _result(story: Story, slug: str, profile: str, day: date) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"{story.patient_id}-{slug}",
        "meta": us_core(profile),
        "status": "final",
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "effectiveDateTime": at(day, 9, 30).isoformat(),
        "performer": [{"reference": f"Practitioner/{PHYSICIAN_ID}"}],
    }


def _lab(code: str, words: str, value: Resource) -> Resource:
    return {
        "category": [hl7("observation-category", "laboratory")],
        "code": concept(coding(LOINC, code), text=words),
        "valueQuantity": value,
    }


def _pressure(systolic: int, diastolic: int) -> Resource:
    parts = ((_SYSTOLIC, "Systolic", systolic), (_DIASTOLIC, "Diastolic", diastolic))
    return {
        "category": [hl7("observation-category", "vital-signs")],
        "code": concept(coding(LOINC, _BLOOD_PRESSURE), text="Blood pressure"),
        "component": [
            {
                "code": concept(coding(LOINC, code), text=f"{words} blood pressure"),
                "valueQuantity": _quantity(value, "mm[Hg]"),
            }
            for code, words, value in parts
        ],
    }


def _quantity(value: int, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def _medicine(story: Story, family: str, ordered_on: date) -> Resource:
    code, words, dosage = _MEDICINES[family]
    return {
        "resourceType": "MedicationRequest",
        "id": f"{story.patient_id}-medicine-{family}",
        "meta": us_core("medicationrequest"),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(coding(RXNORM, code), text=words),
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "authoredOn": ordered_on.isoformat(),
        "requester": {"reference": f"Practitioner/{PHYSICIAN_ID}"},
        "dosageInstruction": [{"text": dosage}],
    }


def _referral(story: Story, ordered_on: date) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "id": f"{story.patient_id}-referral-dietitian",
        "meta": us_core("servicerequest"),
        "status": "active",
        "intent": "order",
        "category": [concept(coding(SNOMED, _COUNSELLING))],
        "code": concept(text="Dietitian, for diabetes"),
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "authoredOn": ordered_on.isoformat(),
        "requester": {"reference": f"Practitioner/{PHYSICIAN_ID}"},
    }
