"""The FHIR elements that facts are made of: the needed fields alone, each of them optional.

A field of the wrong JSON type makes its resource unreadable (and counted); a field that is not
listed here is never decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

import msgspec

from ccm_fhir.domain.codes import canonical_system
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import Coding

MOST_WORDS = 1000  # characters of free text that a fact keeps; nothing is judged by them
_MOST_DIGITS = 40  # a number beyond this is no measurement, and may be an attack on arithmetic
_DAY = len("2026-01-31")
_LONGEST_KEPT = 100  # characters; what is longer is worked out each time
_UCUM = "http://unitsofmeasure.org"
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})\Z")


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
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
    """Reference; a logical one has an identifier alone."""

    reference: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Quantity(Shape, frozen=True, kw_only=True):
    """Quantity; its value has the digits that were written."""

    value: Decimal | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


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

    resource_type: str | None = None
    id: str | None = None
    meta: Meta | None = None
    modifier_extension: list[Anything] | None = None

    @property
    def last_updated(self) -> str | None:
        """When the server last changed it, as written."""
        return self.meta.last_updated if self.meta else None


class Container(Resource, frozen=True, kw_only=True):
    """A resource whose contained ones matter; each is read by itself, or not at all."""

    contained: list[msgspec.Raw] | None = None


def codings(*concepts: Concept | None) -> tuple[Coding, ...]:
    """Return the codings of concepts, systems in canonical spelling; those without a code not."""
    found: list[Coding] = []
    for concept in concepts:
        if concept is not None and concept.coding:
            found += [_coding(c, c.code) for c in concept.coding if c.code and c.code.strip()]
    return tuple(found)


def _coding(shape: CodingShape, code: str) -> Coding:
    system = shape.system
    if system is not None:
        system = (_kept_system if len(system) <= _LONGEST_KEPT else canonical_system)(system)
    return Coding(system=system, code=code.strip(), display=shape.display or "")


# A chart names the same few systems and days hundreds of times.
_kept_system = lru_cache(maxsize=1024)(canonical_system)


def codes(concepts: Iterable[Concept] | None) -> tuple[str, ...]:
    """Return the bare codes of concepts, each once."""
    if not concepts:
        return ()
    found = [
        coding.code.strip()
        for concept in concepts
        if concept.coding
        for coding in concept.coding
        if coding.code
    ]
    return tuple(dict.fromkeys(code for code in found if code))


def texts(*concepts: Concept | None) -> tuple[str, ...]:
    """Return the words of concepts: texts, and displays of their codings."""
    words: list[str] = []
    for concept in concepts:
        if concept is None:
            continue
        if concept.text:
            words.append(concept.text)
        words += [coding.display for coding in concept.coding or () if coding.display]
    return tuple(words)


def first_text(*concepts: Concept | None) -> str:
    """Return the first words of concepts, shortened; empty where there are none."""
    return shortened(next(iter(texts(*concepts)), ""))


def shortened(text: str | None) -> str:
    """Return free text, cut where it is longer than a fact keeps."""
    return (text or "").strip()[:MOST_WORDS]


def number(quantity: Quantity | None) -> Decimal | None:
    """Return a quantity's exact value; None where it is a bound (``< 15``) or no measurement."""
    value = quantity.value if quantity else None
    if value is None or (quantity is not None and quantity.comparator):
        return None
    return value if is_measurable_number(value) else None


def is_measurable_number(value: Decimal) -> bool:
    """Whether a number is finite and of a size that arithmetic can bear."""
    return (
        value.is_finite()
        and abs(value.adjusted()) <= _MOST_DIGITS
        and len(str(value)) <= _MOST_DIGITS
    )


def unit(quantity: Quantity | None) -> str:
    """Return a quantity's unit: its UCUM code, else the word that was written."""
    if quantity is None:
        return ""
    if quantity.code and (quantity.system or "").rstrip("/") == _UCUM:
        return quantity.code
    return quantity.unit or quantity.code or ""


def period_of(period: Period | None) -> PartialDate | None:
    """Return the days within which a period lies; a period open at one end is the other end."""
    start = first_date(period.start) if period else None
    end = first_date(period.end) if period else None
    if start is None or end is None:
        return start or end
    return PartialDate(start.earliest, max(start.latest, end.latest))


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
    for text in texts_of_dates:
        read = _date(text) if text else None
        if read is not None:
            return read
    return None


def _date(text: str) -> PartialDate | None:
    if text[_DAY : _DAY + 1] == "T" and "\n" not in text:
        text = text[:_DAY]  # the day is what counts, and days repeat
    return (_kept_date if len(text) <= _LONGEST_KEPT else PartialDate.parse)(text)


_kept_date = lru_cache(maxsize=4096)(PartialDate.parse)


def latest_date(texts_of_dates: Iterable[str | None]) -> PartialDate | None:
    """Return the latest of the dates that can be read."""
    read = (_date(text) for text in texts_of_dates if text)
    known = (date for date in read if date is not None)
    return max(known, key=lambda date: (date.latest, date.earliest), default=None)
