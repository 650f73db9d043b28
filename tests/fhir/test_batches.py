from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError
from ccm_fhir.fhir.batches import BatchAnswer, batch_of, read_batch
from tests.fhir.far_side import BASE, TOKEN, answering

ADDRESSES = ("Patient/p1", "Condition?patient=p1")
REFUSED = {"resourceType": "OperationOutcome", "issue": [{"code": "forbidden"}]}


def response(*entries: Any, **members: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    whole = {"resourceType": "Bundle", "type": "batch-response", "entry": list(entries)}
    return whole | members


def entry(status: str = "200 OK", **members: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {"response": {"status": status}, **members}


def read(body: object, asked: int = 2) -> tuple[BatchAnswer, ...]:
    return read_batch(json.dumps(body).encode(), asked)


def test_a_batch_is_a_bundle_of_gets() -> None:
    assert json.loads(batch_of(ADDRESSES)) == {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": "Patient/p1"}},
            {"request": {"method": "GET", "url": "Condition?patient=p1"}},
        ],
    }


def test_a_batch_is_posted_to_the_base_with_the_token() -> None:
    far_side = answering(httpx2.Response(200, json=response(entry(resource={"id": "1"}))))

    first, second = far_side.client().batch(ADDRESSES)

    (request,) = far_side.requests
    assert (request.method, str(request.url)) == ("POST", BASE)
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert first.is_ok
    assert json.loads(first.body) == {"id": "1"}
    assert second.is_open


def test_each_answer_has_its_own_status() -> None:
    answers = read(
        response(
            entry("200", resource={"resourceType": "Patient"}),
            entry("403 Forbidden", resource=REFUSED),
            {"response": {"status": "404 Not Found", "outcome": REFUSED}},
        ),
        asked=3,
    )

    assert [(a.status, a.outcome_code, a.is_ok) for a in answers] == [
        (200, None, True),
        (403, "forbidden", False),
        (404, "forbidden", False),
    ]
    assert not any(answer.is_open for answer in answers)


@pytest.mark.parametrize(
    "given_entry",
    [{}, {"response": {}}, entry("OK"), entry("429 Too Many Requests"), entry("503"), entry("200")],
)
def test_an_entry_without_an_answer_is_open(given_entry: dict[str, Any]) -> None:
    (answer,) = read(response(given_entry), asked=1)

    assert answer.is_open


def test_what_a_server_leaves_out_at_the_end_is_open() -> None:
    first, second, third = read(response(entry(resource={"id": "1"})), asked=3)

    assert (first.is_open, second.is_open, third.is_open) == (False, True, True)


@pytest.mark.parametrize(
    "body",
    [
        response(entry(), entry(), entry()),
        response(type="searchset"),
        response(resourceType="OperationOutcome"),
        [],
        response(entry=7),
        response(7),
        {},
    ],
)
def test_what_is_no_answer_to_a_batch_is_an_error(body: object) -> None:
    with pytest.raises(EhrFormatError):
        read(body)


def test_a_batch_is_safe_to_send_again() -> None:
    waits: list[float] = []
    far_side = answering(
        httpx2.Response(503), httpx2.ReadTimeout("x"), httpx2.Response(200, json=response())
    )

    answers = far_side.client(waits).batch(ADDRESSES)

    assert len(far_side.requests) == 3
    assert len(waits) == 2
    assert all(answer.is_open for answer in answers)


def test_a_refused_batch_is_an_error_with_its_code() -> None:
    with pytest.raises(EhrHttpError) as caught:
        answering(httpx2.Response(405, json=REFUSED)).client().batch(ADDRESSES)

    assert (caught.value.status, caught.value.outcome_code) == (405, "forbidden")


def test_a_batch_without_an_answer_is_an_error() -> None:
    with pytest.raises(EhrUnreachableError):
        answering(httpx2.ReadTimeout("x")).client().batch(ADDRESSES)


def test_an_answer_prints_nothing_of_what_it_holds() -> None:
    (answer,) = read(response(entry(resource={"id": "canary"})), asked=1)

    assert "canary" not in repr(answer)


@given(st.binary(max_size=80), st.integers(0, 5))
def test_no_bytes_break_the_reading_of_a_batch(body: bytes, asked: int) -> None:
    try:
        answers = read_batch(body, asked)
    except EhrFormatError:
        return
    assert len(answers) == asked
