from __future__ import annotations

import httpx2
import pytest

from ccm_fhir.errors import ForbiddenOriginError
from ccm_fhir.fhir.wire import PinnedWire

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  # an address to refuse, not to listen on
    "224.0.0.1",
    "::1",
    "fe80::1%eth0",
    "fc00::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
]


class Dialled:
    """Remembers what was dialled; addresses in ``dead`` do not answer."""

    def __init__(self, dead: frozenset[str] = frozenset()) -> None:
        self._dead = dead
        self.requests: list[httpx2.Request] = []
        self.pools = 0

    def __call__(self) -> httpx2.BaseTransport:
        self.pools += 1
        return httpx2.MockTransport(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.host in self._dead:
            message = "refused"
            raise httpx2.ConnectError(message)
        return httpx2.Response(200)


def wire(dialled: Dialled, *addresses: str, allow_loopback: bool = False) -> PinnedWire:
    return PinnedWire(
        resolve=lambda _host, _port: addresses, dial=dialled, allow_loopback=allow_loopback
    )


@pytest.mark.proves("S15")
@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    dialled = Dialled()

    with pytest.raises(ForbiddenOriginError):
        wire(dialled, "8.8.8.8", address).handle_request(
            httpx2.Request("GET", "https://ehr.example/fhir")
        )

    assert dialled.requests == []


@pytest.mark.proves("R1", "S15")
def test_the_checked_address_is_dialled_under_the_name_of_the_server() -> None:
    dialled = Dialled()

    wire(dialled, "8.8.8.8").handle_request(
        httpx2.Request("POST", "https://ehr.example:8443/fhir?a=b", content=b"body")
    )

    (sent,) = dialled.requests
    assert str(sent.url) == "https://8.8.8.8:8443/fhir?a=b"
    assert sent.headers["Host"] == "ehr.example:8443"
    assert sent.extensions["sni_hostname"] == "ehr.example"
    assert sent.read() == b"body"


def test_the_next_address_is_tried_when_the_first_does_not_open() -> None:
    dialled = Dialled(dead=frozenset({"2606:4700::1"}))

    answer = wire(dialled, "2606:4700::1", "8.8.8.8").handle_request(
        httpx2.Request("GET", "https://ehr.example/")
    )

    assert answer.status_code == 200
    assert [request.url.host for request in dialled.requests] == ["2606:4700::1", "8.8.8.8"]


def test_two_names_on_one_address_share_no_connection() -> None:
    dialled = Dialled()
    shared = wire(dialled, "8.8.8.8")

    for host in ("a.example", "b.example", "a.example"):
        shared.handle_request(httpx2.Request("GET", f"https://{host}/"))

    assert dialled.pools == 2


def test_loopback_is_dialled_only_where_it_is_allowed() -> None:
    dialled = Dialled()

    wire(dialled, "127.0.0.1", allow_loopback=True).handle_request(
        httpx2.Request("GET", "http://localhost:8080/")
    )

    assert len(dialled.requests) == 1


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(ForbiddenOriginError):
        wire(Dialled()).handle_request(httpx2.Request("GET", "https://ehr.example/"))
