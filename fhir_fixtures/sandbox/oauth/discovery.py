"""What the authorization server says about itself, for SMART apps and for OpenID Connect."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.oauth import client_keys, scopes, signing

AUTHORIZE = "/oauth/authorize"
TOKEN = "/oauth/token"  # noqa: S105 (a path)
INTROSPECT = "/oauth/introspect"
JWKS = "/oauth/jwks"
STYLE = "/static/smart-style-1.json"

CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-style",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-patient",
    "permission-user",
    "permission-offline",
    "permission-online",
    "permission-v2",
)


def routes(box: Box) -> list[Route]:
    """Both discovery documents and the key set; the issuer is the origin, not the FHIR base."""

    async def smart(_: Request) -> JSONResponse:
        return JSONResponse(smart_configuration(box))

    async def openid(_: Request) -> JSONResponse:
        return JSONResponse(openid_configuration(box))

    async def jwks(_: Request) -> JSONResponse:
        return JSONResponse(box.signer.jwks(), headers={"Cache-Control": "max-age=300"})

    return [
        Route("/fhir/.well-known/smart-configuration", smart),
        Route("/.well-known/openid-configuration", openid),
        Route(JWKS, jwks),
    ]


def smart_configuration(box: Box) -> dict[str, Any]:
    """https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html."""
    document = {**_endpoints(box), "capabilities": list(CAPABILITIES)}
    return box.vendor.discovery(document)


def openid_configuration(box: Box) -> dict[str, Any]:
    """https://openid.net/specs/openid-connect-discovery-1_0.html."""
    return {
        **_endpoints(box),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signing.ALGORITHM],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser", "name"],
    }


def _endpoints(box: Box) -> dict[str, Any]:
    url = box.settings.url
    return {
        "issuer": box.issuer,
        "jwks_uri": url(JWKS),
        "authorization_endpoint": url(AUTHORIZE),
        "token_endpoint": url(TOKEN),
        "introspection_endpoint": url(INTROSPECT),
        "scopes_supported": list(scopes.SUPPORTED),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(client_keys.ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
    }
