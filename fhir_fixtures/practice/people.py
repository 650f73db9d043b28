"""The Patient resource, US Core shaped."""

from __future__ import annotations

from fhir_fixtures.practice.codes import SANDBOX, coding, concept, us_core
from fhir_fixtures.practice.identifiers import mbi, mrn
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.staff import PHYSICIAN_ID, PRACTICE_ID
from fhir_fixtures.practice.story import Insurance, Story

WHITE = ("2106-3", "White")
BLACK = ("2054-5", "Black or African American")
ASIAN = ("2028-9", "Asian")
NATIVE = ("1002-5", "American Indian or Alaska Native")

_CDC_RACE = "urn:oid:2.16.840.1.113883.6.238"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_LANGUAGES = {"en": "English", "es": "Spanish"}
_STREETS = ("Birch Lane", "Cedar Road", "Elm Court", "Hickory Way", "Juniper Street", "Oak Avenue")


def patient_of(story: Story) -> Resource:
    """Return the Patient; with a Medicare number unless the payer is not Medicare."""
    person = story.person
    patient: Resource = {
        "resourceType": "Patient",
        "id": story.patient_id,
        "meta": us_core("patient"),
        "extension": _extensions(story),
        "identifier": _identifiers(story),
        "active": person.died_on is None,
        "name": [
            {
                "use": "official",
                "text": person.name,
                "family": person.family,
                "given": [person.given],
            }
        ],
        "telecom": [
            {"system": "phone", "value": f"518-555-01{story.index % 100:02}", "use": "home"}
        ],
        "gender": person.gender,
        "birthDate": person.birth_date.isoformat(),
        "address": [
            {
                "use": "home",
                "line": [f"{story.index % 900 + 1} {_STREETS[story.index % len(_STREETS)]}"],
                "city": "Exampleton",
                "state": "NY",
                "postalCode": "12999",
                "country": "US",
            }
        ],
        "communication": [
            {
                "language": concept(
                    coding("urn:ietf:bcp:47", person.language, _LANGUAGES[person.language])
                ),
                "preferred": True,
            }
        ],
        "generalPractitioner": [{"reference": f"Practitioner/{PHYSICIAN_ID}"}],
        "managingOrganization": {"reference": f"Organization/{PRACTICE_ID}"},
    }
    if person.died_on is not None:
        patient["deceasedDateTime"] = person.died_on.isoformat()
    return patient


def _identifiers(story: Story) -> list[Resource]:
    v2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
    record = {
        "use": "usual",
        "type": concept(coding(v2, "MR")),
        "system": f"{SANDBOX}/sid/mrn",
        "value": mrn(story.index),
    }
    if story.insurance is Insurance.COMMERCIAL:
        return [record]
    medicare = {
        "type": concept(coding(v2, "MC")),
        "system": "http://hl7.org/fhir/sid/us-mbi",
        "value": mbi(story.index),
    }
    return [record, medicare]


def _extensions(story: Story) -> list[Resource]:
    person = story.person
    ethnicity = (
        ("2135-2", "Hispanic or Latino")
        if person.is_hispanic
        else ("2186-5", "Not Hispanic or Latino")
    )
    return [
        _cdc("race", person.race),
        _cdc("ethnicity", ethnicity),
        {
            "url": f"{_US_CORE}birthsex",
            "valueCode": "F" if person.gender == "female" else "M",
        },
    ]


def _cdc(name: str, category: tuple[str, str]) -> Resource:
    code, display = category
    return {
        "url": f"{_US_CORE}{name}",
        "extension": [
            {"url": "ombCategory", "valueCoding": coding(_CDC_RACE, code, display)},
            {"url": "text", "valueString": display},
        ],
    }
