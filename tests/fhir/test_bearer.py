"""A token that the server refuses: one renewal, one more try, and no loop of any kind."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx2
import pytest

from ccm_fhir.errors import EhrHttpError, EhrUnreachableError, LaunchError
from ccm_fhir.fhir.bearer import Renew
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.outcomes import WriteKind
from ccm_fhir.fhir.retrying import Patience
from tests.fhir.far_side import BASE, FarSide, bundle

FOUND = httpx2.codes.OK
CONDITION: dict[str, object] = {"resourceType": "Condition", "id": "c1"}


def taking(*good: str, status: int = 401) -> FarSide:
    """Return a far side that answers requests with one of these tokens, and refuses others."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.headers["Authorization"].removeprefix("Bearer ") not in good:
            return httpx2.Response(status)
        if request.method == "POST":
            return httpx2.Response(201, json=CONDITION)
        one = request.url.path.endswith("/c1")
        return httpx2.Response(FOUND, json=CONDITION if one else bundle(CONDITION))

    return FarSide(answer)


class Grant:
    """A grant whose token is renewed to the next of a list; remembers what was refused."""

    def __init__(self, *tokens: str) -> None:
        self.now, *self._next = tokens
        self.refused: list[str] = []

    def renew(self, refused: str) -> str:
        self.refused.append(refused)
        if refused == self.now and self._next:
            self.now = self._next.pop(0)
        return self.now


def client(
    far_side: FarSide, token: str | Callable[[], str], renew: Renew | None = None
) -> FhirClient:
    return FhirClient(
        gate=far_side.gate(),
        base_url=BASE,
        access_token=token,
        renew=renew,
        patience=Patience(sleep=lambda _: None, jitter=lambda: 1.0),
    )


def bearers(far_side: FarSide) -> list[str]:
    return [request.headers["Authorization"].split()[1] for request in far_side.requests]


@pytest.mark.proves("R33")
@pytest.mark.parametrize("kind", ["read", "search", "create"])
def test_a_401_is_answered_by_one_renewal_and_one_more_try(kind: str) -> None:
    far_side, grant = taking("new"), Grant("old", "new", "newer")
    asking = client(far_side, lambda: grant.now, grant.renew)

    if kind == "read":
        assert asking.read("Condition", "c1").id == "c1"
    elif kind == "search":
        assert len(asking.search("Condition", {"patient": "p"})) == 1
    else:
        assert asking.create(CONDITION).kind is WriteKind.CREATED

    assert bearers(far_side) == ["old", "new"]
    assert grant.refused == ["old"]


@pytest.mark.proves("R33")
def test_a_server_that_refuses_the_new_token_too_is_asked_no_more() -> None:
    far_side, grant = taking(), Grant("old", "new", "newer", "newest")
    asking = client(far_side, lambda: grant.now, grant.renew)

    for _ in range(3):
        with pytest.raises(EhrHttpError) as refused:
            asking.read("Condition", "c1")
        assert refused.value.status == 401

    assert grant.refused == ["old"]
    assert bearers(far_side) == ["old", "new", "new", "new"]


@pytest.mark.proves("R33")
def test_a_403_is_answered_by_no_renewal_and_no_second_try() -> None:
    far_side, grant = taking(status=403), Grant("old", "new")
    asking = client(far_side, lambda: grant.now, grant.renew)

    with pytest.raises(EhrHttpError):
        asking.read("Condition", "c1")
    assert asking.create(CONDITION).kind is WriteKind.REJECTED

    assert grant.refused == []
    assert bearers(far_side) == ["old", "old"]


@pytest.mark.proves("R33")
def test_threads_that_are_refused_at_once_share_one_renewal() -> None:
    together, grant = threading.Barrier(4), Grant("old", "new", "newer")
    inner = taking("new")

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.headers["Authorization"] == "Bearer old":
            together.wait(timeout=30)
        return inner(request)

    asking = client(FarSide(answer), lambda: "old", grant.renew)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(asking.read("Condition", "c1").id))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["c1"] * 4
    assert grant.now == "new"  # renewed once: the others were given what the first had fetched


def test_a_token_without_a_way_to_another_is_tried_once() -> None:
    far_side = taking("new")

    assert client(far_side, "old").create(CONDITION).kind is WriteKind.UNAUTHORIZED
    assert bearers(far_side) == ["old"]


def test_a_write_without_a_token_to_be_had_was_surely_not_written() -> None:
    def refuse(_: str) -> str:
        raise LaunchError("reauthorise")

    def silent(_: str) -> str:
        raise EhrUnreachableError("asking for a token")

    for renew in (refuse, silent):
        assert client(taking(), "old", renew).create(CONDITION).kind is WriteKind.UNAUTHORIZED


def test_a_refused_renewal_is_told_to_who_reads() -> None:
    def refuse(_: str) -> str:
        raise LaunchError("reauthorise")

    with pytest.raises(LaunchError):
        client(taking(), "old", refuse).read("Condition", "c1")
