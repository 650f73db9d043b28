"""Turns: when a delivery that waits is looked at again, and which of its workflows may act.

A delivery has one newest turn. A workflow of an older one ends without doing anything, so that
however often a delivery is woken, one chain of turns is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import and_, col, or_, select

from ccm_fhir.storage.tables import DeliveryRow, DeliveryTurnRow
from ccm_fhir.storage.values import insert_once, value_of
from ccm_fhir.storage.vocabulary import DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session
    from sqlmodel.sql.expression import SelectOfScalar

FIRST = 0
_UNDER_WAY = (DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A delivery's newest turn; ``due_at`` is None while only a person can bring it back."""

    delivery_id: str
    number: int
    due_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Until when a delivery waits, and for what; None is until somebody wakes it."""

    due_at: datetime | None
    reason: str


def is_newest(session: Session, practice_id: str, delivery_id: str, number: int) -> bool:
    """Whether a workflow's turn is the delivery's newest: only then may it act."""
    turn = find(session, practice_id, delivery_id)
    return (FIRST if turn is None else turn.number) == number


def find(session: Session, practice_id: str, delivery_id: str) -> Turn | None:
    """Return a delivery's newest turn, or None where it has had its first alone."""
    row = session.exec(_of(practice_id, delivery_id)).one_or_none()
    return None if row is None else value_of(Turn, row)


def of_practice(session: Session, practice_id: str) -> dict[str, Turn]:
    """Return the newest turns of a practice's deliveries, by delivery."""
    rows = session.exec(
        select(DeliveryTurnRow).where(col(DeliveryTurnRow.practice_id) == practice_id)
    )
    return {row.delivery_id: value_of(Turn, row) for row in rows}


def follow(
    session: Session, practice_id: str, delivery_id: str, number: int, wait: Wait
) -> Turn | None:
    """Give a delivery its next turn after one; None where it has a newer one already."""
    row = _locked(session, practice_id, delivery_id)
    return _moved(session, row, wait) if row.number == number else None


def wake(session: Session, practice_id: str, delivery_id: str, wait: Wait) -> Turn:
    """Give a delivery a new turn, whatever it waits for."""
    return _moved(session, _locked(session, practice_id, delivery_id), wait)


def waiting_for(session: Session, practice_id: str, delivery_id: str) -> tuple[str, ...]:
    """Return the deliveries that refer to one and have something left to do, oldest first.

    They need not be planned still: what went in one transaction with it may be in doubt, or has
    yet to be read back.
    """
    patient = (
        select(DeliveryRow.patient_id)
        .where(col(DeliveryRow.practice_id) == practice_id, col(DeliveryRow.id) == delivery_id)
        .scalar_subquery()
    )
    rows = session.exec(
        select(DeliveryRow.id)
        .where(
            col(DeliveryRow.practice_id) == practice_id,
            col(DeliveryRow.patient_id) == patient,
            or_(
                col(DeliveryRow.state).in_(_UNDER_WAY),
                and_(
                    col(DeliveryRow.state) == DeliveryState.SENT,
                    col(DeliveryRow.read_back_at).is_(None),
                ),
            ),
            col(DeliveryRow.depends_on_json).contains(f'"{delivery_id}"'),
        )
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    return tuple(rows)


def _moved(session: Session, row: DeliveryTurnRow, wait: Wait) -> Turn:
    row.number += 1
    row.due_at = wait.due_at
    row.reason = wait.reason
    session.flush()
    return value_of(Turn, row)


def _locked(session: Session, practice_id: str, delivery_id: str) -> DeliveryTurnRow:
    statement = (
        _of(practice_id, delivery_id).with_for_update().execution_options(populate_existing=True)
    )
    row = session.exec(statement).one_or_none()
    if row is not None:
        return row
    made = DeliveryTurnRow(
        practice_id=practice_id, delivery_id=delivery_id, number=FIRST, due_at=None, reason=""
    )
    return made if insert_once(session, made) else session.exec(statement).one()


def _of(practice_id: str, delivery_id: str) -> SelectOfScalar[DeliveryTurnRow]:
    return select(DeliveryTurnRow).where(
        col(DeliveryTurnRow.practice_id) == practice_id,
        col(DeliveryTurnRow.delivery_id) == delivery_id,
    )
