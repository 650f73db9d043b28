from __future__ import annotations

import logging

import pytest

from ccm_fhir.domain.codes import Role
from smart_app.views import rendering
from smart_app.views.problem_page import problem_text
from smart_app.views.problems import UNFORESEEN
from tests.smart_app.front import BASE, CANARY, Front
from tests.smart_app.test_routes import TYPED

SECRETS = (CANARY, "Quillfeather", "MRN-7", "1951-04-12", "glucose")


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


@pytest.mark.proves("R2", "S9")
def test_the_front_page_names_the_addresses_and_lets_nobody_frame_it(front: Front) -> None:
    answer = front.client.get("/")

    assert answer.status_code == 200
    assert f"{BASE}/launch" in answer.text
    assert answer.headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert "sandbox" not in answer.text


def test_health_answers_live_without_the_database(front: Front) -> None:
    assert front.client.get("/health/ready").json() == {"status": "ready"}
    front.world.db.close()

    assert front.client.get("/health/live").json() == {"status": "live"}


def test_an_app_whose_database_is_away_is_not_ready(front: Front) -> None:
    with front.world.db.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE practice RENAME TO away")

    answer = front.client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json() == {"status": "the database does not answer"}


@pytest.mark.proves("R22")
def test_public_keys_may_be_kept_for_a_while(front: Front) -> None:
    answer = front.client.get("/.well-known/jwks.json")

    assert answer.json() == {"keys": []}
    assert answer.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/static/none.css", 404)])
def test_what_is_not_there_is_a_plain_page(front: Front, path: str, status: int) -> None:
    answer = front.client.get(path)

    assert answer.status_code == status
    assert "There is nothing here" in answer.text


def test_a_method_that_is_not_offered_is_a_plain_page(front: Front) -> None:
    answer = front.client.delete("/launch")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert "That cannot be done here" in answer.text


@pytest.mark.proves("S24")
def test_the_api_is_not_described_to_strangers(front: Front) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert front.client.get(path).status_code == 404


def test_static_files_carry_their_content_in_their_address(front: Front) -> None:
    for name in ("app.css", "app.js", "icon.svg"):
        answer = front.client.get(rendering.static_url(name))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=86400"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_launch_has_a_stylesheet_of_its_own(front: Front) -> None:
    browser = front.sign_in(Role.CARE_MANAGER)
    path = f"/style/{browser.launch_id}.css"

    assert f'href="{path}"' in browser.get(browser.path).text
    assert browser.get(path).headers["content-type"].startswith("text/css")
    assert front.client.get(path).status_code == 404


@pytest.mark.proves("S20")
def test_a_failure_nobody_foresaw_tells_and_logs_nothing_of_the_chart(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = front.sign_in(Role.CARE_MANAGER)
    sent = {**browser.fields("/time"), **TYPED}
    front.queue.failure = ValueError(f"cannot send {CANARY}")

    answer = browser.post(f"{browser.path}/time", sent)

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors https://ehr.example" in answer.headers["content-security-policy"]
    assert any(record.getMessage() == "request_failed" for record in caplog.records)
    assert not [secret for secret in SECRETS if secret in logged(caplog) or secret in answer.text]


@pytest.mark.proves("S20")
def test_no_log_line_names_a_patient_an_address_or_a_session(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    # The test's own HTTP client logs the addresses it asks for; the app must not.
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    browser = front.sign_in(Role.CARE_MANAGER)
    browser.post(f"{browser.path}/time", {**browser.fields("/time"), **TYPED})
    browser.post(f"{browser.path}/refresh", browser.fields("/refresh"))
    for path in (browser.path, f"{browser.path}/month", f"{browser.path}/progress", "/l/none"):
        browser.get(path)

    text = logged(caplog)

    assert "/l/{launch_id}" in text
    assert not [
        secret
        for secret in (*SECRETS, browser.launch_id, browser.token, front.patient_id)
        if secret in text
    ]


def test_a_page_works_without_htmx() -> None:
    source = problem_text(UNFORESEEN, is_demo=False)

    assert ("htmx.min.js" in source) == rendering.has_htmx()
