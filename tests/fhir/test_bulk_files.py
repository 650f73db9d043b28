"""A file that is fetched: whole, or begun again, or refused; never half of it taken for all."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError, ExportGoneError
from ccm_fhir.fhir.bearer import Bearer
from ccm_fhir.fhir.bulk_door import BulkDoor
from ccm_fhir.fhir.bulk_files import Fetching, StartAgainError
from ccm_fhir.fhir.retrying import Patience
from tests.fhir.far_side import BASE, TOKEN, FarSide, answering

URL = f"{BASE}/files/1"
TEXT = b'{"resourceType":"Patient","id":"p1"}\n' * 40
ETAG = '"v1"'
RANGED = {"Accept-Ranges": "bytes", "ETag": ETAG}


class Breaking(httpx2.SyncByteStream):
    """A body that breaks off after so many bytes."""

    def __init__(self, body: bytes, after: int) -> None:
        self._body = body[:after]

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        message = "connection reset"
        raise httpx2.ReadError(message)


def fetching(far: FarSide, url: str = URL, *, waits: list[float] | None = None) -> Fetching:
    slept = [] if waits is None else waits
    door = BulkDoor(
        gate=far.gate(),
        base_url=BASE,
        bearer=Bearer(token=TOKEN),
        patience=Patience(sleep=slept.append, jitter=lambda: 1.0),
    )
    return Fetching(door, url, needs_token=True, most_bytes=10**9)


def fetched(far: FarSide) -> bytes:
    return b"".join(fetching(far).pieces())


def serving_ranges(breaks: list[int]) -> FarSide:
    """Return a far side whose answers break off after so many bytes each, the last one whole."""
    left = list(breaks)

    def answer(request: httpx2.Request) -> httpx2.Response:
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        headers = dict(RANGED)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(TEXT) - 1}/{len(TEXT)}"
        rest, status = TEXT[start:], 206 if start else 200
        if not left:
            return httpx2.Response(status, content=rest, headers=headers)
        return httpx2.Response(status, stream=Breaking(rest, left.pop(0)), headers=headers)

    return FarSide(answer)


@pytest.mark.proves("BULK4")
@given(st.lists(st.integers(1, 300), max_size=5))
def test_wherever_it_breaks_off_ranges_bring_every_byte_once(breaks: list[int]) -> None:
    assert fetched(serving_ranges(breaks)) == TEXT


def test_a_file_that_cannot_be_gone_on_with_is_begun_again() -> None:
    far = answering(httpx2.Response(200, stream=Breaking(TEXT, 100)))
    with pytest.raises(StartAgainError):
        fetched(far)


@pytest.mark.parametrize(
    "second",
    [
        httpx2.Response(200, content=TEXT),
        httpx2.Response(206, content=TEXT[7:], headers={"Content-Range": "bytes 7-9/10"}),
        httpx2.Response(206, content=TEXT[7:]),
    ],
    ids=["whole again", "another place", "no place"],
)
def test_what_does_not_go_on_where_it_broke_off_is_not_put_behind_it(
    second: httpx2.Response,
) -> None:
    first = httpx2.Response(200, stream=Breaking(TEXT, 100), headers=RANGED)
    with pytest.raises(StartAgainError):
        fetched(answering(first, second))


def test_a_weak_etag_proves_nothing() -> None:
    headers = {"Accept-Ranges": "bytes", "ETag": 'W/"1"'}
    with pytest.raises(StartAgainError):
        fetched(answering(httpx2.Response(200, stream=Breaking(TEXT, 100), headers=headers)))


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_not_there_is_gone(status: int) -> None:
    with pytest.raises(ExportGoneError):
        fetched(answering(httpx2.Response(status)))


def test_a_403_with_our_token_is_a_refusal_and_no_expired_address() -> None:
    with pytest.raises(EhrHttpError, match="403"):
        fetched(answering(httpx2.Response(403)))


def test_an_ehr_in_trouble_is_asked_four_times() -> None:
    waits: list[float] = []
    far = answering(httpx2.Response(503, headers={"Retry-After": "9"}))
    with pytest.raises(EhrHttpError, match="503"):
        list(fetching(far, waits=waits).pieces())
    assert (len(far.requests), waits) == (4, [9.0] * 3)
    silent = answering(httpx2.ConnectError("no"))
    with pytest.raises(EhrUnreachableError):
        fetched(silent)
    assert len(silent.requests) == 4


def test_a_packing_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(EhrFormatError, match="not asked for"):
        fetched(answering(httpx2.Response(200, headers={"Content-Encoding": "br"}, content=b"x")))


@pytest.mark.proves("R35")
def test_a_redirect_within_the_ehr_keeps_the_token_and_one_only_is_followed() -> None:
    moved = httpx2.Response(307, headers={"Location": "/fhir/files/2"})
    far = answering(moved, httpx2.Response(200, content=TEXT))
    assert fetched(far) == TEXT
    assert [r.headers["authorization"] for r in far.requests] == [f"Bearer {TOKEN}"] * 2
    with pytest.raises(EhrHttpError, match="307"):
        fetched(answering(moved))
