"""Condition lines in, one JSON answer a line out: each Condition, or each patient.

What cannot be read gives an error in its place that names the line, never a value of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

import msgspec

from ccm_fhir.domain.conditions import (
    Chronic,
    ChronicTable,
    ConditionVerdict,
    classify,
    distinct_families,
    two_distinct_families,
)
from ccm_fhir.domain.facts import ConditionFact, Skipped
from ccm_fhir.domain.findings import Answer
from ccm_fhir.fhir.extract import Extracted, Irrelevant, extract_for

LONGEST_LINE_BYTES = 4 * 1024 * 1024
DEEPEST = 32
"""FHIR's own elements reach a third of this; a reader that goes on for ever is an attack."""

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)
_ENCODE = msgspec.json.Encoder().encode
_CHRONIC: dict[Chronic, bool | str] = {
    Chronic.CHRONIC: True,
    Chronic.NOT_CHRONIC: False,
    Chronic.REVIEW: "review",
}
_TWO: dict[Answer, bool | str] = {Answer.MET: True, Answer.NOT_MET: False, Answer.UNKNOWN: "review"}


class ClassifiedCondition(msgspec.Struct, frozen=True, kw_only=True):
    """One Condition's answer; ``family`` of one for review is a suggestion."""

    id: str
    chronic: bool | str
    family: str | None
    tier: str | None
    why: str


class ClassifiedPatient(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one patient has two distinct chronic diseases; ``patient`` is ``Patient/id``."""

    patient: str
    families: tuple[str, ...]
    two_or_more: bool | str
    why: str


class RefusedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Why one line of input could not be read."""

    line: int
    error: str


def classify_lines(
    lines: Iterable[bytes], table: ChronicTable, as_of: date
) -> Iterator[tuple[bytes, bool]]:
    """Yield the answer to each line as JSON, and whether it is one; blank lines have none."""
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        read = _read(line)
        if isinstance(read, str):
            yield _ENCODE(RefusedLine(line=number, error=read)), False
            continue
        if not isinstance(read.fact, ConditionFact):
            yield _ENCODE(RefusedLine(line=number, error=_why_no_condition(read))), False
            continue
        verdict = classify(read.fact, table, as_of)
        yield _ENCODE(_classified(verdict)), True


def classify_patients(
    lines: Iterable[bytes], table: ChronicTable, as_of: date
) -> Iterator[tuple[bytes, bool]]:
    """Yield each refused line as it comes, then each patient in the order of first appearance."""
    patients: dict[str, _Patient] = {}
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        problem = _add(line, patients, table, as_of)
        if problem:
            yield _ENCODE(RefusedLine(line=number, error=problem)), False
    for name, patient in patients.items():
        yield _ENCODE(_answer_for(name, patient, table)), True


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long, only so much as shows that it is."""
    while line := file.readline(LONGEST_LINE_BYTES + 1):
        yield line
        while len(line) > LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE_BYTES + 1)
            if len(line) <= LONGEST_LINE_BYTES:
                break


@dataclass(slots=True)
class _Patient:
    verdicts: list[ConditionVerdict] = field(default_factory=list)
    unreadable: int = 0


def _add(line: bytes, patients: dict[str, _Patient], table: ChronicTable, as_of: date) -> str:
    """Add one Condition to its patient; return why it cannot be, empty where it was."""
    read = _read(line)
    if isinstance(read, str):
        return read
    if not read.patient:
        return "it names no patient, so that nobody can be told to have it"
    if isinstance(read.fact, ConditionFact):
        patient = patients.setdefault(read.patient, _Patient())
        patient.verdicts.append(classify(read.fact, table, as_of))
        return ""
    if isinstance(read.fact, Skipped) and read.fact.resource_type == "Condition":
        patients.setdefault(read.patient, _Patient()).unreadable += 1
    return _why_no_condition(read)


def _read(line: bytes) -> Extracted | str:
    if len(line) > LONGEST_LINE_BYTES:
        return f"it is longer than {LONGEST_LINE_BYTES} bytes"
    if line.count(b"{") + line.count(b"[") > DEEPEST and _depth(line) > DEEPEST:
        return f"it is nested more than {DEEPEST} deep"
    return extract_for(line)


def _depth(line: bytes) -> int:
    deepest = depth = 0
    for match in _BRACKETS.finditer(line):
        if match[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif match[2]:
            depth -= 1
    return deepest


def _why_no_condition(read: Extracted) -> str:
    if isinstance(read.fact, Skipped):
        return read.fact.reason
    if isinstance(read.fact, Irrelevant):
        return "it is a resource of another type than Condition"
    return "it is not a Condition"


def _classified(verdict: ConditionVerdict) -> ClassifiedCondition:
    return ClassifiedCondition(
        id=verdict.ref.resource_id,
        chronic=_CHRONIC[verdict.chronic],
        family=verdict.family or None,
        tier=verdict.tier,
        why=verdict.why,
    )


def _answer_for(name: str, patient: _Patient, table: ChronicTable) -> ClassifiedPatient:
    verdicts = tuple(patient.verdicts)
    found = two_distinct_families(
        verdicts, distinct_families(verdicts, table), table, unreadable=patient.unreadable
    )
    return ClassifiedPatient(
        patient=name,
        families=tuple(each.family for each in found.families),
        two_or_more=_TWO[found.answer],
        why=found.why,
    )
