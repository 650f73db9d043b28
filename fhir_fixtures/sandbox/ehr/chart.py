"""The chart: the patient's banner, the app in a frame, and the record it reads and writes."""

import json
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.ehr.cds import CdsClient
from fhir_fixtures.sandbox.ehr.pages import Pages
from fhir_fixtures.sandbox.ehr.patients import read_patient
from fhir_fixtures.sandbox.ehr.record import read_record
from fhir_fixtures.sandbox.gateway.interaction import understand
from fhir_fixtures.sandbox.gateway.outcome import RefusedError
from fhir_fixtures.sandbox.oauth.vault import Launch
from fhir_fixtures.sandbox.upstream import UpstreamRequest

_NO_LAUNCH = "This chart is not open (any more). Go back to the launcher and open it again."


class Chart:
    """The pages around the app; what they show is looked up by the launch handle."""

    def __init__(self, box: Box, pages: Pages) -> None:
        self._box = box
        self._pages = pages
        self._cds = CdsClient(box)

    def routes(self) -> list[Route]:
        """The chart, its record alone (page or fragment), and one resource as JSON."""
        return [
            Route("/ehr", self.show),
            Route("/ehr/record", self.record),
            Route("/ehr/record/fragment", self.fragment),
            Route("/ehr/resource/{type}/{id}", self.resource),
        ]

    async def show(self, request: Request) -> Response:
        """The whole chart, app included."""
        client = self._box.settings.clients[0]
        handle = request.query_params.get("launch", "")
        query = urlencode({"iss": self._box.settings.fhir_base, "launch": handle})
        launch = self._box.vault.launches.look(handle)
        cards = await self._cds.cards(launch) if launch else ()
        context: dict[str, object] = {
            "app_url": f"{client.launch_url}?{query}",
            "cards": cards,
        }
        return await self._page(request, "chart.html", context)

    async def record(self, request: Request) -> Response:
        """The record as a page of its own."""
        return await self._page(request, "record_page.html", {})

    async def fragment(self, request: Request) -> Response:
        """The record as a piece of the chart, fetched now and then by the page's script."""
        return await self._page(request, "record.html", {})

    async def resource(self, request: Request) -> Response:
        """One resource as the FHIR server holds it."""
        try:
            target = "{type}/{id}".format(**request.path_params)
            path = understand("GET", target, headers={}, content=None).path
        except RefusedError as refused:
            return self._pages.refusal(str(refused), refused.status)
        response = await self._box.upstream.send(
            UpstreamRequest(method="GET", path=path, headers={})
        )
        if not response.is_success:
            reason = "The EHR holds no such resource."
            return self._pages.refusal(reason, HTTPStatus.NOT_FOUND)
        text = json.dumps(response.json(), indent=2, ensure_ascii=False)
        resource_type = request.path_params["type"]
        return self._pages.render("resource.html", {"text": text, "resource_type": resource_type})

    async def _page(self, request: Request, template: str, context: dict[str, object]) -> Response:
        handle = request.query_params.get("launch", "")
        launch = self._box.vault.launches.look(handle)
        patient = await read_patient(self._box, launch.patient_id) if launch else None
        if launch is None or patient is None:
            return self._pages.refusal(_NO_LAUNCH, HTTPStatus.NOT_FOUND)
        seen = {
            "handle": handle,
            "patient": patient,
            "user": self._user_line(launch),
            "sections": await read_record(self._box, launch.patient_id),
        }
        return self._pages.render(template, seen | context)

    def _user_line(self, launch: Launch) -> str:
        user = self._box.user(launch.user_id)
        return f"{user.name}, {user.role}" if user else launch.user_id
