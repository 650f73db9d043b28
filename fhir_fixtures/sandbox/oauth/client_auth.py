"""Who is asking for a token: a public client by its name, any other by a signed assertion.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from fhir_fixtures.sandbox.oauth.client_keys import ALGORITHMS, ClientKeys, KeyNotFoundError
from fhir_fixtures.sandbox.oauth.errors import OAuthError
from fhir_fixtures.sandbox.settings import Client, Clock, SandboxSettings

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFETIME = timedelta(minutes=5)


class ClientAuthenticator:
    """Tells one registered client from another, and a fresh assertion from a replayed one."""

    def __init__(self, settings: SandboxSettings, keys: ClientKeys, clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._seen: dict[tuple[str, str], datetime] = {}

    async def authenticate(self, form: Mapping[str, str], audience: str) -> Client:
        """The client that sent the form to the endpoint whose URL is `audience`.

        Raises:
            OAuthError: invalid_client, with the reason.
        """
        if "client_assertion" in form or "client_assertion_type" in form:
            return await self._by_assertion(form, audience)
        client = self._settings.client(form.get("client_id", ""))
        if client is None:
            raise OAuthError("invalid_client", "the client is not registered here")
        if not client.public:
            raise OAuthError("invalid_client", "this client must authenticate: private_key_jwt")
        return client

    async def _by_assertion(self, form: Mapping[str, str], audience: str) -> Client:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError("invalid_client", f"client_assertion_type must be {ASSERTION_TYPE}")
        assertion = form.get("client_assertion", "")
        claimed = _unverified(assertion)
        client = self._settings.client(str(claimed["claims"].get("iss", "")))
        if client is None or client.public:
            raise OAuthError("invalid_client", "the issuer of the assertion is no such client")
        if form.get("client_id", client.client_id) != client.client_id:
            raise OAuthError("invalid_client", "client_id and the assertion name two clients")
        claims = await self._verified(assertion, claimed["header"], client, audience)
        self._check_dates(claims)
        self._check_fresh(client, claims)
        return client

    async def _verified(
        self, assertion: str, header: dict[str, Any], client: Client, audience: str
    ) -> dict[str, Any]:
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise OAuthError("invalid_client", "the assertion must be signed RS384 or ES384")
        if header.get("typ", "JWT") != "JWT" or not isinstance(header.get("kid"), str):
            raise OAuthError("invalid_client", "the assertion's header needs typ JWT and a kid")
        try:
            key = await self._keys.find(client, header["kid"], algorithm)
            return jwt.decode(
                assertion,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=client.client_id,
                subject=client.client_id,
                # Dates are checked against our own clock, below.
                options={
                    "require": ["iss", "sub", "aud", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except KeyNotFoundError as error:
            raise OAuthError("invalid_client", str(error)) from None
        except jwt.PyJWTError as error:
            raise OAuthError("invalid_client", f"the assertion does not hold: {error}") from None

    def _check_dates(self, claims: dict[str, Any]) -> None:
        try:
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        except (TypeError, ValueError, OverflowError):
            raise OAuthError("invalid_client", "the assertion's exp is not a date") from None
        now = self._clock()
        if expires_at <= now:
            raise OAuthError("invalid_client", "the assertion has expired")
        if expires_at > now + MAX_ASSERTION_LIFETIME:
            raise OAuthError("invalid_client", "the assertion may live five minutes at most")

    def _check_fresh(self, client: Client, claims: dict[str, Any]) -> None:
        now = self._clock()
        self._seen = {key: until for key, until in self._seen.items() if until > now}
        key = (client.client_id, str(claims["jti"]))
        if key in self._seen:
            raise OAuthError("invalid_client", "the assertion was used before (jti)")
        self._seen[key] = datetime.fromtimestamp(int(claims["exp"]), UTC)


def _unverified(assertion: str) -> dict[str, dict[str, Any]]:
    try:
        return {
            "header": jwt.get_unverified_header(assertion),
            "claims": jwt.decode(assertion, options={"verify_signature": False}),
        }
    except jwt.PyJWTError:
        raise OAuthError("invalid_client", "the assertion is not a JWT") from None
