"""The authorization endpoint: who is let in, who is sent back, who is stopped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fhir_fixtures.sandbox.conftest import REDIRECT_URI, query_of

if TYPE_CHECKING:
    import httpx2

    from tests.fhir_fixtures.sandbox.conftest import Ehr

ORIGIN = "http://localhost:8710"


def _ticket(page: httpx2.Response) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_launch_from_the_chart_returns_code_state_and_issuer_at_once(ehr: Ehr) -> None:
    response = ehr.authorize(launch=ehr.launch())

    sent = query_of(response)
    assert response.status_code == 303
    assert response.headers["location"].startswith(f"{REDIRECT_URI}?")
    assert sent["state"] == "the-state"
    assert sent["iss"] == ORIGIN
    assert len(sent["code"]) >= 32


def test_authorization_request_may_be_posted(ehr: Ehr) -> None:
    request = ehr.authorize().request
    form = dict(request.url.params)

    response = ehr.http.post("/oauth/authorize", data=form)

    assert "code" in query_of(response)


def test_unknown_client_gets_a_page_and_no_redirect(ehr: Ehr) -> None:
    response = ehr.authorize(client_id="stranger")

    assert response.status_code == 400
    assert "location" not in response.headers
    assert "No app is registered" in response.text


@pytest.mark.parametrize(
    "foreign",
    [
        "http://127.0.0.1:8700/callback/",
        "http://127.0.0.1:8700/callback?x=1",
        "http://127.0.0.1:8700.evil.test/callback",
        "https://127.0.0.1:8700/callback",
    ],
)
def test_redirect_uri_that_is_not_exactly_registered_gets_a_page(ehr: Ehr, foreign: str) -> None:
    response = ehr.authorize(redirect_uri=foreign)

    assert response.status_code == 400
    assert "location" not in response.headers


def test_missing_redirect_uri_gets_a_page(ehr: Ehr) -> None:
    response = ehr.authorize(without="redirect_uri")

    assert response.status_code == 400
    assert "location" not in response.headers


def test_parameter_given_twice_gets_a_page(ehr: Ehr) -> None:
    request = ehr.authorize().request

    response = ehr.http.get(f"{request.url}&state=another")

    assert response.status_code == 400
    assert "more than once" in response.text


def test_missing_code_challenge_is_invalid_request(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(without="code_challenge"))

    assert sent["error"] == "invalid_request"
    assert sent["state"] == "the-state"
    assert sent["iss"] == ORIGIN


def test_missing_challenge_method_is_invalid_request(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(without="code_challenge_method"))

    assert sent["error"] == "invalid_request"


def test_plain_challenge_is_invalid_request(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(code_challenge_method="plain"))

    assert sent["error"] == "invalid_request"


def test_challenge_that_is_no_hash_is_invalid_request(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(code_challenge="short"))

    assert sent["error"] == "invalid_request"


def test_audience_other_than_our_base_is_invalid_request(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(aud="http://elsewhere.test/fhir"))

    assert sent["error"] == "invalid_request"


def test_missing_audience_is_invalid_request(ehr: Ehr) -> None:
    assert query_of(ehr.authorize(without="aud"))["error"] == "invalid_request"


def test_audience_may_end_in_a_slash(ehr: Ehr) -> None:
    assert "code" in query_of(ehr.authorize(aud=f"{ORIGIN}/fhir/"))


def test_missing_state_is_invalid_request(ehr: Ehr) -> None:
    assert query_of(ehr.authorize(without="state"))["error"] == "invalid_request"


def test_implicit_flow_is_an_unsupported_response_type(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(response_type="token"))

    assert sent["error"] == "unsupported_response_type"


def test_unknown_launch_handle_is_invalid_request(ehr: Ehr) -> None:
    assert query_of(ehr.authorize(launch="made-up"))["error"] == "invalid_request"


def test_launch_handle_expires(ehr: Ehr) -> None:
    handle = ehr.launch()
    ehr.clock.advance(hours=13)

    assert query_of(ehr.authorize(launch=handle))["error"] == "invalid_request"


def test_launch_scope_without_handle_is_invalid_request(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(launch="", without="launch"))

    assert sent["error"] == "invalid_request"


def test_handle_without_launch_scope_is_invalid_scope(ehr: Ehr) -> None:
    sent = query_of(ehr.authorize(launch=ehr.launch(), scope="openid patient/*.rs"))

    assert sent["error"] == "invalid_scope"


def test_nothing_grantable_is_invalid_scope(ehr: Ehr) -> None:
    page = ehr.authorize(scope="system/*.rs patient/*.read")

    sent = query_of(ehr.http.post("/oauth/user", data={"ticket": _ticket(page), "user": "nurse"}))

    assert sent["error"] == "invalid_scope"


def test_standalone_launch_asks_for_user_then_patient(ehr: Ehr) -> None:
    users = ehr.authorize(scope="launch/patient openid patient/*.rs")
    patients = ehr.http.post("/oauth/user", data={"ticket": _ticket(users), "user": "doctor"})
    back = ehr.http.post("/oauth/patient", data={"ticket": _ticket(patients), "patient": "two"})

    answer = ehr.redeem(query_of(back)["code"]).json()
    assert "Dora Doctor" in users.text
    assert "Ada Other" in patients.text
    assert answer["patient"] == "two"
    assert answer["scope"] == "launch/patient openid patient/*.rs"


def test_standalone_launch_without_patient_asks_for_the_user_only(ehr: Ehr) -> None:
    users = ehr.authorize(scope="openid fhirUser user/Patient.rs patient/*.rs")
    back = ehr.http.post("/oauth/user", data={"ticket": _ticket(users), "user": "doctor"})

    answer = ehr.redeem(query_of(back)["code"]).json()
    assert "patient" not in answer
    assert answer["scope"] == "openid fhirUser user/Patient.rs"


def test_ticket_of_a_picker_works_once(ehr: Ehr) -> None:
    form = {"ticket": _ticket(ehr.authorize(scope="openid user/*.rs")), "user": "nurse"}
    ehr.http.post("/oauth/user", data=form)

    again = ehr.http.post("/oauth/user", data=form)

    assert again.status_code == 400
    assert "location" not in again.headers


def test_patient_cannot_be_picked_before_somebody_signed_in(ehr: Ehr) -> None:
    users = ehr.authorize(scope="launch/patient patient/*.rs")

    response = ehr.http.post("/oauth/patient", data={"ticket": _ticket(users), "patient": "one"})

    assert response.status_code == 400
    assert "location" not in response.headers


def test_patient_who_does_not_exist_cannot_be_picked(ehr: Ehr) -> None:
    users = ehr.authorize(scope="launch/patient patient/*.rs")
    patients = ehr.http.post("/oauth/user", data={"ticket": _ticket(users), "user": "nurse"})

    response = ehr.http.post(
        "/oauth/patient", data={"ticket": _ticket(patients), "patient": "nobody"}
    )

    assert response.status_code == 400


def test_pages_can_be_framed_by_the_chart_alone(ehr: Ehr) -> None:
    page = ehr.authorize(scope="openid user/*.rs")

    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8700" in policy


def test_error_page_escapes_what_was_sent(ehr: Ehr) -> None:
    response = ehr.http.get("/oauth/authorize?<script>=1&<script>=2")

    assert "<script>" not in response.text
