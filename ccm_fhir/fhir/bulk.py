"""A bulk export as its client sees it: kick off, look again, read the manifest, let it go.

Bulk Data Access 2.0; what a server says of other versions is read, too. The status address is
handed out at once, for the caller to keep before anything else is done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

import httpx2

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    ExportFailedError,
    ExportGoneError,
)
from ccm_fhir.fhir.bulk_door import BulkDoor
from ccm_fhir.fhir.bulk_forms import BulkForm, ExportRequest
from ccm_fhir.fhir.bulk_manifest import Manifest, read_manifest
from ccm_fhir.fhir.gate import FHIR_JSON
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.outcomes import outcome_codes
from ccm_fhir.fhir.retrying import TRY_AGAIN, retry_after_seconds

_BEGINNING, _LOOKING = "beginning an export", "looking whether an export is ready"
_ENDING = "deleting an export"
_ASYNC = {"Accept": FHIR_JSON, "Prefer": "respond-async"}
_INSTANTS = frozenset({"_since", "_until"})
_NO_SUCH_METHOD = frozenset({405, 501})
_GONE = frozenset({404, 410})
_ENDED = frozenset({200, 202, 204, 404, 410})
_BUSY = frozenset({429, 503})
_SHORTEST_SECONDS, _FIRST_SECONDS = 0.2, 1.0
_MOST_FAILURES = 8
_MOST_REFUSALS = 60
_MOST_PARTS = 1000
_PERCENT = re.compile(r"\b(\d{1,3}(?:\.\d+)?)\s*%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at an export found: the manifest, or how long to wait for the next look.

    ``percent`` is what the server says of its progress, where it gives a number.
    """

    manifest: Manifest | None = None
    wait_seconds: float = 0.0
    percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkClient:
    """Exports from one EHR, in its own form."""

    door: BulkDoor
    form: BulkForm

    def kick_off(self, asked: ExportRequest) -> str:
        """Begin an export; return its status address.

        Where another export of ours is running, as the EHR says by 429, it is waited for.

        Raises:
            EhrHttpError: the EHR refuses it.
            EhrFormatError: it gives no status address.
            EhrUnreachableError, ForbiddenOriginError, LaunchError: as the door says.
        """
        answer = self._begun(asked, by_post=self.form.begins_by_post)
        for turn in range(_MOST_REFUSALS):
            if answer.status_code not in _BUSY:
                break
            self.door.patience.sleep(self._wait_seconds(answer, turn))
            answer = self._begun(asked, by_post=self.form.begins_by_post)
        if answer.status_code in _NO_SUCH_METHOD and not self.form.begins_by_post:
            answer = self._begun(asked, by_post=True)
        if answer.status_code != httpx2.codes.ACCEPTED:
            raise _refused(answer, _BEGINNING)
        where = answer.headers.get("content-location", "")
        if not where:
            raise EhrFormatError(_BEGINNING, "it gives no status address (Content-Location)")
        return urljoin(f"{self._root}/", where)

    def look(self, status_url: str, turn: int) -> Looked:
        """Look at an export once.

        Args:
            status_url: as ``kick_off`` returned it.
            turn: how often was looked before, from 0: waits grow where the EHR names none.

        Raises:
            ExportGoneError: the EHR no longer knows it.
            EhrHttpError: any status but 200, 202 and those that pass.
            EhrFormatError: what it calls the manifest is none.
            EhrUnreachableError, ForbiddenOriginError, LaunchError: as the door says.
        """
        answer = self.door.send(_get(status_url), _LOOKING)
        if answer.status_code in _GONE:
            raise ExportGoneError(_LOOKING)
        if answer.status_code == httpx2.codes.OK:
            manifest = read_manifest(answer.content, status_url, answer.headers)
            return Looked(manifest=self._whole(manifest))
        if answer.status_code != httpx2.codes.ACCEPTED:
            raise _refused(answer, _LOOKING)
        progress = _PERCENT.search(answer.headers.get("x-progress", ""))
        return Looked(
            wait_seconds=self._wait_seconds(answer, turn),
            percent=float(progress[1]) if progress else None,
        )

    def cancel(self, status_url: str) -> bool:
        """Let the EHR drop an export; return whether it is gone now, whoever dropped it.

        Raises:
            ForbiddenOriginError, LaunchError: as the door says.
        """
        try:
            answer = self.door.send(_request("DELETE", status_url), _ENDING, waits=False)
        except EhrUnreachableError:
            return False
        return answer.status_code in _ENDED

    def failed_wait(self, problem: EhrHttpError | EhrUnreachableError, failures: int) -> float:
        """Return how long to wait after a look without an answer; too many in a row end it.

        Raises:
            EhrHttpError: one that no waiting mends.
            EhrUnreachableError: no answer, again and again; the export may be looked at later.
            ExportFailedError: the EHR keeps answering with an error.
        """
        if isinstance(problem, EhrHttpError) and problem.status not in TRY_AGAIN:
            raise problem
        if failures >= _MOST_FAILURES:
            if isinstance(problem, EhrUnreachableError):
                raise problem
            raise ExportFailedError(f"it answers {problem.status} whenever it is looked at")
        return self._backoff(failures)

    @property
    def _root(self) -> str:
        return self.door.base_url.rstrip("/")

    def _begun(self, asked: ExportRequest, *, by_post: bool) -> httpx2.Response:
        url, pairs = f"{self._root}/{asked.path}", asked.pairs(self.form)
        if not by_post:
            query = f"?{urlencode(pairs)}" if pairs else ""
            return self.door.send(_request("GET", url + query, _ASYNC), _BEGINNING)
        parameters: Json = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": name, "valueInstant" if name in _INSTANTS else "valueString": value}
                for name, value in pairs
            ],
        }
        headers = _ASYNC | {"Content-Type": FHIR_JSON}
        request = httpx2.Request("POST", url, headers=headers, content=to_bytes(parameters))
        return self.door.send(request, _BEGINNING)

    def _whole(self, manifest: Manifest) -> Manifest:
        """Return a manifest with all its parts (3.0)."""
        seen: set[str] = set()
        while manifest.next_link:
            link = manifest.next_link
            if link in seen or len(seen) >= _MOST_PARTS:
                raise EhrFormatError(_LOOKING, "the parts of its manifest go in a circle")
            seen.add(link)
            answer = self.door.send(_get(link), _LOOKING)
            if answer.status_code != httpx2.codes.OK:
                raise _refused(answer, _LOOKING)
            manifest += read_manifest(answer.content, link, answer.headers)
        return manifest

    def _wait_seconds(self, answer: httpx2.Response, turn: int) -> float:
        asked = retry_after_seconds(answer.headers)
        if asked is None:
            return self._backoff(turn)
        return min(max(asked, _SHORTEST_SECONDS), self.form.longest_wait_seconds)

    def _backoff(self, turn: int) -> float:
        longest = min(_FIRST_SECONDS * 2.0 ** min(turn, 20), self.form.longest_wait_seconds)
        return longest * (1 + self.door.patience.jitter()) / 2


def _request(method: str, url: str, headers: dict[str, str] | None = None) -> httpx2.Request:
    try:
        return httpx2.Request(method, url, headers=headers)
    except httpx2.InvalidURL:
        raise EhrFormatError(_LOOKING, "its address is none") from None


def _get(url: str) -> httpx2.Request:
    return _request("GET", url, {"Accept": "application/json"})


def _refused(answer: httpx2.Response, what: str) -> EhrHttpError:
    code = next(iter(outcome_codes(answer.content)), None)
    return EhrHttpError(what, answer.status_code, outcome_code=code)
