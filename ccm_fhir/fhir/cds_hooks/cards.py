"""Cards and the service's description as CDS Hooks 2.0 spells them; absent members are left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from ccm_fhir.fhir.cds_hooks.request import PATIENT_VIEW

LONGEST_SUMMARY = 139
NO_CARDS = b'{"cards":[]}'
_MARKUP = re.compile(r"[\\`*_\[\]<>|~#&!:@]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Indicator(StrEnum):
    """How urgent a card is; nothing that we say is critical."""

    INFO = "info"
    WARNING = "warning"


class Coding(msgspec.Struct, frozen=True, kw_only=True):
    """A reason which a person may choose for putting a card aside."""

    code: str
    system: str
    display: str


class SmartLink(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A link by which the EHR launches our app; ``app_context`` comes back with the launch."""

    label: str
    url: str
    app_context: str
    type: str = "smart"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Who says so."""

    label: str
    url: str


class Card(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One card; ``summary`` is plain text, ``detail`` is GitHub Flavored Markdown."""

    uuid: str
    summary: str
    indicator: Indicator
    detail: str
    source: Source
    links: tuple[SmartLink, ...]
    override_reasons: tuple[Coding, ...]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What discovery says of one service."""

    hook: str = PATIENT_VIEW
    title: str
    description: str
    id: str
    prefetch: Mapping[str, str]


def discovery(*services: Service) -> bytes:
    """Return the answer of the discovery endpoint."""
    return msgspec.json.encode({"services": services})


def response(cards: tuple[Card, ...]) -> bytes:
    """Return the answer to a call."""
    return msgspec.json.encode({"cards": cards})


def plain(text: str) -> str:
    """Return text for GitHub Flavored Markdown in which nothing is markup, on one line."""
    return _MARKUP.sub(r"\\\g<0>", _CONTROL.sub(" ", text)).strip()


def shortened(text: str) -> str:
    """Return a summary that is short enough, cut between words."""
    line = _CONTROL.sub(" ", text).strip()
    if len(line) <= LONGEST_SUMMARY:
        return line
    return line[:LONGEST_SUMMARY].rpartition(" ")[0].rstrip(",;") + "…"
