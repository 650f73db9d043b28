"""The token that a request carries, renewed once where the server no longer takes it.

RFC 6750 §3.1 and SMART App Launch 2.2, "Access token response": a 401 says that the token is no
good, so that nothing was done; a 403 says that it is good and not enough, which no renewal mends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import httpx2

from ccm_fhir.errors import FhirError

Renew = Callable[[str], str]
_Send = Callable[[httpx2.Request], httpx2.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Puts a token on requests; several threads may send at once, and one of them renews.

    ``renew`` is given the token that was refused and returns the one to use instead: a newer one
    that somebody else has fetched meanwhile, or one that it fetches. A token that is refused
    straight after its renewal is not renewed again: what a server answers with 401 for another
    reason must not eat refresh tokens.
    """

    token: str | Callable[[], str] = field(repr=False)
    renew: Renew | None = field(default=None, repr=False)
    _useless: set[str] = field(default_factory=set, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def send(self, request: httpx2.Request, send: _Send) -> httpx2.Response:
        """Return the answer to a request, which is sent a second time after one 401 at most.

        A renewal that the token endpoint does not answer leaves the 401 as it is.

        Raises:
            LaunchError: the EHR refuses to renew.
        """
        token = self.token if isinstance(self.token, str) else self.token()
        answer = send(_carrying(request, token))
        if answer.status_code != httpx2.codes.UNAUTHORIZED:
            return answer
        other = self._instead_of(token)
        if other is None:
            return answer
        again = send(_carrying(request, other))
        if again.status_code == httpx2.codes.UNAUTHORIZED:
            self._useless.add(other)
        return again

    def _instead_of(self, refused: str) -> str | None:
        if self.renew is None:
            return None
        with self._lock:
            if refused in self._useless:
                return None
            try:
                other = self.renew(refused)
            except FhirError:
                return None
        return None if other == refused else other


def _carrying(request: httpx2.Request, token: str) -> httpx2.Request:
    headers = httpx2.Headers(request.headers)
    headers["Authorization"] = f"Bearer {token}"
    return httpx2.Request(request.method, request.url, headers=headers, content=request.read())
