"""The token endpoint: codes, refresh tokens and assertions in, access tokens out."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.oauth import discovery, scopes, vault
from fhir_fixtures.sandbox.oauth.client_auth import ClientAuthenticator
from fhir_fixtures.sandbox.oauth.errors import OAuthError
from fhir_fixtures.sandbox.oauth.form import read_form
from fhir_fixtures.sandbox.oauth.vault import Grant
from fhir_fixtures.sandbox.settings import Client


class TokenEndpoint:
    """Issues tokens for the three grant types SMART knows."""

    def __init__(self, box: Box, authenticator: ClientAuthenticator) -> None:
        self._box = box
        self._authenticator = authenticator

    def routes(self) -> list[Route]:
        """The one endpoint."""
        return [Route(discovery.TOKEN, self.token, methods=["POST"])]

    async def token(self, request: Request) -> Response:
        """The token response, or the OAuth error that explains why there is none."""
        try:
            form = await read_form(request)
            audience = self._box.settings.url(discovery.TOKEN)
            client = await self._authenticator.authenticate(form, audience)
            answer = self._issue(form, client)
        except OAuthError as error:
            return error.response()
        return JSONResponse(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    def _issue(self, form: dict[str, str], client: Client) -> dict[str, Any]:
        match form.get("grant_type"):
            case "authorization_code":
                grant = self._redeemed(form, client)
                return self._for_user(grant, grant.scopes) | self._id_token(grant)
            case "refresh_token":
                grant, wanted = self._refreshed(form, client)
                return self._for_user(grant, wanted)
            case "client_credentials":
                return self._for_backend(form, client)
            case None:
                raise OAuthError("invalid_request", "grant_type is required")
            case _:
                raise OAuthError("unsupported_grant_type", "this grant type is not offered")

    def _redeemed(self, form: dict[str, str], client: Client) -> Grant:
        grant = self._box.vault.spend_code(form.get("code", ""))
        if grant is None:
            raise OAuthError("invalid_grant", "the code is unknown, used up or expired")
        if grant.client_id != client.client_id:
            raise OAuthError("invalid_grant", "the code was given to another client")
        if grant.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant", "redirect_uri differs from the authorization request")
        challenge = _s256(form.get("code_verifier", ""))
        if not hmac.compare_digest(challenge, grant.code_challenge or ""):
            raise OAuthError("invalid_grant", "code_verifier does not match the challenge")
        return grant

    def _refreshed(self, form: dict[str, str], client: Client) -> tuple[Grant, tuple[str, ...]]:
        token = form.get("refresh_token", "")
        held = self._box.vault.refresh_tokens.look(token)
        if held is not None and held.client_id != client.client_id:
            raise OAuthError("invalid_grant", "the refresh token was given to another client")
        wanted = tuple(form.get("scope", "").split())
        if held is not None and not set(wanted) <= set(held.scopes):
            raise OAuthError("invalid_scope", "a refresh cannot ask for more than was granted")
        grant = self._box.vault.spend_refresh_token(token)
        if grant is None:
            raise OAuthError("invalid_grant", "the refresh token is unknown, used up or expired")
        return grant, wanted or grant.scopes

    def _for_user(self, grant: Grant, wanted: tuple[str, ...]) -> dict[str, Any]:
        answer = self._access_token(replace(grant, scopes=wanted)) | self._context(grant)
        if scopes.REFRESH & set(grant.scopes):
            kept = self._box.vault.refresh_tokens.put(grant, vault.REFRESH_LIFETIME)
            answer["refresh_token"] = kept
        return answer

    def _for_backend(self, form: dict[str, str], client: Client) -> dict[str, Any]:
        if client.public:
            raise OAuthError("unauthorized_client", "a public client has no credentials of its own")
        vendor = self._box.vendor
        asked = scopes.grant_to_backend(form.get("scope", ""), v1=vendor.speaks_v1)
        granted = vendor.granted(asked)
        if not granted:
            raise OAuthError("invalid_scope", "no system/ scope that could be granted is asked for")
        family = secrets.token_urlsafe(16)
        grant = Grant(client_id=client.client_id, scopes=granted, family=family)
        return self._access_token(grant)

    def _access_token(self, grant: Grant) -> dict[str, Any]:
        lifetime = self._box.settings.token_lifetime
        return {
            "access_token": self._box.vault.access_tokens.put(grant, lifetime),
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
            "scope": " ".join(grant.scopes),
        }

    def _context(self, grant: Grant) -> dict[str, Any]:
        launch = grant.launch
        context: dict[str, Any] = {"smart_style_url": self._box.settings.url(discovery.STYLE)}
        if launch is None:
            return context
        context |= {"patient": launch.patient_id, "need_patient_banner": launch.need_patient_banner}
        optional = {
            "encounter": launch.encounter_id,
            "intent": launch.intent,
            "appContext": launch.app_context,
            "fhirContext": list(launch.fhir_context),
        }
        return context | {name: value for name, value in optional.items() if value}

    def _id_token(self, grant: Grant) -> dict[str, str]:
        if "openid" not in grant.scopes:
            return {}
        user = self._box.user(grant.user_id)
        claims = {
            "iss": self._box.issuer,
            "sub": grant.user_id,
            "aud": grant.client_id,
            "nonce": grant.nonce,
        }
        if user and "fhirUser" in grant.scopes:
            claims["fhirUser"] = f"{self._box.settings.fhir_base}/{user.fhir_user}"
        if user and "profile" in grant.scopes:
            claims["name"] = user.name
        signed = self._box.signer.sign(
            {name: value for name, value in claims.items() if value is not None},
            now=self._box.clock(),
            lifetime=self._box.settings.token_lifetime,
        )
        return {"id_token": signed}


def _s256(verifier: str) -> str:
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
