"""What the FHIR server behind the gateway is relied on for, seen from the app's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fhir_fixtures.sandbox.conftest import BASE

if TYPE_CHECKING:
    from tests.fhir_fixtures.sandbox.conftest import Ehr

CLAIM = {
    "resourceType": "Claim",
    "status": "active",
    "use": "claim",
    "type": {"text": "professional"},
    "created": "2026-11-30",
    "patient": {"reference": "Patient/one"},
    "provider": {"reference": "Practitioner/manager"},
    "priority": {"text": "normal"},
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "Part B"}}],
    "identifier": [{"system": "urn:ours", "value": "claim-1"}],
}
ONCE = {"If-None-Exist": "identifier=urn:ours|claim-1"}


@pytest.fixture
def token(ehr: Ehr) -> str:
    return ehr.backend_token("system/*.cruds")


def _found(ehr: Ehr, token: str, path: str) -> set[str]:
    response = ehr.fhir("GET", path, token=token, headers={"Prefer": "handling=strict"})
    assert response.status_code == 200, response.text
    return {each["resource"]["id"] for each in response.json().get("entry", [])}


def test_conditional_create_writes_once(ehr: Ehr, token: str) -> None:
    first = ehr.fhir("POST", "/Claim", token=token, json=CLAIM, headers=ONCE)
    second = ehr.fhir("POST", "/Claim", token=token, json=CLAIM, headers=ONCE)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["location"] == second.headers["location"]
    assert len(_found(ehr, token, "/Claim?identifier=urn:ours|claim-1")) == 1


def test_update_with_a_stale_version_is_412(ehr: Ehr, token: str) -> None:
    created = ehr.fhir("POST", "/Claim", token=token, json=CLAIM)
    path = f"/Claim/{created.json()['id']}"
    body = {**created.json(), "status": "cancelled"}

    fresh = ehr.fhir("PUT", path, token=token, json=body, headers={"If-Match": 'W/"1"'})
    stale = ehr.fhir("PUT", path, token=token, json=body, headers={"If-Match": 'W/"1"'})

    assert (fresh.status_code, stale.status_code) == (200, 412)
    assert fresh.headers["etag"] == 'W/"2"'


def test_known_version_is_304(ehr: Ehr, token: str) -> None:
    response = ehr.fhir("GET", "/Patient/one", token=token, headers={"If-None-Match": 'W/"1"'})

    assert response.status_code == 304
    assert response.content == b""


def test_older_version_can_be_read(ehr: Ehr, token: str) -> None:
    created = ehr.fhir("POST", "/Claim", token=token, json=CLAIM).json()
    path = f"/Claim/{created['id']}"
    ehr.fhir("PUT", path, token=token, json={**created, "status": "cancelled"})

    older = ehr.fhir("GET", f"{path}/_history/1", token=token).json()

    assert older["status"] == "active"


def test_minimal_return_has_no_body(ehr: Ehr, token: str) -> None:
    response = ehr.fhir(
        "POST", "/Claim", token=token, json=CLAIM, headers={"Prefer": "return=minimal"}
    )

    assert response.status_code == 201
    assert response.content == b""
    assert response.headers["location"].startswith(f"{BASE}/Claim/")


def test_resource_that_breaks_the_model_is_400(ehr: Ehr, token: str) -> None:
    body = {name: value for name, value in CLAIM.items() if name != "insurance"}

    response = ehr.fhir("POST", "/Claim", token=token, json=body)

    assert response.status_code == 400
    assert response.json()["resourceType"] == "OperationOutcome"


def test_pages_lead_through_the_gateway_to_every_match(ehr: Ehr, token: str) -> None:
    seen: list[str] = []
    url: str | None = f"{BASE}/Condition?_count=1"
    while url:
        page = ehr.fhir("GET", url.removeprefix(BASE), token=token).json()
        seen += [each["resource"]["id"] for each in page["entry"]]
        links = {each["relation"]: each["url"] for each in page["link"]}
        assert all(each.startswith(f"{BASE}/Condition?") for each in links.values())
        assert page["entry"][0]["fullUrl"].startswith(f"{BASE}/Condition/")
        url = links.get("next")

    assert sorted(seen) == ["problem-one", "problem-two", "visit-one"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/Patient?identifier=urn:mrn|MRN-one", {"one"}),
        ("/Patient?birthdate=1950-02-03&name=ready", {"one"}),
        ("/Condition?patient=one&category=urn:category|problem-list-item", {"problem-one"}),
        ("/Encounter?patient=one&date=ge2026-10-01", {"late"}),
        ("/Encounter?patient=one&date=ge2026-09-01&date=le2026-09-30", {"early"}),
        ("/Encounter?_lastUpdated=ge2020-01-01", {"early", "late"}),
        ("/Goal?patient=one", {"goal-one"}),
        ("/Goal?patient=one&lifecycle-status=completed", set()),
        ("/CareTeam?patient=one&status=active", set()),
        ("/Coverage?patient=one", set()),
        ("/Consent?patient=one", set()),
        ("/Procedure?patient=one&date=ge2026-01-01", set()),
        ("/Claim?patient=one&identifier=urn:ours|claim-1", set()),
        ("/CarePlan?patient=one&category=assess-plan", set()),
        ("/PractitionerRole?practitioner=manager", set()),
        ("/QuestionnaireResponse?patient=one", set()),
    ],
)
def test_searches_of_us_core_are_understood_strictly(
    ehr: Ehr, token: str, path: str, found: set[str]
) -> None:
    assert _found(ehr, token, path) == found


def test_search_by_post_finds_the_same(ehr: Ehr, token: str) -> None:
    response = ehr.fhir("POST", "/Goal/_search", token=token, data={"patient": "two"})

    assert [each["resource"]["id"] for each in response.json()["entry"]] == ["goal-two"]


def _entry(method: str, url: str, resource: object = None, **request: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    return entry | ({"resource": resource} if resource else {})


def _bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_transaction_writes_all_and_answers_with_our_locations(ehr: Ehr, token: str) -> None:
    bundle = _bundle(
        "transaction",
        _entry("PUT", "Claim/c1", {**CLAIM, "id": "c1"}),
        _entry("POST", "Claim", CLAIM, ifNoneExist="identifier=urn:ours|claim-1"),
    )

    response = ehr.fhir("POST", "", token=token, json=bundle)

    entries = response.json()["entry"]
    assert response.status_code == 200, response.text
    assert all(each["response"]["location"].startswith(f"{BASE}/Claim/") for each in entries)


def test_transaction_with_one_forbidden_entry_writes_nothing(ehr: Ehr, token: str) -> None:
    narrow = ehr.tokens("launch patient/*.cruds")["access_token"]
    theirs = {**CLAIM, "id": "c2", "patient": {"reference": "Patient/two"}}
    bundle = _bundle(
        "transaction",
        _entry("PUT", "Claim/c1", {**CLAIM, "id": "c1"}),
        _entry("PUT", "Claim/c2", theirs),
    )

    response = ehr.fhir("POST", "", token=narrow, json=bundle)

    assert response.status_code == 403
    assert ehr.fhir("GET", "/Claim/c1", token=token).status_code == 404


def test_private_members_of_an_entry_do_not_reach_the_server(ehr: Ehr, token: str) -> None:
    theirs = {**CLAIM, "id": "theirs", "patient": {"reference": "Patient/two"}}
    ehr.fhir("PUT", "/Claim/theirs", token=token, json=theirs)
    narrow = ehr.tokens("launch patient/*.cruds")["access_token"]
    sneaky = _entry("POST", "Claim", CLAIM) | {"_existing": True, "_assigned_id": "theirs"}

    response = ehr.fhir("POST", "", token=narrow, json=_bundle("transaction", sneaky))

    assert response.json()["entry"][0]["response"]["status"] == "201 Created"
    assert "theirs" not in response.text


def test_batch_judges_each_entry_by_itself(ehr: Ehr) -> None:
    narrow = ehr.tokens("launch patient/*.cruds")["access_token"]
    bundle = _bundle(
        "batch",
        _entry("GET", "Patient/one"),
        _entry("GET", "Patient/two"),
        _entry("GET", "Condition?patient=two"),
        _entry("GET", f"{BASE}/Goal"),
        _entry("POST", "Claim", CLAIM),
        _entry("GET", "$export"),
        {"resource": CLAIM},
    )

    entries = ehr.fhir("POST", "", token=narrow, json=bundle).json()["entry"]

    statuses = [each["response"]["status"][:3] for each in entries]
    assert statuses == ["200", "403", "200", "200", "201", "404", "400"]
    assert "entry" not in entries[2]["resource"]
    assert [each["resource"]["id"] for each in entries[3]["resource"]["entry"]] == ["goal-one"]
    assert entries[4]["response"]["location"].startswith(f"{BASE}/Claim/")


@pytest.mark.parametrize(
    "body",
    [
        _bundle("collection"),
        _bundle("transaction", _entry("GET", "Patient")),
        {"resourceType": "Bundle", "type": "batch", "entry": "many"},
        CLAIM,
        [],
    ],
)
def test_bundle_that_is_neither_batch_nor_transaction_is_400(
    ehr: Ehr, token: str, body: object
) -> None:
    assert ehr.fhir("POST", "", token=token, json=body).status_code == 400
