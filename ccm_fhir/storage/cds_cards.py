"""Cards as they were given, and what people did with them; nothing is ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import CdsCardRow, CdsClientRow, CdsFeedbackRow, PatientRow
from ccm_fhir.storage.values import columns_of, find, insert_once, require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.vocabulary import CardKind, CardOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCard:
    """A card that was given; ``patient_id`` is ours, None for a patient whom we do not keep."""

    id: str
    client_id: str
    patient_id: str | None
    kind: CardKind
    month: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeedback:
    """What became of a card; ``reason`` is a code of ours, or empty."""

    card_id: str
    outcome: CardOutcome
    reason: str
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRecord(NewFeedback):
    """Feedback as it was received."""

    id: str
    received_at: datetime


def issue(session: Session, practice_id: str, card: IssuedCard) -> None:
    """Remember that a card was given."""
    require_parents(
        session, practice_id, (CdsClientRow, card.client_id), (PatientRow, card.patient_id)
    )
    session.add(CdsCardRow(**columns_of(card), practice_id=practice_id))
    session.flush()


def find_card(
    session: Session, practice_id: str, client_id: str, card_id: str
) -> IssuedCard | None:
    """Return a card that was given to this caller, and to no other."""
    row = find(session, CdsCardRow, practice_id, card_id)
    return value_of(IssuedCard, row) if row is not None and row.client_id == client_id else None


def record_feedback(session: Session, practice_id: str, new: NewFeedback, now: datetime) -> bool:
    """Keep what became of a card; False where the same was told before."""
    row = CdsFeedbackRow(
        **columns_of(new), id=new_id(now), practice_id=practice_id, received_at=now
    )
    return insert_once(session, row)


def feedback_of(session: Session, practice_id: str, card_id: str) -> tuple[FeedbackRecord, ...]:
    """Return what became of a card, in the order in which it happened."""
    rows = session.exec(
        select(CdsFeedbackRow)
        .where(
            col(CdsFeedbackRow.practice_id) == practice_id, col(CdsFeedbackRow.card_id) == card_id
        )
        .order_by(col(CdsFeedbackRow.happened_at), col(CdsFeedbackRow.id))
    )
    return tuple(value_of(FeedbackRecord, row) for row in rows)
