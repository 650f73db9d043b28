"""The sandbox as a caller of CDS Hooks; the app is a few lines of test here."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from starlette.testclient import TestClient

from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.ehr.cds import _runs
from fhir_fixtures.sandbox.settings import Client, SandboxSettings
from tests.fhir_fixtures.sandbox.conftest import ORIGIN, Clock, Practice

if TYPE_CHECKING:
    from collections.abc import Iterator

CARD = {
    "uuid": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "summary": "Something <b>to know</b>",
    "indicator": "info",
    "detail": "1. **Consent:** none\\*\n\nMore.",
    "source": {"label": "An app"},
    "links": [
        {"label": "Open", "url": "http://app/launch", "type": "smart", "appContext": "ctx-1"},
        {"label": "Elsewhere", "url": "https://evil.test", "type": "absolute"},
    ],
}
SERVICE = {
    "hook": "patient-view",
    "id": "svc",
    "description": "x",
    "prefetch": {
        "patient": "Patient/{{context.patientId}}",
        "conditions": "Condition?patient={{context.patientId}}",
        "odd": "Nothing?patient={{context.patientId}}",
    },
}


class App:
    """An app that remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.status = 200

    def answer(self, path: str, token: str, body: Any) -> bytes:  # noqa: ANN401  # JSON
        self.calls.append((path, token, body))
        known = {"/cds-services": {"services": [SERVICE]}, "/cds-services/svc": {"cards": [CARD]}}
        return json.dumps(known[path]).encode()


@contextmanager
def serving(app: App) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(None)

        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def reply(self, body: object) -> None:
            token = self.headers["authorization"].removeprefix("Bearer ")
            answer = app.answer(self.path, token, body)
            self.send_response(app.status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/cds-services"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def http(app: App) -> Iterator[TestClient]:
    with serving(app) as url:
        client = Client(
            client_id="app", launch_url="http://app/launch", redirect_uris=(), cds_url=url
        )
        settings = SandboxSettings(origin=ORIGIN, clients=(client,))
        sandbox = create_app(settings, practice=Practice(), clock=Clock())
        with TestClient(sandbox, base_url=ORIGIN) as opened:
            yield opened


def chart(http: TestClient) -> str:
    return http.post("/launches", data={"user": "nurse", "patient": "one"}).text


def test_a_chart_shows_cards_as_text_with_a_link_that_launches_again(http: TestClient) -> None:
    page = chart(http)

    assert "Something &lt;b&gt;to know&lt;/b&gt;" in page
    assert "<strong>Consent:</strong> none*" in page
    assert "evil.test" not in page
    assert page.count('href="/ehr?launch=') == 1


def test_each_call_is_signed_for_its_address_with_a_published_key(
    http: TestClient, app: App
) -> None:
    chart(http)
    keys = {key["kid"]: key for key in http.get("/oauth/jwks").json()["keys"]}

    for path, token, _ in app.calls:
        header = jwt.get_unverified_header(token)
        found = jwt.decode(
            token,
            jwt.PyJWK(keys[header["kid"]]),
            algorithms=["ES384"],
            options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
        )
        assert header["jku"] == f"{ORIGIN}/oauth/jwks"
        assert header["typ"] == "JWT"
        assert (found["iss"], found["aud"].endswith(path)) == (ORIGIN, True)
        assert found["exp"] - found["iat"] <= 300
    assert (
        len({jwt.decode(t, options={"verify_signature": False})["jti"] for _, t, _ in app.calls})
        == 2
    )


def test_a_call_brings_the_record_and_a_token_for_this_patient(http: TestClient, app: App) -> None:
    chart(http)
    (_, _, body) = app.calls[-1]

    assert body["context"] == {"userId": "Practitioner/manager", "patientId": "one"}
    assert set(body["prefetch"]) == {"patient", "conditions"}
    found = {each["resource"]["id"] for each in body["prefetch"]["conditions"]["entry"]}
    assert found == {"problem-one", "visit-one"}
    lent = {"Authorization": f"Bearer {body['fhirAuthorization']['access_token']}"}
    assert http.get("/fhir/Patient/one", headers=lent).status_code == 200
    assert http.get("/fhir/Patient/two", headers=lent).status_code in {403, 404}


def test_a_chart_opens_without_cards_where_the_app_fails(http: TestClient, app: App) -> None:
    app.status = 500

    assert "App for this patient" in chart(http)


def test_markdown_is_read_far_enough_for_our_cards() -> None:
    assert _runs("a **b \\* c** d\\_e") == (("a ", False), ("b * c", True), (" d_e", False))
