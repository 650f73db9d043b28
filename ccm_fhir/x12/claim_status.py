"""Reads 277CA files (005010X214): claim by claim, whether the payer took it for adjudication.

A claim refused here was never adjudicated: there is nothing to replace, and what follows is a
new claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.errors import X12FileError
from ccm_fhir.x12.segments import read_sets

if TYPE_CHECKING:
    from ccm_fhir.x12.segments import Segment, TransactionSet

_TAKEN = frozenset({"A0", "A1", "A2", "A5"})  # forwarded, received, accepted, split
_REFUSED = frozenset({"A3", "A4", "A6", "A7", "A8"})  # unprocessable, not found, errors
_LEVELS: Mapping[str, str] = {
    "20": "source",
    "21": "receiver",
    "19": "provider",
    "PT": "claim",
    "22": "claim",
}


class Taken(StrEnum):
    """Whether a claim was taken; UNKNOWN where the answer has no category that we know."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCode:
    """Why: a category (A7), a status code and the entity it speaks of."""

    category: str
    status: str
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAnswer:
    """What was said of a claim, or at a higher level of all that lies below it.

    ``level`` is claim, provider, receiver or source; ``trace`` is our claim number there, and
    elsewhere the number of our file or batch.
    """

    level: str
    trace: str = field(repr=False)
    taken: Taken
    codes: tuple[StatusCode, ...]
    amount_usd: Decimal
    payer_control_number: str = field(default="", repr=False)


def read_claim_statuses(text: str) -> tuple[StatusAnswer, ...]:
    """Return every answer of a file, of the highest levels first.

    Raises:
        X12FileError: it is cut off, or no 277.
    """
    sets = read_sets(text)
    if any(each.kind != "277" for each in sets) or not sets:
        raise X12FileError("it is no claim acknowledgement (277CA), or not only that")
    return tuple(answer for each in sets for answer in _answers(each))


@dataclass(slots=True)
class _Level:
    level: str
    trace: str = ""
    codes: list[StatusCode] = field(default_factory=list)
    amount: Decimal = Decimal(0)
    payer_control_number: str = ""

    def finish(self) -> StatusAnswer:
        return StatusAnswer(
            level=self.level,
            trace=self.trace,
            taken=_taken(self.codes),
            codes=tuple(dict.fromkeys(self.codes)),
            amount_usd=self.amount,
            payer_control_number=self.payer_control_number,
        )


def _answers(transaction: TransactionSet) -> list[StatusAnswer]:
    levels: list[_Level] = []
    for segment in transaction.segments:
        if segment.name == "HL":
            levels.append(_Level(_LEVELS.get(segment.get(3), "other")))
        elif segment.name in {"TRN", "STC", "REF"}:
            if not levels:
                raise segment.broken("it belongs to an HL, and none came before it")
            _read(levels, segment)
    return [level.finish() for level in levels if level.codes]


def _read(levels: list[_Level], segment: Segment) -> None:
    level = levels[-1]
    if segment.name == "TRN":
        if level.codes and level.level == "claim":  # a further claim of the same patient
            level = _Level(level.level)
            levels.append(level)
        level.trace = segment.get(2)
    elif segment.name == "STC":
        level.amount = level.amount or segment.amount(4)
        level.codes += [_code(segment.parts(place)) for place in (1, 10, 11) if segment.get(place)]
    elif segment.get(1) == "1K":
        level.payer_control_number = segment.get(2)


def _code(parts: tuple[str, ...]) -> StatusCode:
    category, status, entity = (*parts, "", "", "")[:3]
    return StatusCode(category=category, status=status, entity=entity)


def _taken(codes: list[StatusCode]) -> Taken:
    categories = {code.category for code in codes}
    if categories & _REFUSED:
        return Taken.REFUSED
    return Taken.TAKEN if categories and categories <= _TAKEN else Taken.UNKNOWN
