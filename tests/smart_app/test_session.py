from __future__ import annotations

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from smart_app.session import cookies
from smart_app.session.guard import origin_of, refuse_foreign_origin, refuse_wrong_token
from smart_app.session.headers import content_security_policy
from smart_app.session.refusals import ForgedRequestError

OURS = "https://ccm.example"
SECRET = "a" * 43


def request(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})


@pytest.mark.proves("R39", "S7")
def test_the_session_cookie_is_what_a_frame_gives_back() -> None:
    response = Response()

    cookies.put(response, cookies.SESSION, SECRET)

    assert response.headers["set-cookie"] == (
        f"__Host-ccm-session={SECRET}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
    )


def test_a_dropped_cookie_names_the_same_attributes() -> None:
    response = Response()

    cookies.drop(response, cookies.SESSION)

    assert response.headers["set-cookie"] == (
        "__Host-ccm-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
    )


def test_a_cookie_that_was_never_ours_reads_as_none() -> None:
    assert cookies.read(request(f"{cookies.SESSION}={SECRET}"), cookies.SESSION) == SECRET
    assert cookies.read(request(f"{cookies.SESSION}=short"), cookies.SESSION) == ""
    assert cookies.read(request("other=1"), cookies.SESSION) == ""


@pytest.mark.proves("S9")
def test_the_policy_lets_nobody_frame_a_page_of_no_visit() -> None:
    assert content_security_policy(()) == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


@pytest.mark.proves("S9")
def test_the_policy_names_the_ehr_and_nothing_that_only_looks_like_one() -> None:
    policy = content_security_policy(("https://ehr.example", "https://x.example; script-src *"))

    assert policy.endswith("frame-ancestors https://ehr.example")


@pytest.mark.proves("S8")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": f"{OURS}.evil.example"},
        {"origin": OURS, "sec-fetch-site": "cross-site"},
        {"origin": OURS, "sec-fetch-site": "same-site"},
    ],
)
def test_a_write_of_another_page_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedRequestError):
        refuse_foreign_origin(Headers(headers), OURS)


@pytest.mark.parametrize("fetch_site", [{}, {"sec-fetch-site": "same-origin"}])
def test_a_write_of_our_own_page_passes(fetch_site: dict[str, str]) -> None:
    refuse_foreign_origin(Headers({"origin": OURS, **fetch_site}), f"{OURS}/ccm")


@pytest.mark.proves("S8")
@pytest.mark.parametrize(("given", "expected"), [("", "t"), ("u", "t"), ("", ""), ("ü", "t")])
def test_a_wrong_token_is_refused(given: str, expected: str) -> None:
    with pytest.raises(ForgedRequestError):
        refuse_wrong_token(given, expected)


def test_an_origin_keeps_its_port() -> None:
    assert origin_of("http://127.0.0.1:8700/launch") == "http://127.0.0.1:8700"
