from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from ccm_fhir.errors import ForbiddenOriginError, LaunchError
from ccm_fhir.fhir.discovery import parse_configuration
from ccm_fhir.fhir.smart import AuthorizationRequest, authorization_url
from tests.fhir.far_side import BASE, answering

AUTH = "https://auth.example"
CONFIG = parse_configuration(
    {"authorization_endpoint": f"{AUTH}/authorize?kept=1", "token_endpoint": f"{AUTH}/token"}, BASE
)
REQUEST = AuthorizationRequest(
    client_id="app",
    redirect_uri="https://app.example/callback",
    scope="launch openid patient/Condition.rs",
    aud="https://EHR.example/fhir/",
    state="state-1",
    nonce="nonce-1",
    code_verifier="v" * 64,
    launch="a b/c+d=",
)


def parameters(request: AuthorizationRequest) -> dict[str, list[str]]:
    far_side = answering(httpx2.Response(500))
    url = authorization_url(far_side.gate(BASE, AUTH), CONFIG, request)
    assert far_side.requests == []
    assert url.startswith(f"{AUTH}/authorize?")
    return parse_qs(urlsplit(url).query, strict_parsing=True)


@pytest.mark.proves("R2", "R5", "R6")
def test_a_launch_asks_for_a_code_and_repeats_what_it_was_given() -> None:
    asked = parameters(REQUEST)

    assert asked["response_type"] == ["code"]
    assert asked["client_id"] == ["app"]
    assert asked["redirect_uri"] == ["https://app.example/callback"]
    assert asked["scope"] == ["launch openid patient/Condition.rs"]
    assert asked["launch"] == ["a b/c+d="]
    assert asked["state"] == ["state-1"]
    assert asked["nonce"] == ["nonce-1"]
    assert asked["kept"] == ["1"]


@pytest.mark.proves("R7")
def test_the_audience_keeps_the_spelling_of_the_ehr() -> None:
    assert parameters(REQUEST)["aud"] == ["https://EHR.example/fhir/"]


@pytest.mark.proves("R10", "S3")
def test_pkce_is_s256_though_discovery_does_not_mention_it() -> None:
    digest = hashlib.sha256(REQUEST.code_verifier.encode()).digest()

    asked = parameters(REQUEST)

    assert CONFIG.pkce_methods == frozenset()
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["code_challenge"] == [base64.urlsafe_b64encode(digest).rstrip(b"=").decode()]
    assert REQUEST.code_verifier not in str(asked)


@pytest.mark.proves("R5")
def test_a_standalone_launch_sends_no_launch_parameter() -> None:
    assert "launch" not in parameters(replace(REQUEST, launch=None))


@pytest.mark.proves("S2")
def test_an_authorization_page_elsewhere_is_refused() -> None:
    with pytest.raises(ForbiddenOriginError):
        authorization_url(answering(httpx2.Response(200)).gate(BASE), CONFIG, REQUEST)


def test_an_ehr_for_backends_alone_cannot_launch() -> None:
    config = parse_configuration({"token_endpoint": f"{AUTH}/token"}, BASE)

    with pytest.raises(LaunchError) as caught:
        authorization_url(answering(httpx2.Response(200)).gate(BASE, AUTH), config, REQUEST)

    assert caught.value.reason == "no_authorization_endpoint"


def test_a_request_prints_none_of_its_secrets() -> None:
    shown = repr(REQUEST)

    for secret in (REQUEST.state, REQUEST.nonce, REQUEST.code_verifier, str(REQUEST.launch)):
        assert secret not in shown
