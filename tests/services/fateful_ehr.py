"""An EHR in memory that does with each write what a test decides; no socket is opened.

It stands at the wire's place, so that all of the product's code runs, and keeps every resource
it took, so that what is billed can be counted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx2

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATION = "$create"
_HEADERS = {"content-type": "application/fhir+json"}
_STATUS = {"refused": 422, "not_here": 404, "not_offered": 405, "forbidden": 403}
_BROKEN = {"broken": 500, "broken_after": 500, "unimplemented": 501, "busy": 429}
FATES = ("kept", "lost", *_STATUS, *_BROKEN)
_KEPT = frozenset({"kept", "lost", "broken_after"})


@dataclass(kw_only=True)
class FatefulEhr(httpx2.BaseTransport):
    """Whatever was posted to it, by type; ``fate`` is asked at every write."""

    fate: Callable[[], str]
    is_conditional: bool
    stored: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.endswith("/token"):
            token = {"access_token": "t", "token_type": "bearer", "expires_in": 3600}
            return _json(200, {**token, "scope": "system/*.cruds"})
        if request.method == "POST":
            return self._write(request, is_operation=path.endswith(OPERATION))
        kind, _, found = path.rpartition("/fhir/")[2].partition("/")
        if found:
            match = [one for one in self.stored[kind] if one["id"] == found]
            return _json(200, match[0]) if match else _json(404, _OUTCOME)
        return self._search(kind, parse_qs(request.url.query.decode()))

    def _write(self, request: httpx2.Request, *, is_operation: bool) -> httpx2.Response:
        body: dict[str, Any] = json.loads(request.read())
        if is_operation:
            body = body["parameter"][1]["resource"]
        known = self._known(request) if self.is_conditional and not is_operation else []
        if known:
            return _json(200, known[0], _at(known[0]))
        fate = self.fate()
        if fate in _KEPT:
            body |= {"id": str(sum(map(len, self.stored.values())) + 1)}
            self.stored[body["resourceType"]].append(body)
        if fate == "lost":
            raise httpx2.ReadError(fate)
        if fate == "kept":
            return _json(201, body, _at(body))
        return _json((_STATUS | _BROKEN)[fate], _OUTCOME)

    def _known(self, request: httpx2.Request) -> list[dict[str, Any]]:
        condition = parse_qs(request.headers.get("If-None-Exist", ""))
        kind = request.url.path.rsplit("/", 1)[-1]
        return self._found(kind, condition) if condition else []

    def _search(self, kind: str, query: dict[str, list[str]]) -> httpx2.Response:
        entries = [{"resource": one} for one in self._found(kind, query)]
        return _json(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})

    def _found(self, kind: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        found = self.stored[kind]
        if "identifier" in query:
            wanted = query["identifier"][0].rpartition("|")[2]
            found = [
                one
                for one in found
                if wanted in [named["value"] for named in one.get("identifier", ())]
            ]
        if "context" in query:
            wanted = f"Encounter/{query['context'][0]}"
            found = [one for one in found if one.get("context", {}).get("reference") == wanted]
        return found


_OUTCOME = {"resourceType": "OperationOutcome"}


def _at(resource: dict[str, Any]) -> dict[str, str]:
    return {"location": f"{resource['resourceType']}/{resource['id']}/_history/1"}


def _json(
    status: int, body: dict[str, Any], headers: dict[str, str] | None = None
) -> httpx2.Response:
    return httpx2.Response(status, json=body, headers={**_HEADERS, **(headers or {})})
