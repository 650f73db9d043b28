# every secret here is made up
from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from joserfc import jwt

from ccm_fhir.errors import (
    CcmError,
    ConfigurationError,
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    ForbiddenOriginError,
    LaunchError,
)
from ccm_fhir.fhir.grants import FhirContext, TokenGrant
from ccm_fhir.fhir.keys import SigningAlgorithm, generate
from ccm_fhir.fhir.tokens import (
    ClientAuthMethod,
    ClientCredentials,
    CodeExchange,
    Stamp,
    TokenEndpoint,
    client_credentials,
    exchange_code,
    refresh,
)
from tests.fhir.far_side import FarSide, answering, told

URL = "https://auth.example/token"
STAMP = Stamp(now=datetime(2026, 11, 23, 9, tzinfo=UTC), jti="jti-1")
KEY = generate(SigningAlgorithm.ES384)
PUBLIC = ClientCredentials(client_id="app", method=ClientAuthMethod.NONE)
BASIC = ClientCredentials(
    client_id="app", method=ClientAuthMethod.CLIENT_SECRET_BASIC, secret="canary-secret"
)
ASYMMETRIC = ClientCredentials(client_id="app", method=ClientAuthMethod.PRIVATE_KEY_JWT, key=KEY)
EXCHANGE = CodeExchange(
    code="canary-code",
    redirect_uri="https://app.example/callback",
    code_verifier="canary-verifier",
    scope="openid patient/*.rs",
)


def token(**changes: object) -> dict[str, Any]:
    return {
        "access_token": "canary-access",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "openid patient/Condition.rs",
        "patient": "canary-patient",
    } | changes


def endpoint(far_side: FarSide, credentials: ClientCredentials = PUBLIC) -> TokenEndpoint:
    return TokenEndpoint(gate=far_side.gate(URL), url=URL, credentials=credentials)


def granted(**changes: object) -> TokenGrant:
    answer = {k: v for k, v in token(**changes).items() if v != "absent"}
    far_side = answering(httpx2.Response(200, json=answer))
    return exchange_code(endpoint(far_side), EXCHANGE, STAMP)


def form(request: httpx2.Request) -> dict[str, list[str]]:
    assert request.method == "POST"
    assert request.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    return parse_qs(request.read().decode(), strict_parsing=True)


@pytest.mark.proves("R10", "R17")
def test_a_public_client_names_itself_in_the_body() -> None:
    far_side = answering(httpx2.Response(200, json=token()))

    exchange_code(endpoint(far_side), EXCHANGE, STAMP)

    (request,) = far_side.requests
    assert str(request.url) == URL
    assert "Authorization" not in request.headers
    assert form(request) == {
        "grant_type": ["authorization_code"],
        "code": ["canary-code"],
        "redirect_uri": ["https://app.example/callback"],
        "code_verifier": ["canary-verifier"],
        "client_id": ["app"],
    }


@pytest.mark.proves("R18")
def test_a_secret_travels_in_the_header_alone() -> None:
    far_side = answering(httpx2.Response(200, json=token()))

    exchange_code(endpoint(far_side, BASIC), EXCHANGE, STAMP)

    (request,) = far_side.requests
    expected = base64.b64encode(b"app:canary-secret").decode()
    assert request.headers["Authorization"] == f"Basic {expected}"
    assert "client_id" not in form(request)
    assert "client_secret" not in form(request)


@pytest.mark.proves("R18", "R20", "R36")
@pytest.mark.parametrize("act", ["code", "refresh", "backend"])
def test_an_asymmetric_client_sends_an_assertion_and_no_client_id(act: str) -> None:
    far_side = answering(httpx2.Response(200, json=token()))
    place = endpoint(far_side, ASYMMETRIC)

    if act == "code":
        exchange_code(place, EXCHANGE, STAMP)
    elif act == "refresh":
        refresh(place, refresh_token="old", granted=frozenset(), stamp=STAMP)
    else:
        client_credentials(place, scope="system/Patient.rs", stamp=STAMP)

    sent = form(far_side.requests[0])
    claims = jwt.decode(sent["client_assertion"][0], KEY.private, algorithms=["ES384"]).claims
    assert claims["aud"] == URL
    assert claims["jti"] == "jti-1"
    assert sent["client_assertion_type"] == [
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    ]
    assert "client_id" not in sent
    assert "Authorization" not in far_side.requests[0].headers


@pytest.mark.proves("R23")
def test_a_grant_carries_the_launch_context() -> None:
    grant = granted(
        encounter="e1",
        need_patient_banner=False,
        smart_style_url="https://ehr.example/style.json",
        intent="ccm",
        tenant="t1",
        id_token="a.b.c",
        refresh_token="r1",
        fhirContext=[{"reference": "Goal/1"}, {"role": "x"}, "noise"],
        vendor_extra={"ignored": True},
    )

    assert grant.patient == "canary-patient"
    assert grant.encounter == "e1"
    assert grant.need_patient_banner is False
    assert grant.smart_style_url == "https://ehr.example/style.json"
    assert grant.intent == "ccm"
    assert grant.tenant == "t1"
    assert grant.id_token == "a.b.c"
    assert grant.refresh_token == "r1"
    assert grant.fhir_context == (FhirContext(reference="Goal/1"),)
    assert grant.scope == {"openid", "patient/Condition.rs"}
    assert grant.expires_in_seconds == 3600


@pytest.mark.proves("R26")
@pytest.mark.parametrize(
    ("entry", "read"),
    [
        ({"reference": "Goal/1"}, FhirContext(reference="Goal/1")),
        (
            {"canonical": "https://x|1", "type": "Questionnaire"},
            FhirContext(canonical="https://x|1", resource_type="Questionnaire"),
        ),
        ({"identifier": {"system": "urn:s", "value": "v"}}, FhirContext(identifier="urn:s|v")),
        (
            {"reference": "Task/2", "role": "https://r"},
            FhirContext(reference="Task/2", role="https://r"),
        ),
        (
            {"reference": "Patient/2", "role": "https://r"},
            FhirContext(reference="Patient/2", role="https://r"),
        ),
        ({"reference": "Patient/2"}, None),
        ({"reference": "https://ehr.example/fhir/Encounter/2"}, None),
        ({"identifier": {"value": "v"}, "type": "Patient"}, None),
        ({"identifier": {"system": "urn:s"}}, None),
        ({"role": "https://r"}, None),
        ({"reference": 7}, None),
        ("noise", None),
    ],
)
def test_an_entry_of_the_launch_context_is_read_or_left_out(
    entry: object, read: FhirContext | None
) -> None:
    assert granted(fhirContext=[entry]).fhir_context == (() if read is None else (read,))


@pytest.mark.proves("R23")
@pytest.mark.parametrize("patient", ["absent", "", None, 7, {"id": "x"}])
def test_a_missing_patient_is_none_and_never_a_guess(patient: object) -> None:
    assert granted(patient=patient).patient is None


@pytest.mark.proves("R24")
@pytest.mark.parametrize("banner", ["absent", None, "false", True])
def test_the_banner_is_needed_unless_the_ehr_says_false(banner: object) -> None:
    assert granted(need_patient_banner=banner).need_patient_banner is True


@pytest.mark.proves("R33")
@pytest.mark.parametrize(
    ("said", "seconds"), [("absent", 300), (None, 300), (-1, 300), (True, 300), ("900", 900)]
)
def test_an_unsaid_life_is_short(said: object, seconds: int) -> None:
    assert granted(expires_in=said).expires_in_seconds == seconds


@pytest.mark.proves("R15")
def test_silence_about_scope_grants_what_was_asked_for_and_emptiness_nothing() -> None:
    assert granted(scope="absent").scope == {"openid", "patient/*.rs"}
    assert granted(scope="").scope == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": "absent"},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "two\r\nlines"},
        {"token_type": "absent"},
        {"token_type": "mac"},
        {"token_type": None},
    ],
)
def test_a_response_without_a_bearer_token_is_invalid(changes: dict[str, Any]) -> None:
    with pytest.raises(LaunchError) as caught:
        granted(**changes)

    assert caught.value.reason == "token_response_invalid"


@pytest.mark.proves("R31", "R32")
def test_a_new_refresh_token_replaces_the_old_one() -> None:
    far_side = answering(httpx2.Response(200, json=token(refresh_token="new")))

    grant = refresh(endpoint(far_side), refresh_token="old", granted=frozenset(), stamp=STAMP)

    assert grant.refresh_token == "new"
    assert form(far_side.requests[0]) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["old"],
        "client_id": ["app"],
    }


@pytest.mark.proves("R32")
@pytest.mark.parametrize("answered", [{}, {"refresh_token": None}, {"refresh_token": ""}])
def test_an_absent_refresh_token_keeps_the_old_one(answered: dict[str, Any]) -> None:
    far_side = answering(httpx2.Response(200, json=token(**answered)))

    grant = refresh(endpoint(far_side), refresh_token="old", granted=frozenset(), stamp=STAMP)

    assert grant.refresh_token == "old"


def test_a_refresh_that_names_no_scope_keeps_the_granted_ones() -> None:
    answer = token()
    del answer["scope"]
    far_side = answering(httpx2.Response(200, json=answer))

    grant = refresh(
        endpoint(far_side), refresh_token="old", granted=frozenset({"openid"}), stamp=STAMP
    )

    assert grant.scope == {"openid"}


@pytest.mark.proves("R36")
def test_a_backend_token_comes_without_a_refresh_token() -> None:
    far_side = answering(httpx2.Response(200, json=token(refresh_token="stray")))

    grant = client_credentials(
        endpoint(far_side, ASYMMETRIC), scope="system/Claim.crs", stamp=STAMP
    )

    assert grant.refresh_token is None
    assert form(far_side.requests[0])["scope"] == ["system/Claim.crs"]
    assert form(far_side.requests[0])["grant_type"] == ["client_credentials"]


def refused(answer: httpx2.Response | Exception) -> CcmError:
    with pytest.raises(CcmError) as caught:
        exchange_code(endpoint(answering(answer), BASIC), EXCHANGE, STAMP)
    return caught.value


@pytest.mark.proves("R12")
def test_a_refusal_names_the_oauth_error_code_alone() -> None:
    error = refused(
        httpx2.Response(
            400, json={"error": "invalid_grant", "error_description": "<b>canary-text</b>"}
        )
    )

    assert isinstance(error, LaunchError)
    assert (error.reason, error.detail) == ("authorization_refused", "invalid_grant")
    assert "canary" not in told(error)


@pytest.mark.proves("R12")
@pytest.mark.parametrize("code", ["<script>canary</script>", {"canary": 1}, "", 7])
def test_an_error_code_that_is_none_is_not_repeated(code: object) -> None:
    error = refused(httpx2.Response(400, json={"error": code}))

    assert isinstance(error, LaunchError)
    assert error.detail == "unknown_error"


ANSWERS = {
    "500": (httpx2.Response(500, text="canary-body"), EhrHttpError),
    "503 with JSON": (httpx2.Response(503, json={"error": "canary"}), EhrHttpError),
    "HTML": (httpx2.Response(200, html="<html>canary-body"), EhrFormatError),
    "400 HTML": (httpx2.Response(400, html="<html>canary-body"), EhrHttpError),
    "a list": (httpx2.Response(200, json=["canary"]), EhrFormatError),
    "a redirect": (
        httpx2.Response(307, headers={"Location": "https://evil.test/canary"}, json=token()),
        EhrHttpError,
    ),
    "silence": (httpx2.ReadTimeout("canary"), EhrUnreachableError),
}


@pytest.mark.parametrize(("answer", "error"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_broken_token_endpoint_is_told_without_its_words(
    answer: httpx2.Response | Exception, error: type[Exception]
) -> None:
    refusal = refused(answer)

    assert isinstance(refusal, error)
    assert "canary" not in told(refusal)


def test_a_token_endpoint_outside_the_pins_is_sent_nothing() -> None:
    far_side = answering(httpx2.Response(200, json=token()))
    place = TokenEndpoint(gate=far_side.gate("https://other.example"), url=URL, credentials=BASIC)

    with pytest.raises(ForbiddenOriginError):
        exchange_code(place, EXCHANGE, STAMP)

    assert far_side.requests == []


@pytest.mark.parametrize(
    "method", [ClientAuthMethod.CLIENT_SECRET_BASIC, ClientAuthMethod.PRIVATE_KEY_JWT]
)
def test_a_method_without_what_it_needs_is_refused(method: ClientAuthMethod) -> None:
    with pytest.raises(ConfigurationError):
        ClientCredentials(client_id="app", method=method)


@pytest.mark.proves("R13", "S20")
def test_nothing_secret_is_printed() -> None:
    grant = granted(refresh_token="canary-refresh", id_token="canary.id.token")

    shown = repr((grant, BASIC, ASYMMETRIC, EXCHANGE))

    assert "canary" not in shown
