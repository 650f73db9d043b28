"""Dollars and cents: the domain speaks ``Decimal`` dollars, the tables hold whole cents."""

from __future__ import annotations

from decimal import Decimal

from ccm_fhir.errors import InputError

_CENTS = Decimal(100)
_CENT = Decimal("0.01")


def to_cents(amount_usd: Decimal) -> int:
    """Return an amount in cents; an amount with a fraction of a cent is refused, not rounded."""
    cents = amount_usd * _CENTS
    if not cents.is_finite() or cents != cents.to_integral_value() or cents < 0:
        raise InputError("amount", "must be dollars and whole cents, not negative")
    return int(cents)


def to_usd(cents: int) -> Decimal:
    """Return cents as dollars with two places."""
    return (Decimal(cents) / _CENTS).quantize(_CENT)
