from __future__ import annotations

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.fhir.outcomes import Doubt, WriteKind, WriteOutcome, classify_write, outcome_codes

BASE = "https://ehr.example/fhir"
CLAIM = {"resourceType": "Claim", "id": "c1", "meta": {"versionId": "3"}}


def outcome(severity: str = "error", code: str = "invalid") -> dict[str, Any]:
    issue = {"severity": severity, "code": code, "diagnostics": "canary", "details": {"text": "x"}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def became(answer: httpx2.Response, *, conditional: bool = True) -> WriteOutcome:
    return classify_write(answer, "Claim", was_conditional=conditional)


@pytest.mark.parametrize(
    ("location", "version"),
    [
        (f"{BASE}/Claim/c1/_history/3", "3"),
        (f"{BASE}/Claim/c1", ""),
        ("Claim/c1/_history/3", "3"),
        ("/fhir/Claim/c1", ""),
    ],
)
def test_a_location_names_what_was_created(location: str, version: str) -> None:
    made = became(httpx2.Response(201, headers={"Location": location}))

    assert made == WriteOutcome(
        kind=WriteKind.CREATED,
        resource_type="Claim",
        status=201,
        resource_id="c1",
        version_id=version,
    )
    assert made.is_stored


def test_a_body_names_what_was_created() -> None:
    made = became(httpx2.Response(201, json=CLAIM))

    assert (made.kind, made.resource_id, made.version_id) == (WriteKind.CREATED, "c1", "3")


def test_an_etag_gives_the_version() -> None:
    headers = {"Location": f"{BASE}/Claim/c1", "ETag": 'W/"7"'}

    assert became(httpx2.Response(201, headers=headers)).version_id == "7"


def test_200_to_a_conditional_create_means_it_was_there() -> None:
    made = became(httpx2.Response(200, json=CLAIM))

    assert made.kind is WriteKind.EXISTED
    assert made.is_stored


def test_200_without_a_condition_means_it_was_written() -> None:
    assert became(httpx2.Response(200, json=CLAIM), conditional=False).kind is WriteKind.CREATED


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        (httpx2.Response(201), Doubt.NO_ID),
        (httpx2.Response(200, json={}), Doubt.NO_ID),
        (httpx2.Response(201, html="<html>"), Doubt.NO_ID),
        (httpx2.Response(200, json=[CLAIM]), Doubt.NO_ID),
        (httpx2.Response(201, json={"resourceType": "Claim"}), Doubt.NO_ID),
        (httpx2.Response(201, json={"resourceType": "Patient", "id": "p"}), Doubt.NO_ID),
        (httpx2.Response(201, headers={"Location": f"{BASE}/Patient/p"}), Doubt.NO_ID),
        (httpx2.Response(201, headers={"Location": f"{BASE}/Claim/x"}, json=CLAIM), Doubt.NO_ID),
        (httpx2.Response(200, json=outcome()), Doubt.OUTCOME_SAYS_ERROR),
        (httpx2.Response(200, json=outcome("information")), Doubt.NO_ID),
        (
            httpx2.Response(201, headers={"Location": f"{BASE}/Claim/c1"}, json=outcome("fatal")),
            Doubt.OUTCOME_SAYS_ERROR,
        ),
        (httpx2.Response(202), Doubt.UNEXPECTED_STATUS),
        (httpx2.Response(204), Doubt.UNEXPECTED_STATUS),
        (httpx2.Response(302, headers={"Location": "/login"}), Doubt.UNEXPECTED_STATUS),
        (httpx2.Response(406), Doubt.UNEXPECTED_STATUS),
        (httpx2.Response(408), Doubt.NO_ANSWER),
        (httpx2.Response(409), Doubt.CONFLICT),
        (httpx2.Response(425), Doubt.BUSY),
        (httpx2.Response(429), Doubt.BUSY),
        (httpx2.Response(503), Doubt.BUSY),
        (httpx2.Response(500), Doubt.SERVER_ERROR),
        (httpx2.Response(501), Doubt.SERVER_ERROR),
        (httpx2.Response(504), Doubt.SERVER_ERROR),
    ],
)
def test_what_is_not_sure_is_uncertain(answer: httpx2.Response, doubt: Doubt) -> None:
    made = became(answer)

    assert (made.kind, made.doubt, made.status) == (
        WriteKind.UNCERTAIN,
        doubt,
        answer.status_code,
    )
    assert made.resource_id == ""
    assert not made.is_stored


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415, 422])
def test_a_refusal_is_certain_and_keeps_the_issue_codes_alone(status: int) -> None:
    made = became(httpx2.Response(status, json=outcome(code="business-rule")))

    assert (made.kind, made.status, made.outcome_codes) == (
        WriteKind.REJECTED,
        status,
        ("business-rule",),
    )
    assert "canary" not in repr(made)


def test_401_asks_for_a_new_token() -> None:
    assert became(httpx2.Response(401)).kind is WriteKind.UNAUTHORIZED


def test_412_means_more_than_one_fits() -> None:
    assert became(httpx2.Response(412, json=outcome())).kind is WriteKind.MULTIPLE


def test_a_busy_server_says_when_to_come_back() -> None:
    seconds = became(httpx2.Response(429, headers={"Retry-After": "90"})).retry_after_seconds
    hours = became(httpx2.Response(503, headers={"Retry-After": "99999"})).retry_after_seconds

    assert (seconds, hours) == (90.0, 900.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"resourceType":"OperationOutcome","issue":"x"}',
        b'{"resourceType":"Claim","issue":[{"code":"invalid"}]}',
        b'{"resourceType":"OperationOutcome","issue":[{"code":"canary of Mrs Smith"}]}',
    ],
)
def test_no_code_is_taken_from_what_is_no_outcome(body: bytes) -> None:
    assert outcome_codes(body) == ()


@given(
    st.integers(200, 599),
    st.binary(max_size=80),
    st.dictionaries(
        st.sampled_from(["Location", "ETag", "Retry-After", "Date"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    ),
)
def test_every_answer_has_an_outcome(status: int, body: bytes, headers: dict[str, str]) -> None:
    made = became(httpx2.Response(status, content=body, headers=headers))

    assert made.is_stored == bool(made.resource_id)
    assert (made.kind is WriteKind.UNCERTAIN) == (made.doubt is not None)
