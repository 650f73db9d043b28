"""Search results, page by page: raw resources, each once, in its latest version.

FHIR R4 §3.1.0 (Bundle), §3.1.1.5 (paging). A resource is kept as the bytes it came in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec

from ccm_fhir.errors import EhrFormatError
from ccm_fhir.fhir.halves import decoded
from ccm_fhir.fhir.remarks import says_partial

OUTCOME = "OperationOutcome"


class Resource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One resource as it came: its bytes, and what is needed to tell it from others.

    ``id`` is empty where it could not be read. Prints neither id nor content.
    """

    type: str
    id: str = ""
    version_id: str = ""
    last_updated: str = ""
    raw: bytes

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def json(self) -> dict[str, Any]:
        """Return the resource decoded; decimals keep the digits they were written with.

        Raises:
            EhrFormatError: it is not a JSON object.
        """
        try:
            decoded = json.loads(self.raw, parse_float=Decimal)
        except (ValueError, RecursionError):
            decoded = None
        if not isinstance(decoded, dict):
            what = f"reading {self.type}"
            raise EhrFormatError(what, "it is not a JSON object")
        return decoded


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search, and where the next one is (as the server wrote it).

    ``is_partial``: the server says within it that it does not return everything.
    """

    resources: tuple[Resource, ...]
    next_link: str
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a search found, each resource once; or a part of it, as the server says."""

    resources: tuple[Resource, ...]
    is_partial: bool = False


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    version_id: str | None = None
    last_updated: str | None = None


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    id: str = ""
    meta: _Meta = _Meta()


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""
    url: str = ""


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    link: list[_Link] | None = None
    entry: list[_Entry] | None = None


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_bundle = msgspec.json.Decoder(_Bundle).decode


def read_resource(raw: bytes, expected_type: str) -> Resource:
    """Return a resource with its head read; where the head is broken, its id is empty."""
    try:
        head = _decode_head(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Resource(type=expected_type, raw=raw)
    return Resource(
        type=head.resource_type or expected_type,
        id=head.id,
        version_id=head.meta.version_id or "",
        last_updated=head.meta.last_updated or "",
        raw=raw,
    )


def read_page(body: bytes, expected_type: str) -> Page:
    """Return the resources of a searchset and its next link.

    Resources of other types (included ones, and the server's remarks) are left out.

    Raises:
        EhrFormatError: not a Bundle.
    """
    what = f"searching {expected_type}"
    try:
        bundle = decoded(_decode_bundle, body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EhrFormatError(what, "it is not a FHIR Bundle in JSON") from None
    if bundle.resource_type != "Bundle":
        raise EhrFormatError(what, "it is not a Bundle")
    found = (
        read_resource(bytes(e.resource), expected_type) for e in bundle.entry or () if e.resource
    )
    links = (link.url for link in bundle.link or () if link.relation == "next" and link.url)
    everything = tuple(found)
    return Page(
        tuple(resource for resource in everything if resource.type == expected_type),
        next(links, ""),
        is_partial=any(says_partial(r.raw) for r in everything if r.type == OUTCOME),
    )


def gathered(pages: Iterable[Page]) -> Found:
    """Return what pages hold, each resource once in its latest version."""
    read = tuple(pages)
    resources = latest_of_each(resource for page in read for resource in page.resources)
    return Found(resources, any(page.is_partial for page in read))


def next_url(link: str, page_url: str, base_url: str) -> str:
    """Return the absolute address of a next link.

    A link may be relative: to the page where it is a mere query, else to the FHIR base, even
    where it starts with a slash (Canvas writes ``/Observation?_offset=10``). What is no address
    is an empty string.
    """
    try:
        return _joined(link, page_url, base_url)
    except ValueError:
        return ""


def _joined(link: str, page_url: str, base_url: str) -> str:
    if urlsplit(link).scheme or link.startswith("//"):
        return urljoin(page_url, link)
    if link.startswith("?"):
        return urljoin(page_url, link)
    base = base_url.rstrip("/")
    if link.startswith(urlsplit(base).path + "/"):
        return urljoin(base, link)
    return base + "/" + link.lstrip("/")


def latest_of_each(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return each resource once, in the order of first sight, in its latest version.

    Oracle may list one id on two pages. Resources whose id could not be read are all kept.
    """
    kept: dict[tuple[str, str, int], Resource] = {}
    for place, resource in enumerate(resources):
        key = (resource.type, resource.id, 0 if resource.id else place)
        known = kept.get(key)
        if known is None or _age(resource) >= _age(known):
            kept[key] = resource
    return tuple(kept.values())


def age(last_updated: str, version_id: str) -> tuple[float, int]:
    """Return what orders the versions of one resource, oldest first."""
    try:
        updated = datetime.fromisoformat(last_updated)
        moment = updated.timestamp() if updated.tzinfo else 0.0
    except (ValueError, OverflowError):
        moment = 0.0
    return moment, int(version_id) if version_id.isascii() and version_id.isdigit() else 0


def _age(resource: Resource) -> tuple[float, int]:
    return age(resource.last_updated, resource.version_id)
