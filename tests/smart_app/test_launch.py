from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from smart_app.session.cookies import BROWSER
from tests.smart_app.front import EHR, Front, with_practice

KNOWN = f"{EHR}/fhir"
SECRET = "b" * 43


def get(front: Front, path: str, *, browser: str = "", **query: str) -> httpx2.Response:
    headers = {"cookie": f"{BROWSER}={browser}"} if browser else {}
    return front.client.get(path, params=query, headers=headers)


@pytest.mark.proves("R39", "S7")
def test_a_first_visit_is_asked_for_the_cookie_before_the_launch_is_used(front: Front) -> None:
    answer = get(front, "/launch", iss=KNOWN, launch="xyz")

    assert answer.status_code == 303
    there = urlsplit(answer.headers["location"])
    assert there.path == "/launch"
    assert parse_qs(there.query) == {"iss": [KNOWN], "launch": ["xyz"], "again": ["true"]}
    assert re.fullmatch(
        rf"{BROWSER}=[\w-]{{43}}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
        answer.headers["set-cookie"],
    )


def test_a_browser_that_keeps_no_cookie_is_told_and_may_try_again(front: Front) -> None:
    answer = get(front, "/launch", iss=KNOWN, launch="xyz", again="true")

    assert answer.status_code == 400
    assert "Your browser blocked" in answer.text
    assert "Open in this same frame again" in answer.text
    assert 'href="/launch?iss=https%3A%2F%2Fehr.example%2Ffhir&amp;launch=xyz"' in answer.text
    assert answer.headers["content-security-policy"].endswith(f"frame-ancestors {EHR}")


@pytest.mark.proves("R4", "R12", "S1")
@pytest.mark.parametrize("iss", ["https://evil.example/fhir", "javascript:alert(1)"])
def test_an_unknown_ehr_is_refused_without_an_echo(front: Front, iss: str) -> None:
    answer = get(front, "/launch", browser=SECRET, iss=iss, launch="xyz")

    assert answer.status_code == 403
    assert "This EHR is not connected" in answer.text
    assert iss not in answer.text


def test_a_launch_without_an_issuer_is_told_where_to_begin(front: Front) -> None:
    answer = get(front, "/launch", browser=SECRET)

    assert answer.status_code == 400
    assert "This app opens from the EHR" in answer.text


def test_an_ehr_that_is_down_is_a_page(front: Front) -> None:
    answer = get(front, "/launch", browser=SECRET, iss=KNOWN, launch="xyz")

    assert answer.status_code == 504
    assert "The EHR does not answer" in answer.text


def test_a_parameter_with_control_characters_is_refused(front: Front) -> None:
    answer = get(front, "/launch", browser=SECRET, iss=KNOWN, launch="x\x00y")

    assert answer.status_code == 422
    assert "<!doctype html>" in answer.text


def test_a_callback_without_the_cookie_says_so(front: Front) -> None:
    answer = get(front, "/callback", state="s", code="c")

    assert answer.status_code == 400
    assert "Your browser blocked" in answer.text
    assert "same frame again" not in answer.text


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ({"state": "never-made", "code": "c"}, "This launch is no longer open"),
        ({"code": "c"}, "This app opens from the EHR"),
    ],
)
def test_a_callback_that_belongs_to_no_launch_is_a_page(
    front: Front, query: dict[str, str], title: str
) -> None:
    answer = get(front, "/callback", browser=SECRET, **query)

    assert answer.status_code == 400
    assert title in answer.text
    assert "never-made" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.proves("S9")
def test_a_launch_page_is_framed_by_the_ehr_of_its_iss_alone(front: Front) -> None:
    with_practice(front, ehr="https://other.example")

    def framed_by(iss: str) -> str:
        answer = get(front, "/launch", iss=iss, launch="xyz", again="true")
        return answer.headers["content-security-policy"].split("frame-ancestors ")[1]

    assert framed_by(KNOWN) == EHR
    assert framed_by(f"{KNOWN}/") == EHR
    assert framed_by("https://other.example/fhir") == "https://other.example"
    assert framed_by("https://evil.example/fhir") == f"{EHR} https://other.example"
