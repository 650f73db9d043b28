"""Reads an X12 file into segments: delimiters by its ISA, line breaks forgiven, ends counted.

Payers and clearing houses wrap lines, trim the ISA's blanks and choose their own delimiters; all
of that is taken. What is not taken is a file whose envelopes do not close: it was cut off, and
half of it is worse than none of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from ccm_fhir.errors import X12FileError

_ISA_ELEMENTS = 16
_LONGEST_ISA = 512
_MONEY = re.compile(r"-?(?=\.?[0-9])[0-9]{0,16}(\.[0-9]{0,4})?")
_DATE = "%Y%m%d"
_BREAKS = str.maketrans("", "", "\r\n")


def text_of(content: bytes) -> str:
    """Return a file's bytes as text: UTF-8, or else Latin-1, which takes whatever there is."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; ``number`` counts from the file's first, elements from 1 as X12 does."""

    number: int
    name: str
    elements: tuple[str, ...] = field(repr=False)
    component: str = field(repr=False, default=":")

    def get(self, place: int) -> str:
        """Return an element without blanks around it; empty where the segment is shorter."""
        return self.elements[place - 1].strip() if place <= len(self.elements) else ""

    def parts(self, place: int) -> tuple[str, ...]:
        """Return the components of an element; empty where there is none."""
        text = self.get(place)
        return tuple(part.strip() for part in text.split(self.component)) if text else ()

    def amount(self, place: int) -> Decimal:
        """Return an element as money; an absent one is nothing, as X12 means it."""
        text = self.get(place)
        if not text:
            return Decimal(0)
        if not _MONEY.fullmatch(text):
            raise self.broken(f"element {place} is no amount")
        return Decimal(text)

    def day(self, place: int) -> date:
        """Return an element as a date of eight digits."""
        try:
            return datetime.strptime(self.get(place), _DATE).date()  # noqa: DTZ007  # a day alone
        except ValueError:
            raise self.broken(f"element {place} is no date") from None

    def broken(self, problem: str) -> X12FileError:
        """Return the error that names this segment."""
        return X12FileError(problem, segment=self.number, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionSet:
    """One ST to SE: its kind (``835``), its guide, and everything between the two.

    ``receiver`` is whom the interchange is addressed to (ISA08).
    """

    kind: str
    guide: str
    control: str
    group_control: str
    interchange_control: str
    receiver: str
    is_production: bool
    segments: tuple[Segment, ...]


def read_sets(text: str) -> tuple[TransactionSet, ...]:
    """Return every transaction of a file, in its order.

    Raises:
        X12FileError: it is no X12, or an envelope does not close, or closes with wrong counts.
    """
    segments = _split(text)
    reader = _Envelopes(segments)
    while not reader.is_at_end:
        reader.read_interchange()
    return tuple(reader.found)


def _split(text: str) -> tuple[Segment, ...]:
    rest = text.lstrip("\ufeff \t\r\n")
    found: list[Segment] = []
    while rest:  # several interchanges may follow one another, each with delimiters of its own
        taken, rest = _one_interchange(rest, len(found))
        found += taken
    if not found:
        raise X12FileError("it is empty")
    return tuple(found)


def _one_interchange(text: str, before: int) -> tuple[list[Segment], str]:
    element, component, terminator = _delimiters(text, before + 1)
    found: list[Segment] = []
    position = 0
    while position < len(text):
        end = text.find(terminator, position)
        raw = text[position : len(text) if end < 0 else end].translate(_BREAKS).strip()
        position = len(text) if end < 0 else end + len(terminator)
        if not raw:
            continue
        name, *elements = raw.split(element)
        made = Segment(before + len(found) + 1, name.strip(), tuple(elements), component)
        if end < 0:
            raise made.broken("the file ends within this segment; it was cut off")
        found.append(made)
        if made.name == "IEA":
            return found, text[position:].lstrip("\x1a\x00 \t\r\n")
    raise found[-1].broken("the file ends here, without its IEA; it was cut off")


def _delimiters(text: str, number: int) -> tuple[str, str, str]:
    """Return the separators of elements and components, and the terminator, as ISA has them."""
    if not text.startswith("ISA") or len(text) < len("ISA*"):
        raise X12FileError("it does not begin with ISA", segment=number)
    element = text[3]
    head = text[:_LONGEST_ISA].split(element, _ISA_ELEMENTS)
    if len(head) <= _ISA_ELEMENTS or len(head[-1]) < len(":~"):
        raise X12FileError("the ISA is shorter than its 16 elements", segment=number, name="ISA")
    component, terminator = head[-1][0], head[-1][1]
    if terminator == "\r" and head[-1][2:3] == "\n":
        terminator = "\r\n"
    if len({element, component, terminator}) < len("*:~") or component.isalnum():
        raise X12FileError("the ISA's delimiters cannot be told apart", segment=number, name="ISA")
    return element, component, terminator


class _Envelopes:
    """Walks over segments and checks that what opens closes, with the counts it tells."""

    def __init__(self, segments: tuple[Segment, ...]) -> None:
        self.segments = segments
        self.position = 0
        self.found: list[TransactionSet] = []

    @property
    def is_at_end(self) -> bool:
        return self.position >= len(self.segments)

    def read_interchange(self) -> None:
        isa = self._take("ISA")
        while self._ahead == "TA1":  # an answer to our interchange as such; nothing reads it yet
            self._take("TA1")
        groups = 0
        while self._ahead == "GS":
            self._read_group(isa)
            groups += 1
        iea = self._take("IEA")
        _closes(iea, 1, groups, isa.get(13))

    def _read_group(self, isa: Segment) -> None:
        gs = self._take("GS")
        sets = 0
        while self._ahead == "ST":
            self._read_set(isa, gs)
            sets += 1
        ge = self._take("GE")
        _closes(ge, 1, sets, gs.get(6))

    def _read_set(self, isa: Segment, gs: Segment) -> None:
        st = self._take("ST")
        inner: list[Segment] = []
        while self._ahead not in {"SE", "ST", "GE", "IEA", "GS", "ISA"}:
            inner.append(self._take(self._ahead))
        se = self._take("SE")
        _closes(se, 1, len(inner) + 2, st.get(2))
        self.found.append(
            TransactionSet(
                kind=st.get(1),
                guide=st.get(3) or gs.get(8),
                control=st.get(2),
                group_control=gs.get(6),
                interchange_control=isa.get(13),
                receiver=isa.get(8),
                is_production=isa.get(15) == "P",
                segments=tuple(inner),
            )
        )

    @property
    def _ahead(self) -> str:
        """The name of the next segment; there is one, since an IEA ends every interchange."""
        return self.segments[self.position].name

    def _take(self, name: str) -> Segment:
        segment = self.segments[self.position]
        if segment.name != name:
            raise segment.broken(f"{name} should stand here; the file was cut off or put together")
        self.position += 1
        return segment


def _closes(end: Segment, place: int, counted: int, control: str) -> None:
    told = end.get(place)
    if not told.isdigit() or int(told) != counted:
        raise end.broken(f"it tells another count than the {counted} that are there")
    if end.get(place + 1).lstrip("0") != control.lstrip("0"):
        raise end.broken("its control number is not that of its beginning")
