"""What an export tells besides its resources: what went wrong, and what was deleted.

An OperationOutcome's words may name patients: only its severities and codes are kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import msgspec

_CODE = re.compile(r"[a-z][a-z-]{1,31}\Z")
_ADDRESS = re.compile(r"(?:\A|/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})\Z")
_UNREADABLE = "an outcome that cannot be read"
SERIOUS = ("fatal", "error")


class _Issue(msgspec.Struct, frozen=True):
    severity: str = ""
    code: str = ""


class _Outcome(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    issue: list[_Issue] = []


class _Request(msgspec.Struct, frozen=True):
    method: str = ""
    url: str = ""


class _Entry(msgspec.Struct, frozen=True):
    request: _Request = _Request()


class _Bundle(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    entry: list[_Entry] = []


_decode_outcome = msgspec.json.Decoder(_Outcome).decode
_decode_bundle = msgspec.json.Decoder(_Bundle).decode
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_outcomes(lines: Iterable[bytes]) -> dict[str, int]:
    """Count the issues of a file of OperationOutcomes, by severity and code."""
    counts: Counter[str] = Counter()
    for line in lines:
        if line.isspace():
            continue
        try:
            outcome = _decode_outcome(line)
        except _BROKEN:
            counts[_UNREADABLE] += 1
            continue
        counts.update(_named(issue) for issue in outcome.issue)
        if outcome.resource_type != "OperationOutcome":
            counts[_UNREADABLE] += 1
    return dict(counts)


def is_serious(problem: str) -> bool:
    """Whether an issue as counted means that something is missing from the export."""
    return problem == _UNREADABLE or problem.startswith(SERIOUS)


def _named(issue: _Issue) -> str:
    severity = issue.severity if _CODE.match(issue.severity) else "error"
    code = issue.code if _CODE.match(issue.code) else "unknown"
    return f"{severity} ({code})"


def read_deleted(lines: Iterable[bytes]) -> tuple[set[tuple[str, str]], int]:
    """Return what the Bundles of a file say was deleted, and how many lines cannot be read."""
    found: set[tuple[str, str]] = set()
    broken = 0
    for line in lines:
        if line.isspace():
            continue
        try:
            bundle = _decode_bundle(line)
        except _BROKEN:
            broken += 1
            continue
        for entry in bundle.entry:
            address = _ADDRESS.search(entry.request.url)
            if entry.request.method == "DELETE" and address is not None:
                found.add((address["type"], address["id"]))
            else:
                broken += 1
    return found, broken
