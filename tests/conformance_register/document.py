"""Prints docs/conformance.md from the register and the tests that claim its rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum

from tests.conformance_register.register import Row, Table, asvs_items, tables

Proving = Mapping[str, AbstractSet[str]]

HEAD = """# Conformance

<!-- Written by `make conformance`; a test holds it equal to the markers. Do not edit. -->

What the specifications and our own security list require, what proves it, and the result. A row
is *proved* only where at least one test of the suite carries its number (`@pytest.mark.proves`)
and is neither skipped nor expected to fail; nothing is merged before the suite is green with every
optional part present. *In part* names what no test shows yet. The requirements are told in our own
words: the linked page is what counts.
"""
HIPAA = "https://www.ecfr.gov/current/title-45/section-164.312"


class Result(StrEnum):
    """What a row comes to."""

    PROVED = "proved"
    IN_PART = "in part"
    NOT_PROVED = "not proved"
    NOT_HERE = "not testable here"


def result(row: Row, proving: Proving) -> Result:
    """Return what a row comes to.

    Raises:
        ValueError: the row says that it cannot be tested, and a test says that it proves it.
    """
    tests = proving.get(row.number, set())
    if row.why_not and tests:
        message = f"{row.number} says why it cannot be tested here, yet {min(tests)} does"
        raise ValueError(message)
    if row.why_not:
        return Result.NOT_HERE
    if not tests:
        return Result.NOT_PROVED
    return Result.IN_PART if row.missing else Result.PROVED


def document(proving: Proving) -> str:
    """Return the whole document."""
    parts = [HEAD, _counts(proving), *(_table(table, proving) for table in tables())]
    return "\n".join([*parts, _asvs(), _hipaa()])


def _counts(proving: Proving) -> str:
    lines = [
        f"| requirements | {' | '.join(Result)} | together |",
        f"|---|{'---|' * (len(Result) + 1)}",
    ]
    for table in tables():
        found = Counter(result(row, proving) for row in table.row)
        cells = " | ".join(str(found[kind]) for kind in Result)
        lines.append(f"| {table.title} | {cells} | {len(table.row)} |")
    return "\n".join([*lines, ""])


def _table(table: Table, proving: Proving) -> str:
    lines = [
        f"## {table.title}",
        "",
        f"Source: <{table.source}>.",
        "",
        "| number | requirement | proved by | result |",
        "|---|---|---|---|",
    ]
    lines += [_line(table, row, proving) for row in table.row]
    return "\n".join([*lines, ""])


def _line(table: Table, row: Row, proving: Proving) -> str:
    where = f" ([{row.section}]({table.source}{row.page}))" if row.section else ""
    tests = "<br>".join(_linked(sorted(proving.get(row.number, set())))) or "–"
    found = result(row, proving)
    why = {Result.IN_PART: row.missing, Result.NOT_HERE: row.why_not}.get(found, row.missing)
    said = f"**{found}**" + (f": {why}" if why else "")
    return f"| {row.number} | {row.requirement}{where} | {tests} | {said} |"


def _linked(tests: list[str]) -> Iterator[str]:
    for test in tests:
        path, _, name = test.partition("::")
        yield f"[{name}](../{path})"


_ASVS_HEAD = """## OWASP ASVS 5.0, levels 1 and 2

The items that apply, and the rows which serve them; how far an item is met is the result of its
rows, less the gap that is named. Not listed: what this product does not have (passwords, uploads,
WebRTC, an authorization server of its own, mail), and what only an operator can answer.

| item | level | in our words | served by | gap |
|---|---|---|---|---|"""
_HIPAA_HEAD = f"""## HIPAA technical safeguards

[45 CFR 164.312]({HIPAA}). Policies, training and agreements are the operator's.

| paragraph | served by |
|---|---|"""


def _asvs() -> str:
    served = _rows_by("asvs")
    lines = [
        f"| {one.item} | {one.level} | {one.words} | {', '.join(served[one.item])} | {one.gap} |"
        for one in asvs_items()
    ]
    return "\n".join([_ASVS_HEAD, *lines, ""])


def _hipaa() -> str:
    served = _rows_by("hipaa")
    lines = [f"| {item} | {', '.join(served[item])} |" for item in sorted(served)]
    return "\n".join([_HIPAA_HEAD, *lines, ""])


def _rows_by(column: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for table in tables():
        for row in table.row:
            for item in getattr(row, column):
                found[item].append(row.number)
    return found
