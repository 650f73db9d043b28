"""How the requests of an export leave: under the EHR's pace, with a token where one may go.

A token goes to the origin of the FHIR base and to no other: files often lie with a third party.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx2

from ccm_fhir.errors import EhrUnreachableError, InputError
from ccm_fhir.fhir.bearer import Bearer
from ccm_fhir.fhir.client import Pacing
from ccm_fhir.fhir.gate import OutgoingGate, translated
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.retrying import Patience, retry_after_seconds
from ccm_fhir.fhir.unhurried import Unhurried

_UNAUTHORIZED, _THROTTLED = 401, 429
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkDoor:
    """One EHR as an export speaks to it; ``gate`` may be pinned to the origins of its files too."""

    gate: OutgoingGate
    base_url: str
    bearer: Bearer = field(repr=False)
    patience: Patience = field(default_factory=Patience, repr=False)
    pacing: Pacing | None = field(default=None, repr=False)

    def send(self, request: httpx2.Request, what: str, *, waits: bool = True) -> httpx2.Response:
        """Return the answer to a small request, read whole.

        One that does not wait is not sent while the EHR is left alone (EhrPausedError).

        Raises:
            EhrUnreachableError, ForbiddenOriginError, EhrFormatError: as the gate says.
            LaunchError: the EHR gives us no token.
        """
        self._wait(waits=waits)
        try:
            with translated(what), self.gate.client() as client:
                answer = self._carried(request, client)
        except EhrUnreachableError:
            self._tell(None)
            raise
        self._tell(answer)
        return answer

    @contextmanager
    def streaming(
        self, request: httpx2.Request, what: str, *, needs_token: bool
    ) -> Iterator[httpx2.Response]:
        """Send a request and yield its answer unread; one redirect is followed.

        Raises:
            as ``send``; and ``httpx2.TransportError`` while the answer is read.
        """
        is_own = self.is_own(str(request.url))
        if is_own:
            self._wait(waits=True)
        sending = _Sending(self.gate)
        try:
            with translated(what):
                answer = self._answered(request, sending, with_token=needs_token and is_own)
            if is_own:
                self._tell(answer)
            yield answer
        except EhrUnreachableError:
            if is_own:
                self._tell(None)
            raise
        finally:
            sending.close()

    def is_own(self, url: str) -> bool:
        """Whether a URL is of the FHIR base's own origin."""
        try:
            return Origin.of(url) == Origin.of(self.base_url)
        except InputError:
            return False

    def _carried(self, request: httpx2.Request, client: httpx2.Client) -> httpx2.Response:
        if self.is_own(str(request.url)):
            return self.bearer.send(request, client.send)
        return client.send(request)

    def _answered(
        self, request: httpx2.Request, sending: _Sending, *, with_token: bool
    ) -> httpx2.Response:
        send = sending.send
        answer = self.bearer.send(request, send) if with_token else send(request)
        if answer.status_code not in _REDIRECTS or "location" not in answer.headers:
            return answer
        where = urljoin(str(request.url), answer.headers["location"])
        headers = {k: v for k, v in request.headers.items() if k not in {"authorization", "host"}}
        onward = httpx2.Request("GET", where, headers=headers)
        return self.bearer.send(onward, send) if with_token and self.is_own(where) else send(onward)

    def _wait(self, *, waits: bool) -> None:
        if self.pacing is None:
            return
        unhurried = Unhurried(pacing=self.pacing, sleep=self.patience.sleep)
        (unhurried if waits else self.pacing).before()

    def _tell(self, answer: httpx2.Response | None) -> None:
        """Tell the shared pace; a 429 is of this export alone, since others may be served."""
        if self.pacing is None:
            return
        if answer is None:
            self.pacing.after(None)
        elif answer.status_code == _THROTTLED:
            self.pacing.after(int(httpx2.codes.ACCEPTED))
        else:
            self.pacing.after(answer.status_code, retry_after_seconds(answer.headers))


@dataclass(slots=True)
class _Sending:
    """Answers that are open, the last one only: what is sent again closes what was before."""

    gate: OutgoingGate
    _open: list[Iterator[httpx2.Response]] = field(default_factory=list)

    def send(self, request: httpx2.Request) -> httpx2.Response:
        self.close()
        opened = _opened(self.gate, request)
        answer = next(opened)
        self._open.append(opened)
        return answer

    def close(self) -> None:
        while self._open:
            next(self._open.pop(), None)


def _opened(gate: OutgoingGate, request: httpx2.Request) -> Iterator[httpx2.Response]:
    with gate.streaming(request) as answer:
        yield answer
