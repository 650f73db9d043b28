"""What can still be told of a line that is no JSON any more: its type, its id, its patient.

Nothing of it becomes a fact. It says only whose chart has a gap, so that nobody is told that
something is not there when it could merely not be read.
"""

from __future__ import annotations

import re

import msgspec

_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Z][A-Za-z]{1,63})"')
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"\\]{1,300})"')
_TOKEN = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"|[\[{]|[\]}]', re.DOTALL)
_VALUE = re.compile(rb'\s*:\s*"([A-Za-z0-9\-.]{1,64})"')
_PATIENT = re.compile(r"(?:.*/)?Patient/[A-Za-z0-9\-.]{1,64}\Z")


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """What a broken line still says; each is empty where it does not, or says two things."""

    resource_type: str = ""
    resource_id: str = ""
    reference: str = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def salvage(line: bytes) -> Salvaged:
    """Return what a broken line says of itself, and the one patient that it refers to."""
    types = {found.decode() for found in _TYPE.findall(line)}
    named = {found.decode("utf-8", "replace") for found in _REFERENCE.findall(line)}
    patients = {text for text in named if _PATIENT.match(text)}
    return Salvaged(
        resource_type=types.pop() if len(types) == 1 else "",
        resource_id=_own_id(line),
        reference=patients.pop() if len(patients) == 1 else "",
    )


def _own_id(line: bytes) -> str:
    """Return the id of the outermost object."""
    depth = 0
    for token in _TOKEN.finditer(line):
        if token[1] is None:
            depth += 1 if token[0] in b"{[" else -1
        elif depth == 1 and token[1] == b"id":
            value = _VALUE.match(line, token.end())
            return value[1].decode() if value else ""
    return ""
