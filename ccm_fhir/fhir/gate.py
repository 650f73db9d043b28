"""The one door to the outside: every request of ours passes here or is not sent.

HTTPS only, to pinned origins only, no redirects, no proxies from the environment, bounded
time and bounded answers. A refused request sends no byte.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx2

from ccm_fhir.errors import (
    EhrFormatError,
    EhrUnreachableError,
    ForbiddenOriginError,
    InputError,
)
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.wire import PinnedWire

FHIR_JSON = "application/fhir+json"
MAX_BYTES = 32 * 1024 * 1024
TIMEOUT_SECONDS = 60.0
CONNECT_SECONDS = 10.0
SHORTEST_WAIT_SECONDS = 0.001
_SENDING = "sending a request"
_TOO_LARGE = "larger than the limit"
_OUT_OF_TIME = "no time is left"
_ENCODED_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})

# At INFO these write URLs, which name patients; at DEBUG headers, which hold tokens.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class AnswerTooLargeError(httpx2.DecodingError):
    """An answer passed the limit after decompression; it was not read to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingGate:
    """Which origins may be spoken to, and how; hands out clients that cannot do otherwise.

    ``transport`` replaces the socket end (tests), never the checks. Plain http is allowed for
    loopback hosts alone and only with ``allow_loopback_http``; ``allow_private`` is for an EHR
    in the practice's own network. ``max_bytes`` is counted after decompression. Once
    ``is_late`` says so, nothing more is sent and nothing more is read.
    """

    origins: frozenset[Origin]
    allow_loopback_http: bool = False
    allow_private: bool = False
    transport: httpx2.BaseTransport | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS
    max_bytes: int = MAX_BYTES
    is_late: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)
    _checked: _CheckedTransport = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Build the checking transport once: clients share its connections."""
        wire = self.transport or PinnedWire(
            allow_loopback=self.allow_loopback_http, allow_private=self.allow_private
        )
        object.__setattr__(self, "_checked", _CheckedTransport(gate=self, wire=wire))

    @property
    def checked_transport(self) -> httpx2.BaseTransport:
        """The transport for a client built elsewhere (Authlib's); closing it closes nothing."""
        return self._checked

    @property
    def timeout(self) -> httpx2.Timeout:
        """How long to wait for a connection and for each part of an answer."""
        return httpx2.Timeout(
            self.timeout_seconds, connect=min(CONNECT_SECONDS, self.timeout_seconds)
        )

    def client(self) -> httpx2.Client:
        """Return a client whose every request is checked; asks for FHIR JSON by default."""
        return httpx2.Client(
            transport=self._checked,
            timeout=self.timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": FHIR_JSON},
        )

    def get(
        self, url: str, *, what: str, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Fetch a URL; any status is returned.

        Args:
            url: an absolute URL.
            what: for the error message, such as ``"reading the CapabilityStatement"``.
            headers: in addition to ``Accept``.

        Raises:
            ForbiddenOriginError: the URL is outside the pinned origins; nothing was sent.
            EhrUnreachableError: no answer.
            EhrFormatError: the answer is too large or cannot be decompressed.
        """
        with translated(what), self.client() as client:
            return client.get(url, headers=headers)

    @contextmanager
    def streaming(self, request: httpx2.Request) -> Iterator[httpx2.Response]:
        """Send a request and yield its answer, unread and as it was encoded.

        Whoever reads ``stream`` sets the bounds; it may raise the library's ``TransportError``.

        Raises:
            ForbiddenOriginError: the URL is outside the pinned origins; nothing was sent.
            httpx2.TransportError: no answer.
        """
        self.check(request)
        request.extensions.setdefault("timeout", self.timeout.as_dict())
        answer = self._checked.wire.handle_request(request)
        try:
            yield answer
        finally:
            answer.close()

    def within(
        self, seconds: float, is_late: Callable[[], bool], *, max_bytes: int
    ) -> OutgoingGate:
        """Return the same gate for somebody in a hurry; the connections are shared."""
        return replace(
            self,
            transport=self._checked.wire,
            timeout_seconds=max(seconds, SHORTEST_WAIT_SECONDS),
            max_bytes=max_bytes,
            is_late=is_late,
        )

    def allows(self, url: str) -> bool:
        """Whether a request to a URL would pass (its address is looked up later)."""
        try:
            return self._allows(Origin.of(url))
        except InputError:
            return False

    def check(self, request: httpx2.Request) -> None:
        """Raise ForbiddenOriginError unless a request may leave."""
        try:
            allowed = self._allows(Origin.of_url(request.url))
        except InputError:
            allowed = False
        if not allowed:
            raise ForbiddenOriginError(_SENDING)

    def close(self) -> None:
        """Close the connections."""
        self._checked.wire.close()

    def _allows(self, origin: Origin) -> bool:
        if origin not in self.origins:
            return False
        return origin.scheme == "https" or (self.allow_loopback_http and origin.is_loopback)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the library's errors, which hold URLs, into ours, which name what was being done.

    Raises:
        ForbiddenOriginError, EhrUnreachableError, EhrFormatError: as in ``OutgoingGate.get``.
    """
    try:
        yield
    except ForbiddenOriginError:
        raise ForbiddenOriginError(what) from None
    except AnswerTooLargeError:
        raise EhrFormatError(what, "it is larger than this client reads") from None
    except (httpx2.DecodingError, httpx2.InvalidURL):
        raise EhrFormatError(what, "it cannot be decompressed or addressed") from None
    except httpx2.TransportError:
        raise EhrUnreachableError(what) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _CheckedTransport(httpx2.BaseTransport):
    gate: OutgoingGate
    wire: httpx2.BaseTransport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.gate.check(request)
        self._refuse_if_late()
        answer = self.wire.handle_request(request)
        try:
            body = self._read_bounded(answer)
        finally:
            answer.close()
        plain = [
            (k, v) for k, v in answer.headers.raw if k.decode().lower() not in _ENCODED_HEADERS
        ]
        return httpx2.Response(answer.status_code, headers=plain, content=body)

    def close(self) -> None:
        """Keep the connections: they belong to the gate."""

    def _refuse_if_late(self) -> None:
        if self.gate.is_late():
            raise httpx2.ReadTimeout(_OUT_OF_TIME)

    def _read_bounded(self, answer: httpx2.Response) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            self._refuse_if_late()
            body += chunk
            if len(body) > self.gate.max_bytes:
                raise AnswerTooLargeError(_TOO_LARGE)
        return bytes(body)
