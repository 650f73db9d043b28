"""What an export came to: its manifest, read leniently and checked.

Bulk Data Access 2.0, "Response - Complete Status"; 3.0's partial manifests (``link``) and 4.0's
``outcome`` are read, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import msgspec

from ccm_fhir.errors import EhrFormatError

MOST_FILES = 100_000
_READING = "reading the export's manifest"
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}\Z")


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: the type it says it holds (or empty), where it is, and how many lines it has."""

    type: str = ""
    url: str
    count: int | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.type}>"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a finished export.

    ``transaction_time`` is the server's own instant, as it wrote it: the next ``_since``.
    ``requires_token`` is what the server says; where it says nothing it is taken to need one.
    ``problems`` are files of OperationOutcomes. ``next_link`` leads to more of the manifest.
    ``remarks`` say what is odd about it.
    """

    transaction_time: str = ""
    requires_token: bool = True
    output: tuple[ManifestFile, ...] = ()
    deleted: tuple[ManifestFile, ...] = ()
    problems: tuple[ManifestFile, ...] = ()
    next_link: str = ""
    expires_at: datetime | None = None
    remarks: tuple[str, ...] = ()

    def __add__(self, more: Manifest) -> Manifest:
        """Return this part of a manifest with the part that follows it."""
        if len(self.output) + len(more.output) > MOST_FILES:
            raise EhrFormatError(_READING, f"it lists more than {MOST_FILES} files")
        return Manifest(
            transaction_time=self.transaction_time,
            requires_token=self.requires_token,
            output=(*self.output, *more.output),
            deleted=(*self.deleted, *more.deleted),
            problems=(*self.problems, *more.problems),
            next_link=more.next_link,
            expires_at=self.expires_at,
            remarks=tuple(dict.fromkeys((*self.remarks, *more.remarks))),
        )


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""
    url: str = ""


class _File(msgspec.Struct, frozen=True):
    url: str = ""
    type: object = None
    count: object = None


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    transaction_time: object = None
    requires_access_token: object = None
    output: list[_File] | None = None
    deleted: list[_File] | None = None
    error: list[_File] | None = None
    outcome: list[_File] | None = None
    link: list[_Link] | None = None


_decode = msgspec.json.Decoder(_Document).decode


def read_manifest(body: bytes, url: str, headers: Mapping[str, str]) -> Manifest:
    """Read a manifest.

    Args:
        body: as it came.
        url: where it came from; relative addresses in it are relative to that.
        headers: of the answer: ``Expires`` is kept.

    Raises:
        EhrFormatError: it is none, lists a file without an address, or too many files.
    """
    try:
        document = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EhrFormatError(_READING, "it is not a manifest in JSON") from None
    if document.output is None and document.transaction_time is None:
        raise EhrFormatError(_READING, "it has neither output nor transactionTime")
    output = _files(document.output, url)
    return Manifest(
        transaction_time=_instant(document.transaction_time),
        requires_token=_spoken(document.requires_access_token) != "false",
        output=output,
        deleted=_files(document.deleted, url),
        problems=_files([*(document.error or ()), *(document.outcome or ())], url),
        next_link=_next(document, url),
        expires_at=_moment(headers.get("expires", "")),
        remarks=tuple(_remarks(document, output)),
    )


def _files(listed: list[_File] | None, url: str) -> tuple[ManifestFile, ...]:
    if len(listed or ()) > MOST_FILES:
        raise EhrFormatError(_READING, f"it lists more than {MOST_FILES} files")
    return tuple(_file(each, url) for each in listed or ())


def _next(document: _Document, url: str) -> str:
    links = (each for each in document.link or () if each.relation == "next" and each.url)
    return next((urljoin(url, each.url) for each in links), "")


def _file(listed: _File, url: str) -> ManifestFile:
    if not listed.url:
        raise EhrFormatError(_READING, "it lists a file without an address")
    count = listed.count if isinstance(listed.count, int) and listed.count >= 0 else None
    kind = listed.type if isinstance(listed.type, str) and _TYPE.match(listed.type) else ""
    return ManifestFile(type=kind, url=urljoin(url, listed.url), count=count)


def _remarks(document: _Document, output: Iterable[ManifestFile]) -> Iterable[str]:
    if not _instant(document.transaction_time):
        yield "it has no transactionTime: nothing can be asked for since then"
    if _spoken(document.requires_access_token) not in {"true", "false"}:
        yield "it does not say whether files need a token; one was sent to the EHR's own server"
    if any(not each.type for each in output):
        yield "it lists files without a type; they are read as what they hold"


def _spoken(value: object) -> str:
    """Return a boolean as JSON writes it; some servers write it as text."""
    return str(value).lower() if isinstance(value, bool | str) else ""


def _instant(value: object) -> str:
    """Return an instant as the server wrote it, where it is one."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    return str(value) if moment is not None and moment.tzinfo is not None else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo is not None else None
