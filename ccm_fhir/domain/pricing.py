"""What Medicare allows for a line: RVU × GPCI × conversion factor, in exact decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccm_fhir.domain.rules import PriceRule

_CENT = Decimal("0.01")


def to_cents(amount_usd: Decimal) -> Decimal:
    """Round to whole cents, half up: the Physician Fee Schedule's own rounding of an amount.

    The only place where money is rounded.
    """
    return amount_usd.quantize(_CENT, rounding=ROUND_HALF_UP)


def national_nonfacility_amount(price: PriceRule) -> Decimal:
    """Return the allowed amount of one unit with every GPCI at 1, outside a facility.

    Source: the formula in CMS's Physician Fee Schedule relative value file documentation.
    """
    rvu = price.work_rvu + price.nonfacility_pe_rvu + price.malpractice_rvu
    return to_cents(rvu * price.conversion_factor)
