"""What became of a write: a value that says whether the EHR holds the resource, or cannot say.

Of an OperationOutcome only the issue codes (a closed list of FHIR's) go further; its texts may
quote the patient.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import httpx2
import msgspec

from ccm_fhir.fhir.retrying import retry_after_seconds

_ISSUE_CODE = re.compile(r"[a-z][a-z-]{1,39}\Z")
_LOCATION = re.compile(
    r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?/?\Z"
)
_ETAG = re.compile(r'(?:W/)?"?(?P<version>[A-Za-z0-9\-.]{1,64})"?\Z')


class WriteKind(StrEnum):
    """The answers to "does the EHR hold it now?"."""

    CREATED = "created"
    EXISTED = "existed"
    REJECTED = "rejected"
    MULTIPLE = "multiple"
    UNAUTHORIZED = "unauthorized"
    UNCERTAIN = "uncertain"


class Doubt(StrEnum):
    """Why a write is UNCERTAIN."""

    NO_ANSWER = "no_answer"
    UNREADABLE_ANSWER = "unreadable_answer"
    SERVER_ERROR = "server_error"
    BUSY = "busy"
    CONFLICT = "conflict"
    NO_ID = "no_id"
    OUTCOME_SAYS_ERROR = "outcome_says_error"
    UNEXPECTED_STATUS = "unexpected_status"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOutcome:
    """What became of one POST.

    CREATED and EXISTED carry the id; EXISTED was found by the condition, not written, and its
    identifier is still to be compared. REJECTED and UNAUTHORIZED were surely not written.
    MULTIPLE: more than one resource fits the condition. UNCERTAIN: search before another try.
    ``status`` is 0 where no answer came.
    """

    kind: WriteKind
    resource_type: str
    status: int = 0
    resource_id: str = ""
    version_id: str = ""
    outcome_codes: tuple[str, ...] = ()
    doubt: Doubt | None = None
    retry_after_seconds: float | None = None

    @classmethod
    def uncertain(cls, resource_type: str, doubt: Doubt) -> Self:
        """Return the outcome of a POST whose answer was lost."""
        return cls(kind=WriteKind.UNCERTAIN, resource_type=resource_type, doubt=doubt)

    @classmethod
    def unauthorized(cls, resource_type: str) -> Self:
        """Return the outcome of a POST for which no token is to be had."""
        return cls(kind=WriteKind.UNAUTHORIZED, resource_type=resource_type)

    @property
    def is_stored(self) -> bool:
        """Whether the EHR named a resource that it holds."""
        return self.kind in {WriteKind.CREATED, WriteKind.EXISTED}


def classify_write(
    answer: httpx2.Response, resource_type: str, *, was_conditional: bool
) -> WriteOutcome:
    """Return what an answer to a POST says; never raises.

    What is not certainly written and not certainly refused is UNCERTAIN: 3xx, 408, 409, 425,
    429, 5xx, and a success that names no resource of the type.
    """
    if answer.status_code in {200, 201}:
        return _stored(answer, resource_type, was_conditional=was_conditional)
    return classify_answer(answer, resource_type)


def classify_answer(answer: httpx2.Response, resource_type: str) -> WriteOutcome:
    """Return what the status of an answer that names no resource says; never raises."""
    status = answer.status_code
    kind, doubt = _KNOWN.get(status) or _of_range(status)
    return WriteOutcome(
        kind=kind,
        resource_type=resource_type,
        status=status,
        outcome_codes=outcome_codes(answer.content),
        doubt=doubt,
        retry_after_seconds=retry_after_seconds(answer.headers),
    )


def classify_update(answer: httpx2.Response, resource_type: str, resource_id: str) -> WriteOutcome:
    """Return what an answer to a PUT of a known resource says; never raises.

    As ``classify_write``, but a success needs no Location (the id is known), and 409 and 412
    alike say that somebody else was faster: nothing was written.
    """
    status = answer.status_code
    codes = outcome_codes(answer.content)
    kind, doubt = _of_update(answer)
    return WriteOutcome(
        kind=kind,
        resource_type=resource_type,
        status=status,
        resource_id=resource_id if kind is WriteKind.CREATED else "",
        version_id=_by_etag(answer) if kind is WriteKind.CREATED else "",
        outcome_codes=codes,
        doubt=doubt,
        retry_after_seconds=retry_after_seconds(answer.headers),
    )


def _of_update(answer: httpx2.Response) -> tuple[WriteKind, Doubt | None]:
    status = answer.status_code
    if status in {409, 412}:
        return WriteKind.REJECTED, Doubt.CONFLICT
    if status not in {200, 201, 204}:
        return _KNOWN.get(status) or _of_range(status)
    if any(level in {"error", "fatal"} for _, level in _issues(answer.content)):
        return WriteKind.UNCERTAIN, Doubt.OUTCOME_SAYS_ERROR
    return WriteKind.CREATED, None


def outcome_codes(body: bytes) -> tuple[str, ...]:
    """Return the issue codes of an OperationOutcome; nothing for any other body."""
    return tuple(code for code, _ in _issues(body))


_KNOWN: dict[int, tuple[WriteKind, Doubt | None]] = {
    401: (WriteKind.UNAUTHORIZED, None),
    406: (WriteKind.UNCERTAIN, Doubt.UNEXPECTED_STATUS),  # it may have written, then balked
    408: (WriteKind.UNCERTAIN, Doubt.NO_ANSWER),
    409: (WriteKind.UNCERTAIN, Doubt.CONFLICT),
    412: (WriteKind.MULTIPLE, None),
    425: (WriteKind.UNCERTAIN, Doubt.BUSY),
    429: (WriteKind.UNCERTAIN, Doubt.BUSY),
    503: (WriteKind.UNCERTAIN, Doubt.BUSY),
}


def _of_range(status: int) -> tuple[WriteKind, Doubt | None]:
    if httpx2.codes.is_client_error(status):
        return WriteKind.REJECTED, None
    if httpx2.codes.is_server_error(status):
        return WriteKind.UNCERTAIN, Doubt.SERVER_ERROR
    return WriteKind.UNCERTAIN, Doubt.UNEXPECTED_STATUS


def _stored(answer: httpx2.Response, resource_type: str, *, was_conditional: bool) -> WriteOutcome:
    issues = _issues(answer.content)
    named = _named(answer, resource_type)
    is_new = answer.status_code == httpx2.codes.CREATED or not was_conditional
    doubt = None if named else Doubt.NO_ID
    if any(severity in {"error", "fatal"} for _, severity in issues):
        doubt = Doubt.OUTCOME_SAYS_ERROR
    found = WriteKind.CREATED if is_new else WriteKind.EXISTED
    resource_id, version_id = named or ("", "")
    return WriteOutcome(
        kind=found if doubt is None else WriteKind.UNCERTAIN,
        resource_type=resource_type,
        status=answer.status_code,
        resource_id=resource_id if doubt is None else "",
        version_id=version_id if doubt is None else "",
        outcome_codes=tuple(code for code, _ in issues),
        doubt=doubt,
    )


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    version_id: str | None = None


class _Written(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    id: str = ""
    meta: _Meta = _Meta()


class _Issue(msgspec.Struct, frozen=True):
    code: str = ""
    severity: str = ""


class _Outcome(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    issue: list[_Issue] = []


def _named(answer: httpx2.Response, resource_type: str) -> tuple[str, str] | None:
    by_header, by_body = _by_location(answer, resource_type), _by_body(answer, resource_type)
    if by_header and by_body and by_header[0] != by_body[0]:
        return None
    best = by_header or by_body
    if best is None:
        return None
    versions = (best[1], by_body[1] if by_body else "", _by_etag(answer))
    return best[0], next((version for version in versions if version), "")


def _by_location(answer: httpx2.Response, resource_type: str) -> tuple[str, str] | None:
    path = answer.headers.get("location") or answer.headers.get("content-location") or ""
    return located(path, resource_type)


def located(path: str, resource_type: str) -> tuple[str, str] | None:
    """Return id and version of a resource of a type that a location names, else None."""
    match = _LOCATION.match(path)
    if match is None or match["type"] != resource_type:
        return None
    return match["id"], match["version"] or ""


def _by_body(answer: httpx2.Response, resource_type: str) -> tuple[str, str] | None:
    try:
        written = msgspec.json.decode(answer.content, type=_Written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if written.resource_type != resource_type or not written.id:
        return None
    return written.id, written.meta.version_id or ""


def _by_etag(answer: httpx2.Response) -> str:
    match = _ETAG.match(answer.headers.get("etag", ""))
    return match["version"] if match else ""


def _issues(body: bytes) -> tuple[tuple[str, str], ...]:
    try:
        outcome = msgspec.json.decode(body, type=_Outcome)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    if outcome.resource_type != "OperationOutcome":
        return ()
    return tuple((i.code, i.severity) for i in outcome.issue if _ISSUE_CODE.match(i.code))
