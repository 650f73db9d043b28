"""Service lines and the money on them: exact dollars and cents, which add up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.diagnoses import pointers_to
from ccm_fhir.domain.claims.obstacles import Obstacle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ccm_fhir.domain.decision import DecidedLine

MAX_MODIFIERS = 4
_CENT_PLACES = -2
_MOST_DIGITS = 10  # of a charge in an 837P: TR3 allows eight before the point and two after it


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One service line; ``pointers`` are 1-based positions in the draft's diagnoses."""

    code: str
    units: int
    unit_charge_usd: Decimal
    serviced_on: date
    pointers: tuple[int, ...]
    modifiers: tuple[str, ...] = ()

    @property
    def charge_usd(self) -> Decimal:
        """Units times the charge of one."""
        return self.units * self.unit_charge_usd


def total_of(lines: tuple[ClaimLine, ...]) -> Decimal:
    """Return the sum of the lines' charges."""
    return sum((line.charge_usd for line in lines), Decimal(0))


def line_of(
    decided: DecidedLine, serviced_on: date, unit_charge_usd: Decimal, diagnoses: tuple[str, ...]
) -> ClaimLine:
    """Return a decided code as a line of a claim; care management has no usual modifier."""
    return ClaimLine(
        code=decided.code,
        units=decided.units,
        unit_charge_usd=unit_charge_usd,
        serviced_on=serviced_on,
        pointers=pointers_to(diagnoses),
    )


def charge_obstacles(
    lines: tuple[DecidedLine, ...], charges: Mapping[str, Decimal]
) -> tuple[Obstacle, ...]:
    """Return the codes without a charge, and those whose charge is no sum in dollars and cents."""
    codes = dict.fromkeys(line.code for line in lines)
    missing = (
        Obstacle(
            code=f"charge_missing_{code}",
            owner="admin",
            fix=f"Enter the practice's charge for {code}.",
        )
        for code in codes
        if code not in charges
    )
    wrong = (
        Obstacle(
            code=f"charge_unusable_{code}",
            owner="admin",
            fix=f"Correct the practice's charge for {code}: more than nothing, in whole cents, and "
            "no larger than a form holds.",
        )
        for code in codes
        if code in charges and not is_charge(charges[code])
    )
    return (*missing, *wrong)


def is_charge(amount: Decimal) -> bool:
    """Whether an amount can stand on a claim: positive, whole cents, of a size the form holds."""
    if not amount.is_finite() or amount <= 0:
        return False
    sign_free = amount.normalize().as_tuple()
    exponent = sign_free.exponent
    return isinstance(exponent, int) and exponent >= _CENT_PLACES and _fits(amount)


def _fits(amount: Decimal) -> bool:
    return amount.adjusted() < _MOST_DIGITS + _CENT_PLACES
