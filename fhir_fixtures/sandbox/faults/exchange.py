"""One request and its answer as values, so that a fate can stand between them."""

import json
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FHIR_PATH = "/fhir"
_PUBLIC = frozenset({"metadata", ".well-known"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, its body read."""

    scope: Scope
    body: bytes = field(repr=False)

    @property
    def segments(self) -> list[str]:
        """What follows the FHIR base."""
        return [each for each in self.scope["path"].removeprefix(FHIR_PATH).split("/") if each]

    @property
    def method(self) -> str:
        """The method; a search by POST is a GET in all but name."""
        is_search = bool(self.segments) and self.segments[-1] == "_search"
        return "GET" if is_search else str(self.scope["method"])

    @property
    def resource_type(self) -> str:
        """The type concerned; empty for a Bundle posted to the base."""
        return self.segments[0] if self.segments else ""

    @property
    def is_create(self) -> bool:
        """Whether it asks for one new resource."""
        return self.method == "POST" and bool(self.segments)

    @property
    def told(self) -> str:
        """What tells this request from others, without naming anybody."""
        text = f"{self.method}|{self.scope['path']}|{self.scope['query_string']!r}".encode()
        return sha256(text + self.body).hexdigest()

    def header(self, name: bytes) -> str | None:
        """A header, if it was sent."""
        return next((v.decode() for n, v in self.scope["headers"] if n.lower() == name), None)

    def without(self, name: bytes) -> "Asked":
        """The same without a header."""
        kept = [(n, v) for n, v in self.scope["headers"] if n.lower() != name]
        return Asked(scope={**self.scope, "headers": kept}, body=self.body)


@dataclass(slots=True, kw_only=True)
class Answered:
    """An answer as it would leave."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:  # noqa: ANN401 (any JSON)
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def header(self, name: bytes) -> str:
        """A header; empty where there is none."""
        return next((v.decode() for n, v in self.headers if n.lower() == name), "")

    def with_json(self, value: object) -> "Answered":
        """The same with another body."""
        body = json.dumps(value, separators=(",", ":")).encode()
        kept = [(n, v) for n, v in self.headers if n.lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        return Answered(status=self.status, headers=[*kept, length], body=body)

    async def leave(self, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def concerns(scope: Scope) -> bool:
    """Whether a request is one for resources, and not for what every app reads beforehand."""
    if scope["type"] != "http":
        return False
    path = str(scope["path"])
    rest = path.removeprefix(FHIR_PATH)
    return rest != path and rest[:1] in ("", "/") and rest.strip("/").split("/")[0] not in _PUBLIC


async def read(scope: Scope, receive: Receive) -> Asked:
    """The request with all of its body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Asked(scope=scope, body=body)


async def pass_on(app: ASGIApp, asked: Asked) -> Answered:
    """The application's answer, kept back."""
    answered = Answered()

    async def receive() -> Message:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = list(message.get("headers", []))
        else:
            answered.body += message.get("body", b"")

    await app(dict(asked.scope), receive, send)
    return answered
