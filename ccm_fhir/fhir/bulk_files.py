"""A file of an export, as it is fetched: in pieces, unpacked, from where it broke off.

Bulk Data Access 2.0, "Output File Request". A transfer that breaks off goes on by Range where the
server offers that and the file is provably the same; else the file begins anew.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import httpx2

from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError, ExportGoneError
from ccm_fhir.fhir.bulk_door import BulkDoor
from ccm_fhir.fhir.bulk_forms import NDJSON
from ccm_fhir.fhir.gate import translated
from ccm_fhir.fhir.retrying import TRY_AGAIN, retry_after_seconds
from ccm_fhir.fhir.unpacking import BrokenOffError, Unpacker

_FETCHING = "fetching a file of the export"
_GONE = frozenset({404, 410})
_FORBIDDEN = frozenset({400, 401, 403})
_RANGE = re.compile(r"bytes (?P<start>\d+)-")
_READABLE = frozenset({"", "identity", "gzip", "x-gzip"})


class StartAgainError(Exception):
    """A file broke off where it cannot be gone on with: what came of it is to be dropped."""


@dataclass(slots=True)
class Fetching:
    """One file being fetched; ``most_bytes`` holds for what it unpacks to."""

    door: BulkDoor
    url: str
    needs_token: bool
    most_bytes: int
    _unpacker: Unpacker = field(init=False)
    _validator: str = ""
    _failures: int = 0

    def __post_init__(self) -> None:
        self._unpacker = Unpacker(self.most_bytes)

    @property
    def given(self) -> int:
        """How many bytes came of it so far, unpacked."""
        return self._unpacker.given

    def pieces(self) -> Iterator[bytes]:
        """Yield the unpacked text, a piece at a time.

        Raises:
            StartAgainError: it broke off, and must be fetched from its beginning.
            ExportGoneError: it is no longer there, or its address has expired.
            EhrHttpError: any other status.
            EhrFormatError: it is too large, or swells too far.
            ForbiddenOriginError: it lies at an origin that is not pinned; nothing was sent.
            LaunchError: the EHR gives us no token.
        """
        while True:
            try:
                is_whole = yield from self._part()
            except EhrUnreachableError:
                self._again(None)
                continue
            except BrokenOffError:
                raise StartAgainError from None
            if is_whole:
                return

    def _part(self) -> Generator[bytes, None, bool]:
        """Yield what one request brings; return whether that is all."""
        with self.door.streaming(
            self._request(), _FETCHING, needs_token=self.needs_token
        ) as answer:
            if not self._is_welcome(answer):
                self._again(answer)
                return False
            self._validator = _validator(answer.headers)
            with translated(_FETCHING):
                for piece in cast("Iterable[bytes]", answer.stream):
                    yield from self._unpacker.take(piece)
                    self._failures = 0
            yield from self._unpacker.finish()
        return True

    def _request(self) -> httpx2.Request:
        headers = {"Accept": NDJSON, "Accept-Encoding": "gzip"}
        if self._unpacker.taken:
            headers |= {"Range": f"bytes={self._unpacker.taken}-", "If-Range": self._validator}
        try:
            return httpx2.Request("GET", self.url, headers=headers)
        except httpx2.InvalidURL:
            raise EhrFormatError(_FETCHING, "its address is none") from None

    def _is_welcome(self, answer: httpx2.Response) -> bool:
        """Whether an answer is the file, from where we are; False: ask again later."""
        status, taken = answer.status_code, self._unpacker.taken
        if status in TRY_AGAIN:
            return False
        if status == httpx2.codes.PARTIAL_CONTENT and taken:
            found = _RANGE.match(answer.headers.get("content-range", ""))
            if found is None or int(found["start"]) != taken:
                raise StartAgainError
            return True
        if status == httpx2.codes.OK:
            if taken:
                raise StartAgainError
            _check_encoding(answer.headers)
            return True
        if status in _GONE or (status in _FORBIDDEN and not self._carries_token):
            raise ExportGoneError(_FETCHING)
        raise EhrHttpError(_FETCHING, status)

    @property
    def _carries_token(self) -> bool:
        return self.needs_token and self.door.is_own(self.url)

    def _again(self, answer: httpx2.Response | None) -> None:
        """Wait until the file may be asked for again.

        Raises:
            StartAgainError: it cannot be gone on with.
            EhrHttpError, EhrUnreachableError: it was asked for often enough.
        """
        self._failures += 1
        patience = self.door.patience
        if self._failures >= patience.tries:
            if answer is None:
                raise EhrUnreachableError(_FETCHING)
            raise EhrHttpError(_FETCHING, answer.status_code)
        asked = retry_after_seconds(answer.headers) if answer is not None else None
        backoff = min(patience.first_seconds * 2.0**self._failures, patience.most_seconds)
        patience.sleep(backoff if asked is None else min(asked, patience.most_seconds))
        if self._unpacker.taken and not self._validator:
            raise StartAgainError


def _check_encoding(headers: Mapping[str, str]) -> None:
    if headers.get("content-encoding", "").strip().lower() not in _READABLE:
        raise EhrFormatError(_FETCHING, "it is packed in a way that was not asked for")


def _validator(headers: Mapping[str, str]) -> str:
    """Return what proves that a file is still the same; empty where a Range is not offered."""
    if headers.get("accept-ranges", "").lower() != "bytes" and "content-range" not in headers:
        return ""
    etag = headers.get("etag", "")
    return "" if etag.startswith("W/") else etag or headers.get("last-modified", "")
