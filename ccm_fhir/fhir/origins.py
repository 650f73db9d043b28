"""Origins: which server a URL speaks to, compared as a tuple and never as text.

``url.startsWith(server)`` is how other clients came to send tokens to
``https://ehr.example.com.evil.test``.
"""

from __future__ import annotations

import ipaddress
from typing import Self

import httpx2
import msgspec

from ccm_fhir.errors import InputError

_DEFAULT_PORTS = {"https": 443, "http": 80}


class Origin(msgspec.Struct, frozen=True, order=True):
    """Scheme, host and port (RFC 6454 §4); the host in its ASCII, lower-case spelling."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the origin of an absolute http(s) URL.

        Raises:
            InputError: it is not one, or it carries a user name.
        """
        try:
            return cls.of_url(httpx2.URL(url))
        except httpx2.InvalidURL:
            raise InputError("url", "not a URL") from None

    @classmethod
    def of_url(cls, url: httpx2.URL) -> Self:
        """Return the origin of a parsed URL; raises as ``of`` does."""
        host = url.raw_host.decode("ascii").lower()
        if url.scheme not in _DEFAULT_PORTS or not host:
            raise InputError("url", "not an absolute http or https address")
        if url.userinfo:
            raise InputError("url", "carries a user name")
        return cls(url.scheme, host, url.port or _DEFAULT_PORTS[url.scheme])

    @property
    def is_loopback(self) -> bool:
        """Whether the host is ``localhost`` or a loopback address by its spelling."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"
