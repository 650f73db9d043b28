"""CMS's table of geographic practice cost indices (GPCI….csv): title, one header, footnotes.

Checked against published descriptions of the files of 2025 and 2026, whose headings are the year
and "PW GPCI (with 1.0 Floor)", "PE GPCI", "MP GPCI". Leading zeros of contractor and locality
are often lost in these files and are put back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.rulebook.fees_sheets import Sheet

MAC, STATE, LOCALITY, NAME = "CONTRACTOR", "STATE", "LOCALITY NUMBER", "LOCALITY NAME"
WORK, PE, MALPRACTICE = "PW GPCI", "PE GPCI", "MP GPCI"
# There were 89 localities before 2017 and have been more than 100 since; not law.
_FEWEST_LOCALITIES = 80
_LEAST, _MOST = Decimal("0.1"), Decimal(5)
_MAC_DIGITS, _LOCALITY_DIGITS = 5, 2
_NUMBER = re.compile(r"[0-9]?\.[0-9]{1,4}|[0-9]")
_YEAR = re.compile(r"\b(20[0-9]{2})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """One locality's row; ``work_gpci`` is of the column that was asked for."""

    mac: str
    locality: str
    state: str
    locality_name: str
    work_gpci: Decimal
    pe_gpci: Decimal
    mp_gpci: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """What was read of one table, and the heading of the work index that was taken."""

    sheet: Sheet
    year: int
    work_heading: str
    localities: tuple[Indices, ...]


def is_indices(sheet: Sheet) -> bool:
    """Whether a sheet has the header row of a GPCI table."""
    return any(True for _ in _headers(sheet))


def read_indices(sheet: Sheet, *, work_floor: bool | None) -> IndexFile:
    """Read every locality; ``work_floor`` chooses where a file gives the work index both ways.

    Raises:
        FeeFileError: the layout or a row is not what CMS publishes; names row and column.
    """
    header, *more = _headers(sheet)
    if more:
        raise sheet.error("has a second header row", row=more[0] + 1)
    columns = _columns(sheet, header, work_floor=work_floor)
    found: dict[tuple[str, str], Indices] = {}
    for number in _numbers_of_data(sheet, header):
        row = _read_row(sheet, number, columns)
        if (row.mac, row.locality) in found:
            raise sheet.error("has a second row for the locality", row=number, column=LOCALITY)
        found[row.mac, row.locality] = row
    if len(found) < _FEWEST_LOCALITIES:
        raise sheet.error(f"has {len(found)} localities; the table is cut off")
    return IndexFile(
        sheet=sheet,
        year=_year(sheet, header),
        work_heading=sheet.rows[header][columns[WORK]],
        localities=tuple(found.values()),
    )


def _numbers_of_data(sheet: Sheet, header: int) -> Iterator[int]:
    footnote: int | None = None
    for number, cells in enumerate(sheet.rows[header + 1 :], start=header + 2):
        if any(cells[1:]):
            if footnote is not None:
                raise sheet.error("is neither a locality nor a footnote", row=footnote)
            yield number
        elif any(cells):
            footnote = footnote or number  # text in the first cell alone


def _headers(sheet: Sheet) -> Iterator[int]:
    for index, cells in enumerate(sheet.rows):
        if {LOCALITY, NAME} <= {cell.upper() for cell in cells}:
            yield index


def _columns(sheet: Sheet, header: int, *, work_floor: bool | None) -> dict[str, int]:
    headings = [cell.upper() for cell in sheet.rows[header]]
    works = [heading for heading in headings if WORK in heading]
    if len(works) > 1 and work_floor is None:
        problem = "is given with and without the 1.0 floor; say which with --work-floor"
        raise sheet.error(problem, row=header + 1, column=WORK)
    if len(works) > 1:
        works = [heading for heading in works if ("WITHOUT" in heading) is not work_floor]
    return {
        name: _only(sheet, header, name, [headings.index(h) for h in headings if _is(h, name)])
        for name in (MAC, STATE, LOCALITY, NAME, PE, MALPRACTICE)
    } | {WORK: _only(sheet, header, WORK, [headings.index(heading) for heading in works])}


def _is(heading: str, name: str) -> bool:
    return heading == name or (name in heading and name not in {STATE, LOCALITY, NAME})


def _only(sheet: Sheet, header: int, name: str, found: list[int]) -> int:
    if len(found) != 1:
        problem = "there is no such column" if not found else "there is more than one such column"
        raise sheet.error(problem, row=header + 1, column=name)
    return found[0]


def _read_row(sheet: Sheet, number: int, columns: dict[str, int]) -> Indices:
    cells = sheet.rows[number - 1]
    if len(cells) <= max(columns.values()):
        raise sheet.error(f"has only {len(cells)} cells", row=number)
    if not re.fullmatch(r"[A-Z]{2}", cells[columns[STATE]]):
        raise sheet.error("is not two letters", row=number, column=STATE)
    if not cells[columns[NAME]]:
        raise sheet.error("is empty", row=number, column=NAME)
    return Indices(
        mac=_digits(sheet, number, MAC, cells[columns[MAC]], _MAC_DIGITS),
        locality=_digits(sheet, number, LOCALITY, cells[columns[LOCALITY]], _LOCALITY_DIGITS),
        state=cells[columns[STATE]],
        locality_name=cells[columns[NAME]],
        work_gpci=_index(sheet, number, WORK, cells[columns[WORK]]),
        pe_gpci=_index(sheet, number, PE, cells[columns[PE]]),
        mp_gpci=_index(sheet, number, MALPRACTICE, cells[columns[MALPRACTICE]]),
    )


def _digits(sheet: Sheet, row: int, column: str, text: str, length: int) -> str:
    if not re.fullmatch(rf"[0-9]{{1,{length}}}", text):
        raise sheet.error(f"is not a number of {length} digits", row=row, column=column)
    return text.zfill(length)


def _index(sheet: Sheet, row: int, column: str, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text) or not _LEAST < Decimal(text) < _MOST:
        raise sheet.error("is not an index", row=row, column=column)
    return Decimal(text)


def _year(sheet: Sheet, header: int) -> int:
    texts = (cell for cell in sheet.rows[header] if "GPCI" in cell.upper())
    years = {int(year) for text in (*texts, sheet.name) for year in _YEAR.findall(text)}
    if named := re.search(r"GPCI(20[0-9]{2})(?![0-9])", sheet.name, re.IGNORECASE):
        years.add(int(named[1]))
    if len(years) != 1:
        problem = "headings and name give no year" if not years else "give two years"
        raise sheet.error(f"{problem}; name the file as CMS does, e.g. GPCI2025.csv")
    return years.pop()
