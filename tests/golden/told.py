"""Values of the domain as lines that a person reads: a field a line, what is usual left out."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import EvidenceRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLAIN = (EvidenceRef, PartialDate)


def page(about: str, parts: Iterable[str]) -> str:
    """Return a golden file: what it shows, then its parts with a blank line between."""
    return "\n\n".join([f"# {about}", *(part.rstrip() for part in parts)]) + "\n"


def part(title: str, lines: Iterable[str]) -> str:
    """Return a titled part; one without a line says that there is nothing."""
    return "\n".join([f"== {title}", *(list(lines) or ["  (nothing)"])])


def fields(value: msgspec.Struct, indent: str = "  ") -> Iterator[str]:
    """Yield every field that is not at its default, ``name: text``."""
    for name, text in _fields(value):
        yield f"{indent}{name}: {text}"


def told(value: object) -> str:
    """Return a value on one line."""
    match value:
        case bool():
            text = "yes" if value else "no"
        case Enum():
            text = str(value.value)
        case tuple():
            text = "; ".join(told(each) for each in value) or "none"
        case EvidenceRef() if value.version_id:
            text = f"{value} version {value.version_id}"
        case msgspec.Struct() if not isinstance(value, _PLAIN):
            text = ", ".join(f"{name} {held}" for name, held in _fields(value))
        case None:
            text = "not told"
        case _:
            text = str(value)
    return text


def _fields(value: msgspec.Struct) -> Iterator[tuple[str, str]]:
    for field in msgspec.structs.fields(value):
        held = getattr(value, field.name)
        usual = field.default_factory() if callable(field.default_factory) else field.default
        if held != usual:
            yield field.name.replace("_", " "), told(held)
