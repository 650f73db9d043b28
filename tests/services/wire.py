"""The wire between an installation and its EHR, on which a test may let things go wrong.

It stands where the gate's socket end stands, so that every check of the gate's is still made.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from ccm_fhir.fhir.wire import PinnedWire

Send = Callable[[httpx2.Request], httpx2.Response]
Fault = Callable[[httpx2.Request, Send], httpx2.Response]
Change = Callable[[httpx2.Response], httpx2.Response]
_OWN_TO_THE_BODY = frozenset({"content-length", "content-encoding", "transfer-encoding"})


@dataclass(kw_only=True)
class _Rule:
    method: str
    path: re.Pattern[str]
    fault: Fault
    left: int

    def meets(self, request: httpx2.Request) -> bool:
        return (
            self.left > 0
            and request.method == self.method
            and self.path.search(request.url.path) is not None
        )


class Wire(httpx2.BaseTransport):
    """Passes requests on to the real network, remembers them, and fails where it is told to."""

    def __init__(self) -> None:
        self._real = PinnedWire(allow_loopback=True, dial=_dial)
        self._rules: list[_Rule] = []
        self.requests: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        for rule in self._rules:
            if rule.meets(request):
                rule.left -= 1
                return rule.fault(request, self._real.handle_request)
        return self._real.handle_request(request)

    def close(self) -> None:
        self._real.close()

    def fail(self, method: str, path: str, fault: Fault, *, times: int = 1_000_000) -> None:
        """Let requests whose path matches go wrong, so many times; earlier rules go first."""
        self._rules.append(_Rule(method=method, path=re.compile(path), fault=fault, left=times))

    def refuse_batches(self) -> None:
        """Let a chart be asked for one search at a time, each of which may then go wrong."""
        self.fail("POST", "/fhir/?$", answers(405))

    def mend(self) -> None:
        """Let everything pass again, and forget what was asked so far."""
        self._rules.clear()
        self.requests.clear()

    def sent(self, method: str, path: str = "") -> list[httpx2.Request]:
        """Return the requests of a method whose path matches."""
        return [r for r in self.requests if r.method == method and re.search(path, r.url.path)]


def _dial() -> httpx2.BaseTransport:
    """Return a connection pool for loopback, which is plain http: no certificates are loaded."""
    return httpx2.HTTPTransport(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def answers(
    status: int,
    *,
    body: Mapping[str, Any] | None = None,
    text: str = "",
    headers: Mapping[str, str] | None = None,
) -> Fault:
    """Return a fault: the EHR is never reached, and this is the answer."""

    def fault(_request: httpx2.Request, _send: Send) -> httpx2.Response:
        if body is None:
            return httpx2.Response(status, text=text, headers=headers)
        return httpx2.Response(status, json=body, headers=headers)

    return fault


def nothing_is_sent(_request: httpx2.Request, _send: Send) -> httpx2.Response:
    """Break the connection before anything leaves."""
    message = "connection refused"
    raise httpx2.ConnectError(message)


def the_answer_is_lost(request: httpx2.Request, send: Send) -> httpx2.Response:
    """Let the EHR do its work, then break the connection."""
    answer = send(request)
    answer.read()
    answer.close()
    message = "connection reset"
    raise httpx2.ReadError(message)


def changed(change: Change) -> Fault:
    """Return a fault: the EHR does its work, and its answer arrives changed."""

    def fault(request: httpx2.Request, send: Send) -> httpx2.Response:
        answer = send(request)
        answer.read()
        answer.close()
        return change(answer)

    return fault


def with_json(alter: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Return a fault that alters the JSON object of a real answer."""

    def change(answer: httpx2.Response) -> httpx2.Response:
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in _OWN_TO_THE_BODY}
        return httpx2.Response(answer.status_code, json=alter(answer.json()), headers=headers)

    return changed(change)


def without_header(*names: str) -> Change:
    """Return a change that leaves headers out, and the body with them."""

    def change(answer: httpx2.Response) -> httpx2.Response:
        left_out = {*names, *_OWN_TO_THE_BODY}
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in left_out}
        return httpx2.Response(answer.status_code, headers=headers)

    return change
