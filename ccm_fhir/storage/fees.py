"""What a practice charges, by code and the day it takes effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from sqlmodel import col, select

from ccm_fhir.storage.money import to_cents, to_usd
from ccm_fhir.storage.tables import FeeRow

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one unit of a code is charged at from a day on."""

    code: str
    in_force_from: date
    amount_usd: Decimal


def set_fee(
    session: Session, practice_id: str, code: str, in_force_from: date, amount_usd: Decimal
) -> None:
    """Set the charge of one unit of a code from a day on; setting it again replaces it."""
    session.merge(
        FeeRow(
            # One fee, one id: so that two who set it at once meet in the same row.
            id=str(uuid5(NAMESPACE_OID, f"{practice_id}|{code}|{in_force_from.isoformat()}")),
            practice_id=practice_id,
            code=code,
            in_force_from=in_force_from,
            amount_cents=to_cents(amount_usd),
        )
    )
    session.flush()


def in_force(session: Session, practice_id: str, on: date) -> dict[str, Decimal]:
    """Return the charge of each code on a day; codes without one are absent."""
    rows = session.exec(
        select(FeeRow)
        .where(col(FeeRow.practice_id) == practice_id, col(FeeRow.in_force_from) <= on)
        .order_by(col(FeeRow.in_force_from))
    )
    return {row.code: to_usd(row.amount_cents) for row in rows}


def list_all(session: Session, practice_id: str) -> tuple[Charge, ...]:
    """Return every charge of a practice, by code, oldest first."""
    rows = session.exec(
        select(FeeRow)
        .where(col(FeeRow.practice_id) == practice_id)
        .order_by(col(FeeRow.code), col(FeeRow.in_force_from))
    )
    return tuple(
        Charge(code=row.code, in_force_from=row.in_force_from, amount_usd=to_usd(row.amount_cents))
        for row in rows
    )
