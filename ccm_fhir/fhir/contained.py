"""Resources inside another: found by their type, each read by itself.

A contained resource has no life of its own (FHIR R4 §2.3.0.1): what it says is evidence of its
container. One that cannot be read says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from ccm_fhir.fhir.shapes import Shape, shortened

MOST_CONTAINED = 500
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Head(Shape, frozen=True, kw_only=True):
    """The first thing to know of a resource."""

    resource_type: str | None = None
    id: str | None = None


_Shape = TypeVar("_Shape")
decode_head = msgspec.json.Decoder(Head).decode


def contained_of(
    raws: Iterable[msgspec.Raw] | None, resource_type: str, decode: Callable[[bytes], _Shape]
) -> Iterator[tuple[str, _Shape]]:
    """Yield the contained resources of a type that can be read, each with its id."""
    for raw in tuple(raws or ())[:MOST_CONTAINED]:
        try:
            head = decode_head(raw)
            if head.resource_type == resource_type and head.id:
                yield head.id, decode(raw)
        except UNREADABLE:
            continue


class _Named(Shape, frozen=True, kw_only=True):
    name: str | None = None


_decode_named = msgspec.json.Decoder(_Named).decode


def names_of(raws: Iterable[msgspec.Raw] | None) -> dict[str, str]:
    """Return the names of contained organizations by reference (``#id``)."""
    found = contained_of(raws, "Organization", _decode_named)
    return {f"#{inner_id}": shortened(shape.name) for inner_id, shape in found if shape.name}
