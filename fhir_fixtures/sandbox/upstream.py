"""The FHIR server behind the gateway, reached by relative path whether in-process or remote.

Vendor profiles and faults, when they come, are transports wrapped around the one
`open_transport` yields: the gateway above and the server below need not know.
"""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from fhir_fixtures.sandbox import sekmet_server
from fhir_fixtures.sandbox.settings import SandboxSettings

FHIR_JSON = "application/fhir+json"
TIMEOUT_SECONDS = 30.0


class UpstreamUnreachableError(Exception):
    """The FHIR server behind the gateway did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRequest:
    """One request to the FHIR server; `path` is relative to its base."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str]
    content: bytes | None = None


class Upstream:
    """A client of the FHIR server, usable inside `running()`."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.base_url = (settings.upstream or sekmet_server.BASE_URL).rstrip("/")
        self._settings = settings
        self._client: httpx2.AsyncClient | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the FHIR server reachable."""
        async with (
            open_transport(self._settings) as transport,
            httpx2.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS) as client,
        ):
            self._client = client
            yield
        self._client = None

    async def send(self, request: UpstreamRequest) -> httpx2.Response:
        """The server's answer, whatever its status.

        Raises:
            UpstreamUnreachableError: no answer came.
        """
        if self._client is None:
            raise UpstreamUnreachableError
        separator = "/" if request.path[:1] not in ("", "?") else ""
        try:
            return await self._client.request(
                request.method,
                f"{self.base_url}{separator}{request.path}",
                params=list(request.params) or None,
                headers={"Accept": FHIR_JSON, **request.headers},
                content=request.content,
            )
        except httpx2.HTTPError:
            raise UpstreamUnreachableError from None


@asynccontextmanager
async def open_transport(settings: SandboxSettings) -> AsyncIterator[httpx2.AsyncBaseTransport]:
    """The way to the FHIR server: over the network, or into this very process."""
    if settings.upstream:
        async with httpx2.AsyncHTTPTransport() as transport:
            yield transport
    elif settings.data_dir:
        async with sekmet_server.sekmet_transport(settings.data_dir) as transport:
            yield transport
    else:
        with tempfile.TemporaryDirectory(prefix="sandbox-ehr-") as folder:
            async with sekmet_server.sekmet_transport(Path(folder)) as transport:
                yield transport
