"""The first sheet of an xlsx file as rows of text; nothing else of the format is read."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree as ET

from ccm_fhir.terminology.build.files import LARGEST_BYTES, Given

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_COLUMN = re.compile(r"[A-Z]{1,3}")
_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml\Z")


def sheet_rows(given: Given) -> list[list[str]]:
    """Return the rows of the first sheet.

    Raises:
        TerminologyFileError: it is no such file, or declares XML entities.
    """
    try:
        with zipfile.ZipFile(BytesIO(given.content)) as archive:
            sheets = sorted(n for n in archive.namelist() if _SHEET.match(n))
            strings = "xl/sharedStrings.xml"
            shared = _strings(given, archive) if strings in archive.namelist() else []
            tree = parsed(given, archive.read(sheets[0]))
    except (zipfile.BadZipFile, KeyError, IndexError, RuntimeError, NotImplementedError):
        raise given.error("is not an xlsx file that can be read") from None
    return [_cells(row, shared) for row in tree.iter(f"{_MAIN}row")]


def parsed(given: Given, content: bytes) -> ET.Element:
    """Return XML parsed; a document that declares entities is refused before that.

    Raises:
        TerminologyFileError: it is not XML, or not plain XML.
    """
    if len(content) > LARGEST_BYTES or b"<!ENTITY" in content:
        raise given.error("is larger than any such file, or declares XML entities")
    try:
        return ET.fromstring(content)  # noqa: S314  # without entities there is no bomb, and expat opens no file
    except ET.ParseError as problem:
        raise given.error("is not XML that can be read", row=problem.position[0]) from None


def _strings(given: Given, archive: zipfile.ZipFile) -> list[str]:
    tree = parsed(given, archive.read("xl/sharedStrings.xml"))
    return ["".join(t.text or "" for t in si.iter(f"{_MAIN}t")) for si in tree.iter(f"{_MAIN}si")]


def _cells(row: ET.Element, shared: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_MAIN}c"):
        place = _COLUMN.match(cell.get("r", ""))
        column = _number(place[0]) if place else len(cells)
        cells.extend([""] * (column - len(cells)))
        cells.append(_text(cell, shared).strip())
    return cells


def _text(cell: ET.Element, shared: list[str]) -> str:
    value = cell.find(f"{_MAIN}v")
    if cell.get("t") == "s" and value is not None and value.text:
        return shared[int(value.text)]
    if cell.get("t") == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{_MAIN}t"))
    return (value.text or "") if value is not None else ""


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
