"""Another FHIR server behind the gateway, and one that misbehaves."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sekmet.config import Settings  # type: ignore[import-untyped]
from sekmet.main import create_app as create_sekmet  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.loading import LoadingFailedError
from fhir_fixtures.sandbox.settings import Client, SandboxSettings
from tests.fhir_fixtures.sandbox.conftest import (
    BASE,
    LAUNCH_URL,
    ORIGIN,
    REDIRECT_URI,
    Clock,
    Ehr,
    Keys,
    Practice,
)
from tests.serving import listen, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp


@contextmanager
def _serving(app: ASGIApp) -> Iterator[str]:
    listener, origin = listen()
    with serving(app, listener):
        yield origin


@contextmanager
def _gateway_to(upstream: str | None, keys: Keys, data_dir: Path | None = None) -> Iterator[Ehr]:
    client = Client(
        client_id="app", launch_url=LAUNCH_URL, redirect_uris=(REDIRECT_URI,), jwks=keys.jwks()
    )
    settings = SandboxSettings(
        origin=ORIGIN, clients=(client,), upstream=upstream, data_dir=data_dir
    )
    clock = Clock()
    app = create_app(settings, practice=Practice(), clock=clock)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
        yield Ehr(http, clock, keys)


class Awkward:
    """A FHIR server whose every answer to a search can be set by a test."""

    def __init__(self) -> None:
        self.answer: Response = JSONResponse({"resourceType": "Bundle"})
        self.base = ""
        self.app = Starlette(
            routes=[
                Route("/fhir/Patient", self.count),
                Route("/fhir/Condition", self.search),
                Route("/fhir/metadata", self.search),
                Route("/fhir", self.page),
            ]
        )

    async def count(self, _: Request) -> Response:
        return JSONResponse({"resourceType": "Bundle", "total": 1})

    async def search(self, _: Request) -> Response:
        return self.answer

    async def page(self, request: Request) -> Response:
        assert request.query_params["_getpages"] == "opaque"
        return JSONResponse(self.bundle("problem-one", "problem-two"))

    def bundle(self, *ids: str, **more: object) -> dict[str, Any]:
        entries = [
            {
                "fullUrl": f"{self.base}/Condition/{each}",
                "resource": {
                    "resourceType": "Condition",
                    "id": each,
                    "subject": {"reference": f"Patient/{each.removeprefix('problem-')}"},
                },
                "search": {"mode": "match"},
            }
            for each in ids
        ]
        return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


@pytest.fixture
def awkward() -> Iterator[Awkward]:
    server = Awkward()
    with _serving(server.app) as origin:
        server.base = f"{origin}/fhir"
        yield server


@pytest.fixture
def ehr(awkward: Awkward, keys: Keys) -> Iterator[Ehr]:
    with _gateway_to(awkward.base, keys) as found:
        yield found


def test_another_fhir_server_serves_as_well(tmp_path: Path, keys: Keys) -> None:
    settings = Settings(base_url="http://foreign.test/fhir", data_dir=str(tmp_path))
    settings.log_inbound = False
    foreign = create_sekmet(settings)
    with _serving(foreign) as origin, _gateway_to(f"{origin}/fhir/", keys) as ehr:
        token = ehr.tokens("launch patient/*.rs")["access_token"]

        found = ehr.fhir("GET", "/Condition", token=token).json()

    foreign.state.ctx.store.conn.close()
    assert {each["resource"]["id"] for each in found["entry"]} == {"problem-one", "visit-one"}


def test_server_that_has_patients_already_is_left_as_it_is(tmp_path: Path, keys: Keys) -> None:
    with _gateway_to(None, keys, tmp_path) as first:
        token = first.backend_token("system/*.cruds")
        first.fhir("DELETE", "/Condition/problem-one", token=token)

    with _gateway_to(None, keys, tmp_path) as second:
        token = second.backend_token("system/*.rs")
        gone = second.fhir("GET", "/Condition/problem-one", token=token)

    assert gone.status_code == 410


def test_practice_that_the_server_refuses_stops_the_start(keys: Keys) -> None:
    client = Client(client_id="app", launch_url=LAUNCH_URL, redirect_uris=(), jwks=keys.jwks())
    broken = Practice(resources=({"resourceType": "Patient", "id": "x", "nonsense": 1},))
    app = create_app(
        SandboxSettings(origin=ORIGIN, clients=(client,)), practice=broken, clock=Clock()
    )

    with pytest.raises(LoadingFailedError, match="400"), TestClient(app, base_url=ORIGIN):
        pass


def test_opaque_next_link_leads_through_the_gateway(ehr: Ehr, awkward: Awkward) -> None:
    link = {"relation": "next", "url": f"{awkward.base}?_getpages=opaque"}
    awkward.answer = JSONResponse(awkward.bundle("problem-one", link=[link]))
    token = ehr.backend_token("system/Condition.rs")

    first = ehr.fhir("GET", "/Condition", token=token).json()
    url = first["link"][0]["url"]
    second = ehr.fhir("GET", url.removeprefix(BASE), token=token).json()

    assert url == f"{BASE}?_getpages=opaque"
    assert first["entry"][0]["fullUrl"] == f"{BASE}/Condition/problem-one"
    assert len(second["entry"]) == 2


def test_opaque_page_shows_only_what_the_token_reaches(ehr: Ehr) -> None:
    goals_only = ehr.backend_token("system/Goal.rs")

    page = ehr.fhir("GET", "?_getpages=opaque", token=goals_only).json()

    assert "entry" not in page


def test_server_that_ignores_the_confinement_is_screened(ehr: Ehr, awkward: Awkward) -> None:
    bundle = awkward.bundle("problem-one", "problem-two", total=2)
    awkward.answer = JSONResponse(bundle)
    token = ehr.backend_token("system/Condition.rs?category=problem-list-item")

    found = ehr.fhir("GET", "/Condition", token=token).json()

    assert "entry" not in found
    assert "total" not in found


def test_html_from_the_server_is_502_with_an_outcome(ehr: Ehr, awkward: Awkward) -> None:
    awkward.answer = HTMLResponse("<h1>Maintenance</h1>")
    token = ehr.backend_token("system/*.rs")

    response = ehr.fhir("GET", "/Condition", token=token)

    assert response.status_code == 502
    assert response.json()["resourceType"] == "OperationOutcome"


def test_busy_server_keeps_its_retry_after(ehr: Ehr, awkward: Awkward) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": []}
    awkward.answer = JSONResponse(outcome, 429, headers={"Retry-After": "7"})
    token = ehr.backend_token("system/*.rs")

    response = ehr.fhir("GET", "/Condition", token=token)

    assert response.status_code == 429
    assert response.headers["retry-after"] == "7"


def test_error_page_of_the_server_is_handed_on(ehr: Ehr, awkward: Awkward) -> None:
    awkward.answer = HTMLResponse("<h1>Too busy</h1>", 503, headers={"Retry-After": "9"})
    token = ehr.backend_token("system/*.rs")

    response = ehr.fhir("GET", "/Condition", token=token)

    assert response.status_code == 503
    assert response.text == "<h1>Too busy</h1>"
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["retry-after"] == "9"


def test_server_that_has_gone_is_502(keys: Keys) -> None:
    with ExitStack() as stack:
        awkward = Awkward()
        origin = stack.enter_context(_serving(awkward.app))
        with _gateway_to(f"{origin}/fhir", keys) as ehr:
            token = ehr.backend_token("system/*.rs")
            stack.close()

            response = ehr.fhir("GET", "/Condition", token=token)
            statement = ehr.http.get("/fhir/metadata")
            launcher = ehr.http.get("/")

    assert (response.status_code, statement.status_code, launcher.status_code) == (502, 502, 502)
    assert response.json()["issue"][0]["code"] == "transient"
