"""The FHIR elements that facts are made of: the needed fields alone, each of them optional.

A field of the wrong JSON type makes its resource unreadable (and counted); a field that is not
listed here is never decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from ccm_fhir.domain.codes import canonical_system
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import Coding

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})\Z")


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the shapes: FHIR's member names in Python's spelling; prints no content."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Meta(Shape, frozen=True, kw_only=True):
    """Meta."""

    version_id: str | None = None
    last_updated: str | None = None


class CodingShape(Shape, frozen=True, kw_only=True):
    """Coding."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Shape, frozen=True, kw_only=True):
    """CodeableConcept."""

    coding: list[CodingShape] | None = None
    text: str | None = None


class Period(Shape, frozen=True, kw_only=True):
    """Period."""

    start: str | None = None
    end: str | None = None


class Identifier(Shape, frozen=True, kw_only=True):
    """Identifier."""

    use: str | None = None
    type: Concept | None = None
    system: str | None = None
    value: str | None = None
    period: Period | None = None


class Reference(Shape, frozen=True, kw_only=True):
    """Reference."""

    reference: str | None = None
    display: str | None = None


class HumanName(Shape, frozen=True, kw_only=True):
    """HumanName; a given name may be null where it has an extension alone."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: list[str | None] | None = None
    prefix: list[str | None] | None = None
    suffix: list[str | None] | None = None


class Anything(Shape, frozen=True, kw_only=True):
    """An object that is counted, not read."""


class Resource(Shape, frozen=True, kw_only=True):
    """What every resource has."""

    id: str | None = None
    meta: Meta | None = None
    modifier_extension: list[Anything] | None = None


def codings(*concepts: Concept | None) -> tuple[Coding, ...]:
    """Return the codings of concepts, systems in canonical spelling; those without a code not."""
    return tuple(
        Coding(
            system=canonical_system(coding.system),
            code=coding.code.strip(),
            display=coding.display or "",
        )
        for concept in concepts
        if concept is not None
        for coding in concept.coding or ()
        if coding.code and coding.code.strip()
    )


def codes(concepts: Iterable[Concept] | None) -> tuple[str, ...]:
    """Return the bare codes of concepts, each once."""
    return tuple(dict.fromkeys(coding.code for coding in codings(*(concepts or ()))))


def texts(*concepts: Concept | None) -> tuple[str, ...]:
    """Return the words of concepts: texts, and displays of their codings."""
    words = (
        word
        for concept in concepts
        if concept is not None
        for word in (concept.text, *(coding.display for coding in concept.coding or ()))
    )
    return tuple(word for word in words if word)


def identifier_values(identifiers: Iterable[Identifier] | None) -> tuple[str, ...]:
    """Return identifiers as ``system|value``."""
    return tuple(f"{each.system or ''}|{each.value}" for each in identifiers or () if each.value)


def human_name(names: Iterable[HumanName] | None) -> str:
    """Return the name to show: official before usual before any other that is not an old one."""
    rank = {"official": 0, "usual": 1, None: 2}
    current = [name for name in names or () if name.use not in {"old", "maiden"}]
    for name in sorted(current, key=lambda each: rank.get(each.use, 3)):
        shown = name.text or " ".join(
            part for part in (*(name.given or ()), name.family, *(name.suffix or ())) if part
        )
        if shown:
            return shown
    return ""


def instant(text: str | None) -> datetime | None:
    """Return a dateTime that has a time and a zone; None for a coarser or broken one."""
    if not text or not _INSTANT.match(text.strip()):
        return None
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def first_date(*texts_of_dates: str | None) -> PartialDate | None:
    """Return the first date that can be read."""
    read = (PartialDate.parse(text) for text in texts_of_dates)
    return next((date for date in read if date is not None), None)
