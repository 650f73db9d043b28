"""ICD-10-CM as published: CMS's order file, CDC's tabular XML, or a table of three columns.

The order file lists every code with its billable flag, and is the one to prefer. The tabular
XML gives codes of seven characters by rule; a rule there may make a code that does not exist,
which a build then reports as a billable code that no source decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccm_fhir.terminology.build.files import Given
from ccm_fhir.terminology.build.sheet import parsed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CODE = re.compile(r"[A-Z][0-9A-Z]{2,6}\Z")
_ORDER = re.compile(r"\d{5} (?P<code>[A-Z0-9]{3,7}) +(?P<billable>[01]) (?P<titles>.+)\Z")
_LONG_TITLE = 61  # where the long title begins, counted from the short one
_EXTENDED = 7


@dataclass(frozen=True, slots=True)
class Edition:
    """The codes of one edition: which are billable, and the title of each."""

    billable: dict[str, bool]
    titles: dict[str, str]


def read_edition(given: Given) -> Edition:
    """Return the codes of an edition.

    Raises:
        TerminologyFileError: the file is of no known layout, or a row of it is not; names it.
    """
    if given.content.lstrip(b"\xef\xbb\xbf \r\n")[:1] == b"<":
        return _edition(given, _from_tabular(given))
    lines = given.lines()
    if _ORDER.match(lines[0]):
        return _edition(given, _from_order(given, lines))
    return _edition(given, _from_table(given))


def _edition(given: Given, found: Iterator[tuple[int, str, bool, str]]) -> Edition:
    billable: dict[str, bool] = {}
    titles: dict[str, str] = {}
    for row, code, is_billable, title in found:
        if not CODE.match(code):
            raise given.error("holds what is no ICD-10-CM code", row=row)
        if billable.setdefault(code, is_billable) is not is_billable:
            raise given.error("lists a code twice, once billable and once not", row=row)
        titles.setdefault(code, title)
    if not any(billable.values()):
        raise given.error("lists no billable code")
    return Edition(billable, titles)


def _from_order(given: Given, lines: list[str]) -> Iterator[tuple[int, str, bool, str]]:
    for row, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        match = _ORDER.match(line)
        if match is None:
            raise given.error("is not laid out as CMS's order file", row=row)
        titles = match["titles"]
        title = titles[_LONG_TITLE:].strip() or titles.strip()
        yield row, match["code"], match["billable"] == "1", title


def _from_table(given: Given) -> Iterator[tuple[int, str, bool, str]]:
    cells = given.cells()
    if [cell.lower() for cell in cells[0]] != ["code", "billable", "description"]:
        raise given.error(
            "is neither CMS's order file, CDC's tabular XML, nor a table of code, billable, "
            "description",
            row=1,
        )
    for row, found in enumerate(cells[1:], start=2):
        if len(found) != len(cells[0]) or found[1] not in {"0", "1"}:
            raise given.error("is not code, 0 or 1, description", row=row)
        yield row, found[0], found[1] == "1", found[2]


def _from_tabular(given: Given) -> Iterator[tuple[int, str, bool, str]]:
    root = parsed(given, given.content)
    if root.tag != "ICD10CM.tabular":
        raise given.error("is XML, but not CDC's ICD-10-CM tabular list")
    for section in root.iter("section"):
        for category in section.findall("diag"):
            yield from _codes_under(given, category, {})


def _codes_under(
    given: Given, diag: Element, inherited: dict[str, str]
) -> Iterator[tuple[int, str, bool, str]]:
    name, title = diag.findtext("name"), diag.findtext("desc") or ""
    if not name:
        raise given.error("holds a diagnosis without a code")
    code = name.replace(".", "")
    own = {e.get("char", ""): e.text or "" for e in diag.findall("sevenChrDef/extension")}
    extensions = own or inherited
    children = diag.findall("diag")
    is_extended = bool(extensions) and not children and len(code) < _EXTENDED
    yield 0, code, not children and not is_extended, title
    for child in children:
        yield from _codes_under(given, child, extensions)
    if is_extended:
        for character, meaning in extensions.items():
            full = code.ljust(_EXTENDED - 1, "X") + character
            yield 0, full, True, f"{title}, {meaning}"
