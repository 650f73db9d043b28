"""The practice itself: organizations, one location, its people and their roles.

Everything here is the same for every seed. Specialty codes are NUCC provider taxonomy.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_fixtures.practice.codes import NUCC, coding, concept, npi_identifier, reference, us_core
from fhir_fixtures.practice.identifiers import npi
from fhir_fixtures.practice.model import Resource, User

PRACTICE_ID = "org-maple-street"
OUTSIDE_ID = "org-riverside"
HOSPITAL_ID = "org-general-hospital"
LOCATION_ID = "loc-maple-street"
CARE_MANAGER_ID = "prac-nora-carewell"
SECOND_CARE_MANAGER_ID = "prac-luis-helper"
PHYSICIAN_ID = "prac-amelia-signwell"
NURSE_PRACTITIONER_ID = "prac-jonas-nightingale"
BILLER_ID = "prac-bianca-ledger"
OUTSIDE_PHYSICIAN_ID = "prac-owen-elsewhere"

_PHONE = {"system": "phone", "value": "518-555-0100", "use": "work"}
_ADDRESS = {
    "line": ["12 Maple Street"],
    "city": "Exampleton",
    "state": "NY",
    "postalCode": "12999",
    "country": "US",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    id: str
    npi_index: int
    given: str
    family: str
    suffix: str
    works_as: str
    taxonomy: str
    gender: str
    user_role: str = ""
    organization_id: str = PRACTICE_ID

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}, {self.suffix}"


_PEOPLE = (
    _Person(
        id=CARE_MANAGER_ID,
        npi_index=11,
        given="Nora",
        family="Carewell",
        suffix="RN",
        works_as="Care manager (registered nurse)",
        taxonomy="163WC0400X",
        gender="female",
        user_role="care manager",
    ),
    _Person(
        id=SECOND_CARE_MANAGER_ID,
        npi_index=12,
        given="Luis",
        family="Helper",
        suffix="LPN",
        works_as="Care manager (licensed practical nurse)",
        taxonomy="164W00000X",
        gender="male",
        user_role="care manager",
    ),
    _Person(
        id=PHYSICIAN_ID,
        npi_index=13,
        given="Amelia",
        family="Signwell",
        suffix="MD",
        works_as="Billing physician",
        taxonomy="207Q00000X",
        gender="female",
        user_role="billing practitioner",
    ),
    _Person(
        id=NURSE_PRACTITIONER_ID,
        npi_index=14,
        given="Jonas",
        family="Nightingale",
        suffix="NP",
        works_as="Nurse practitioner",
        taxonomy="363L00000X",
        gender="male",
        user_role="billing practitioner",
    ),
    _Person(
        id=BILLER_ID,
        npi_index=15,
        given="Bianca",
        family="Ledger",
        suffix="CPC",
        works_as="Biller",
        taxonomy="246YC3302X",
        gender="female",
        user_role="biller",
    ),
    _Person(
        id=OUTSIDE_PHYSICIAN_ID,
        npi_index=16,
        given="Owen",
        family="Elsewhere",
        suffix="MD",
        works_as="Physician of another practice",
        taxonomy="207RC0000X",
        gender="male",
        organization_id=OUTSIDE_ID,
    ),
)


def users() -> tuple[User, ...]:
    """Return who signs in to the sandbox EHR, the care manager first."""
    return tuple(
        User(
            id=person.id,
            name=person.name,
            fhir_user=f"Practitioner/{person.id}",
            role=person.user_role,
        )
        for person in _PEOPLE
        if person.user_role
    )


def staff_name(practitioner_id: str) -> str:
    """Return a practitioner's name and credential."""
    return next(person.name for person in _PEOPLE if person.id == practitioner_id)


def staff_role(practitioner_id: str) -> Resource:
    """Return what a practitioner works as, for a care team or an encounter."""
    person = next(person for person in _PEOPLE if person.id == practitioner_id)
    return concept(coding(NUCC, person.taxonomy), text=person.works_as)


def practice_resources() -> tuple[Resource, ...]:
    """Return organizations, the location, practitioners and their roles."""
    return (
        _organization(PRACTICE_ID, "Maple Street Family Practice (synthetic)", 1),
        _organization(OUTSIDE_ID, "Riverside Heart Group (synthetic)", 2),
        _organization(HOSPITAL_ID, "Exampleton General Hospital (synthetic)", 3),
        _location(),
        *(_practitioner(person) for person in _PEOPLE),
        *(_practitioner_role(person) for person in _PEOPLE),
    )


def _organization(organization_id: str, name: str, npi_index: int) -> Resource:
    return {
        "resourceType": "Organization",
        "id": organization_id,
        "meta": us_core("organization"),
        "identifier": [npi_identifier(npi(npi_index))],
        "active": True,
        "type": [
            concept(coding("http://terminology.hl7.org/CodeSystem/organization-type", "prov"))
        ],
        "name": name,
        "telecom": [_PHONE],
        "address": [_ADDRESS],
    }


def _location() -> Resource:
    return {
        "resourceType": "Location",
        "id": LOCATION_ID,
        "meta": us_core("location"),
        "status": "active",
        "name": "Maple Street office",
        "mode": "instance",
        "telecom": [_PHONE],
        "address": _ADDRESS,
        "managingOrganization": {"reference": f"Organization/{PRACTICE_ID}"},
    }


def _practitioner(person: _Person) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": person.id,
        "meta": us_core("practitioner"),
        "identifier": [npi_identifier(npi(person.npi_index))],
        "active": True,
        "name": [
            {
                "use": "official",
                "text": person.name,
                "family": person.family,
                "given": [person.given],
                "suffix": [person.suffix],
            }
        ],
        "telecom": [_PHONE],
        "address": [_ADDRESS],
        "gender": person.gender,
    }


def _practitioner_role(person: _Person) -> Resource:
    role: Resource = {
        "resourceType": "PractitionerRole",
        "id": person.id.replace("prac-", "role-"),
        "meta": us_core("practitionerrole"),
        "active": True,
        "practitioner": reference({"resourceType": "Practitioner", "id": person.id}),
        "organization": {"reference": f"Organization/{person.organization_id}"},
        "code": [concept(coding(NUCC, person.taxonomy), text=person.works_as)],
        "specialty": [concept(coding(NUCC, person.taxonomy))],
        "telecom": [_PHONE],
    }
    if person.organization_id == PRACTICE_ID:
        role["location"] = [{"reference": f"Location/{LOCATION_ID}"}]
    return role
