"""Reads, searches and creates FHIR resources on one EHR, with its token and within its origin.

FHIR R4 §3.1.0 (RESTful API). Reads wait and try again; a write is sent once, and what became
of it is a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import httpx2

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    ForbiddenOriginError,
    InputError,
)
from ccm_fhir.fhir.bundles import (
    Resource,
    latest_of_each,
    next_url,
    read_page,
    read_resource,
)
from ccm_fhir.fhir.gate import FHIR_JSON, OutgoingGate, translated
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.outcomes import Doubt, WriteOutcome, classify_write, outcome_codes
from ccm_fhir.fhir.retrying import Patience

MOST_PAGES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirClient:
    """One EHR as seen with one token; safe to use from several threads.

    ``access_token`` may be a function, asked before each request, so that the holder of the
    grant may refresh it. The token goes to the origin of ``base_url`` and nowhere else.
    """

    gate: OutgoingGate
    base_url: str
    access_token: str | Callable[[], str] = field(repr=False)
    patience: Patience = field(default_factory=Patience, repr=False)
    most_pages: int = MOST_PAGES

    def read(self, resource_type: str, resource_id: str) -> Resource:
        """Return one resource.

        Raises:
            EhrHttpError: any status but 200.
            EhrFormatError: the answer is another resource, or none.
            EhrUnreachableError, ForbiddenOriginError: as the gate says.
        """
        what = f"reading {resource_type}"
        answer = self._get(f"{self._root}/{resource_type}/{quote(resource_id, safe='')}", what)
        resource = read_resource(answer.content, resource_type)
        if (resource.type, resource.id) != (resource_type, resource_id):
            raise EhrFormatError(what, "it is not the resource that was asked for")
        return resource

    def search(
        self, resource_type: str, parameters: Mapping[str, str], *, strictly: bool = False
    ) -> tuple[Resource, ...]:
        """Return every match, all pages read, each resource once in its latest version.

        Args:
            resource_type: what to search.
            parameters: names and values, not yet encoded.
            strictly: ask the server to refuse a parameter which it does not know.

        Raises:
            EhrHttpError: any status but 200, on any page.
            EhrFormatError: not a Bundle, pages in a circle, or more pages than ``most_pages``.
            ForbiddenOriginError: a next link leads to another origin; nothing was sent there.
            EhrUnreachableError: no answer.
        """
        url = f"{self._root}/{resource_type}?{urlencode(parameters)}"
        prefer = {"Prefer": "handling=strict"} if strictly else {}
        return latest_of_each(self._pages(resource_type, url, prefer))

    def find_by_identifier(
        self, resource_type: str, system: str, value: str
    ) -> tuple[Resource, ...]:
        """Return the resources that truly carry an identifier.

        A server that ignores the parameter returns everything: what does not carry it is
        left out here.

        Raises:
            as ``search``.
        """
        token = f"{system}|{value}"
        found = self.search(resource_type, {"identifier": token}, strictly=True)
        return tuple(resource for resource in found if carries_identifier(resource, system, value))

    def create(self, resource: Json | bytes, *, if_none_exist: str | None = None) -> WriteOutcome:
        """Post a resource once and say what became of it; a lost answer is a value, too.

        Args:
            resource: the resource, or its frozen bytes (sent as they are).
            if_none_exist: the condition as a query, already encoded (``identifier_query``).

        Raises:
            ForbiddenOriginError: the base lies outside the pinned origins; nothing was sent.
            InputError: the resource names no type.
        """
        body = resource if isinstance(resource, bytes) else to_bytes(resource)
        resource_type = read_resource(body, "").type
        if not resource_type:
            raise InputError("resource", "names no resourceType")
        headers = {"Content-Type": FHIR_JSON}
        if if_none_exist is not None:
            headers["If-None-Exist"] = if_none_exist
        request = httpx2.Request(
            "POST", f"{self._root}/{resource_type}", headers=headers, content=body
        )
        try:
            answer = self._send(request, f"creating {resource_type}")
        except EhrUnreachableError:
            return WriteOutcome.uncertain(resource_type, Doubt.NO_ANSWER)
        except EhrFormatError:
            return WriteOutcome.uncertain(resource_type, Doubt.UNREADABLE_ANSWER)
        return classify_write(answer, resource_type, was_conditional=if_none_exist is not None)

    @property
    def _root(self) -> str:
        return self.base_url.rstrip("/")

    def _pages(self, resource_type: str, url: str, headers: dict[str, str]) -> Iterator[Resource]:
        what = f"searching {resource_type}"
        seen: set[str] = set()
        while True:
            if url in seen:
                raise EhrFormatError(what, "its pages go in a circle")
            if len(seen) >= self.most_pages:
                raise EhrFormatError(what, f"it has more than {self.most_pages} pages")
            seen.add(url)
            page = read_page(self._get(url, what, headers).content, resource_type)
            yield from page.resources
            if not page.next_link:
                return
            url = next_url(page.next_link, url, self.base_url)

    def _get(
        self, url: str, what: str, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        answer = self.patience.read(
            lambda: self._send(_request("GET", url, headers or {}, what), what)
        )
        if answer.status_code != httpx2.codes.OK:
            code = next(iter(outcome_codes(answer.content)), None)
            raise EhrHttpError(what, answer.status_code, outcome_code=code)
        return answer

    def _is_own(self, url: httpx2.URL) -> bool:
        try:
            return Origin.of_url(url) == Origin.of(self.base_url)
        except InputError:
            return False

    def _send(self, request: httpx2.Request, what: str) -> httpx2.Response:
        if not self._is_own(request.url):
            raise ForbiddenOriginError(what)
        token = self.access_token if isinstance(self.access_token, str) else self.access_token()
        request.headers["Authorization"] = f"Bearer {token}"
        request.headers.setdefault("Accept", FHIR_JSON)
        with translated(what), self.gate.client() as client:
            return client.send(request)


def identifier_query(system: str, value: str) -> str:
    """Return the encoded query that finds an identifier, as ``If-None-Exist`` wants it."""
    return urlencode({"identifier": f"{system}|{value}"})


def _request(method: str, url: str, headers: Mapping[str, str], what: str) -> httpx2.Request:
    try:
        return httpx2.Request(method, url, headers=dict(headers))
    except httpx2.InvalidURL:
        raise EhrFormatError(what, "it links to what is no address") from None


def carries_identifier(resource: Resource, system: str, value: str) -> bool:
    """Whether a resource really bears an identifier: servers may ignore a parameter."""
    listed = resource.json().get("identifier")
    identifiers = listed if isinstance(listed, list) else [listed]
    return any(
        isinstance(found, dict) and (found.get("system"), found.get("value")) == (system, value)
        for found in identifiers
    )
