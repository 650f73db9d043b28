"""Small pieces of FHIR JSON, and the one way in which we serialise what we send."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Json: TypeAlias = dict[str, object]

_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def to_bytes(resource: Json) -> bytes:
    """Serialise with sorted keys and decimals as written: the same resource, the same bytes."""
    return _ENCODER.encode(resource)


def reference(to: str) -> Json:
    """Return a Reference to ``Type/id`` (or to a ``urn:uuid`` that is filled in on sending)."""
    return {"reference": to}


def identifier(system: str, value: str) -> Json:
    """Return an Identifier."""
    return {"system": system, "value": value}


def concept(system: str, code: str, display: str = "", *, text: str = "") -> Json:
    """Return a CodeableConcept with one coding; the display and the text only where given."""
    coding: Json = {"system": system, "code": code}
    if display:
        coding["display"] = display
    made: Json = {"coding": [coding]}
    if text:
        made["text"] = text
    return made
