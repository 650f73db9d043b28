"""From CMS's own files to fee tables: every sheet of a file, or none of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.rulebook.fees_days import reach_of_indices, reach_of_values
from ccm_fhir.rulebook.fees_gpci import is_indices, read_indices
from ccm_fhir.rulebook.fees_pprrvu import is_relative_values, read_relative_values
from ccm_fhir.rulebook.fees_sheets import read_sheets
from ccm_fhir.rulebook.fees_tables import FactorRow, FeeTables, GpciRow, RvuRow

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from ccm_fhir.rulebook.fees_days import Known, Reach, Wishes
    from ccm_fhir.rulebook.fees_pprrvu import RelativeValueFile
    from ccm_fhir.rulebook.fees_sheets import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSheet:
    """What one table came to, for people."""

    name: str
    first_day: date
    last_day: date
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsImport:
    """Everything one file gave, ready to be laid over what was there."""

    tables: FeeTables
    sheets: tuple[LoadedSheet, ...]


def read_cms_file(path: Path, known: Known, wishes: Wishes) -> CmsImport:
    """Read a CMS zip or csv as a whole.

    Raises:
        FeeFileError: any part of it cannot be taken over; names row and column.
    """
    collected = _Collected(known=known, wishes=wishes)
    for sheet in read_sheets(path):
        if is_relative_values(sheet):
            collected.add_values(sheet)
        elif is_indices(sheet):
            collected.add_indices(sheet)
        else:
            raise sheet.error(
                "has the header of neither a relative value file nor a GPCI table; "
                "the fixed-width .txt is not read, take the .csv beside it"
            )
    return collected.result()


@dataclass(slots=True, kw_only=True)
class _Collected:
    known: Known
    wishes: Wishes
    rvus: dict[tuple[str, date], RvuRow] = field(default_factory=dict)
    factors: list[FactorRow] = field(default_factory=list)
    gpcis: list[GpciRow] = field(default_factory=list)
    sheets: list[LoadedSheet] = field(default_factory=list)

    def add_values(self, sheet: Sheet) -> None:
        read = read_relative_values(sheet, {known.code for known in self.known.codes})
        reach = reach_of_values(read, self.known, self.wishes)
        codes = self._codes_kept(read, reach)
        for code in codes:
            self._add_code(read, code, reach)
        self._add_factor(read, reach)
        what = f"{len(codes)} codes, conversion factor {read.conversion_factor} ({reach.who})"
        self._note(sheet, reach, what)

    def add_indices(self, sheet: Sheet) -> None:
        if self.gpcis:
            raise sheet.error("is a second GPCI table in the same file")
        read = read_indices(sheet, work_floor=self.wishes.work_floor)
        reach = reach_of_indices(sheet, read.year, self.wishes)
        self.gpcis.extend(
            GpciRow(
                in_force_from=reach.first_day,
                in_force_until=reach.last_day,
                mac=locality.mac,
                locality=locality.locality,
                state=locality.state,
                locality_name=locality.locality_name,
                work_gpci=locality.work_gpci,
                pe_gpci=locality.pe_gpci,
                mp_gpci=locality.mp_gpci,
                source=f"{sheet.stem} ({read.work_heading})",
            )
            for locality in read.localities
        )
        self._note(sheet, reach, f"{len(read.localities)} localities, {read.work_heading}")

    def result(self) -> CmsImport:
        return CmsImport(
            tables=FeeTables(
                rvus=tuple(self.rvus.values()),
                factors=tuple(self.factors),
                gpcis=tuple(self.gpcis),
            ),
            sheets=tuple(self.sheets),
        )

    def _codes_kept(self, read: RelativeValueFile, reach: Reach) -> list[str]:
        priced = [k.code for k in self.known.codes if k.is_priced(reach.first_day)]
        for code in priced:
            if code not in read.by_code and code not in self.wishes.without:
                raise read.sheet.error(
                    f"has no row for {code}, which is priced in CY{read.year}; "
                    f"if that is right, say --without {code}"
                )
        return [code for code in priced if code in read.by_code]

    def _add_code(self, read: RelativeValueFile, code: str, reach: Reach) -> None:
        values = read.by_code[code]
        row = RvuRow(
            code=code,
            in_force_from=reach.first_day,
            in_force_until=reach.last_day,
            work_rvu=values.work_rvu,
            nonfacility_pe_rvu=values.nonfacility_pe_rvu,
            facility_pe_rvu=values.facility_pe_rvu,
            malpractice_rvu=values.malpractice_rvu,
            source=read.source,
        )
        other = self.rvus.setdefault((code, reach.first_day), row)
        if _numbers(other) != _numbers(row):
            raise read.sheet.error(f"{code} differs from {other.source}", row=values.row)

    def _add_factor(self, read: RelativeValueFile, reach: Reach) -> None:
        for participation in reach.participations:
            if any(factor.participation is participation for factor in self.factors):
                raise read.sheet.error(f"is a second table for {reach.who} in the same file")
            self.factors.append(
                FactorRow(
                    in_force_from=reach.first_day,
                    in_force_until=reach.last_day,
                    participation=participation,
                    conversion_factor=read.conversion_factor,
                    source=read.source,
                )
            )

    def _note(self, sheet: Sheet, reach: Reach, what: str) -> None:
        self.sheets.append(
            LoadedSheet(
                name=sheet.name, first_day=reach.first_day, last_day=reach.last_day, what=what
            )
        )


def _numbers(row: RvuRow) -> tuple[Decimal, ...]:
    return (row.work_rvu, row.nonfacility_pe_rvu, row.facility_pe_rvu, row.malpractice_rvu)
