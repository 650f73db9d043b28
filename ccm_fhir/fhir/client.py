"""Reads, searches and creates FHIR resources on one EHR, with its token and within its origin.

FHIR R4 §3.1.0 (RESTful API). Reads wait and try again; a write is sent once, and what became
of it is a value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import quote, urlencode

import httpx2

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    ForbiddenOriginError,
    InputError,
    LaunchError,
)
from ccm_fhir.failpoints import failpoint, leaving
from ccm_fhir.fhir.batches import READING, BatchAnswer, batch_of, read_batch
from ccm_fhir.fhir.bearer import Bearer, Renew
from ccm_fhir.fhir.bundles import (
    Found,
    Page,
    Resource,
    gathered,
    next_url,
    read_page,
    read_resource,
)
from ccm_fhir.fhir.gate import FHIR_JSON, OutgoingGate, translated
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.outcomes import (
    Doubt,
    WriteOutcome,
    classify_update,
    classify_write,
    outcome_codes,
)
from ccm_fhir.fhir.remarks import is_expired_page
from ccm_fhir.fhir.retrying import Patience, retry_after_seconds
from ccm_fhir.fhir.transactions import (
    TransactionEntry,
    TransactionOutcome,
    read_transaction,
    transaction_of,
)

MOST_PAGES = 500


class _ExpiredPageError(EhrHttpError):
    """A further page is no longer there."""


class Pacing(Protocol):
    """What stands between a client and an EHR that must not be asked too fast."""

    def before(self) -> None:
        """Wait until a request may leave.

        Raises:
            EhrPausedError: that would take too long; nothing was sent.
        """

    def after(self, status: int | None, retry_after_seconds: float | None = None) -> None:
        """Hear how a request was answered; None is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What a reader saw of a resource: its version, else when it was last changed."""

    version_id: str = ""
    last_updated: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether a server can be asked to refuse where somebody else was faster."""
        return bool(self.version_id) or self.last_updated is not None

    @property
    def headers(self) -> dict[str, str]:
        """``If-Match``, or ``If-Unmodified-Since`` as Canvas wants it (to the second)."""
        if self.version_id:
            return {"If-Match": f'W/"{self.version_id}"'}
        if self.last_updated is None:
            return {}
        moment = self.last_updated.astimezone(UTC)
        return {"If-Unmodified-Since": format_datetime(moment, usegmt=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirClient:
    """One EHR as seen with one token; safe to use from several threads.

    ``access_token`` may be a function, asked before each request, so that the holder of the
    grant may refresh it; ``renew`` finds another one after a 401, once (``Bearer``). The token
    goes to the origin of ``base_url`` and nowhere else.
    """

    gate: OutgoingGate
    base_url: str
    access_token: str | Callable[[], str] = field(repr=False)
    renew: Renew | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience, repr=False)
    most_pages: int = MOST_PAGES
    pacing: Pacing | None = field(default=None, repr=False)
    _bearer: Bearer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hold the token once, so that threads which send at the same time renew it once."""
        bearer = Bearer(token=self.access_token, renew=self.renew)
        object.__setattr__(self, "_bearer", bearer)

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
        self,
        resource_type: str,
        parameters: Mapping[str, str] | Iterable[tuple[str, str]],
        *,
        strictly: bool = False,
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
        pairs = tuple(parameters.items() if isinstance(parameters, Mapping) else parameters)
        prefer = {"Prefer": "handling=strict"} if strictly else {}
        return self._found(f"{resource_type}?{urlencode(pairs)}", prefer).resources

    def find(self, query: str, first: bytes | None = None) -> Found:
        """Return every match of a search, and whether the server says that there are more.

        Where a page is gone by the time it is asked for (a cursor lives for minutes), the search
        starts again, once.

        Args:
            query: relative to the base, encoded: ``Condition?patient=1``.
            first: the first page, where it is at hand already.

        Raises:
            as ``search``.
        """
        return self._found(query, {}, first)

    def pages(self, query: str) -> Iterator[Page]:
        """Yield the pages of a search as they come, for what is too much to hold at once.

        Raises:
            as ``search``.
        """
        yield from self._pages(query, {}, None)

    def batch(self, addresses: Sequence[str]) -> tuple[BatchAnswer, ...]:
        """Read several addresses, relative to the base, in one request; nothing is changed.

        Raises:
            EhrHttpError: the server refuses the batch as a whole.
            EhrFormatError: its answer is none to a batch.
            EhrUnreachableError, ForbiddenOriginError: as the gate says.
        """
        body, headers = batch_of(addresses), {"Content-Type": FHIR_JSON}
        answer = self.patience.read(
            lambda: self._send(
                httpx2.Request("POST", self._root, headers=headers, content=body), READING
            )
        )
        return read_batch(_checked(answer, READING).content, len(addresses))

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

        After a 401 it is posted with a renewed token: nothing was written.

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
        headers = {} if if_none_exist is None else {"If-None-Exist": if_none_exist}
        return self._post(resource_type, resource_type, body, headers)

    def create_by_operation(
        self, resource_type: str, operation: str, parameters: Json
    ) -> WriteOutcome:
        """Ask for an operation that creates a resource, once, and say what became of it.

        Nothing makes it conditional; what else holds of ``create`` holds here.

        Args:
            resource_type: what it creates, and on which it is called.
            operation: with its ``$``.
            parameters: what it is given.

        Raises:
            ForbiddenOriginError: the base lies outside the pinned origins; nothing was sent.
        """
        path = f"{resource_type}/{operation}"
        return self._post(path, resource_type, to_bytes(parameters), {})

    def _post(
        self, path: str, resource_type: str, body: bytes, condition: dict[str, str]
    ) -> WriteOutcome:
        headers = {"Content-Type": FHIR_JSON, **condition, "Content-Length": str(len(body))}
        request = httpx2.Request(
            "POST", f"{self._root}/{path}", headers=headers, content=leaving(body)
        )
        failpoint("C4")
        try:
            answer = self._send(request, f"creating {resource_type}")
        except LaunchError:  # no token to be had: nothing was written
            return WriteOutcome.unauthorized(resource_type)
        except EhrUnreachableError:
            return WriteOutcome.uncertain(resource_type, Doubt.NO_ANSWER)
        except EhrFormatError:
            return WriteOutcome.uncertain(resource_type, Doubt.UNREADABLE_ANSWER)
        failpoint("C7")
        return classify_write(answer, resource_type, was_conditional=bool(condition))

    def transact(self, entries: Sequence[TransactionEntry]) -> TransactionOutcome:
        """Post several creates as one transaction, once; a lost answer is a value, too.

        Raises:
            ForbiddenOriginError: the base lies outside the pinned origins; nothing was sent.
        """
        body = transaction_of(entries)
        request = httpx2.Request(
            "POST",
            self._root,
            headers={"Content-Type": FHIR_JSON, "Content-Length": str(len(body))},
            content=leaving(body),
        )
        failpoint("C4")
        try:
            answer = self._send(request, "sending a transaction")
        except LaunchError:  # no token to be had: nothing was written
            return TransactionOutcome(whole=WriteOutcome.unauthorized("Bundle"))
        except EhrUnreachableError:
            return TransactionOutcome(whole=WriteOutcome.uncertain("Bundle", Doubt.NO_ANSWER))
        except EhrFormatError:
            doubt = Doubt.UNREADABLE_ANSWER
            return TransactionOutcome(whole=WriteOutcome.uncertain("Bundle", doubt))
        failpoint("C7")
        return read_transaction(answer, entries)

    def update(self, resource: Json, *, version: Precondition) -> WriteOutcome:
        """Put a resource that was read before, unless somebody has changed it since.

        Args:
            resource: as it was read, changed; with its id.
            version: what the reader saw; it goes along as the precondition.

        Raises:
            ForbiddenOriginError: the base lies outside the pinned origins; nothing was sent.
            InputError: the resource names no type or id.
        """
        resource_type, resource_id = str(resource.get("resourceType")), str(resource.get("id", ""))
        if not resource_type or not resource_id:
            raise InputError("resource", "names no resourceType or id")
        request = httpx2.Request(
            "PUT",
            f"{self._root}/{resource_type}/{quote(resource_id, safe='')}",
            headers={"Content-Type": FHIR_JSON, **version.headers},
            content=to_bytes(resource),
        )
        try:
            answer = self._send(request, f"updating {resource_type}")
        except EhrUnreachableError:
            return WriteOutcome.uncertain(resource_type, Doubt.NO_ANSWER)
        except EhrFormatError:
            return WriteOutcome.uncertain(resource_type, Doubt.UNREADABLE_ANSWER)
        return classify_update(answer, resource_type, resource_id)

    @property
    def _root(self) -> str:
        return self.base_url.rstrip("/")

    def _found(self, query: str, headers: dict[str, str], first: bytes | None = None) -> Found:
        try:
            return gathered(self._pages(query, headers, first))
        except _ExpiredPageError:
            return gathered(self._pages(query, headers, None))

    def _pages(self, query: str, headers: dict[str, str], first: bytes | None) -> Iterator[Page]:
        resource_type = query.partition("?")[0]
        what = f"searching {resource_type}"
        url, seen = f"{self._root}/{query}", set[str]()
        while True:
            if url in seen:
                raise EhrFormatError(what, "its pages go in a circle")
            if len(seen) >= self.most_pages:
                raise EhrFormatError(what, f"it has more than {self.most_pages} pages")
            body = first if first is not None and not seen else self._page(url, what, headers, seen)
            seen.add(url)
            page = read_page(body, resource_type)
            yield page
            if not page.next_link:
                return
            url = next_url(page.next_link, url, self.base_url)

    def _page(
        self, url: str, what: str, headers: Mapping[str, str], seen: Collection[str]
    ) -> bytes:
        answer = self._answer(url, what, headers)
        if seen and is_expired_page(answer):
            raise _ExpiredPageError(what, answer.status_code)
        return _checked(answer, what).content

    def _get(self, url: str, what: str) -> httpx2.Response:
        return _checked(self._answer(url, what, {}), what)

    def _answer(self, url: str, what: str, headers: Mapping[str, str]) -> httpx2.Response:
        return self.patience.read(lambda: self._send(_request("GET", url, headers, what), what))

    def _is_own(self, url: httpx2.URL) -> bool:
        try:
            return Origin.of_url(url) == Origin.of(self.base_url)
        except InputError:
            return False

    def _send(self, request: httpx2.Request, what: str) -> httpx2.Response:
        if not self._is_own(request.url):
            raise ForbiddenOriginError(what)
        request.headers.setdefault("Accept", FHIR_JSON)
        if self.pacing is None:
            return self._answered(request, what)
        self.pacing.before()
        try:
            answer = self._answered(request, what)
        except EhrUnreachableError:
            self.pacing.after(None)
            raise
        self.pacing.after(answer.status_code, retry_after_seconds(answer.headers))
        return answer

    def _answered(self, request: httpx2.Request, what: str) -> httpx2.Response:
        with translated(what), self.gate.client() as client:
            return self._bearer.send(request, client.send)


def identifier_query(system: str, value: str) -> str:
    """Return the encoded query that finds an identifier, as ``If-None-Exist`` wants it."""
    return urlencode({"identifier": f"{system}|{value}"})


def _checked(answer: httpx2.Response, what: str) -> httpx2.Response:
    if answer.status_code != httpx2.codes.OK:
        code = next(iter(outcome_codes(answer.content)), None)
        raise EhrHttpError(what, answer.status_code, outcome_code=code)
    return answer


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
