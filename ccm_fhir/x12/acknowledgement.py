"""Reads 999 files (005010X231A1): whether a claim file was understood at all.

A 999 speaks of syntax alone. A file that it accepts may still be refused claim by claim (277CA).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.errors import X12FileError
from ccm_fhir.x12.segments import read_sets

if TYPE_CHECKING:
    from ccm_fhir.x12.segments import Segment, TransactionSet

_ACCEPTED = frozenset({"A", "E"})  # E: accepted, with errors noted


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntaxError999:
    """Where in our file an error stands: segment name, its place in the ST, element, code."""

    segment: str
    position: int
    element: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAnswer:
    """What was said of one ST of ours, by its control number."""

    control: str
    is_accepted: bool
    code: str
    errors: tuple[SyntaxError999, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAnswer:
    """What was said of one GS of ours; ``sets`` may be empty where all of them were accepted."""

    control: str
    is_accepted: bool
    code: str
    received_sets: int
    accepted_sets: int
    sets: tuple[SetAnswer, ...]


def read_acknowledgements(text: str) -> tuple[GroupAnswer, ...]:
    """Return every answer of a file.

    Raises:
        X12FileError: it is cut off, or no 999.
    """
    sets = read_sets(text)
    if any(each.kind != "999" for each in sets) or not sets:
        raise X12FileError("it is no acknowledgement (999), or not only that")
    return tuple(_group(each) for each in sets)


@dataclass(slots=True)
class _Set:
    control: str
    code: str = ""
    errors: list[SyntaxError999] = field(default_factory=list)


def _group(transaction: TransactionSet) -> GroupAnswer:
    opened: Segment | None = None
    closed: Segment | None = None
    sets: list[_Set] = []
    for segment in transaction.segments:
        if segment.name == "AK1":
            opened = segment
        elif segment.name == "AK9":
            closed = segment
        elif segment.name == "AK2":
            sets.append(_Set(segment.get(2)))
        elif segment.name in {"IK3", "IK4", "IK5"}:
            if not sets:
                raise segment.broken("it belongs to an AK2, and none came before it")
            _of_set(sets[-1], segment)
    if opened is None or closed is None:
        raise X12FileError("an acknowledgement lacks its AK1 or AK9")
    return GroupAnswer(
        control=opened.get(2),
        is_accepted=closed.get(1) in _ACCEPTED,
        code=closed.get(1),
        received_sets=_count(closed, 3),
        accepted_sets=_count(closed, 4),
        sets=tuple(
            SetAnswer(
                control=one.control,
                is_accepted=one.code in _ACCEPTED,
                code=one.code,
                errors=tuple(one.errors),
            )
            for one in sets
        ),
    )


def _of_set(into: _Set, segment: Segment) -> None:
    if segment.name == "IK5":
        into.code = segment.get(1)
    elif segment.name == "IK3":
        into.errors.append(
            SyntaxError999(
                segment=segment.get(1), position=_count(segment, 2), element="", code=segment.get(4)
            )
        )
    elif into.errors:
        last = into.errors[-1]
        into.errors.append(
            SyntaxError999(
                segment=last.segment,
                position=last.position,
                element=segment.get(1),
                code=segment.get(3),
            )
        )


def _count(segment: Segment, place: int) -> int:
    text = segment.get(place)
    if not text.isdigit():
        raise segment.broken(f"element {place} is no count")
    return int(text)
