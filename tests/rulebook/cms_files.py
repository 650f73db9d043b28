"""Synthetic files in the layout of CMS's fee schedule tables, with the shipped numbers.

Layout as published for 2024 to 2026: title rows, captions stacked over four rows of which the
last begins HCPCS, MOD; a descriptor column, here filled with a text that must never come out.
"""

from __future__ import annotations

import copy
import csv
import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from ccm_fhir.rulebook.fees import read_known_codes, read_shipped
from ccm_fhir.rulebook.fees_load import shipped_folder

Rows = list[list[str]]

DESCRIPTOR = "Descriptor that is never ours to show"
_STATUS_TO_FACTOR = (
    ",,,STATUS,MEDICARE,WORK,NON-FAC,NA,FACILITY,NA,MP,NON-FACILITY,FACILITY,PCTC,GLOB,PRE,"
    "INTRA,POST,MULT,BILAT,ASST,CO-,TEAM,ENDO,CONV,SUPERVISION OF,CALCULATION,FAMILY,"
    "OPPS PAYMENT,OPPS PAYMENT,OPPS PAYMENT"
)
_HEADER = (
    "HCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,PE RVU,INDICATOR,PE RVU,INDICATOR,RVU,TOTAL,TOTAL,"
    "IND,DAYS,OP,OP,OP,PROC,SURG,SURG,SURG,SURG,BASE,FACTOR,DIAGNOSTIC PROCEDURES,FLAG,"
    "INDICATOR,AMOUNT,AMOUNT,AMOUNT"
)
CAPTIONS = [
    [*[""] * 4, "NOT USED", *[""] * 22, "DIAGNOSTIC", "NON-FACILITY", "FACILITY", "MP"],
    [*[""] * 4, "FOR", *[""] * 20, "PHYSICIAN", "", "IMAGING", "PE USED", "PE USED", "USED"],
    _STATUS_TO_FACTOR.split(","),
    _HEADER.split(","),
]
HEADER_ROW = 10
MODIFIER, STATUS, WORK, NONFACILITY, FACILITY, MALPRACTICE = 1, 3, 5, 6, 8, 10
NONFACILITY_TOTAL, FACILITY_TOTAL, FACTOR = 11, 12, 24
USED = (
    0,
    MODIFIER,
    STATUS,
    WORK,
    NONFACILITY,
    FACILITY,
    MALPRACTICE,
    NONFACILITY_TOTAL,
    FACILITY_TOTAL,
    FACTOR,
)


def values(year: int, factor: str, *, title_year: int | None = None) -> Rows:
    """Return a relative value file of a year; the shipped years' own numbers, else 2025's."""
    width = len(CAPTIONS[0])
    title = [
        f"{title_year or year} National Physician Fee Schedule Relative Value File",
        "Codes and descriptors only are copyright of their owner",
        "All rights reserved",
        "Dental codes are copyright of theirs",
        "",
        f"RELEASED 09/11/{year - 1}",
    ]
    head = [["", "", text, *[""] * (width - 3)] for text in title]
    shipped = read_shipped(shipped_folder()).rvus
    source = year if any(row.in_force_from.year == year for row in shipped) else 2025
    numbers = {row.code: row for row in shipped if row.in_force_from.year == source}
    rows = [_row("11111", "", ("1.00", "2.00", "0.50", "0.10"), factor)]
    for known in read_known_codes(shipped_folder()):
        if not known.is_priced(date(year, 1, 1)):
            continue
        row = numbers.get(known.code, next(iter(numbers.values())))
        parts = (
            str(row.work_rvu),
            str(row.nonfacility_pe_rvu),
            str(row.facility_pe_rvu),
            str(row.malpractice_rvu),
        )
        rows.append(_row(known.code, "", parts, factor))
    rows.append(_row("99491", "26", ("9.00", "9.00", "9.00", "9.00"), factor))
    return [*head, *copy.deepcopy(CAPTIONS), *sorted(rows)]


def indices(year: int, heading: str = "PW GPCI (with 1.0 Floor)") -> Rows:
    """Return a GPCI table of a year with the shipped numbers and a footnote."""
    head = [
        [f"ADDENDUM E. FINAL CY {year} GEOGRAPHIC PRACTICE COST INDICES", *[""] * 6],
        [""] * 7,
        [
            "Medicare Administrative Contractor (MAC)",
            "State",
            "Locality Number",
            "Locality Name",
            f"{year} {heading}",
            f"{year} PE GPCI",
            f"{year} MP GPCI",
        ],
    ]
    rows = [
        [
            row.mac.lstrip("0"),  # as these files lose it
            row.state,
            row.locality,
            row.locality_name,
            str(row.work_gpci),
            str(row.pe_gpci),
            str(row.mp_gpci),
        ]
        for row in read_shipped(shipped_folder()).gpcis
    ]
    return [*head, *rows, [""] * 7, ["* A footnote, which is one cell of text.", *[""] * 6]]


def csv_bytes(rows: Rows) -> bytes:
    """Return rows as CMS writes them: CR LF and a byte order mark."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def write_csv(folder: Path, name: str, rows: Rows) -> Path:
    """Write one table."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(csv_bytes(rows))
    return path


def write_zip(folder: Path, name: str, tables: dict[str, bytes]) -> Path:
    """Write an archive as CMS does, with its other contents beside the tables."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("RVU.pdf", b"%PDF not ours to read")
        archive.writestr("OPPSCAP.csv", b"HCPCS,MOD\r\n")
        for member, content in tables.items():
            archive.writestr(member, content)
    return path


def _row(code: str, modifier: str, parts: tuple[str, str, str, str], factor: str) -> list[str]:
    work, nonfacility, facility, malpractice = parts
    row = ["0"] * len(CAPTIONS[0])
    row[0], row[MODIFIER], row[2], row[STATUS], row[4] = code, modifier, DESCRIPTOR, "A", ""
    row[WORK], row[NONFACILITY], row[FACILITY], row[MALPRACTICE] = parts
    row[7] = row[9] = ""
    row[NONFACILITY_TOTAL] = str(Decimal(work) + Decimal(nonfacility) + Decimal(malpractice))
    row[FACILITY_TOTAL] = str(Decimal(work) + Decimal(facility) + Decimal(malpractice))
    row[FACTOR] = factor
    return row
