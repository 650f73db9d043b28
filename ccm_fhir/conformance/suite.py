"""The truth table: examples of patient-months with what must be answered, and how to compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import msgspec

Json = dict[str, Any]

_EXACT = (
    "not_billable_reasons",
    "earliest_date_of_service",
    "national_nonfacility_allowed_total",
    "counted_seconds",
)
_CENT = 0.005


class Example(msgspec.Struct, frozen=True):
    """One patient-month: the input line, what must be answered, and why."""

    id: str
    title: str
    inputs: Json
    expected: Json
    why: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


def shipped() -> tuple[Example, ...]:
    """Return the examples that come with the program."""
    text = (files("ccm_fhir.conformance") / "data" / "vignettes.jsonl").read_bytes()
    decoder = msgspec.json.Decoder(Example)
    return tuple(decoder.decode(line) for line in text.splitlines() if line.strip())


def differences(expected: Json, answer: Mapping[str, object]) -> Iterator[str]:
    """Yield what differs: lines, reasons, seconds, dates and dollars exactly; warnings named."""
    if "error" in answer:
        yield f"refused: {answer['error']}"
        return
    if "lines" in expected and _units(expected["lines"]) != _units(answer.get("lines")):
        yield f"lines: expected {expected['lines']}, answered {answer.get('lines')}"
    for name in _EXACT:
        if name in expected and not _same(expected[name], answer.get(name)):
            yield f"{name}: expected {expected[name]}, answered {answer.get(name)}"
    given = answer.get("warnings")
    absent = set(expected.get("warnings", [])) - set(given if isinstance(given, list) else [])
    if absent:
        yield f"warnings: {', '.join(sorted(absent))} not among {given}"


def _units(lines: object) -> dict[str, int] | None:
    if not isinstance(lines, list):
        return None
    return {line["code"]: line["units"] for line in lines}


def _same(expected: object, answered: object) -> bool:
    if isinstance(expected, list) and isinstance(answered, list):
        return sorted(expected) == sorted(answered)
    if isinstance(expected, float) and isinstance(answered, (int, float)):
        return abs(expected - answered) < _CENT
    return expected == answered
