"""`$export` of a group, of all patients, of everything: kick-off, status, files, cancelling."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.bulk.jobs import Job, Jobs
from fhir_fixtures.sandbox.bulk.plan import BulkPlan
from fhir_fixtures.sandbox.gateway import compartment
from fhir_fixtures.sandbox.gateway.access import Access
from fhir_fixtures.sandbox.gateway.links import Links
from fhir_fixtures.sandbox.gateway.outcome import RefusedError, bad_request, forbidden
from fhir_fixtures.sandbox.upstream import UpstreamRequest

STATUS, FILES = "/fhir/export-status", "/fhir/export-files"
_NDJSON = ("application/fhir+ndjson", "application/ndjson", "ndjson")
_KNOWN = frozenset({"_outputFormat", "_since", "_type", "_typeFilter"})
_PAGE = "500"
Resource = dict[str, Any]


class BulkEndpoint:
    """Exports of one sandbox."""

    def __init__(self, box: Box, plan: BulkPlan) -> None:
        self._box = box
        self._links = Links(inner=box.upstream.base_url, outer=box.settings.fhir_base)
        self.jobs = Jobs(plan)

    def routes(self) -> list[Route]:
        """The operations, and where their results are."""
        return [
            Route("/fhir/$export", self.kick_off, methods=["GET", "POST"]),
            Route("/fhir/Patient/$export", self.kick_off, methods=["GET", "POST"]),
            Route("/fhir/Group/{group}/$export", self.kick_off, methods=["GET", "POST"]),
            Route(STATUS + "/{job}", self.status, methods=["GET", "DELETE"]),
            Route(FILES + "/{job}/{number:int}", self.file, methods=["GET"]),
        ]

    async def kick_off(self, request: Request) -> Response:
        """Begin an export: its files are what is there now."""
        try:
            access = self._access(request)
            self._check_form(request)
            asked = await _asked(request)
            if self.jobs.refused < self.jobs.plan.busy:
                self.jobs.refused += 1
                return self._busy()
            resources = [each async for each in self._resources(request, access, asked)]
        except RefusedError as error:
            return error.reply().response()
        job = self.jobs.begin(str(request.url), self._box.clock(), resources)
        where = self._box.settings.url(f"{STATUS}/{job.id}")
        return Response(status_code=HTTPStatus.ACCEPTED, headers={"Content-Location": where})

    async def status(self, request: Request) -> Response:
        """How an export stands; DELETE ends it."""
        try:
            self._access(request)
            job = self._job(request)
        except RefusedError as error:
            return error.reply().response()
        if request.method == "DELETE":
            self.jobs.deleted += 1
            del self.jobs.jobs[job.id]
            return Response(status_code=HTTPStatus.ACCEPTED)
        return self._looked(job)

    async def file(self, request: Request) -> Response:
        """One file, or what is said instead of it."""
        plan = self.jobs.plan
        try:
            if not plan.open_files:
                self._access(request)
            elif "authorization" in request.headers:
                raise bad_request("a signed address takes no token")
            return self._served(request, self._job(request))
        except RefusedError as error:
            return error.reply().response()

    def _check_form(self, request: Request) -> None:
        if self.jobs.plan.by_post and request.method == "GET":
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "not-supported", "POST alone")
        if "respond-async" not in request.headers.get("prefer", ""):
            raise bad_request("an export needs Prefer: respond-async")

    def _served(self, request: Request, job: Job) -> Response:
        plan, counters, number = self.jobs.plan, job.counters, request.path_params["number"]
        if number >= len(job.files) or number in job.expired:
            raise RefusedError(HTTPStatus.NOT_FOUND, "not-found", "no such file")
        if counters.may("expired_files", plan.expired_files):
            job.expired.add(number)
            raise RefusedError(HTTPStatus.GONE, "not-found", "the address has expired")
        is_later = counters.downloads > counters.refused_tokens  # each after another download
        if is_later and counters.may("refused_tokens", plan.refused_tokens):
            self._box.vault.access_tokens.discard(lambda _: True)
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "login", "the token has expired")
        if counters.may("broken_files", plan.broken_files):
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, "exception", "not now")
        if plan.moved_files:
            where = f"{plan.files_at}{request.url.path}"
            return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers={"Location": where})
        counters.downloads += 1
        return self._body(request, job, number)

    def _body(self, request: Request, job: Job, number: int) -> Response:
        plan, body = self.jobs.plan, job.files[number].body
        headers = {"Content-Type": "application/fhir+ndjson"}
        if plan.packs:
            body = gzip.compress(body, mtime=0)
            headers["Content-Encoding"] = "gzip"
        status, start = HTTPStatus.OK, 0
        if plan.serves_ranges:
            headers |= {"Accept-Ranges": "bytes", "ETag": f'"{job.id}-{number}"'}
            start = _start(request)
        if start:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        rest = body[start:]
        if not job.counters.may("cut_files", plan.cut_files):
            return Response(rest, status_code=status, headers=headers)
        half = rest[: len(rest) // 2]
        if plan.cuts_silently:
            return Response(half, status_code=status, headers=headers)
        headers["Content-Length"] = str(len(rest))
        return StreamingResponse(_broken(half), status_code=status, headers=headers)

    def _looked(self, job: Job) -> Response:
        plan, counters = self.jobs.plan, job.counters
        if plan.forgets_after is not None and counters.looks >= plan.forgets_after:
            del self.jobs.jobs[job.id]
            return _outcome(HTTPStatus.NOT_FOUND, "not-found")
        if counters.may("looks", plan.looks):
            headers = {"X-Progress": "50% of the export"} | self._retry_after()
            return Response(status_code=HTTPStatus.ACCEPTED, headers=headers)
        if counters.may("broken_looks", plan.broken_looks):
            return _outcome(HTTPStatus.SERVICE_UNAVAILABLE, "transient")
        if plan.fails:
            return _outcome(HTTPStatus.INTERNAL_SERVER_ERROR, "exception")
        job.expired.clear()
        address = f"{plan.files_at or self._box.settings.origin}{FILES}"
        if plan.moved_files:
            address = self._box.settings.url(FILES)
        expires = format_datetime(self._box.clock() + timedelta(hours=1), usegmt=True)
        return Response(
            json.dumps(self.jobs.manifest(job, address)),
            headers={"Content-Type": "application/json", "Expires": expires},
        )

    def _busy(self) -> Response:
        error = RefusedError(
            HTTPStatus.TOO_MANY_REQUESTS, "throttled", "another export runs", self._retry_after()
        )
        return error.reply().response()

    def _retry_after(self) -> dict[str, str]:
        plan = self.jobs.plan
        if plan.retry_after == "seconds":
            return {"Retry-After": str(plan.retry_after_seconds)}
        if plan.retry_after == "date":
            when = self._box.clock() + timedelta(seconds=plan.retry_after_seconds)
            return {"Retry-After": format_datetime(when, usegmt=True)}
        return {}

    def _access(self, request: Request) -> Access:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self._box.vault.access_tokens.look(token.strip())
        if scheme.lower() != "bearer" or grant is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="fhir"'}
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "login", "a token is needed", challenge)
        if grant.patient_id is not None:
            raise forbidden("an export is for backend services")
        return Access(grant, self._box.settings.fhir_base)

    def _job(self, request: Request) -> Job:
        job = self.jobs.jobs.get(request.path_params["job"])
        if job is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "not-found", "no such export")
        return job

    async def _resources(
        self, request: Request, access: Access, asked: dict[str, list[str]]
    ) -> AsyncIterator[Resource]:
        types = [kind for text in asked.get("_type", []) for kind in text.split(",")]
        of_patients = not request.url.path.endswith("/fhir/$export")
        members = await self._members(request.path_params.get("group"))
        for kind in types or _all_types(of_patients=of_patients):
            if not access.rules(kind, "r"):
                if not types:
                    continue
                raise forbidden(f"no scope of this token includes {kind}.r")
            async for resource in self._found(kind, asked.get("_typeFilter", [])):
                if _is_meant(resource, asked.get("_since", []), members):
                    yield resource

    async def _found(self, kind: str, filters: list[str]) -> AsyncIterator[Resource]:
        narrowed = [each.partition("?")[2] for each in filters if each.startswith(f"{kind}?")]
        queries = [[*parse_qsl(each), ("_count", _PAGE)] for each in narrowed or [""]]
        for query in queries:
            asked = UpstreamRequest(method="GET", path=kind, params=tuple(query), headers={})
            page = await self._page(asked)
            while page:
                for entry in page.get("entry", []):
                    yield self._links.resource(entry["resource"])
                links = page.get("link", [])
                url = next((x["url"] for x in links if x.get("relation") == "next"), "")
                path = url.removeprefix(self._box.upstream.base_url).lstrip("/")
                again = UpstreamRequest(method="GET", path=path, headers={})
                page = await self._page(again) if path else {}

    async def _page(self, asked: UpstreamRequest) -> Resource:
        response = await self._box.upstream.send(asked)
        page: Resource = response.json() if response.is_success else {}
        return page

    async def _members(self, group: str | None) -> frozenset[str] | None:
        if group is None:
            return None
        response = await self._box.upstream.send(
            UpstreamRequest(method="GET", path=f"Group/{group}", headers={})
        )
        if not response.is_success:
            raise RefusedError(HTTPStatus.NOT_FOUND, "not-found", "no such group")
        members = response.json().get("member", [])
        return frozenset(each["entity"]["reference"] for each in members)


async def _asked(request: Request) -> dict[str, list[str]]:
    pairs = list(request.query_params.multi_items())
    if request.method == "POST":
        try:
            parameters = json.loads(await request.body())["parameter"]
        except (ValueError, KeyError, TypeError):
            raise bad_request("a POST needs Parameters") from None
        for each in parameters:
            pairs += [(each["name"], str(v)) for k, v in each.items() if k.startswith("value")]
    asked: dict[str, list[str]] = {}
    for name, value in pairs:
        asked.setdefault(name, []).append(value)
    if asked.keys() - _KNOWN:
        raise bad_request("a parameter is not known")
    if any(each not in _NDJSON for each in asked.get("_outputFormat", [])):
        raise bad_request("only NDJSON is written")
    return asked


def _all_types(*, of_patients: bool) -> Iterator[str]:
    yield from ("Patient", *compartment.ELEMENT_OF)
    if not of_patients:
        yield from sorted(compartment.SHARED)


def _is_meant(resource: Resource, since: list[str], members: frozenset[str] | None) -> bool:
    updated = resource.get("meta", {}).get("lastUpdated", "")
    if since and updated and datetime.fromisoformat(updated) < datetime.fromisoformat(since[-1]):
        return False
    if members is None:
        return True
    return any(compartment.belongs_to(resource, each.split("/")[-1], "") for each in members)


def _start(request: Request) -> int:
    unit, _, span = request.headers.get("range", "").partition("=")
    return int(span.partition("-")[0] or 0) if unit == "bytes" else 0


def _outcome(status: HTTPStatus, code: str) -> Response:
    return RefusedError(status, code, "as was asked for").reply().response()


async def _broken(half: bytes) -> AsyncIterator[bytes]:
    yield half
    raise ConnectionResetError("the answer was cut, as was asked for")
