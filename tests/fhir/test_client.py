from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    ForbiddenOriginError,
    InputError,
)
from ccm_fhir.fhir.client import FhirClient, identifier_query
from ccm_fhir.fhir.outcomes import Doubt, WriteKind
from tests.fhir.far_side import BASE, TOKEN, FarSide, answering, bundle, told


def condition(resource_id: str, version: str = "1", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "Condition",
        "id": resource_id,
        "meta": {"versionId": version},
    } | more


def pages(*answers: dict[str, Any]) -> FarSide:
    return answering(*(httpx2.Response(200, json=answer) for answer in answers))


def test_a_read_carries_the_token_and_returns_the_resource() -> None:
    far_side = answering(httpx2.Response(200, json=condition("c1", note=1)))

    resource = far_side.client().read("Condition", "c1")

    assert far_side.urls == [f"{BASE}/Condition/c1"]
    assert far_side.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert far_side.requests[0].headers["Accept"] == "application/fhir+json"
    assert resource.json()["note"] == 1
    assert (resource.id, resource.version_id) == ("c1", "1")


def test_the_token_is_asked_for_before_every_request() -> None:
    far_side = answering(httpx2.Response(200, json=condition("c1")))
    tokens = iter(["one", "two"])
    client = FhirClient(gate=far_side.gate(), base_url=BASE, access_token=lambda: next(tokens))

    client.read("Condition", "c1")
    client.read("Condition", "c1")

    sent = [request.headers["Authorization"] for request in far_side.requests]
    assert sent == ["Bearer one", "Bearer two"]


@pytest.mark.proves("S15")
def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    far_side = answering(httpx2.Response(404))

    with pytest.raises(EhrHttpError):
        far_side.client().read("Condition", "../Patient?x=")

    assert far_side.requests[0].url.raw_path == b"/fhir/Condition/..%2FPatient%3Fx%3D"


@pytest.mark.parametrize(
    "answer", [condition("other"), {"resourceType": "Patient", "id": "c1"}, {}, []]
)
def test_another_resource_than_asked_for_is_an_error(answer: object) -> None:
    with pytest.raises(EhrFormatError):
        answering(httpx2.Response(200, json=answer)).client().read("Condition", "c1")


def test_decimals_keep_their_digits() -> None:
    far_side = answering(
        httpx2.Response(200, content=b'{"resourceType":"Condition","id":"c1","v":1.10}')
    )

    value = far_side.client().read("Condition", "c1").json()["v"]

    assert value == Decimal("1.10")
    assert str(value) == "1.10"


def test_a_search_follows_every_page_and_encodes_its_parameters() -> None:
    far_side = pages(
        bundle(condition("a"), next_link=f"{BASE}/Condition?page=2"),
        bundle(condition("b"), next_link=f"{BASE}/Condition?page=3"),
        bundle(condition("c")),
    )

    found = far_side.client().search("Condition", {"patient": "p&1", "category": "s|c"})

    assert [resource.id for resource in found] == ["a", "b", "c"]
    assert far_side.urls[0] == f"{BASE}/Condition?patient=p%261&category=s%7Cc"
    assert far_side.urls[1:] == [f"{BASE}/Condition?page=2", f"{BASE}/Condition?page=3"]


@pytest.mark.parametrize(
    "link",
    [
        "/fhir/Condition?page=2",
        "/Condition?page=2",
        "Condition?page=2",
        "?page=2",
        f"{BASE}/Condition?page=2",
        "//ehr.example/fhir/Condition?page=2",
    ],
)
def test_a_next_link_may_be_relative(link: str) -> None:
    far_side = pages(bundle(next_link=link), bundle(condition("a")))

    assert len(far_side.client().search("Condition", {"patient": "p"})) == 1
    assert far_side.urls[1] == f"{BASE}/Condition?page=2"


@pytest.mark.proves("R35", "S15")
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/fhir/Condition?page=2",
        "https://ehr.example.evil.test/fhir",
        "http://ehr.example/fhir/Condition?page=2",
        "https://ehr.example:444/fhir",
        "//evil.test/fhir",
    ],
)
def test_a_next_link_to_another_origin_is_sent_nothing(link: str) -> None:
    far_side = pages(bundle(condition("a"), next_link=link))

    with pytest.raises(ForbiddenOriginError):
        far_side.client().search("Condition", {"patient": "p"})

    assert len(far_side.requests) == 1


@pytest.mark.proves("R35", "S15")
def test_a_pinned_origin_that_is_not_the_base_gets_no_token_either() -> None:
    far_side = pages(bundle(next_link="https://auth.example/next"))
    client = FhirClient(
        gate=far_side.gate(BASE, "https://auth.example"), base_url=BASE, access_token=TOKEN
    )

    with pytest.raises(ForbiddenOriginError):
        client.search("Condition", {"patient": "p"})

    assert len(far_side.requests) == 1


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://[::1", "http://a b/"])
def test_a_next_link_that_is_no_address_is_an_error(link: str) -> None:
    with pytest.raises((EhrFormatError, ForbiddenOriginError)):
        pages(bundle(next_link=link)).client().search("Condition", {"patient": "p"})


@pytest.mark.proves("S15")
def test_pages_in_a_circle_end() -> None:
    far_side = pages(
        bundle(next_link=f"{BASE}/Condition?page=2"),
        bundle(next_link=f"{BASE}/Condition?page=3"),
        bundle(next_link=f"{BASE}/Condition?page=2"),
    )

    with pytest.raises(EhrFormatError, match="circle"):
        far_side.client().search("Condition", {"patient": "p"})

    assert len(far_side.requests) == 3


@pytest.mark.proves("S15")
def test_too_many_pages_are_an_error_and_not_a_part_of_the_truth() -> None:
    count = iter(range(1000))
    far_side = FarSide(
        lambda _: httpx2.Response(200, json=bundle(next_link=f"{BASE}/Condition?n={next(count)}"))
    )

    with pytest.raises(EhrFormatError, match="more than 5 pages"):
        far_side.client(most_pages=5).search("Condition", {"patient": "p"})


def test_one_id_on_two_pages_is_kept_once_in_its_latest_version() -> None:
    far_side = pages(
        bundle(condition("a", "10"), condition("b", "2"), next_link="?page=2"),
        bundle(condition("a", "9"), condition("b", "3")),
    )

    found = far_side.client().search("Condition", {"patient": "p"})

    assert [(resource.id, resource.version_id) for resource in found] == [("a", "10"), ("b", "3")]


def test_the_later_instant_wins_over_the_higher_number() -> None:
    old = condition("a") | {
        "meta": {"versionId": "9", "lastUpdated": "2026-01-01T10:00:00.000+02:00"}
    }
    new = condition("a") | {"meta": {"versionId": "1", "lastUpdated": "2026-01-01T08:30:00Z"}}

    (found,) = pages(bundle(new, old)).client().search("Condition", {"patient": "p"})

    assert found.version_id == "1"


def test_included_resources_and_remarks_are_left_out() -> None:
    far_side = pages(
        bundle(condition("a"), {"resourceType": "OperationOutcome"}, {"resourceType": "Provenance"})
    )

    assert [r.id for r in far_side.client().search("Condition", {"patient": "p"})] == ["a"]


def test_an_entry_whose_head_is_broken_is_handed_on_to_be_counted() -> None:
    found = pages(bundle({"resourceType": "Condition", "id": 7})).client().search("Condition", {})

    assert [resource.id for resource in found] == [""]


@pytest.mark.parametrize(
    "body",
    [b"<html>canary</html>", b'{"resourceType":"Bundle","entry":[', b"[]", b'{"a":1}', b"\xff\xfe"],
)
def test_what_is_no_bundle_is_an_error_without_its_content(body: bytes) -> None:
    with pytest.raises(EhrFormatError) as caught:
        answering(httpx2.Response(200, content=body)).client().search("Condition", {})

    assert "canary" not in told(caught.value)


def test_busy_answers_are_waited_for_as_they_ask() -> None:
    waits: list[float] = []
    far_side = answering(
        httpx2.Response(429, headers={"Retry-After": "7"}),
        httpx2.Response(
            503,
            headers={
                "Date": "Mon, 23 Nov 2026 09:00:00 GMT",
                "Retry-After": "Mon, 23 Nov 2026 09:00:12 GMT",
            },
        ),
        httpx2.Response(429, headers={"Retry-After": "36000"}),
        httpx2.Response(200, json=condition("c1")),
    )

    far_side.client(waits).read("Condition", "c1")

    assert waits == [7.0, 12.0, 30.0]


def test_server_errors_and_silence_are_tried_again_ever_later() -> None:
    waits: list[float] = []
    far_side = answering(
        httpx2.Response(500),
        httpx2.ConnectError("canary"),
        httpx2.Response(429, headers={"Retry-After": "soon"}),
        httpx2.Response(200, json=condition("c1")),
    )

    far_side.client(waits).read("Condition", "c1")

    assert waits == [0.5, 1.0, 2.0]


def test_a_read_gives_up_after_four_tries() -> None:
    down, silent = answering(httpx2.Response(502)), answering(httpx2.ConnectError("canary"))

    with pytest.raises(EhrHttpError) as caught:
        down.client().read("Condition", "c1")
    with pytest.raises(EhrUnreachableError):
        silent.client().read("Condition", "c1")

    assert caught.value.status == 502
    assert len(down.requests) == len(silent.requests) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 302])
def test_a_definite_refusal_is_not_tried_again(status: int) -> None:
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "forbidden", "diagnostics": "canary"}],
    }
    far_side = answering(httpx2.Response(status, json=outcome))

    with pytest.raises(EhrHttpError) as caught:
        far_side.client().read("Condition", "canary-id")

    assert caught.value.status == status
    assert caught.value.outcome_code == "forbidden"
    assert len(far_side.requests) == 1
    assert "canary" not in told(caught.value)


def test_an_identifier_is_searched_and_then_compared() -> None:
    match = condition("a", identifier=[{"system": "https://ours", "value": "1"}])
    far_side = pages(
        bundle(
            match,
            condition("b", identifier=[{"system": "https://ours", "value": "2"}]),
            condition("c", identifier=[{"value": "1"}]),
            condition("d", identifier="1"),
            condition("e"),
        )
    )

    found = far_side.client().find_by_identifier("Condition", "https://ours", "1")

    assert [resource.id for resource in found] == ["a"]
    assert far_side.urls == [f"{BASE}/Condition?identifier=https%3A%2F%2Fours%7C1"]
    assert far_side.requests[0].headers["Prefer"] == "handling=strict"


def test_a_create_is_sent_once_with_its_condition() -> None:
    far_side = answering(httpx2.Response(201, headers={"Location": f"{BASE}/Claim/1/_history/2"}))
    frozen = b'{"resourceType":"Claim","total":{"value":10.50}}'

    outcome = far_side.client().create(
        frozen, if_none_exist=identifier_query("https://ours/claims", "a b")
    )

    (request,) = far_side.requests
    assert request.read() == frozen
    assert request.method == "POST"
    assert str(request.url) == f"{BASE}/Claim"
    assert request.headers["Content-Type"] == "application/fhir+json"
    assert request.headers["If-None-Exist"] == "identifier=https%3A%2F%2Fours%2Fclaims%7Ca+b"
    assert (outcome.kind, outcome.resource_id, outcome.version_id) == (
        WriteKind.CREATED,
        "1",
        "2",
    )


def test_decimals_are_sent_as_numbers() -> None:
    far_side = answering(httpx2.Response(201))

    far_side.client().create({"resourceType": "Claim", "v": Decimal("10.50")})

    assert far_side.requests[0].read() == b'{"resourceType":"Claim","v":10.50}'


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        (httpx2.ReadTimeout("canary"), Doubt.NO_ANSWER),
        (httpx2.ConnectError("canary"), Doubt.NO_ANSWER),
        (httpx2.RemoteProtocolError("canary"), Doubt.NO_ANSWER),
        (httpx2.DecodingError("canary"), Doubt.UNREADABLE_ANSWER),
        (httpx2.Response(500), Doubt.SERVER_ERROR),
    ],
)
def test_a_lost_answer_to_a_write_is_uncertain_and_never_sent_again(
    answer: httpx2.Response | Exception, doubt: Doubt
) -> None:
    waits: list[float] = []
    far_side = answering(answer)

    outcome = far_side.client(waits).create({"resourceType": "Claim"})

    assert (outcome.kind, outcome.doubt) == (WriteKind.UNCERTAIN, doubt)
    assert len(far_side.requests) == 1
    assert waits == []


@pytest.mark.proves("S15")
def test_a_create_outside_the_pins_sends_nothing() -> None:
    far_side = answering(httpx2.Response(201))
    client = FhirClient(
        gate=far_side.gate("https://other.example"), base_url=BASE, access_token=TOKEN
    )

    with pytest.raises(ForbiddenOriginError):
        client.create({"resourceType": "Claim"})

    assert far_side.requests == []


def test_a_resource_without_a_type_is_not_sent() -> None:
    with pytest.raises(InputError):
        answering(httpx2.Response(201)).client().create({"id": "1"})


@pytest.mark.proves("S20")
def test_the_library_beneath_logs_no_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    far_side = pages(bundle(condition("canary-id")))

    far_side.client().search("Condition", {"patient": "canary-patient"})

    assert "canary" not in caplog.text


def test_neither_client_nor_resource_prints_what_it_holds() -> None:
    far_side = answering(httpx2.Response(200, json=condition("canary-id", note="canary-text")))
    client = far_side.client()

    shown = repr((client, client.read("Condition", "canary-id")))

    assert "canary" not in shown
