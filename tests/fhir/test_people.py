from __future__ import annotations

from typing import Any

import httpx2
import pytest

from ccm_fhir.domain.codes import NPI, NUCC
from ccm_fhir.errors import EhrFormatError, EhrHttpError
from ccm_fhir.fhir.people import read_organization, read_user
from tests.fhir.charts import concept
from tests.fhir.far_side import BASE, FarSide, bundle

PERSON = {
    "resourceType": "Practitioner",
    "id": "p1",
    "name": [{"text": "Canary Person, MD"}],
    "identifier": [{"system": "urn:x", "value": "1"}, {"system": NPI, "value": "1234567893"}],
    "qualification": [{"code": concept(NUCC, "207Q00000X")}],
}


def role(role_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {
        "resourceType": "PractitionerRole",
        "id": role_id,
        "practitioner": {"reference": f"{BASE}/Practitioner/p1"},
        "organization": {"reference": "Organization/o1"},
        "code": [concept(NUCC, "163W00000X") | {"text": "Care manager"}],
        "specialty": [concept(NUCC, "207R00000X")],
    } | changes


def ehr(roles: httpx2.Response, person: dict[str, Any] | None = None) -> FarSide:
    answers = {
        "Practitioner/p1": httpx2.Response(200, json=person or PERSON),
        "PractitionerRole/r1": httpx2.Response(200, json=role("r1")),
        "PractitionerRole?practitioner=Practitioner%2Fp1": roles,
        "Organization/o1": httpx2.Response(
            200,
            json={
                "resourceType": "Organization",
                "id": "o1",
                "name": "Maple Street",
                "identifier": [{"system": NPI, "value": "1999999984"}],
            },
        ),
    }
    return FarSide(lambda request: answers[str(request.url).removeprefix(BASE + "/")])


def found(*roles: dict[str, Any]) -> httpx2.Response:
    return httpx2.Response(200, json=bundle(*roles))


@pytest.mark.parametrize(
    "fhir_user", ["Practitioner/p1", f"{BASE}/Practitioner/p1", "PractitionerRole/r1"]
)
def test_a_user_has_a_number_a_taxonomy_and_an_organization(fhir_user: str) -> None:
    person = read_user(ehr(found(role("r1"))).client(), fhir_user)

    assert str(person.ref) == "Practitioner/p1"
    assert (person.name, person.npi) == ("Canary Person, MD", "1234567893")
    assert person.taxonomy == ("163W00000X", "207R00000X", "207Q00000X")
    assert person.titles == ("Care manager",)
    assert person.organization == "Organization/o1"
    assert person.roles_read is True
    assert "Canary" not in repr(person)


def test_inactive_and_foreign_roles_do_not_count() -> None:
    roles = found(role("a", active=False), role("b", practitioner={"reference": "Practitioner/p2"}))

    person = read_user(ehr(roles).client(), "Practitioner/p1")

    assert person.organizations == ()
    assert person.taxonomy == ("207Q00000X",)


@pytest.mark.parametrize("status", [403, 404])
def test_roles_that_may_not_be_read_leave_a_person(status: int) -> None:
    person = read_user(ehr(httpx2.Response(status)).client(), "Practitioner/p1")

    assert person.roles_read is False
    assert person.npi == "1234567893"


def test_roles_that_fail_are_an_error() -> None:
    with pytest.raises(EhrHttpError):
        read_user(ehr(httpx2.Response(500)).client(), "Practitioner/p1")


@pytest.mark.proves("R29")
@pytest.mark.parametrize(
    "fhir_user", ["Patient/p1", "https://evil.test/Practitioner/p1", "", "Practitioner/../x"]
)
def test_a_user_who_is_no_practitioner_is_an_error(fhir_user: str) -> None:
    far_side = ehr(found())

    with pytest.raises(EhrFormatError):
        read_user(far_side.client(), fhir_user)

    assert far_side.requests == []


def test_a_practitioner_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(EhrFormatError):
        read_user(ehr(found(), PERSON | {"name": "canary"}).client(), "Practitioner/p1")


def test_an_organization_has_a_name_and_a_number() -> None:
    organization = read_organization(ehr(found()).client(), f"{BASE}/Organization/o1")

    assert (organization.name, organization.npi) == ("Maple Street", "1999999984")


def test_an_organization_elsewhere_is_not_asked_for() -> None:
    with pytest.raises(EhrFormatError):
        read_organization(ehr(found()).client(), "https://evil.test/Organization/o1")
