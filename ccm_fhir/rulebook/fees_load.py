"""``fees load``: a CMS file laid over what was there, what that changes, and only then kept."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING

from ccm_fhir.errors import FeeFileError
from ccm_fhir.rulebook.fees import (
    only_loader,
    read_known_codes,
    read_loaded,
    read_payment,
    read_shipped,
    write_loaded,
)
from ccm_fhir.rulebook.fees_cms import read_cms_file
from ccm_fhir.rulebook.fees_days import Known
from ccm_fhir.rulebook.fees_rules import price_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from ccm_fhir.rulebook.fees_cms import LoadedSheet
    from ccm_fhir.rulebook.fees_days import Wishes
    from ccm_fhir.rulebook.fees_tables import FeeTables

_Facts = dict[str, tuple[Decimal, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was loaded, and each difference from what was there; no difference, no lines."""

    sheets: tuple[LoadedSheet, ...]
    differences: tuple[str, ...]


def shipped_folder() -> Traversable:
    """Return the folder of the fee tables that came with the rulebook."""
    return files("ccm_fhir.rulebook") / "data" / "fees"


def load_cms_file(path: Path, folder: Path, wishes: Wishes) -> Loaded:
    """Read a CMS file and keep its tables in a user's folder; all of it or nothing.

    Raises:
        FeeFileError: the file cannot be taken over; the folder is as it was.
        ConflictError: another process is loading into the folder.
    """
    shipped = read_shipped(shipped_folder())
    known = Known(
        codes=read_known_codes(shipped_folder()),
        factors=shipped.factors,
        qp_factor_from=read_payment(shipped_folder()).qp_factor_from,
    )
    given = read_cms_file(path, known, wishes)
    with only_loader(folder):
        kept = read_loaded(folder)
        now = given.tables.over(kept)
        before, after = kept.over(shipped), now.over(shipped)
        _insist_on_prices(path.name, given.tables, after)
        write_loaded(folder, now)
    return Loaded(sheets=given.sheets, differences=tuple(_differences(before, after)))


def _insist_on_prices(name: str, given: FeeTables, after: FeeTables) -> None:
    priced = {(p.code, p.source) for p in price_rules(after)}
    for row in given.rvus:
        if (row.code, row.source) not in priced:
            raise FeeFileError(
                name,
                "gives the factor of QP alone; load the whole zip, or the nonQPP file first",
            )


def _differences(before: FeeTables, after: FeeTables) -> Iterator[str]:
    old, new = _facts(before), _facts(after)
    for name in sorted(old | new):
        if name not in old:
            yield f"+ {name}: {_numbers(new[name])}"
        elif name not in new:
            yield f"- {name}: {_numbers(old[name])}"
        elif old[name] != new[name]:
            yield f"~ {name}: {_numbers(old[name])} → {_numbers(new[name])}"


def _facts(tables: FeeTables) -> _Facts:
    facts: _Facts = {}
    for rvu in tables.rvus:
        facts[f"{rvu.code} {rvu.days}"] = (
            rvu.work_rvu,
            rvu.nonfacility_pe_rvu,
            rvu.facility_pe_rvu,
            rvu.malpractice_rvu,
        )
    for factor in tables.factors:
        name = f"conversion factor {factor.participation.value} {factor.days}"
        facts[name] = (factor.conversion_factor,)
    for row in tables.gpcis:
        name = f"locality {row.mac}-{row.locality} {row.locality_name} {row.days}"
        facts[name] = (row.work_gpci, row.pe_gpci, row.mp_gpci)
    return facts


def _numbers(numbers: tuple[Decimal, ...]) -> str:
    return " ".join(str(number) for number in numbers)
