"""Who works at the practice, and who signs in."""

from __future__ import annotations

from datetime import date

from fhir_fixtures.practice import generate

PRACTICE = generate(seed=1, patients=1, as_of=date(2026, 11, 23))


def test_every_user_is_a_practitioner_of_the_set() -> None:
    names = {f"{r['resourceType']}/{r['id']}" for r in PRACTICE.resources}

    assert {user.fhir_user for user in PRACTICE.users} <= names


def test_users_have_the_three_roles() -> None:
    assert [user.role for user in PRACTICE.users] == [
        "care manager",
        "care manager",
        "billing practitioner",
        "billing practitioner",
        "biller",
    ]


def test_every_practitioner_has_one_role_with_a_specialty() -> None:
    roles = [r for r in PRACTICE.resources if r["resourceType"] == "PractitionerRole"]

    specialties = {
        role["practitioner"]["reference"]: role["specialty"][0]["coding"][0]["code"]
        for role in roles
    }

    assert specialties == {
        "Practitioner/prac-nora-carewell": "163WC0400X",
        "Practitioner/prac-luis-helper": "164W00000X",
        "Practitioner/prac-amelia-signwell": "207Q00000X",
        "Practitioner/prac-jonas-nightingale": "363L00000X",
        "Practitioner/prac-bianca-ledger": "246YC3302X",
        "Practitioner/prac-owen-elsewhere": "207RC0000X",
    }


def test_one_physician_works_for_another_practice() -> None:
    outside = [
        r["practitioner"]["reference"]
        for r in PRACTICE.resources
        if r["resourceType"] == "PractitionerRole"
        and r["organization"]["reference"] == "Organization/org-riverside"
    ]

    assert outside == ["Practitioner/prac-owen-elsewhere"]
