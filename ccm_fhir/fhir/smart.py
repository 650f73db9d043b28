"""The first half of a SMART launch: the address to which the browser is sent.

SMART App Launch 2.2, "Obtain authorization code". PKCE is always S256, whatever discovery
says: vendors have left it out of their documents and yet enforced it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from authlib.integrations.httpx_client import OAuth2Client

from ccm_fhir.errors import ForbiddenOriginError, LaunchError
from ccm_fhir.fhir.discovery import SmartConfiguration
from ccm_fhir.fhir.gate import OutgoingGate

_SENDING_BROWSER = "sending the browser to its authorization page"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What one launch asks for; ``launch`` is None in a standalone launch.

    ``aud`` is the FHIR base in the EHR's own spelling, byte for byte the launch's ``iss``.
    ``state`` and ``nonce`` hold 128 random bits or more, ``code_verifier`` 43 to 128 characters.
    """

    client_id: str
    redirect_uri: str
    scope: str
    aud: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    launch: str | None = field(default=None, repr=False)


def authorization_url(
    gate: OutgoingGate, config: SmartConfiguration, request: AuthorizationRequest
) -> str:
    """Return the address of the EHR's authorization page for one launch; sends nothing.

    Raises:
        LaunchError: ``no_authorization_endpoint``: the EHR offers backend services alone.
        ForbiddenOriginError: the page lies outside the pinned origins.
    """
    if not config.authorization_endpoint:
        raise LaunchError("no_authorization_endpoint")
    if not gate.allows(config.authorization_endpoint):
        raise ForbiddenOriginError(_SENDING_BROWSER)
    extra = {} if request.launch is None else {"launch": request.launch}
    with OAuth2Client(
        client_id=request.client_id,
        scope=request.scope,
        redirect_uri=request.redirect_uri,
        code_challenge_method="S256",
        transport=gate.checked_transport,
        trust_env=False,
    ) as client:
        url, _ = client.create_authorization_url(
            config.authorization_endpoint,
            state=request.state,
            code_verifier=request.code_verifier,
            aud=request.aud,
            nonce=request.nonce,
            **extra,
        )
    return str(url)
