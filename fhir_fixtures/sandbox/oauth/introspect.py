"""Token introspection (RFC 7662) for the client the token belongs to."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.oauth import discovery
from fhir_fixtures.sandbox.oauth.client_auth import ClientAuthenticator
from fhir_fixtures.sandbox.oauth.errors import OAuthError
from fhir_fixtures.sandbox.oauth.form import read_form


class IntrospectionEndpoint:
    """Says whether an access token is still alive, and what it is good for."""

    def __init__(self, box: Box, authenticator: ClientAuthenticator) -> None:
        self._box = box
        self._authenticator = authenticator

    def routes(self) -> list[Route]:
        """The one endpoint."""
        return [Route(discovery.INTROSPECT, self.introspect, methods=["POST"])]

    async def introspect(self, request: Request) -> Response:
        """`active` false for a token that is dead, unknown or another client's."""
        try:
            form = await read_form(request)
            audience = self._box.settings.url(discovery.INTROSPECT)
            client = await self._authenticator.authenticate(form, audience)
        except OAuthError as error:
            return error.response()
        return JSONResponse(
            self._about(form.get("token", ""), client.client_id),
            headers={"Cache-Control": "no-store"},
        )

    def _about(self, token: str, client_id: str) -> dict[str, Any]:
        grant = self._box.vault.access_tokens.look(token)
        if grant is None or grant.client_id != client_id:
            return {"active": False}
        user = self._box.user(grant.user_id)
        about = {
            "iss": self._box.settings.origin,
            "client_id": grant.client_id,
            "scope": " ".join(grant.scopes),
            "exp": int(self._box.vault.access_tokens.expires_at(token).timestamp()),
            "sub": grant.user_id,
            "fhirUser": f"{self._box.settings.fhir_base}/{user.fhir_user}" if user else None,
            "patient": grant.patient_id,
            "encounter": grant.launch.encounter_id if grant.launch else None,
        }
        return {"active": True} | {name: value for name, value in about.items() if value}
