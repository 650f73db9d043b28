"""The socket end of the gate: a name is resolved once, checked, and that address is dialled.

What was checked is what is connected to, so that a name cannot point elsewhere a moment later
(DNS rebinding). TLS is left alone: the certificate is verified against the name, which is
handed to the library as ``sni_hostname``.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import httpx2

from ccm_fhir.errors import ForbiddenOriginError, InputError
from ccm_fhir.fhir.origins import Origin

Resolve = Callable[[str, int], tuple[str, ...]]
Dial = Callable[[], httpx2.BaseTransport]

_PRIVATE = "connecting to a private address"
_NOT_HTTP = "connecting to what is no web address"
_UNRESOLVED = "the name does not resolve"


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Return a host's addresses in the system's order; raises httpx2.ConnectError for none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpx2.ConnectError(_UNRESOLVED) from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def dial() -> httpx2.BaseTransport:
    """Return a real connection pool: certificates verified, the environment ignored."""
    return httpx2.HTTPTransport(trust_env=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedWire(httpx2.BaseTransport):
    """Connects to addresses that it has checked; one pool for each origin.

    A pool is never shared between origins: two names on one address would otherwise share a
    TLS connection whose certificate was checked for one of them only.
    """

    allow_loopback: bool = False
    allow_private: bool = False
    resolve: Resolve = resolve
    dial: Dial = dial
    _pools: dict[Origin, httpx2.BaseTransport] = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request to the first checked address that answers the door.

        Raises:
            ForbiddenOriginError: one of the name's addresses is not a public one.
            httpx2.TransportError: no connection, or it broke.
        """
        origin = _origin(request.url)
        addresses = self.resolve(origin.host.strip("[]"), origin.port)
        if not addresses or not all(self._may_dial(address) for address in addresses):
            raise ForbiddenOriginError(_PRIVATE)
        pool = self._pool(origin)
        for address in addresses[:-1]:
            try:
                return pool.handle_request(_readdressed(request, address, origin))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue  # nothing was sent yet, so that even a POST may try the next address
        return pool.handle_request(_readdressed(request, addresses[-1], origin))

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

    def _pool(self, origin: Origin) -> httpx2.BaseTransport:
        with self._lock:
            if origin not in self._pools:
                self._pools[origin] = self.dial()
            return self._pools[origin]

    def _may_dial(self, text: str) -> bool:
        address = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if mapped.is_loopback:
            return self.allow_loopback
        if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified:
            return False
        return self.allow_private or mapped.is_global


def _origin(url: httpx2.URL) -> Origin:
    try:
        return Origin.of_url(url)
    except InputError:
        raise ForbiddenOriginError(_NOT_HTTP) from None


def _readdressed(request: httpx2.Request, address: str, origin: Origin) -> httpx2.Request:
    extensions = {**request.extensions, "sni_hostname": origin.host}
    return httpx2.Request(
        method=request.method,
        url=request.url.copy_with(host=address.partition("%")[0]),
        headers=request.headers,  # holds the Host header of the name
        stream=request.stream,
        extensions=extensions,
    )
