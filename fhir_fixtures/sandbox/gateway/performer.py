"""One FHIR interaction from request to answer: admitted, sent on, screened, made to point here."""

from http import HTTPStatus
from typing import Any

import httpx2

from fhir_fixtures.sandbox.gateway.access import Access, Rules
from fhir_fixtures.sandbox.gateway.guard import Guard, upstream_request
from fhir_fixtures.sandbox.gateway.interaction import Interaction
from fhir_fixtures.sandbox.gateway.links import Links
from fhir_fixtures.sandbox.gateway.outcome import RefusedError, Reply
from fhir_fixtures.sandbox.gateway.screening import Screen
from fhir_fixtures.sandbox.upstream import Upstream, UpstreamRequest
from fhir_fixtures.sandbox.vendor.plain import Vendor


class Performer:
    """Carries out interactions for the holder of one token."""

    def __init__(
        self, access: Access, upstream: Upstream, links: Links, vendor: Vendor | None = None
    ) -> None:
        self.guard = Guard(access, upstream)
        self.screen = Screen(access)
        self.links = links
        self.vendor = vendor or Vendor()
        self._upstream = upstream

    async def perform(self, interaction: Interaction) -> Reply:
        """The answer for the app.

        Raises:
            RefusedError: the vendor does not offer it, or the token does not allow it.
            UpstreamUnreachableError: the FHIR server did not answer.
        """
        admitted = await self.vendor.admit(interaction, self._stored)
        return self.vendor.answer(interaction, await self._perform(admitted))

    async def _perform(self, interaction: Interaction) -> Reply:
        rules = await self.guard.admit(interaction)
        response = await self._upstream.send(upstream_request(interaction, rules))
        headers = self.links.headers(response.headers)
        resource = read_resource(response)
        if resource is not None and response.is_success:
            if interaction.name == "search" and self.vendor.gathers_pages:
                resource = await self._gathered(resource)
            resource = self._screened(interaction, resource, rules)
        if _is_known_already(interaction, headers, response.status_code):
            return Reply(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        if resource is not None:
            resource = self.links.resource(resource)
        return Reply(status=response.status_code, headers=headers, resource=resource)

    async def next_page(self, query: str) -> Reply:
        """A page behind an opaque link, as some servers hand them out."""
        response = await self._upstream.send(
            UpstreamRequest(method="GET", path=f"?{query}", headers={})
        )
        resource = read_resource(response)
        if resource is not None and response.is_success:
            resource = self.screen.page(resource)
        if resource is not None:
            resource = self.links.resource(resource)
        return Reply(status=response.status_code, resource=resource)

    async def _gathered(self, bundle: dict[str, Any]) -> dict[str, Any]:
        entries, page = list(bundle.get("entry", [])), bundle
        while following := _next_of(page):
            path = following.removeprefix(self._upstream.base_url).lstrip("/")
            response = await self._upstream.send(
                UpstreamRequest(method="GET", path=path, headers={})
            )
            page = read_resource(response) or {}
            entries += page.get("entry", [])
        return {**bundle, "entry": entries} if entries else bundle

    async def _stored(self, interaction: Interaction) -> dict[str, Any] | None:
        response = await self._upstream.send(
            UpstreamRequest(method="GET", path=interaction.path, headers={})
        )
        return read_resource(response) if response.is_success else None

    def _screened(
        self, interaction: Interaction, resource: dict[str, Any], rules: Rules
    ) -> dict[str, Any]:
        match interaction.name:
            case "search":
                return self.screen.search(resource, interaction.resource_type, rules)
            case "history":
                return self.screen.history(resource, rules)
            case _:
                return self.screen.single(resource, rules)


def _next_of(bundle: dict[str, Any]) -> str:
    links = bundle.get("link", [])
    return next((each["url"] for each in links if each.get("relation") == "next"), "")


class PassedOnError(RefusedError):
    """An error page of the FHIR server, handed on as it is."""

    def __init__(self, response: httpx2.Response) -> None:
        status = HTTPStatus(response.status_code)
        super().__init__(status, "exception", "the FHIR server answered with an error page")
        self._response = response

    def reply(self) -> Reply:
        """The page itself."""
        kept = {
            name: self._response.headers[name]
            for name in ("content-type", "retry-after")
            if name in self._response.headers
        }
        return Reply(status=self.status, headers=kept, page=self._response.content)


def read_resource(response: httpx2.Response) -> dict[str, Any] | None:
    """The resource in the FHIR server's answer; None for an empty one.

    Raises:
        RefusedError: something else came, which cannot be checked and so is not passed on,
            unless it is an error page: apps must cope with those.
    """
    if not response.content:
        return None
    try:
        resource = response.json()
    except ValueError:
        resource = None
    if not isinstance(resource, dict) and response.is_error:
        raise PassedOnError(response)
    if not isinstance(resource, dict):
        raise RefusedError(
            HTTPStatus.BAD_GATEWAY, "exception", "the FHIR server did not answer with a resource"
        )
    return resource


def _is_known_already(interaction: Interaction, headers: dict[str, str], status: int) -> bool:
    # Compared here, after screening: a 304 from the server would tell that an id exists.
    known = interaction.if_none_match
    return interaction.name == "read" and status == HTTPStatus.OK and known == headers.get("etag")
