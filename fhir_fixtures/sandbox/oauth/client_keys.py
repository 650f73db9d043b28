"""Public keys of the registered apps, by value or fetched from where the app publishes them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
import jwt

from fhir_fixtures.sandbox.settings import Client, Clock

MAX_AGE = timedelta(minutes=5)
# An unknown key id makes us look again (the app may have rotated), but not for every request.
MIN_AGE = timedelta(seconds=2)
FETCH_TIMEOUT_SECONDS = 5.0
ALGORITHMS = ("RS384", "ES384")


class KeyNotFoundError(Exception):
    """The app publishes no key of that id, or its key set could not be had."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    jwks: dict[str, Any]
    at: datetime


class ClientKeys:
    """Finds the key that an assertion says it was signed with."""

    def __init__(self, clock: Clock, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._clock = clock
        self._transport = transport
        self._fetched: dict[str, _Fetched] = {}

    async def find(self, client: Client, kid: str, algorithm: str) -> jwt.PyJWK:
        """The key of that id.

        Raises:
            KeyNotFoundError: there is none, or it does not suit the algorithm.
        """
        if client.jwks is not None:
            return _pick(client.jwks, kid, algorithm)
        if client.jwks_url is None:
            raise KeyNotFoundError("no key set is registered for this client")
        fetched = self._fetched.get(client.jwks_url)
        if fetched is None or self._age(fetched) >= MAX_AGE:
            fetched = await self._fetch(client.jwks_url)
        try:
            return _pick(fetched.jwks, kid, algorithm)
        except KeyNotFoundError:
            if self._age(fetched) < MIN_AGE:
                raise
        return _pick((await self._fetch(client.jwks_url)).jwks, kid, algorithm)

    def _age(self, fetched: _Fetched) -> timedelta:
        return self._clock() - fetched.at

    async def _fetch(self, url: str) -> _Fetched:
        try:
            async with httpx2.AsyncClient(
                transport=self._transport, timeout=FETCH_TIMEOUT_SECONDS
            ) as http:
                response = await http.get(url, headers={"Accept": "application/json"})
                jwks = response.raise_for_status().json()
        except (httpx2.HTTPError, ValueError):
            raise KeyNotFoundError("the registered key set could not be fetched") from None
        if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
            raise KeyNotFoundError("the registered key set is not a JWKS")
        self._fetched[url] = _Fetched(jwks, self._clock())
        return self._fetched[url]


def _pick(jwks: dict[str, Any], kid: str, algorithm: str) -> jwt.PyJWK:
    found = [each for each in jwks.get("keys", []) if each.get("kid") == kid]
    if len(found) != 1:
        raise KeyNotFoundError("the key set has no single key of that id")
    try:
        return jwt.PyJWK(found[0], algorithm=algorithm)
    except jwt.PyJWTError:
        raise KeyNotFoundError("the key of that id does not suit the algorithm") from None
