"""An EHR in memory on a simulated clock, whose every fate a seed decides; no socket is opened.

It ignores If-None-Exist, its index lags, it commits late, and the sender may die before a request
or after its answer. It stands at the wire's place, so that all of the product's code runs.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx2

if TYPE_CHECKING:
    from tests.services.loopback_ehr import Clock

FHIR = {"content-type": "application/fhir+json"}
LAG = timedelta(seconds=2)
LATEST_COMMIT = timedelta(seconds=2)
_FATES = ("kept", "kept", "kept", "5xx", "429", "lost", "late", "dies_before", "dies_after")


class DeadError(BaseException):
    """The sender is dead: nothing of ours may catch it."""


@dataclass(kw_only=True)
class SimulatedEhr(httpx2.BaseTransport):
    """Procedures by identifier, each with the moment it is committed and can be found."""

    clock: Clock
    chance: random.Random = field(default_factory=random.Random)
    stored: dict[str, list[tuple[datetime, dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    number: int = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/token"):
            return _json(
                200,
                {
                    "access_token": "t",
                    "token_type": "bearer",
                    "expires_in": 3600,
                    "scope": "system/Procedure.crs",
                },
            )
        if request.method == "POST":
            return self._create(request)
        if "identifier" in request.url.query.decode():
            return self._search(request)
        return self._read(request.url.path.rsplit("/", 1)[-1])

    def copies(self, identifier: str) -> int:
        """Return how many resources bear an identifier, late ones too."""
        return len(self.stored[identifier])

    def _create(self, request: httpx2.Request) -> httpx2.Response:
        fate = self.chance.choice(_FATES)
        if fate == "dies_before":
            raise DeadError
        if fate == "5xx":
            return _json(500, {"resourceType": "OperationOutcome"})
        if fate == "429":
            return _json(429, {"resourceType": "OperationOutcome"})
        late = LATEST_COMMIT * self.chance.random() if fate == "late" else timedelta()
        resource = self._keep(request.read(), late)
        if fate == "dies_after":
            raise DeadError
        if fate in {"lost", "late"}:
            raise httpx2.ReadError(fate)
        return _json(201, resource, {"location": f"Procedure/{resource['id']}/_history/1"})

    def _keep(self, body: bytes, late: timedelta) -> dict[str, Any]:
        resource: dict[str, Any] = json.loads(body)
        self.number += 1
        resource |= {"id": f"p{self.number}", "meta": {"versionId": "1"}}
        identifier = str(resource["identifier"][0]["value"])
        self.stored[identifier].append((self.clock() + late, resource))
        return resource

    def _search(self, request: httpx2.Request) -> httpx2.Response:
        if self.chance.random() < 0.1:
            return _json(503, {"resourceType": "OperationOutcome"})
        token = parse_qs(request.url.query.decode())["identifier"][0]
        lag = LAG * self.chance.random()
        seen = [
            resource
            for committed, resource in self.stored[token.partition("|")[2]]
            if committed + lag <= self.clock()
        ]
        entries = [{"resource": resource, "search": {"mode": "match"}} for resource in seen]
        return _json(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})

    def _read(self, resource_id: str) -> httpx2.Response:
        for copies in self.stored.values():
            for _, resource in copies:
                if resource["id"] == resource_id:
                    return _json(200, resource)
        return _json(404, {"resourceType": "OperationOutcome"})


def _json(
    status: int, body: dict[str, Any], headers: dict[str, str] | None = None
) -> httpx2.Response:
    return httpx2.Response(status, json=body, headers={**FHIR, **(headers or {})})
