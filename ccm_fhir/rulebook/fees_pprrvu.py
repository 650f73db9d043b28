"""CMS's relative value file (PPRRVU….csv): title rows, stacked captions, one row a code.

Checked against published descriptions of the files of 2024 to 2026: about nine rows of title
and captions, then a row that begins HCPCS, MOD; a column's caption is spread over the rows above
it ("WORK" over "RVU"). Descriptors are never read. The file's own totals are the proof of a row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ccm_fhir.rulebook.fees_sheets import Sheet

STATUS, WORK, MALPRACTICE, FACTOR = "STATUS CODE", "WORK RVU", "MP RVU", "CONV FACTOR"
NONFACILITY, FACILITY = "NON-FAC PE RVU", "FACILITY PE RVU"
NONFACILITY_TOTAL, FACILITY_TOTAL = "NON-FACILITY TOTAL", "FACILITY TOTAL"
_NUMBERS = (WORK, NONFACILITY, FACILITY, MALPRACTICE, NONFACILITY_TOTAL, FACILITY_TOTAL, FACTOR)
_HCPCS, _MODIFIER, _DESCRIPTOR = 0, 1, 2
_PRICED_STATUS = "A"
_CODE = re.compile(r"[0-9A-Z]{5}")
_NUMBER = re.compile(r"[0-9]{0,3}\.[0-9]{1,4}|[0-9]{1,3}")
_YEAR = re.compile(r"\b(20[0-9]{2})\b")
_NAME_YEAR = re.compile(r"PPRRVU(20[0-9]{2}|[0-9]{2})(?![0-9])", re.IGNORECASE)
_RELEASED = re.compile(r"RELEASED\s+([0-9]{1,2}/[0-9]{1,2}/[0-9]{4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeValues:
    """One code's row of the file."""

    row: int
    work_rvu: Decimal
    nonfacility_pe_rvu: Decimal
    facility_pe_rvu: Decimal
    malpractice_rvu: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeValueFile:
    """What was read of one relative value file."""

    sheet: Sheet
    year: int
    source: str
    conversion_factor: Decimal
    factor_row: int
    by_code: dict[str, RelativeValues]


def is_relative_values(sheet: Sheet) -> bool:
    """Whether a sheet has the header row of a relative value file."""
    return any(True for _ in _headers(sheet))


def read_relative_values(sheet: Sheet, codes: Collection[str]) -> RelativeValueFile:
    """Read the rows of some codes, unmodified.

    Raises:
        FeeFileError: the layout or a row is not what CMS publishes; names row and column.
    """
    header, *more = _headers(sheet)
    if more:
        raise sheet.error("has a second header row", row=more[0] + 1)
    columns = _columns(sheet, header)
    by_code: dict[str, RelativeValues] = {}
    factors: dict[Decimal, int] = {}
    for index in range(header + 1, len(sheet.rows)):
        cells, number = sheet.rows[index], index + 1
        if not any(cells):
            continue
        _check_shape(sheet, number, width=len(sheet.rows[header]))
        code = cells[_HCPCS]
        if code not in codes or cells[_MODIFIER]:
            continue
        if code in by_code:
            raise sheet.error(f"has a second row for {code}", row=number, column="HCPCS")
        by_code[code], factor = _read_row(sheet, number, columns)
        factors.setdefault(factor, number)
    if not factors:
        raise sheet.error("has no row for any care management code")
    if len(factors) > 1:
        raise sheet.error("differs from the rows above", row=max(factors.values()), column=FACTOR)
    return RelativeValueFile(
        sheet=sheet,
        year=_year(sheet, header),
        source=_source(sheet, header),
        conversion_factor=next(iter(factors)),
        factor_row=next(iter(factors.values())),
        by_code=by_code,
    )


def _headers(sheet: Sheet) -> Iterator[int]:
    for index, cells in enumerate(sheet.rows):
        if [cell.upper() for cell in cells[:_DESCRIPTOR]] == ["HCPCS", "MOD"]:
            yield index


def _columns(sheet: Sheet, header: int) -> dict[str, int]:
    above = takewhile(lambda row: not any(row[: _DESCRIPTOR + 1]), reversed(sheet.rows[:header]))
    stacked = [*reversed(list(above)), sheet.rows[header]]
    captions = [
        " ".join(row[index] for row in stacked if index < len(row)).upper().split()
        for index in range(len(sheet.rows[header]))
    ]
    return {name: _column(sheet, header, name, captions) for name in (STATUS, *_NUMBERS)}


def _column(sheet: Sheet, header: int, name: str, captions: Sequence[list[str]]) -> int:
    words = name.split()
    found = [index for index, caption in enumerate(captions) if caption[-len(words) :] == words]
    if len(found) != 1:
        problem = "there is no such column" if not found else "there is more than one such column"
        raise sheet.error(problem, row=header + 1, column=name)
    return found[0]


def _check_shape(sheet: Sheet, number: int, *, width: int) -> None:
    cells = sheet.rows[number - 1]
    if not _CODE.fullmatch(cells[_HCPCS]):
        raise sheet.error("is not a procedure code", row=number, column="HCPCS")
    if len(cells) != width:
        raise sheet.error(f"has {len(cells)} cells where the header has {width}", row=number)


def _read_row(sheet: Sheet, number: int, columns: dict[str, int]) -> tuple[RelativeValues, Decimal]:
    cells = sheet.rows[number - 1]
    if cells[columns[STATUS]] != _PRICED_STATUS:
        raise sheet.error(
            f"{cells[_HCPCS]} is not priced here (status other than {_PRICED_STATUS})",
            row=number,
            column=STATUS,
        )
    read = {name: _number(sheet, number, name, cells[columns[name]]) for name in _NUMBERS}
    for part, whole in ((NONFACILITY, NONFACILITY_TOTAL), (FACILITY, FACILITY_TOTAL)):
        if read[WORK] + read[part] + read[MALPRACTICE] != read[whole]:
            problem = f"is not the sum of {WORK}, {part} and {MALPRACTICE}"
            raise sheet.error(problem, row=number, column=whole)
    if not read[FACTOR]:
        raise sheet.error("is zero", row=number, column=FACTOR)
    values = RelativeValues(
        row=number,
        work_rvu=read[WORK],
        nonfacility_pe_rvu=read[NONFACILITY],
        facility_pe_rvu=read[FACILITY],
        malpractice_rvu=read[MALPRACTICE],
    )
    return values, read[FACTOR]


def _number(sheet: Sheet, row: int, column: str, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise sheet.error("is not a number", row=row, column=column)
    return Decimal(text)


def _year(sheet: Sheet, header: int) -> int:
    titles = (cell for row in sheet.rows[:header] for cell in row if "FEE SCHEDULE" in cell.upper())
    years = {int(year) for title in titles for year in _YEAR.findall(title)}
    if named := _NAME_YEAR.search(sheet.name):
        years.add(int(named[1][-2:]) + 2000)
    if len(years) != 1:
        problem = "title and name give no year" if not years else "title and name give two years"
        raise sheet.error(f"{problem}; name the file as CMS does, e.g. PPRRVU25_JAN.csv")
    return years.pop()


def _source(sheet: Sheet, header: int) -> str:
    title = " ".join(cell for row in sheet.rows[:header] for cell in row)
    released = _RELEASED.search(title)
    return f"{sheet.stem} (released {released[1]})" if released else sheet.stem
