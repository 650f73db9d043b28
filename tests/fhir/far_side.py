"""An EHR made of Python for the FHIR tests: answers by rule, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.retrying import Patience

BASE = "https://ehr.example/fhir"
TOKEN = "canary-token-5c1e"  # made up
Handler = Callable[[httpx2.Request], httpx2.Response]


def told(error: BaseException) -> str:
    """Return everything that an error and its causes would print, without the source lines."""
    text = f"{error} {error!r} {vars(error)}"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text if cause is None else f"{text} {told(cause)}"


class FarSide:
    """Answers with a function and keeps the requests that arrived."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self._handler(request)

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]

    def gate(self, *pinned: str) -> OutgoingGate:
        """Return a gate to this far side, the base's origin pinned unless others are named."""
        return OutgoingGate(
            origins=frozenset(Origin.of(url) for url in pinned or (BASE,)),
            transport=httpx2.MockTransport(self),
        )

    def client(self, waits: list[float] | None = None, *, most_pages: int = 20) -> FhirClient:
        slept = [] if waits is None else waits
        return FhirClient(
            gate=self.gate(),
            base_url=BASE,
            access_token=TOKEN,
            patience=Patience(sleep=slept.append, jitter=lambda: 1.0),
            most_pages=most_pages,
        )


def answering(*answers: httpx2.Response | Exception) -> FarSide:
    """Return a far side that gives its answers in order, the last one for ever after."""
    left = list(answers)

    def next_answer(_request: httpx2.Request) -> httpx2.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return FarSide(next_answer)


def serving(documents: Mapping[str, Any]) -> FarSide:
    """Return a far side that serves JSON by address without query, and 404 for the rest."""

    def by_address(request: httpx2.Request) -> httpx2.Response:
        address = str(request.url.copy_with(query=None)).rstrip("?")
        found = documents.get(address)
        return httpx2.Response(404) if found is None else httpx2.Response(200, json=found)

    return FarSide(by_address)


def bundle(*resources: Mapping[str, Any], next_link: str = "") -> dict[str, Any]:
    """Return a searchset."""
    links = [{"relation": "self", "url": BASE}]
    if next_link:
        links.append({"relation": "next", "url": next_link})
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": links,
        "entry": [{"resource": resource} for resource in resources],
    }
