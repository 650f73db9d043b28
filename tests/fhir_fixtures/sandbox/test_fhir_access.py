"""The FHIR endpoint: what a token opens, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fhir_fixtures.sandbox.conftest import BASE

if TYPE_CHECKING:
    import httpx2

    from tests.fhir_fixtures.sandbox.conftest import Ehr

PROCEDURE = {
    "resourceType": "Procedure",
    "status": "completed",
    "subject": {"reference": "Patient/one"},
    "identifier": [{"system": "urn:ours", "value": "p-1"}],
}


def _about(patient_id: str) -> dict[str, Any]:
    return {**PROCEDURE, "subject": {"reference": f"Patient/{patient_id}"}}


def _ids(response: httpx2.Response) -> set[str]:
    return {each["resource"]["id"] for each in response.json().get("entry", [])}


@pytest.fixture
def patient_token(ehr: Ehr) -> str:
    return str(ehr.tokens("launch patient/*.cruds")["access_token"])


@pytest.fixture
def system_token(ehr: Ehr) -> str:
    return ehr.backend_token("system/*.cruds")


def test_no_token_is_401_with_a_challenge(ehr: Ehr) -> None:
    response = ehr.http.get("/fhir/Patient/one")

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("header", ["Bearer made-up", "Bearer ", "Basic YTpi", "made-up"])
def test_unknown_token_is_401(ehr: Ehr, header: str) -> None:
    response = ehr.http.get("/fhir/Patient/one", headers={"Authorization": header})

    assert response.status_code == 401
    assert "www-authenticate" in response.headers


def test_expired_token_is_401_and_says_invalid_token(ehr: Ehr, patient_token: str) -> None:
    ehr.clock.advance(hours=1)

    response = ehr.fhir("GET", "/Patient/one", token=patient_token)

    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_token_in_the_url_is_not_accepted(ehr: Ehr, patient_token: str) -> None:
    response = ehr.http.get("/fhir/Patient/one", params={"access_token": patient_token})

    assert response.status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("system/Goal.rs", "GET", "/Patient/one"),
        ("system/Patient.s", "GET", "/Patient/one"),
        ("system/Patient.r", "GET", "/Patient?name=Ready"),
        ("system/Patient.cud", "GET", "/Patient/one"),
        ("system/Procedure.ruds", "POST", "/Procedure"),
        ("system/Procedure.crds", "PUT", "/Procedure/mine"),
        ("system/Procedure.crds", "PATCH", "/Procedure/mine"),
        ("system/Procedure.crus", "DELETE", "/Procedure/mine"),
        ("system/Patient.s", "GET", "/Patient/one/_history/1"),
        ("system/Patient.r", "POST", "/Patient/_search"),
    ],
)
def test_call_outside_the_scopes_is_403(ehr: Ehr, scope: str, method: str, path: str) -> None:
    token = ehr.backend_token(scope)
    form = "application/x-www-form-urlencoded" if path.endswith("_search") else "application/json"

    response = ehr.fhir(method, path, token=token, headers={"Content-Type": form})

    assert response.status_code == 403
    assert response.json()["issue"][0]["code"] == "forbidden"


def test_token_without_resource_scopes_opens_nothing(ehr: Ehr) -> None:
    token = ehr.tokens("launch openid")["access_token"]

    assert ehr.fhir("GET", "/Patient/one", token=token).status_code == 403


def test_patient_token_reads_its_own_patient(ehr: Ehr, patient_token: str) -> None:
    assert ehr.fhir("GET", "/Patient/one", token=patient_token).json()["id"] == "one"
    assert ehr.fhir("GET", "/Condition/problem-one", token=patient_token).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/Patient/two",
        "/Patient/two/_history/1",
        "/Condition/problem-two",
        "/Condition/problem-two/_history/1",
    ],
)
def test_patient_token_cannot_read_another_patient(ehr: Ehr, patient_token: str, path: str) -> None:
    response = ehr.fhir("GET", path, token=patient_token)

    assert response.status_code == 403
    assert "two" not in response.text


def test_history_of_another_patients_resource_is_empty(ehr: Ehr, patient_token: str) -> None:
    response = ehr.fhir("GET", "/Condition/problem-two/_history", token=patient_token)

    assert _ids(response) == set()
    assert "total" not in response.json()


def test_known_version_does_not_tell_that_a_resource_exists(ehr: Ehr, patient_token: str) -> None:
    response = ehr.fhir(
        "GET", "/Condition/problem-two", token=patient_token, headers={"If-None-Match": 'W/"1"'}
    )

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/Condition", {"problem-one", "visit-one"}),
        ("/Condition?patient=one", {"problem-one", "visit-one"}),
        ("/Condition?patient=two", set()),
        ("/Condition?patient=Patient/two", set()),
        ("/Condition?_elements=code", {"problem-one", "visit-one"}),
        ("/Patient", {"one"}),
        ("/Patient?_id=two", set()),
        ("/Goal", {"goal-one"}),
        ("/Patient?_id=one&_revinclude=Condition:patient", {"one", "problem-one", "visit-one"}),
    ],
)
def test_patient_token_finds_its_own_patient_alone(
    ehr: Ehr, patient_token: str, path: str, found: set[str]
) -> None:
    response = ehr.fhir("GET", path, token=patient_token)

    assert response.status_code == 200
    assert _ids(response) == found


def test_confined_search_counts_what_it_may_show(ehr: Ehr, patient_token: str) -> None:
    found = ehr.fhir("GET", "/Condition?_summary=count", token=patient_token).json()

    assert found["total"] == 2


def test_search_by_post_is_confined_too(ehr: Ehr, patient_token: str) -> None:
    response = ehr.fhir("POST", "/Condition/_search", token=patient_token, data={"_sort": "_id"})

    assert _ids(response) == {"problem-one", "visit-one"}


@pytest.mark.parametrize(
    "query",
    ["_has:Condition:patient:code=I10", "general-practitioner.name=x", "_filter=name eq x"],
)
def test_patient_token_cannot_ask_across_types(ehr: Ehr, patient_token: str, query: str) -> None:
    response = ehr.fhir("GET", f"/Patient?{query}", token=patient_token)

    assert response.status_code == 403


def test_practitioner_search_cannot_be_used_to_ask_about_patients(ehr: Ehr) -> None:
    token = ehr.tokens("launch patient/Practitioner.rs")["access_token"]

    response = ehr.fhir(
        "GET", "/Practitioner?_has:Encounter:practitioner:subject=Patient/two", token=token
    )

    assert response.status_code == 403


def test_shared_resources_are_readable_under_patient_scopes(ehr: Ehr) -> None:
    token = ehr.tokens("launch patient/Practitioner.rs")["access_token"]

    assert ehr.fhir("GET", "/Practitioner/manager", token=token).status_code == 200


def test_shared_resources_are_not_writable_under_patient_scopes(
    ehr: Ehr, patient_token: str
) -> None:
    body = {"resourceType": "Practitioner", "id": "manager"}

    response = ehr.fhir("PUT", "/Practitioner/manager", token=patient_token, json=body)

    assert response.status_code == 403


def test_types_of_no_patient_are_closed_to_patient_scopes(ehr: Ehr, patient_token: str) -> None:
    assert ehr.fhir("GET", "/Basic?code=x", token=patient_token).status_code == 403


def test_included_resources_need_their_own_scope(ehr: Ehr) -> None:
    token = ehr.tokens("launch user/Encounter.rs")["access_token"]
    wide = ehr.tokens("launch user/Encounter.rs user/Practitioner.r")["access_token"]
    path = "/Encounter?_include=Encounter:participant"

    assert _ids(ehr.fhir("GET", path, token=token)) == {"early", "late"}
    assert _ids(ehr.fhir("GET", path, token=wide)) == {"early", "late", "manager"}


def test_user_token_reaches_all_patients(ehr: Ehr) -> None:
    token = ehr.tokens("launch user/Patient.rs")["access_token"]

    assert _ids(ehr.fhir("GET", "/Patient", token=token)) == {"one", "two"}


def test_user_and_patient_scopes_add_up(ehr: Ehr) -> None:
    token = ehr.tokens("launch user/Patient.rs patient/Goal.rs")["access_token"]

    assert _ids(ehr.fhir("GET", "/Patient", token=token)) == {"one", "two"}
    assert _ids(ehr.fhir("GET", "/Goal", token=token)) == {"goal-one"}


@pytest.mark.parametrize("category", ["urn:category|problem-list-item", "problem-list-item"])
def test_granular_scope_finds_its_category_alone(ehr: Ehr, category: str) -> None:
    token = ehr.tokens(f"launch patient/Condition.rs?category={category}")["access_token"]

    response = ehr.fhir("GET", "/Condition", token=token)

    assert _ids(response) == {"problem-one"}
    assert "total" not in response.json()


def test_granular_scope_reads_its_category_alone(ehr: Ehr) -> None:
    token = ehr.tokens("launch patient/Condition.rs?category=problem-list-item")["access_token"]

    assert ehr.fhir("GET", "/Condition/problem-one", token=token).status_code == 200
    assert ehr.fhir("GET", "/Condition/visit-one", token=token).status_code == 403


def test_patient_token_creates_for_its_own_patient_alone(ehr: Ehr, patient_token: str) -> None:
    own = ehr.fhir("POST", "/Procedure", token=patient_token, json=_about("one"))
    foreign = ehr.fhir("POST", "/Procedure", token=patient_token, json=_about("two"))

    assert own.status_code == 201
    assert own.headers["location"].startswith(f"{BASE}/Procedure/{own.json()['id']}")
    assert foreign.status_code == 403


def test_patient_token_cannot_create_a_patient(ehr: Ehr, patient_token: str) -> None:
    body = {"resourceType": "Patient", "id": "one"}

    assert ehr.fhir("POST", "/Patient", token=patient_token, json=body).status_code == 403


def test_patient_may_be_named_by_absolute_reference(ehr: Ehr, patient_token: str) -> None:
    body = {**PROCEDURE, "subject": {"reference": f"{BASE}/Patient/one"}}

    assert ehr.fhir("POST", "/Procedure", token=patient_token, json=body).status_code == 201


def test_subject_named_twice_in_one_body_is_refused(ehr: Ehr, patient_token: str) -> None:
    body = (
        '{"resourceType":"Procedure","status":"completed",'
        '"subject":{"reference":"Patient/two"},"subject":{"reference":"Patient/one"}}'
    )

    response = ehr.fhir(
        "POST",
        "/Procedure",
        token=patient_token,
        content=body,
        headers={"Content-Type": "application/fhir+json"},
    )

    assert response.status_code == 400


def test_patient_token_cannot_take_over_anothers_resource(
    ehr: Ehr, patient_token: str, system_token: str
) -> None:
    body = {**_about("two"), "id": "theirs"}
    ehr.fhir("PUT", "/Procedure/theirs", token=system_token, json=body)

    taken = ehr.fhir(
        "PUT", "/Procedure/theirs", token=patient_token, json={**body, **_about("one")}
    )
    deleted = ehr.fhir("DELETE", "/Procedure/theirs", token=patient_token)

    assert (taken.status_code, deleted.status_code) == (403, 403)
    assert ehr.fhir("GET", "/Procedure/theirs", token=system_token).status_code == 200


def test_patient_token_updates_and_deletes_its_own(ehr: Ehr, patient_token: str) -> None:
    body = {**PROCEDURE, "id": "mine"}

    created = ehr.fhir("PUT", "/Procedure/mine", token=patient_token, json=body)
    deleted = ehr.fhir("DELETE", "/Procedure/mine", token=patient_token)

    assert created.status_code == 201
    assert deleted.status_code == 200
    assert ehr.fhir("GET", "/Procedure/mine", token=patient_token).status_code == 410


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ([{"op": "replace", "path": "/status", "value": "stopped"}], 200),
        ([{"op": "replace", "path": "/subject/reference", "value": "Patient/two"}], 403),
        ([{"op": "remove", "path": "/subject"}], 403),
        ([{"op": "move", "from": "/subject", "path": "/note"}], 403),
        ([{"op": "replace", "path": "", "value": {}}], 403),
        ({"resourceType": "Parameters"}, 403),
        (["nonsense"], 400),
    ],
)
def test_patch_under_a_patient_token_keeps_the_patient(
    ehr: Ehr, patient_token: str, patch: object, status: int
) -> None:
    ehr.fhir("PUT", "/Procedure/mine", token=patient_token, json={**PROCEDURE, "id": "mine"})

    response = ehr.fhir(
        "PATCH",
        "/Procedure/mine",
        token=patient_token,
        json=patch,
        headers={"Content-Type": "application/json-patch+json"},
    )

    assert response.status_code == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_conditional_writes_are_closed_to_patient_scopes(
    ehr: Ehr, patient_token: str, method: str
) -> None:
    response = ehr.fhir(
        method,
        "/Procedure?identifier=urn:ours|p-1",
        token=patient_token,
        content='[{"op":"test","path":"/status"}]' if method == "PATCH" else None,
        json=PROCEDURE if method == "PUT" else None,
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code == 403


def test_conditional_create_does_not_show_anothers_resource(
    ehr: Ehr, patient_token: str, system_token: str
) -> None:
    ehr.fhir("POST", "/Procedure", token=system_token, json=_about("two"))

    response = ehr.fhir(
        "POST",
        "/Procedure",
        token=patient_token,
        json=PROCEDURE,
        headers={"If-None-Exist": "identifier=urn:ours|p-1"},
    )

    assert response.status_code == 403
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/$meta", 404),
        ("GET", "/Patient/one/$everything", 404),
        ("POST", "/$process-message", 404),
        ("GET", "/Subscription", 404),
        ("POST", "/Subscription", 404),
        ("GET", "/patient/one", 404),
        ("GET", "/_history", 404),
        ("GET", "/Patient/_history", 405),
        ("GET", "/Patient/one/Condition", 405),
        ("POST", "/Patient/one", 405),
        ("GET", "/Patient/a%2Fb", 405),
        ("GET", "/Patient/a..b%20c", 400),
        ("DELETE", "/Patient", 400),
    ],
)
def test_what_is_not_offered_is_said_so(
    ehr: Ehr, system_token: str, method: str, path: str, status: int
) -> None:
    response = ehr.fhir(method, path, token=system_token)

    assert response.status_code == status
    assert response.json()["resourceType"] == "OperationOutcome"


def test_body_of_another_type_is_400(ehr: Ehr, system_token: str) -> None:
    assert ehr.fhir("POST", "/Claim", token=system_token, json=PROCEDURE).status_code == 400


def test_body_that_is_no_json_is_400(ehr: Ehr, system_token: str) -> None:
    response = ehr.fhir(
        "POST",
        "/Claim",
        token=system_token,
        content="<Claim/>",
        headers={"Content-Type": "application/fhir+json"},
    )

    assert response.status_code == 400


def test_xml_is_neither_understood_nor_spoken(ehr: Ehr, system_token: str) -> None:
    xml = "application/fhir+xml"
    sent = ehr.fhir(
        "POST", "/Claim", token=system_token, content="<x/>", headers={"Content-Type": xml}
    )
    asked = ehr.fhir("GET", "/Patient/one", token=system_token, headers={"Accept": xml})

    assert (sent.status_code, asked.status_code) == (415, 406)


def test_host_other_than_ours_is_refused(ehr: Ehr) -> None:
    response = ehr.http.get("/", headers={"Host": "rebound.test"})

    assert response.status_code == 400


def test_fhir_answers_are_not_stored(ehr: Ehr, system_token: str) -> None:
    response = ehr.fhir("GET", "/Patient/one", token=system_token)

    assert response.headers["cache-control"] == "no-store"
