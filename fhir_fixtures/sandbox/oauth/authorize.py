"""The authorization endpoint: from the chart at once, otherwise by way of two pickers.

An error that could be the doing of a stranger (unknown client, foreign redirect URI) is
shown on a page of ours; every other one goes back to the app, which knows what to do.
"""

import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.ehr.pages import Pages
from fhir_fixtures.sandbox.ehr.patients import read_patient, read_patients
from fhir_fixtures.sandbox.oauth import discovery, scopes, vault
from fhir_fixtures.sandbox.oauth.errors import OAuthError
from fhir_fixtures.sandbox.oauth.form import once_each, read_form
from fhir_fixtures.sandbox.oauth.vault import AuthorizationRequest, Grant, Launch, Ticket

_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class AuthorizationEndpoint:
    """Turns a request of an app into a code, with the user's and patient's choice on the way."""

    def __init__(self, box: Box, pages: Pages) -> None:
        self._box = box
        self._pages = pages

    def routes(self) -> list[Route]:
        """The endpoint and the two forms behind it."""
        return [
            Route(discovery.AUTHORIZE, self.authorize, methods=["GET", "POST"]),
            Route("/oauth/user", self.pick_user, methods=["POST"]),
            Route("/oauth/patient", self.pick_patient, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """A redirect with a code or an error, the user picker, or a page saying what is wrong."""
        try:
            if request.method == "POST":
                params = await read_form(request)
            else:
                params = once_each(parse_qsl(request.url.query))
            redirect_uri = self._trusted_redirect_uri(params)
        except OAuthError as error:
            return self._pages.refusal(error.description)
        try:
            asked = self._checked(params, redirect_uri)
        except OAuthError as error:
            return self._send_back(
                redirect_uri,
                error=error.code,
                error_description=error.description,
                state=params.get("state"),
            )
        if asked.launch:
            return self._finish(asked, asked.launch.user_id, asked.launch)
        ticket = self._box.vault.tickets.put(Ticket(request=asked), vault.TICKET_LIFETIME)
        users = self._box.practice.users
        return self._pages.render("pick_user.html", {"ticket": ticket, "users": users})

    async def pick_user(self, request: Request) -> Response:
        """The patient picker, or the way back when the app asked for no patient."""
        form = await read_form(request)
        ticket = self._box.vault.tickets.spend(form.get("ticket", ""))
        user = self._box.user(form.get("user"))
        if ticket is None or user is None:
            return self._stale()
        if "launch/patient" not in ticket.request.scope.split():
            return self._finish(ticket.request, user.id, None)
        signed_in = Ticket(request=ticket.request, user_id=user.id)
        renewed = self._box.vault.tickets.put(signed_in, vault.TICKET_LIFETIME)
        patients = await read_patients(self._box)
        return self._pages.render("pick_patient.html", {"ticket": renewed, "patients": patients})

    async def pick_patient(self, request: Request) -> Response:
        """Back to the app with a code about the chosen patient."""
        form = await read_form(request)
        ticket = self._box.vault.tickets.spend(form.get("ticket", ""))
        patient = await read_patient(self._box, form.get("patient", ""))
        if ticket is None or ticket.user_id is None or patient is None:
            return self._stale()
        launch = Launch(user_id=ticket.user_id, patient_id=patient.id)
        return self._finish(ticket.request, ticket.user_id, launch)

    def _trusted_redirect_uri(self, params: Mapping[str, str]) -> str:
        client = self._box.settings.client(params.get("client_id", ""))
        if client is None:
            raise OAuthError("invalid_request", "No app is registered here under this client_id.")
        redirect_uri = params.get("redirect_uri", "")
        if redirect_uri not in client.redirect_uris:
            raise OAuthError(
                "invalid_request", "The redirect_uri is not, letter for letter, a registered one."
            )
        return redirect_uri

    def _checked(self, params: Mapping[str, str], redirect_uri: str) -> AuthorizationRequest:
        if params.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type must be code")
        if params.get("aud", "").rstrip("/") != self._box.settings.fhir_base:
            raise OAuthError("invalid_request", "aud must be the FHIR base URL of this EHR")
        if params.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request", "PKCE is required, with code_challenge_method S256")
        if not _S256_CHALLENGE.fullmatch(params.get("code_challenge", "")):
            raise OAuthError("invalid_request", "code_challenge is not a SHA-256 hash in base64url")
        if "state" not in params:
            raise OAuthError("invalid_request", "state is required")
        if "scope" not in params:
            raise OAuthError("invalid_scope", "scope is required")
        return AuthorizationRequest(
            client_id=params["client_id"],
            redirect_uri=redirect_uri,
            scope=params["scope"],
            state=params["state"],
            code_challenge=params["code_challenge"],
            nonce=params.get("nonce"),
            launch=self._launch(params),
        )

    def _launch(self, params: Mapping[str, str]) -> Launch | None:
        launch_scope = "launch" in params["scope"].split()
        if "launch" not in params:
            if launch_scope:
                raise OAuthError("invalid_request", "scope launch needs the launch parameter")
            return None
        if not launch_scope:
            raise OAuthError("invalid_scope", "the launch parameter needs scope launch")
        launch = self._box.vault.launches.look(params["launch"])
        if launch is None:
            raise OAuthError("invalid_request", "the launch is unknown or has expired")
        return launch

    def _finish(
        self, asked: AuthorizationRequest, user_id: str, launch: Launch | None
    ) -> RedirectResponse:
        vendor = self._box.vendor
        grantable = scopes.grant_to_user(
            asked.scope,
            launched=asked.launch is not None,
            has_patient=launch is not None,
            v1=vendor.speaks_v1,
        )
        granted = vendor.granted(grantable)
        if not granted:
            return self._send_back(
                asked.redirect_uri,
                error="invalid_scope",
                error_description="none of the requested scopes can be granted",
                state=asked.state,
            )
        grant = Grant(
            client_id=asked.client_id,
            scopes=granted,
            family=secrets.token_urlsafe(16),
            user_id=user_id,
            launch=launch,
            nonce=asked.nonce,
            redirect_uri=asked.redirect_uri,
            code_challenge=asked.code_challenge,
        )
        code = self._box.vault.codes.put(grant, vault.CODE_LIFETIME)
        return self._send_back(asked.redirect_uri, code=code, state=asked.state)

    def _send_back(self, redirect_uri: str, **params: str | None) -> RedirectResponse:
        # `iss` against mix-up: RFC 9207.
        given = {name: value for name, value in params.items() if value is not None}
        query = urlencode({**given, "iss": self._box.issuer})
        separator = "&" if "?" in redirect_uri else "?"
        return RedirectResponse(
            f"{redirect_uri}{separator}{query}",
            status_code=HTTPStatus.SEE_OTHER,
            headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        )

    def _stale(self) -> Response:
        return self._pages.refusal(
            "This sign-in is over or was finished already. Start again from the app."
        )
