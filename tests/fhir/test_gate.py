from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx2
import pytest

from ccm_fhir.errors import EhrFormatError, EhrUnreachableError, ForbiddenOriginError, InputError
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from tests.fhir.far_side import BASE, FarSide, answering, told

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED = {
    "another host": "https://evil.test/fhir",
    "a longer host": "https://ehr.example.evil.test/fhir",
    "another port": "https://ehr.example:8443/fhir",
    "plain http": "http://ehr.example/fhir",
    "a user name that looks like the host": "https://ehr.example@evil.test/fhir",
    "a user name at the host": "https://someone@ehr.example/fhir",
    "a trailing dot": "https://ehr.example./fhir",
    "another scheme": "ftp://ehr.example/fhir",
    "no host": "https:///fhir",
}


@pytest.mark.proves("R35", "S15")
@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED.keys())
def test_a_request_outside_the_pins_is_refused_and_sends_nothing(url: str) -> None:
    far_side = answering(httpx2.Response(200))

    with pytest.raises(ForbiddenOriginError):
        far_side.gate().get(url, what="reading a test")

    assert far_side.requests == []


@pytest.mark.parametrize(
    "url",
    ["https://ehr.example/fhir", "https://EHR.example:443/other", "HTTPS://ehr.example/?q=1"],
)
def test_the_same_origin_in_another_spelling_passes(url: str) -> None:
    far_side = answering(httpx2.Response(200))

    assert far_side.gate().get(url, what="reading a test").status_code == 200


@pytest.mark.proves("R1", "S15", "S24")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_plain_http_on_loopback_needs_the_demo_setting(host: str) -> None:
    far_side = answering(httpx2.Response(200))
    url = f"http://{host}:8080/fhir"
    origins = frozenset({Origin.of(url)})
    transport = httpx2.MockTransport(far_side)
    strict = OutgoingGate(origins=origins, transport=transport)
    demo = OutgoingGate(origins=origins, transport=transport, allow_loopback_http=True)

    with pytest.raises(ForbiddenOriginError):
        strict.get(url, what="reading a test")
    assert demo.get(url, what="reading a test").status_code == 200


@pytest.mark.proves("R1", "S15")
def test_plain_http_elsewhere_is_refused_even_under_the_demo_setting() -> None:
    far_side = answering(httpx2.Response(200))
    gate = OutgoingGate(
        origins=frozenset({Origin.of("http://ehr.example")}),
        transport=httpx2.MockTransport(far_side),
        allow_loopback_http=True,
    )

    with pytest.raises(ForbiddenOriginError):
        gate.get("http://ehr.example/fhir", what="reading a test")


@pytest.mark.proves("R35", "S15")
def test_redirects_are_handed_back_and_not_followed() -> None:
    far_side = answering(httpx2.Response(302, headers={"Location": "https://evil.test/"}))

    answer = far_side.gate().get(BASE, what="reading a test")

    assert answer.status_code == 302
    assert len(far_side.requests) == 1


@pytest.mark.proves("S18")
def test_a_request_asks_for_fhir_json() -> None:
    far_side = answering(httpx2.Response(200))

    far_side.gate().get(BASE, what="reading a test")

    assert far_side.requests[0].headers["Accept"] == "application/fhir+json"


@pytest.mark.proves("S15", "S17")
def test_an_answer_is_cut_off_at_the_limit_after_decompression() -> None:
    bomb = gzip.compress(b" " * 2_000_000)
    far_side = FarSide(
        lambda _: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Bytes([bomb]))
    )
    gate = OutgoingGate(
        origins=frozenset({Origin.of(BASE)}),
        transport=httpx2.MockTransport(far_side),
        max_bytes=1_000_000,
    )

    with pytest.raises(EhrFormatError, match="larger"):
        gate.get(BASE, what="reading a test")


def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(b'{"a": 1}')
    far_side = FarSide(
        lambda _: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Bytes([body]))
    )

    assert far_side.gate().get(BASE, what="reading a test").json() == {"a": 1}


def test_a_broken_compression_is_a_broken_answer() -> None:
    far_side = FarSide(
        lambda _: httpx2.Response(
            200, headers={"Content-Encoding": "gzip"}, stream=_Bytes([b"not gzip"])
        )
    )

    with pytest.raises(EhrFormatError):
        far_side.gate().get(BASE, what="reading a test")


@pytest.mark.proves("S20")
@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("canary-host"),
        httpx2.ReadTimeout("canary-host"),
        httpx2.RemoteProtocolError("canary-host"),
    ],
)
def test_no_answer_is_told_without_the_address(failure: Exception) -> None:
    far_side = answering(failure)

    with pytest.raises(EhrUnreachableError) as caught:
        far_side.gate().get(f"{BASE}/Patient?name=canary-name", what="reading a test")

    assert "reading a test" in told(caught.value)
    assert "canary" not in told(caught.value)


def test_who_is_late_already_sends_nothing() -> None:
    far_side = answering(httpx2.Response(200))
    hurried = far_side.gate().within(1, lambda: True, max_bytes=100)

    with pytest.raises(EhrUnreachableError):
        hurried.get(BASE, what="reading a test")

    assert far_side.requests == []


def test_an_answer_that_trickles_in_is_not_read_past_the_time() -> None:
    left = [False, False, True]
    read: list[bytes] = []

    class Trickle(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(100):
                read.append(b"x")
                yield b"x"

    far_side = answering(httpx2.Response(200, stream=Trickle()))
    hurried = far_side.gate().within(1, lambda: left.pop(0) if left else True, max_bytes=1000)

    with pytest.raises(EhrUnreachableError):
        hurried.get(BASE, what="reading a test")

    assert len(read) == 2


def test_a_gate_in_a_hurry_keeps_every_check() -> None:
    far_side = answering(httpx2.Response(200, text="x" * 101))
    hurried = far_side.gate().within(1, lambda: False, max_bytes=100)

    with pytest.raises(ForbiddenOriginError):
        hurried.get("https://evil.test/fhir", what="reading a test")
    with pytest.raises(EhrFormatError):
        hurried.get(BASE, what="reading a test")

    assert hurried.timeout.read == 1


@pytest.mark.parametrize("text", ["", "ehr.example", "/fhir", "mailto:a@b", "https://[::1"])
def test_what_is_no_web_address_has_no_origin(text: str) -> None:
    with pytest.raises(InputError):
        Origin.of(text)


def test_an_origin_prints_as_people_write_it() -> None:
    shown = [str(Origin.of(u)) for u in ("https://A.example/x", "http://[::1]:80", "https://b:444")]

    assert shown == ["https://a.example", "http://[::1]", "https://b:444"]


class _Bytes(httpx2.SyncByteStream):
    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
