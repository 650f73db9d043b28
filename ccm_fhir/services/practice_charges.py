"""What a practice charges: one amount a code, from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.errors import InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import fees
from ccm_fhir.storage.fees import Charge
from ccm_fhir.storage.values import value_of

_MOST_USD = Decimal(100_000)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCharge:
    """What one unit of a code is to be charged at from a day on."""

    code: str
    in_force_from: date
    amount_usd: Decimal


def set_charge(world: Installation, hand: SetupHand, charge: SetCharge) -> None:
    """Set a charge from a day on; the same again records nothing.

    A signed month keeps what it was signed with; a month that is open takes the new charge.

    Raises:
        InputError: a code that the rulebook does not know, or no amount of dollars and cents.
    """
    if charge.code not in {rule.code for rule in world.rulebook.codes}:
        raise InputError("code", "The rulebook knows no such code.")
    _refuse_unusable(charge.amount_usd)
    with world.db.write(hand.practice_id) as session:
        if value_of(Charge, charge) in fees.list_all(session, hand.practice_id):
            return
        said = f"{charge.code} {charge.in_force_from} {charge.amount_usd:.2f}"
        audit_act(world, session, hand, f"set_charge {said}")
        fees.set_fee(
            session, hand.practice_id, charge.code, charge.in_force_from, charge.amount_usd
        )


def codes_charged(rulebook: Rulebook, on: date) -> tuple[str, ...]:
    """Return the codes in force on a day; every code of the rulebook where none is loaded."""
    in_force = {
        rule.code
        for rule in rulebook.codes
        if rule.in_force_from <= on and (rule.in_force_until is None or on <= rule.in_force_until)
    }
    return tuple(sorted(in_force or {rule.code for rule in rulebook.codes}))


def _refuse_unusable(amount_usd: Decimal) -> None:
    if not amount_usd.is_finite() or not 0 < amount_usd < _MOST_USD:
        raise InputError("amount", f"Give dollars and cents, more than 0 and under {_MOST_USD:,}.")
    if amount_usd != amount_usd.quantize(_CENT):
        raise InputError("amount", "Give whole cents; an amount is never rounded for you.")
