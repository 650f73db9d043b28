"""What servers get up to between two pages."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from ccm_fhir.errors import EhrHttpError
from ccm_fhir.fhir.remarks import is_expired_page, says_partial
from tests.fhir.far_side import BASE, FarSide, answering, bundle

QUERY = "Condition?patient=p"
NEXT = "?page=2"


def condition(resource_id: str, version: str = "1") -> dict[str, Any]:
    return {"resourceType": "Condition", "id": resource_id, "meta": {"versionId": version}}


def page(*resources: dict[str, Any], next_link: str = "", **members: Any) -> httpx2.Response:  # noqa: ANN401
    return httpx2.Response(200, json=bundle(*resources, next_link=next_link) | members)


def remark(code: str, *details: str) -> dict[str, Any]:
    codings = [{"system": "urn:vendor", "code": each} for each in details]
    issue = {"severity": "warning", "code": code, "details": {"coding": codings}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


GONE = {
    "404": httpx2.Response(404),
    "410": httpx2.Response(410, json=remark("expired")),
    "Epic 4113": httpx2.Response(400, json=remark("invalid", "4113")),
}


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_a_search_whose_next_page_is_gone_starts_again(gone: httpx2.Response) -> None:
    far_side = answering(
        page(condition("a"), next_link=NEXT),
        gone,
        page(condition("a", "2"), next_link=NEXT),
        page(condition("b")),
    )

    found = far_side.client().find(QUERY)

    assert [(each.id, each.version_id) for each in found.resources] == [("a", "2"), ("b", "1")]
    assert far_side.urls[2] == far_side.urls[0] == f"{BASE}/{QUERY}"


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_a_search_starts_again_only_once(gone: httpx2.Response) -> None:
    far_side = answering(page(next_link=NEXT), gone, page(next_link=NEXT), gone)

    with pytest.raises(EhrHttpError) as caught:
        far_side.client().find(QUERY)

    assert caught.value.status == gone.status_code
    assert len(far_side.requests) == 4


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_a_first_page_that_is_not_there_is_an_error_at_once(gone: httpx2.Response) -> None:
    far_side = answering(gone)

    with pytest.raises(EhrHttpError):
        far_side.client().find(QUERY)

    assert len(far_side.requests) == 1


@pytest.mark.parametrize("status", [400, 403, 500])
def test_another_failure_of_a_page_does_not_start_the_search_again(status: int) -> None:
    far_side = answering(page(next_link=NEXT), httpx2.Response(status))

    with pytest.raises(EhrHttpError):
        far_side.client().find(QUERY)

    assert far_side.urls.count(f"{BASE}/{QUERY}") == 1


def test_a_search_that_began_in_a_batch_starts_again_by_itself() -> None:
    far_side = answering(httpx2.Response(410), page(condition("b")))
    first = page(condition("a"), next_link=NEXT).content

    found = far_side.client().find(QUERY, first)

    assert [each.id for each in found.resources] == ["b"]
    assert far_side.urls == [f"{BASE}/Condition?page=2", f"{BASE}/{QUERY}"]


def test_an_empty_page_may_be_followed_by_a_full_one() -> None:
    empty = {key: value for key, value in bundle(next_link=NEXT).items() if key != "entry"}
    far_side = answering(httpx2.Response(200, json=empty), page(condition("a")))

    assert [each.id for each in far_side.client().find(QUERY).resources] == ["a"]


@pytest.mark.parametrize("total", [0, 1, 7, 10_000, None, "many"])
def test_what_a_server_counts_is_not_believed(total: object) -> None:
    far_side = answering(
        page(condition("a"), next_link=NEXT, total=total), page(condition("b"), total=total)
    )

    assert [each.id for each in far_side.client().find(QUERY).resources] == ["a", "b"]


def test_a_resource_changed_between_two_pages_is_kept_in_its_latest_version() -> None:
    far_side = answering(
        page(condition("a", "3"), condition("b"), next_link=NEXT), page(condition("a", "4"))
    )

    found = far_side.client().find(QUERY)

    assert [(each.id, each.version_id) for each in found.resources] == [("a", "4"), ("b", "1")]


@pytest.mark.parametrize(
    ("remarks", "is_partial"),
    [
        ([], False),
        ([remark("suppressed", "4119")], False),
        ([remark("informational")], False),
        ([remark("too-costly")], True),
        ([remark("incomplete")], True),
        ([remark("processing", "4127")], True),
        ([remark("processing", "59133")], True),
        ([remark("informational"), remark("too-costly")], True),
    ],
)
def test_a_capped_search_says_so_on_any_page(
    remarks: list[dict[str, Any]],
    is_partial: bool,  # noqa: FBT001
) -> None:
    far_side = answering(page(condition("a"), next_link=NEXT), page(condition("b"), *remarks))

    found = far_side.client().find(QUERY)

    assert found.is_partial is is_partial
    assert len(found.resources) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"resourceType":"Bundle","issue":[{"code":"too-costly"}]}',
        b'{"resourceType":"OperationOutcome"}',
        b'{"resourceType":"OperationOutcome","issue":[7]}',
    ],
)
def test_what_is_no_remark_says_nothing(body: bytes) -> None:
    assert not says_partial(body)
    assert not is_expired_page(httpx2.Response(400, content=body))


def test_pages_without_end_are_an_error() -> None:
    count = iter(range(1000))

    def endless(_request: httpx2.Request) -> httpx2.Response:
        return page(condition("a"), next_link=f"?page={next(count)}")

    with pytest.raises(Exception, match="more than 20 pages"):
        FarSide(endless).client().find(QUERY)
