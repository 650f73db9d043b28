"""What the sandbox says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fhir_fixtures.sandbox.conftest import Ehr

ORIGIN = "http://localhost:8710"


def test_smart_configuration_names_endpoints_on_our_origin(ehr: Ehr) -> None:
    found = ehr.http.get("/fhir/.well-known/smart-configuration").json()

    assert found["issuer"] == ORIGIN
    assert found["authorization_endpoint"] == f"{ORIGIN}/oauth/authorize"
    assert found["token_endpoint"] == f"{ORIGIN}/oauth/token"
    assert found["introspection_endpoint"] == f"{ORIGIN}/oauth/introspect"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert {"launch-ehr", "launch-standalone", "permission-v2"} <= set(found["capabilities"])


def test_smart_configuration_claims_no_version_1_scopes(ehr: Ehr) -> None:
    found = ehr.http.get("/fhir/.well-known/smart-configuration").json()

    assert "permission-v1" not in found["capabilities"]


def test_openid_configuration_lies_at_the_issuer_and_points_to_usable_keys(ehr: Ehr) -> None:
    found = ehr.http.get("/.well-known/openid-configuration").json()
    keys = ehr.http.get(found["jwks_uri"]).json()["keys"]

    assert found["issuer"] == ORIGIN
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    assert [each["kty"] for each in keys] == ["RSA", "EC"]
    assert not any({"d", "p", "q"} & set(key) for key in keys)


def test_metadata_is_public_and_speaks_of_the_gateway(ehr: Ehr) -> None:
    response = ehr.http.get("/fhir/metadata")

    assert response.status_code == 200
    assert "upstream.invalid" not in response.text
    assert response.json()["implementation"]["url"] == f"{ORIGIN}/fhir"


def test_metadata_names_smart_as_the_security_service(ehr: Ehr) -> None:
    security = ehr.http.get("/fhir/metadata").json()["rest"][0]["security"]

    uris = {each["url"]: each["valueUri"] for each in security["extension"][0]["extension"]}
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert uris["token"] == f"{ORIGIN}/oauth/token"


def test_metadata_promises_nothing_that_the_gateway_closes(ehr: Ehr) -> None:
    statement = ehr.http.get("/fhir/metadata").json()

    resources = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert "messaging" not in statement
    assert [each["name"] for each in statement["rest"][0]["operation"]] == ["export"]
    assert "Subscription" not in resources
    operated = {kind for kind, each in resources.items() if "operation" in each}
    assert operated == {"Group", "Patient"}
    assert {"code": "history-type"} not in resources["Claim"]["interaction"]


def test_metadata_names_the_parameters_us_core_needs_for_goals(ehr: Ehr) -> None:
    statement = ehr.http.get("/fhir/metadata").json()

    goal = next(each for each in statement["rest"][0]["resource"] if each["type"] == "Goal")
    names = {each["name"] for each in goal["searchParam"]}
    assert {"patient", "lifecycle-status", "target-date"} <= names


def test_style_is_served_where_the_token_response_points(ehr: Ehr) -> None:
    url = ehr.tokens()["smart_style_url"]

    style = ehr.http.get(url).json()

    assert style["color_background"].startswith("#")
