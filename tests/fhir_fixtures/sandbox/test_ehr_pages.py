"""The launcher and the chart, as a user meets them."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from tests.fhir_fixtures.sandbox.conftest import BASE, query_of

if TYPE_CHECKING:
    from tests.fhir_fixtures.sandbox.conftest import Ehr

PROCEDURE = {
    "resourceType": "Procedure",
    "status": "completed",
    "subject": {"reference": "Patient/one"},
    "code": {"coding": [{"code": "99490"}, {"code": "<b>99490</b>"}]},
    "identifier": [{"system": "urn:ours", "value": "ours-1"}],
    "performedPeriod": {"start": "2026-11-20T09:00:00Z", "end": "2026-11-20T09:22:00Z"},
}


def test_launcher_lists_users_and_patients_and_what_the_cast_shows(ehr: Ehr) -> None:
    page = ehr.http.get("/").text

    assert "Nora Nurse" in page
    assert "Everything is in place" in page
    assert "99490 after 20 minutes" in page
    assert "2 of 2 patients" in page


def test_launcher_shows_the_cast_before_other_patients(ehr: Ehr) -> None:
    page = ehr.http.get("/").text

    assert page.index("Ada Ready") < page.index("Ada Other")


@pytest.mark.parametrize("sought", ["other", "ADA oth", "MRN-two", "1950 other"])
def test_search_narrows_the_list_and_keeps_the_choices(ehr: Ehr, sought: str) -> None:
    form = {"sought": sought, "user": "doctor", "intent": "log-time", "hide_banner": "yes"}

    page = ehr.http.post("/", data=form).text

    assert "1 of 2 patients" in page
    assert re.search(r'value="doctor" checked', page)
    assert re.search(r'name="hide_banner" value="yes" checked', page)
    assert re.search(r'value="log-time" selected', page)


def test_standalone_link_names_the_base_and_nothing_else(ehr: Ehr) -> None:
    page = ehr.http.get("/").text

    link = "http://127.0.0.1:8700/launch?iss=http%3A%2F%2Flocalhost%3A8710%2Ffhir"
    assert f'href="{link}"' in page


def test_launch_leads_to_a_chart_whose_address_names_nobody(ehr: Ehr) -> None:
    response = ehr.http.post("/launches", data={"user": "nurse", "patient": "one"})

    location = response.headers["location"]
    assert re.fullmatch(r"/ehr\?launch=[A-Za-z0-9_-]{43}", location)


@pytest.mark.parametrize(
    "form",
    [
        {"user": "nobody", "patient": "one"},
        {"user": "nurse", "patient": "nobody"},
        {"user": "nurse", "patient": "../metadata"},
        {"user": "nurse"},
        {},
    ],
)
def test_launch_without_a_user_and_patient_of_ours_is_refused(
    ehr: Ehr, form: dict[str, str]
) -> None:
    response = ehr.http.post("/launches", data={"sought": "", **form})

    assert response.status_code == 400
    assert "Choose a user and a patient" in response.text


def test_chart_frames_the_app_with_issuer_and_handle(ehr: Ehr) -> None:
    handle = ehr.launch()

    page = ehr.http.get(f"/ehr?launch={handle}")

    source = re.search(r'<iframe src="([^"]+)"', page.text)
    assert source
    assert source[1].startswith("http://127.0.0.1:8700/launch?iss=")
    assert source[1].endswith(f"&amp;launch={handle}")
    assert "frame-src 'self' http://127.0.0.1:8700;" in page.headers["content-security-policy"]


def test_chart_shows_patient_and_user(ehr: Ehr) -> None:
    page = ehr.http.get(f"/ehr?launch={ehr.launch(user='doctor')}").text

    assert "Ada Ready" in page
    assert "born 1950-02-03" in page
    assert "MRN-one" in page
    assert "Dora Doctor, billing practitioner" in page


def test_two_charts_open_at_once_keep_their_patients_apart(ehr: Ehr) -> None:
    first, second = ehr.launch(patient="one"), ehr.launch(patient="two")

    one, two = (ehr.http.get(f"/ehr?launch={each}").text for each in (first, second))

    assert "Ada Ready" in one
    assert "Ada Other" not in one
    assert "Ada Other" in two


@pytest.mark.parametrize("path", ["/ehr", "/ehr/record", "/ehr/record/fragment"])
def test_chart_without_a_valid_handle_is_not_found(ehr: Ehr, path: str) -> None:
    assert ehr.http.get(path).status_code == 404
    assert ehr.http.get(f"{path}?launch=made-up").status_code == 404


def test_what_the_app_writes_arrives_in_the_record(ehr: Ehr) -> None:
    handle = ehr.launch()
    token = ehr.redeem(ehr.code(launch=handle)).json()["access_token"]
    before = ehr.http.get(f"/ehr/record/fragment?launch={handle}").text

    written = ehr.fhir("POST", "/Procedure", token=token, json=PROCEDURE).json()

    after = ehr.http.get(f"/ehr/record/fragment?launch={handle}").text
    assert written["id"] not in before
    assert f'href="/ehr/resource/Procedure/{written["id"]}"' in after
    assert "ours-1" in after
    assert "2026-11-20 09:00 – 09:22" in after
    assert "&lt;b&gt;99490&lt;/b&gt;" in after


def test_record_has_every_section_and_is_a_page_of_its_own_too(ehr: Ehr) -> None:
    handle = ehr.launch()

    page = ehr.http.get(f"/ehr/record?launch={handle}").text

    headings = re.findall(r"<h3>(\w+)", page)
    assert headings == ["Claim", "Procedure", "Encounter", "Consent", "CarePlan", "Condition"]
    assert page.lower().startswith("<!doctype html>")


def test_record_of_one_patient_does_not_show_another(ehr: Ehr) -> None:
    page = ehr.http.get(f"/ehr/record?launch={ehr.launch(patient='one')}").text

    assert "problem-one" in page
    assert "problem-two" not in page


def test_refresh_works_as_a_plain_link(ehr: Ehr) -> None:
    handle = ehr.launch()

    page = ehr.http.get(f"/ehr?launch={handle}").text

    assert re.search(rf'<a [^>]*id="refresh" href="/ehr/record\?launch={handle}"', page)


def test_resource_page_shows_the_json_escaped(ehr: Ehr) -> None:
    token = ehr.tokens()["access_token"]
    written = ehr.fhir("POST", "/Procedure", token=token, json=PROCEDURE).json()

    page = ehr.http.get(f"/ehr/resource/Procedure/{written['id']}")

    assert page.status_code == 200
    assert "&#34;resourceType&#34;: &#34;Procedure&#34;" in page.text
    assert "<b>99490" not in page.text


@pytest.mark.parametrize(
    "path", ["Procedure/nothing", "Subscription/one", "procedure/one", "Procedure/_history"]
)
def test_resource_that_cannot_be_shown_gets_a_page(ehr: Ehr, path: str) -> None:
    response = ehr.http.get(f"/ehr/resource/{path}")

    assert response.status_code in (404, 405)
    assert "That did not work" in response.text


def test_pages_run_no_inline_script_and_fetch_nothing_foreign(ehr: Ehr) -> None:
    pages = [
        ehr.http.get("/").text,
        ehr.http.get(f"/ehr?launch={ehr.launch()}").text,
        ehr.authorize(scope="openid user/*.rs").text,
    ]

    for page in pages:
        assert not re.search(r"<script(?! src=\"/static/)", page)
        assert not re.search(r"\son\w+=", page)
        assert not re.search(r"<(?:link|img|script)[^>]+https?://", page)


def test_pages_have_one_heading_and_a_language(ehr: Ehr) -> None:
    page = ehr.http.get(f"/ehr?launch={ehr.launch()}").text

    assert page.count("<h1") == 1
    assert '<html lang="en">' in page


def test_whole_walk_leaves_no_patient_in_a_log(ehr: Ehr, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    handle = ehr.launch()
    ehr.http.get(f"/ehr?launch={handle}")
    token = ehr.redeem(query_of(ehr.authorize(launch=handle))["code"]).json()["access_token"]
    ehr.fhir("GET", f"{BASE}/Condition?patient=one".removeprefix(BASE), token=token)
    ehr.fhir("POST", "/Procedure", token=token, json=PROCEDURE)

    ours = [each for each in caplog.records if not each.name.startswith(("httpx2", "asyncio"))]

    assert not [each for each in ours if "Ready" in each.getMessage()]
    assert not [each for each in ours if each.name.startswith(("sekmet", "fhir_fixtures"))]
