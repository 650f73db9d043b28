"""Fee tables as rows with days: what is shipped, what a user loaded, and one laid over the other.

The rows are written as JSON and read again; ``domain.rules.prices`` holds what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ccm_fhir.domain.rules import Participation

_DAY = timedelta(days=1)
# Guards against a shifted decimal point, far outside anything ever published; not law.
_Rvu = Annotated[Decimal, Field(ge=0, lt=1000, allow_inf_nan=False)]
_Gpci = Annotated[Decimal, Field(gt=Decimal("0.1"), lt=5, allow_inf_nan=False)]
Factor = Annotated[Decimal, Field(gt=1, lt=1000, allow_inf_nan=False)]


class DatedRow(BaseModel):
    """A row with its first and last day, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    in_force_from: date
    in_force_until: date
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.in_force_until < self.in_force_from:
            raise ValueError("ends before it begins")
        return self

    @property
    def days(self) -> str:
        """Return the first and last day in words."""
        return f"{self.in_force_from} to {self.in_force_until}"


class RvuRow(DatedRow):
    """One code's relative values."""

    code: str = Field(pattern=r"^[0-9A-Z][0-9]{4}$")
    work_rvu: _Rvu
    nonfacility_pe_rvu: _Rvu
    facility_pe_rvu: _Rvu
    malpractice_rvu: _Rvu


class FactorRow(DatedRow):
    """One conversion factor."""

    participation: Participation
    conversion_factor: Factor


class GpciRow(DatedRow):
    """One locality's indices."""

    mac: str = Field(pattern=r"^[0-9]{5}$")
    locality: str = Field(pattern=r"^[0-9]{2}$")
    state: str = Field(pattern=r"^[A-Z]{2}$")
    locality_name: str = Field(min_length=1)
    work_gpci: _Gpci
    pe_gpci: _Gpci
    mp_gpci: _Gpci


class FeeTables(BaseModel):
    """Rows of the three kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rvus: tuple[RvuRow, ...] = ()
    factors: tuple[FactorRow, ...] = ()
    gpcis: tuple[GpciRow, ...] = ()

    def over(self, older: FeeTables) -> FeeTables:
        """Lay these rows over older ones: on their days, tables of the same kind give way.

        A table gives way as a whole, so that a code or locality that a newer file no longer has
        is not kept from an older one.
        """
        return FeeTables(
            rvus=_laid_over(self.rvus, older.rvus, _whole),
            factors=_laid_over(self.factors, older.factors, _participation),
            gpcis=_laid_over(self.gpcis, older.gpcis, _whole),
        )

    def overlaps(self) -> tuple[str, ...]:
        """Name every code, factor or locality that has two rows on one day."""
        return (
            *_overlaps("relative values of", self.rvus, lambda row: row.code),
            *_overlaps("conversion factor", self.factors, lambda row: row.participation.value),
            *_overlaps("locality", self.gpcis, lambda row: f"{row.mac}-{row.locality}"),
        )


_Row = TypeVar("_Row", bound=DatedRow)


def _whole(_row: DatedRow) -> str:
    return ""


def _participation(row: FactorRow) -> str:
    return row.participation.value


def _laid_over(
    newer: tuple[_Row, ...], older: tuple[_Row, ...], table_of: Callable[[_Row], str]
) -> tuple[_Row, ...]:
    days = {(table_of(row), row.in_force_from, row.in_force_until) for row in newer}
    kept: tuple[_Row, ...] = older
    for table, first, last in sorted(days):
        kept = tuple(
            piece
            for row in kept
            for piece in (_outside(row, first, last) if table_of(row) == table else (row,))
        )
    return (*kept, *newer)


def _outside(row: _Row, first: date, last: date) -> Iterator[_Row]:
    if row.in_force_until < first or row.in_force_from > last:
        yield row
        return
    if row.in_force_from < first:
        yield row.model_copy(update={"in_force_until": first - _DAY})
    if row.in_force_until > last:
        yield row.model_copy(update={"in_force_from": last + _DAY})


def _overlaps(kind: str, rows: Iterable[_Row], name_of: Callable[[_Row], str]) -> Iterator[str]:
    last_days: dict[str, date] = {}
    for row in sorted(rows, key=lambda row: row.in_force_from):
        name = name_of(row)
        if name in last_days and last_days[name] >= row.in_force_from:
            yield f"{kind} {name}: two rows on {row.in_force_from}"
        last_days[name] = row.in_force_until
