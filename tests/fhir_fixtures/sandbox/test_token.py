"""The token endpoint: what each grant type gives, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
import pytest

from tests.fhir_fixtures.sandbox.conftest import BASE, ORIGIN, SCOPE

if TYPE_CHECKING:
    from tests.fhir_fixtures.sandbox.conftest import Ehr


def test_code_becomes_a_token_with_the_launch_context(ehr: Ehr) -> None:
    response = ehr.redeem(ehr.code(launch=ehr.launch(patient="one")))

    answer = response.json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    assert answer["scope"] == SCOPE
    assert answer["patient"] == "one"
    assert answer["need_patient_banner"] is True
    assert response.headers["cache-control"] == "no-store"


def test_launch_options_reach_the_token_response(ehr: Ehr) -> None:
    answer = ehr.tokens(hide_banner="yes", with_encounter="yes", intent="log-time")

    assert answer["need_patient_banner"] is False
    assert answer["encounter"] == "late"
    assert answer["intent"] == "log-time"


def test_launch_without_options_names_no_encounter_or_intent(ehr: Ehr) -> None:
    answer = ehr.tokens()

    assert not {"encounter", "intent", "fhirContext"} & set(answer)


def test_scopes_that_cannot_be_granted_are_left_out(ehr: Ehr) -> None:
    wanted = "launch patient/Condition.rs system/*.rs patient/Claim.sr made-up"

    assert ehr.tokens(wanted)["scope"] == "launch patient/Condition.rs"


def test_code_works_once_and_a_replay_ends_what_it_began(ehr: Ehr) -> None:
    code = ehr.code()
    first = ehr.redeem(code).json()

    replay = ehr.redeem(code)

    assert replay.status_code == 400
    assert replay.json()["error"] == "invalid_grant"
    assert ehr.fhir("GET", "/Patient/one", token=first["access_token"]).status_code == 401
    assert ehr.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"


def test_code_expires_after_a_minute(ehr: Ehr) -> None:
    code = ehr.code()
    ehr.clock.advance(seconds=60)

    assert ehr.redeem(code).json()["error"] == "invalid_grant"


def test_wrong_verifier_is_invalid_grant_and_uses_up_the_code(ehr: Ehr) -> None:
    code = ehr.code()

    wrong = ehr.redeem(code, code_verifier="another-verifier-of-forty-three-characters!!")

    assert wrong.json()["error"] == "invalid_grant"
    assert ehr.redeem(code).json()["error"] == "invalid_grant"


def test_missing_verifier_is_invalid_grant(ehr: Ehr) -> None:
    assert ehr.redeem(ehr.code(), code_verifier="").json()["error"] == "invalid_grant"


def test_other_redirect_uri_is_invalid_grant(ehr: Ehr) -> None:
    answer = ehr.redeem(ehr.code(), redirect_uri="http://127.0.0.1:8700/other").json()

    assert answer["error"] == "invalid_grant"


def test_code_of_another_client_is_invalid_grant(ehr: Ehr) -> None:
    code = ehr.code(client_id="open-app")

    assert ehr.redeem(code).json()["error"] == "invalid_grant"


def test_public_client_redeems_with_its_verifier_alone(ehr: Ehr) -> None:
    code = ehr.code(client_id="open-app")

    answer = ehr.post_token(
        grant_type="authorization_code",
        code=code,
        redirect_uri="http://127.0.0.1:8700/callback",
        code_verifier="a-verifier-of-forty-three-characters-or-more",
        client_id="open-app",
    ).json()

    assert answer["patient"] == "one"


def test_unsupported_grant_type_is_named(ehr: Ehr) -> None:
    answer = ehr.post_token(grant_type="password", **ehr.assertion()).json()

    assert answer["error"] == "unsupported_grant_type"


def test_missing_grant_type_is_invalid_request(ehr: Ehr) -> None:
    assert ehr.post_token(**ehr.assertion()).json()["error"] == "invalid_request"


def test_json_body_is_invalid_request(ehr: Ehr) -> None:
    response = ehr.http.post("/oauth/token", json={"grant_type": "client_credentials"})

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


def test_parameter_given_twice_is_invalid_request(ehr: Ehr) -> None:
    response = ehr.http.post(
        "/oauth/token",
        content="grant_type=refresh_token&grant_type=refresh_token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert response.json()["error"] == "invalid_request"


def test_id_token_is_signed_for_the_app_and_names_the_user(ehr: Ehr) -> None:
    answer = ehr.redeem(ehr.code(nonce="the-nonce")).json()
    jwks = ehr.http.get("/oauth/jwks").json()

    kid = jwt.get_unverified_header(answer["id_token"])["kid"]
    key = next(jwt.PyJWK(each) for each in jwks["keys"] if each["kid"] == kid)
    claims = jwt.decode(
        answer["id_token"],
        key,
        algorithms=["RS256"],
        audience="app",
        issuer=ORIGIN,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["nonce"] == "the-nonce"
    assert claims["sub"] == "nurse"
    assert claims["fhirUser"] == f"{BASE}/Practitioner/manager"
    assert claims["exp"] == int(ehr.clock().timestamp()) + 3600


def test_id_token_has_no_fhir_user_unless_asked(ehr: Ehr) -> None:
    answer = ehr.tokens("launch openid patient/*.rs")

    claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
    assert "fhirUser" not in claims
    assert "nonce" not in claims


def test_no_id_token_without_openid(ehr: Ehr) -> None:
    assert "id_token" not in ehr.tokens("launch patient/*.rs")


def test_no_refresh_token_unless_asked(ehr: Ehr) -> None:
    assert "refresh_token" not in ehr.tokens("launch patient/*.rs")


@pytest.mark.parametrize("scope", ["offline_access", "online_access"])
def test_refresh_gives_new_tokens_with_the_same_context(ehr: Ehr, scope: str) -> None:
    first = ehr.tokens(f"launch patient/*.rs {scope}", with_encounter="yes")

    second = ehr.refresh(first["refresh_token"]).json()

    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert (second["patient"], second["encounter"]) == ("one", "late")
    assert second["scope"] == first["scope"]


def test_used_refresh_token_revokes_the_whole_family(ehr: Ehr) -> None:
    first = ehr.tokens()
    second = ehr.refresh(first["refresh_token"]).json()

    replay = ehr.refresh(first["refresh_token"])

    assert replay.json()["error"] == "invalid_grant"
    assert ehr.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert ehr.fhir("GET", "/Patient/one", token=second["access_token"]).status_code == 401


def test_replay_in_one_family_leaves_the_others_alone(ehr: Ehr) -> None:
    other = ehr.tokens()
    first = ehr.tokens()
    ehr.refresh(first["refresh_token"])
    ehr.refresh(first["refresh_token"])

    assert ehr.fhir("GET", "/Patient/one", token=other["access_token"]).status_code == 200


def test_refresh_may_narrow_but_not_widen(ehr: Ehr) -> None:
    first = ehr.tokens("launch offline_access patient/Condition.rs patient/Goal.rs")

    wider = ehr.refresh(first["refresh_token"], scope="patient/*.cruds")
    narrower = ehr.refresh(first["refresh_token"], scope="patient/Goal.rs").json()

    token = narrower["access_token"]
    assert wider.json()["error"] == "invalid_scope"
    assert narrower["scope"] == "patient/Goal.rs"
    assert ehr.fhir("GET", "/Goal/goal-one", token=token).status_code == 200
    assert ehr.fhir("GET", "/Condition/problem-one", token=token).status_code == 403


def test_narrowed_refresh_keeps_the_refresh_token(ehr: Ehr) -> None:
    first = ehr.tokens("launch offline_access patient/Condition.rs patient/Goal.rs")

    narrower = ehr.refresh(first["refresh_token"], scope="patient/Goal.rs").json()
    again = ehr.refresh(narrower["refresh_token"]).json()

    assert again["scope"] == first["scope"]


def test_confidential_client_cannot_refresh_by_name_alone(ehr: Ehr) -> None:
    token = ehr.tokens()["refresh_token"]

    response = ehr.post_token(grant_type="refresh_token", refresh_token=token, client_id="app")

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


def test_backend_service_gets_system_scopes_and_no_refresh_token(ehr: Ehr) -> None:
    answer = ehr.post_token(
        grant_type="client_credentials",
        scope="system/Claim.cruds patient/*.rs offline_access",
        **ehr.assertion(),
    ).json()

    assert answer["scope"] == "system/Claim.cruds"
    assert not {"refresh_token", "patient", "id_token"} & set(answer)


def test_backend_service_without_system_scope_is_invalid_scope(ehr: Ehr) -> None:
    answer = ehr.post_token(
        grant_type="client_credentials", scope="user/*.rs", **ehr.assertion()
    ).json()

    assert answer["error"] == "invalid_scope"


def test_public_client_cannot_act_as_a_backend_service(ehr: Ehr) -> None:
    answer = ehr.post_token(
        grant_type="client_credentials", scope="system/*.rs", client_id="open-app"
    ).json()

    assert answer["error"] == "unauthorized_client"


def test_introspection_tells_about_a_living_token(ehr: Ehr) -> None:
    token = ehr.tokens()["access_token"]
    proof = ehr.assertion(aud=f"{ORIGIN}/oauth/introspect")

    about = ehr.http.post("/oauth/introspect", data={"token": token, **proof}).json()

    assert about["active"] is True
    assert about["scope"] == SCOPE
    assert about["patient"] == "one"
    assert about["fhirUser"] == f"{BASE}/Practitioner/manager"


def test_introspection_of_an_expired_token_says_only_that(ehr: Ehr) -> None:
    token = ehr.tokens()["access_token"]
    ehr.clock.advance(hours=1)
    proof = ehr.assertion(aud=f"{ORIGIN}/oauth/introspect")

    about = ehr.http.post("/oauth/introspect", data={"token": token, **proof}).json()

    assert about == {"active": False}


def test_introspection_of_another_clients_token_says_it_is_dead(ehr: Ehr) -> None:
    token = ehr.tokens()["access_token"]

    about = ehr.http.post(
        "/oauth/introspect", data={"token": token, "client_id": "open-app"}
    ).json()

    assert about == {"active": False}
