"""Broken lines and odd ones, at a chosen rate, and what of them a reader can still learn.

A broken line cannot be read; an odd one can, and must not change any answer.
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_fixtures.practice.population.told import Life, Line, Readable

Random = Callable[[], float]
_LINE_END = b"\n"


def damaged(
    lines: list[Line], patient: str, rate: float, random: Random
) -> tuple[list[tuple[str, bytes]], Readable]:
    """Return the lines as they are written, each with its file, and what is still readable."""
    told = Readable(patient)
    written: list[tuple[str, bytes]] = []
    for line in lines:
        as_is = line.text.encode()
        if rate and random() < rate:
            broken = _BREAKS[int(random() * len(_BREAKS))](as_is, random())
            written.append((line.kind, broken))
            _note(told, line, broken)
            continue
        if rate and random() < rate:
            written += _ODD[int(random() * len(_ODD))](line.kind, as_is, patient)
        else:
            written.append((line.kind, as_is))
        told.effects.append(line.effect)
    return written, told


def _note(told: Readable, line: Line, broken: bytes) -> None:
    """Say what is lost: of a broken line at most its type and its patient can be told."""
    if isinstance(line.effect, Life):
        told.is_unread = f'"id":"{told.patient_id}"'.encode() in broken
        told.is_absent = not told.is_unread
    elif f'"Patient/{told.patient_id}"'.encode() in broken:
        told.unread.append(line.kind)


def _cut(line: bytes, chance: float) -> bytes:
    """Leave the end out, as an export that broke off."""
    return line[: 1 + int(chance * (len(line) - 3))] + _LINE_END


def _not_unicode(line: bytes, _chance: float) -> bytes:
    """Put Latin-1 into the id of the resource's version, which every reader needs."""
    return line.replace(b'"versionId":"', b'"versionId":"\xe9\xff', 1)


def _wrong_type(line: bytes, _chance: float) -> bytes:
    """Say meta by a word, where FHIR has an object."""
    return line.replace(b'"meta":{', b'"meta":"lost","was":{', 1)


def _garbage(_line: bytes, _chance: float) -> bytes:
    return b"<html><body>503 Service Unavailable</body></html>\n"


_BREAKS = (_cut, _not_unicode, _wrong_type, _cut, _garbage)


def _old_version(kind: str, line: bytes, _patient: str) -> list[tuple[str, bytes]]:
    """Write an older version after the newest: it is not the truth any more."""
    older = line.replace(b'"versionId":"2"', b'"versionId":"1"', 1)
    older = older.replace(b"T08:30:00Z", b"T07:30:00Z", 1)
    swapped = older.replace(b'"code":"active"', b'"code":"resolved"').replace(b"E11", b"J06")
    return [(kind, line), (kind, swapped)]


def _twice(kind: str, line: bytes, _patient: str) -> list[tuple[str, bytes]]:
    return [(kind, line), (kind, line)]


def _blank(kind: str, line: bytes, _patient: str) -> list[tuple[str, bytes]]:
    return [(kind, b"\n"), (kind, b"  \r\n"), (kind, line)]


def _carriage_return(kind: str, line: bytes, _patient: str) -> list[tuple[str, bytes]]:
    return [(kind, line[:-1] + b"\r\n")]


def _misfiled(_kind: str, line: bytes, _patient: str) -> list[tuple[str, bytes]]:
    return [("Encounter", line)]


def _stranger(kind: str, line: bytes, patient: str) -> list[tuple[str, bytes]]:
    """Add a record of somebody who is not in the export."""
    if kind == "Patient":
        return [(kind, line)]
    other = line.replace(f'"{patient}'.encode(), f'"{patient}x'.encode())
    return [(kind, line), (kind, other.replace(b"Patient/", b"Patient/nobody-"))]


def _by_urn(kind: str, line: bytes, patient: str) -> list[tuple[str, bytes]]:
    """Add a record whose patient is named by a URN, which names nobody here."""
    if kind == "Patient":
        return [(kind, line)]
    other = line.replace(f'"{patient}'.encode(), f'"{patient}u'.encode())
    return [(kind, line), (kind, other.replace(b"Patient/", b"urn:uuid:00000000-"))]


_ODD = (_old_version, _twice, _blank, _carriage_return, _misfiled, _stranger, _by_urn)
