"""Answers in the shape that the contract promises: every key, sorted, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from ccm_fhir.conformance.read import id_of, read_line
from ccm_fhir.domain.decision import Decision, decide
from ccm_fhir.domain.stated import Law, to_patient_month
from ccm_fhir.errors import CcmError, InputError

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class AnsweredLine(msgspec.Struct, frozen=True):
    """One code and its units."""

    code: str
    units: int


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided about one line of input."""

    id: str | None
    line: int
    lines: tuple[AnsweredLine, ...]
    not_billable_reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    earliest_date_of_service: date | None
    national_nonfacility_allowed_total: Decimal | None
    counted_seconds: int | None
    unknown: tuple[str, ...]
    rule_version: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why one line of input could not be read or decided."""

    line: int
    id: str | None
    error: str


def answer_line(number: int, line: bytes, law: Law) -> Answered | Refused:
    """Return the answer to one line; ``number`` counts from 1."""
    try:
        stated = read_line(line)
        month, choice = to_patient_month(stated, law)
        decision = decide(month, law.rulebook, choice)
    except CcmError as problem:
        return Refused(line=number, id=id_of(line), error=str(problem))
    except OverflowError:
        unusable = InputError("line", "a date lies outside the usable range")
        return Refused(line=number, id=id_of(line), error=str(unusable))
    return answered(number, stated.id, decision)


def answer_lines(
    lines: Iterable[bytes], law: Law, *, strict: bool = False
) -> Iterator[tuple[bytes, bool]]:
    """Yield each answer as JSON and whether it is one; ``strict`` ends at the first refusal."""
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        answer = answer_line(number, line, law)
        is_answer = isinstance(answer, Answered)
        yield _ENCODER.encode(answer), is_answer
        if strict and not is_answer:
            return


def answered(number: int, identifier: str | None, decision: Decision) -> Answered:
    """Return a decision in the contract's shape."""
    lines = [AnsweredLine(line.code, line.units) for line in decision.lines]
    if len(lines) > 1:
        lines.sort(key=_code)
    return Answered(
        id=identifier,
        line=number,
        lines=tuple(lines),
        not_billable_reasons=decision.reasons,
        warnings=decision.cautions,
        earliest_date_of_service=decision.earliest_date_of_service,
        national_nonfacility_allowed_total=decision.allowed_total_usd,
        counted_seconds=decision.counted_seconds,
        unknown=decision.missing,
        rule_version=", ".join(decision.rule_versions),
    )


def _code(line: AnsweredLine) -> str:
    return line.code
