from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    ForbiddenOriginError,
)
from ccm_fhir.fhir.discovery import (
    discover,
    needed_origins,
    parse_configuration,
    preview,
    read_jwks,
)
from ccm_fhir.fhir.origins import Origin
from tests.fhir.far_side import BASE, FarSide, answering, serving

if TYPE_CHECKING:
    from pathlib import Path

WELL_KNOWN = f"{BASE}/.well-known/smart-configuration"
AUTH = "https://auth.example"


def document(**changes: object) -> dict[str, Any]:
    return {
        "issuer": AUTH,
        "jwks_uri": f"{AUTH}/keys",
        "authorization_endpoint": f"{AUTH}/authorize",
        "token_endpoint": f"{AUTH}/token",
        "capabilities": ["launch-ehr", "permission-v2"],
    } | changes


VENDORS = [
    "aidbox",
    "athenahealth",
    "eclinicalworks",
    "epic",
    "meditech",
    "nextgen-enterprise",
    "nextgen-office",
    "oracle-health",
    "veradigm",
]


@pytest.mark.needs("shared")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_real_discovery_document_is_read(vendor: str, shared_data: Path) -> None:
    text = (shared_data / "servers" / vendor / "smart-configuration.json").read_bytes()
    far_side = serving({WELL_KNOWN: json.loads(text)})

    config = preview(far_side.gate(), BASE)

    assert config.token_endpoint.startswith("https://")
    assert config.supports("launch-ehr")
    assert Origin.of(config.token_endpoint) in needed_origins(config)


@pytest.mark.proves("R3")
@pytest.mark.parametrize("base", [BASE, f"{BASE}/"])
def test_the_document_is_asked_for_under_the_base_and_not_at_the_host_root(base: str) -> None:
    far_side = serving({WELL_KNOWN: document()})

    config = preview(far_side.gate(), base)

    assert far_side.urls == [WELL_KNOWN]
    assert far_side.requests[0].headers["Accept"] == "application/json"
    assert config.base_url == base


@pytest.mark.proves("R3")
def test_relative_endpoints_are_resolved_against_the_base() -> None:
    config = parse_configuration({"token_endpoint": "oauth/token", "jwks_uri": "/keys"}, BASE)

    assert config.token_endpoint == f"{BASE}/oauth/token"
    assert config.jwks_uri == "https://ehr.example/keys"


def test_keys_of_the_wrong_type_count_as_absent() -> None:
    config = parse_configuration(
        document(capabilities="launch-ehr", issuer=7, scopes_supported=["openid", 3], more={}), BASE
    )

    assert config.capabilities == frozenset()
    assert config.issuer == ""
    assert config.scopes_supported == {"openid"}


def test_a_misspelt_list_of_authentication_methods_is_still_read() -> None:
    config = parse_configuration(document(token_endpoint_auth_methods=["private_key_jwt"]), BASE)

    assert config.auth_methods == {"private_key_jwt"}


@pytest.mark.proves("S2")
@pytest.mark.parametrize(
    "endpoint",
    [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
    ],
)
def test_an_endpoint_outside_the_pins_is_refused(endpoint: str) -> None:
    altered = document(**{endpoint: "https://auth.example.evil.test/x"})
    far_side = serving({WELL_KNOWN: altered})

    with pytest.raises(ForbiddenOriginError):
        discover(far_side.gate(BASE, AUTH), BASE)

    assert len(far_side.requests) == 1


def test_endpoints_within_the_pins_pass() -> None:
    far_side = serving({WELL_KNOWN: document()})

    assert discover(far_side.gate(BASE, AUTH), BASE).issuer == AUTH


def test_the_origins_an_ehr_needs_are_its_base_and_its_endpoints() -> None:
    config = parse_configuration(document(jwks_uri="https://keys.example/jwks"), BASE)

    assert {str(origin) for origin in needed_origins(config)} == {
        "https://ehr.example",
        "https://auth.example",
        "https://keys.example",
    }


BROKEN = {
    "HTML": (httpx2.Response(200, html="<html>canary-body</html>"), EhrFormatError),
    "a list": (httpx2.Response(200, json=["canary-body"]), EhrFormatError),
    "half a document": (httpx2.Response(200, content=b'{"token_endpoint": "can'), EhrFormatError),
    "no token endpoint": (httpx2.Response(200, json={"issuer": AUTH}), EhrFormatError),
    "an endpoint that is a script": (
        httpx2.Response(200, json=document(authorization_endpoint="javascript:canary")),
        EhrFormatError,
    ),
    "an endpoint that is broken": (
        httpx2.Response(200, json=document(jwks_uri="https://[::1")),
        EhrFormatError,
    ),
    "500": (httpx2.Response(500, text="canary-body"), EhrHttpError),
    "404": (httpx2.Response(404), EhrHttpError),
    "a redirect": (httpx2.Response(302, headers={"Location": "https://canary/"}), EhrHttpError),
    "silence": (httpx2.ConnectTimeout("canary"), EhrUnreachableError),
}


@pytest.mark.parametrize(("answer", "error"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_discovery_is_an_error_without_its_content(
    answer: httpx2.Response | Exception, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        preview(answering(answer).gate(), BASE)

    assert "canary" not in str(caught.value)


def test_keys_are_read_from_the_jwks_uri() -> None:
    key = {"kty": "RSA", "kid": "1"}
    far_side = serving({f"{AUTH}/keys": {"keys": [key, "noise"]}})
    config = parse_configuration(document(), BASE)

    assert read_jwks(far_side.gate(AUTH), config).keys == (key,)


@pytest.mark.proves("R28")
def test_keys_are_found_through_the_issuer_where_discovery_names_none() -> None:
    far_side = serving(
        {
            f"{AUTH}/.well-known/openid-configuration": {"issuer": AUTH, "jwks_uri": f"{AUTH}/k"},
            f"{AUTH}/k": {"keys": []},
        }
    )
    config = parse_configuration(document(jwks_uri=None), BASE)

    assert read_jwks(far_side.gate(AUTH), config).keys == ()


def keyless(openid: dict[str, Any]) -> FarSide:
    return serving({f"{AUTH}/.well-known/openid-configuration": openid})


@pytest.mark.proves("S2")
@pytest.mark.parametrize(
    "openid",
    [{"issuer": "https://evil.test", "jwks_uri": f"{AUTH}/k"}, {"issuer": AUTH}],
    ids=["another issuer", "no keys"],
)
def test_openid_metadata_that_does_not_fit_is_refused(openid: dict[str, Any]) -> None:
    config = parse_configuration(document(jwks_uri=None), BASE)

    with pytest.raises(EhrFormatError):
        read_jwks(keyless(openid).gate(AUTH), config)


@pytest.mark.proves("S2", "S15")
def test_a_jwks_at_another_host_is_not_fetched() -> None:
    far_side = keyless({"issuer": AUTH, "jwks_uri": "https://evil.test/k"})
    config = parse_configuration(document(jwks_uri=None), BASE)

    with pytest.raises(ForbiddenOriginError):
        read_jwks(far_side.gate(AUTH), config)

    assert len(far_side.requests) == 1


def test_without_keys_and_issuer_there_is_no_way_to_keys() -> None:
    config = parse_configuration({"token_endpoint": f"{AUTH}/token"}, BASE)

    with pytest.raises(EhrFormatError):
        read_jwks(serving({}).gate(AUTH), config)


@pytest.mark.parametrize("issuer", ["", "urn:issuer", "issuer"])
def test_an_issuer_that_is_no_address_needs_no_origin_and_has_no_keys(issuer: str) -> None:
    config = parse_configuration(document(jwks_uri=None, issuer=issuer), BASE)

    assert len(needed_origins(config)) == 2
    with pytest.raises(EhrFormatError):
        read_jwks(serving({}).gate(AUTH), config)


def test_a_key_set_that_is_none_is_refused() -> None:
    with pytest.raises(EhrFormatError):
        read_jwks(
            serving({f"{AUTH}/keys": {"keys": "x"}}).gate(AUTH),
            parse_configuration(document(), BASE),
        )
