"""Which days and practitioners a CMS table is for; settled by known factors or by whoever loads.

Nothing is guessed: a file that leaves it open is refused with the option that settles it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from ccm_fhir.domain.rules import Participation
from ccm_fhir.rulebook.fees_pprrvu import FACTOR

if TYPE_CHECKING:
    from ccm_fhir.rulebook.fees_pprrvu import RelativeValueFile
    from ccm_fhir.rulebook.fees_schema import KnownCode
    from ccm_fhir.rulebook.fees_sheets import Sheet
    from ccm_fhir.rulebook.fees_tables import FactorRow

_JANUARY, _DECEMBER, _LAST = 1, 12, 31
_WHO = {
    Participation.NON_QP: "practitioners who are not QP",
    Participation.QP: "practitioners who are QP",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person who loads a file says about it; None leaves it to the file."""

    first_day: date | None = None
    last_day: date | None = None
    work_floor: bool | None = None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the rulebook knows already: codes, the factors it ships, and since when two exist."""

    codes: tuple[KnownCode, ...]
    factors: tuple[FactorRow, ...]
    qp_factor_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The days and the practitioners of one table."""

    first_day: date
    last_day: date
    participations: tuple[Participation, ...] = ()

    @property
    def who(self) -> str:
        """Return the practitioners in words."""
        if len(self.participations) == len(Participation):
            return "all practitioners"
        return ", ".join(_WHO[participation] for participation in self.participations)


def reach_of_indices(sheet: Sheet, year: int, wishes: Wishes) -> Reach:
    """Return the days of a GPCI table: its year, or the part of it that was asked for."""
    return _narrowed(sheet, year, _whole(year), wishes)


def reach_of_values(read: RelativeValueFile, known: Known, wishes: Wishes) -> Reach:
    """Return the days and practitioners of a relative value file.

    In a year whose factors are known, the file's factor tells the days: CY2024 had two.

    Raises:
        FeeFileError: the file contradicts a known factor, or leaves open whom it is for.
    """
    of_year = [f for f in known.factors if f.in_force_from.year == read.year]
    matching = [f for f in of_year if f.conversion_factor == read.conversion_factor]
    if matching:
        found = Reach(
            first_day=min(f.in_force_from for f in matching),
            last_day=max(f.in_force_until for f in matching),
            participations=_told(read, {f.participation for f in matching}),
        )
        return _narrowed(read.sheet, read.year, found, wishes)
    if of_year and (wishes.first_day is None or wishes.last_day is None):
        factors = ", ".join(sorted({str(f.conversion_factor) for f in of_year}))
        problem = (
            f"{read.conversion_factor} is not a factor of CY{read.year} ({factors}); "
            "if CMS changed it, say --from and --until"
        )
        raise read.sheet.error(problem, row=read.factor_row, column=FACTOR)
    year = _whole(read.year)
    everyone = set(Participation) if year.last_day < known.qp_factor_from else set()
    return _narrowed(
        read.sheet, read.year, replace(year, participations=_told(read, everyone)), wishes
    )


def _told(read: RelativeValueFile, otherwise: set[Participation]) -> tuple[Participation, ...]:
    """Return whom CMS's own file name gives, else what the factor or the year tells."""
    name = read.sheet.name.lower()
    if "qp" in name:
        named = Participation.NON_QP if "nonqp" in name else Participation.QP
        if otherwise and named not in otherwise:
            problem = f"is not the factor of {_WHO[named]}, whom the file's name gives"
            raise read.sheet.error(problem, row=read.factor_row, column=FACTOR)
        return (named,)
    if not otherwise:
        problem = "two factors are in force; keep QPP or nonQPP in the file's name as CMS does"
        raise read.sheet.error(problem, row=read.factor_row, column=FACTOR)
    return tuple(sorted(otherwise))


def _whole(year: int) -> Reach:
    return Reach(first_day=date(year, _JANUARY, 1), last_day=date(year, _DECEMBER, _LAST))


def _narrowed(sheet: Sheet, year: int, reach: Reach, wishes: Wishes) -> Reach:
    first = wishes.first_day or reach.first_day
    last = wishes.last_day or reach.last_day
    if not reach.first_day <= first <= last <= reach.last_day:
        problem = (
            f"is a table of CY{year} for {reach.first_day} to {reach.last_day}, "
            f"not for {first} to {last}"
        )
        raise sheet.error(problem)
    return replace(reach, first_day=first, last_day=last)
