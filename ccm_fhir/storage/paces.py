"""The pace of each EHR, which every process that asks it shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from ccm_fhir.domain.pacing import Pace, PauseReason
from ccm_fhir.storage.tables import EhrPaceRow, EhrRow
from ccm_fhir.storage.values import columns_of, insert_once, require, value_of

if TYPE_CHECKING:
    from sqlmodel import Session
    from sqlmodel.sql.expression import SelectOfScalar


def find(session: Session, practice_id: str, ehr_id: str) -> Pace:
    """Return an EHR's pace; one that was never slowed has nothing against it."""
    row = session.exec(_of(practice_id, ehr_id)).one_or_none()
    return Pace() if row is None else _value(row)


def lock(session: Session, practice_id: str, ehr_id: str) -> Pace:
    """Return an EHR's pace, which no other process changes until the transaction ends.

    Raises:
        NotFoundError: no such EHR in this practice.
    """
    statement = _of(practice_id, ehr_id).with_for_update().execution_options(populate_existing=True)
    row = session.exec(statement).one_or_none()
    if row is None:
        require(session, EhrRow, practice_id, ehr_id)
        made = EhrPaceRow(**_columns(Pace()), practice_id=practice_id, ehr_id=ehr_id)
        row = made if insert_once(session, made) else session.exec(statement).one()
    return _value(row)


def keep(session: Session, practice_id: str, ehr_id: str, pace: Pace) -> None:
    """Keep a pace that was locked before in this transaction."""
    row = session.exec(_of(practice_id, ehr_id)).one()
    for name, value in _columns(pace).items():
        setattr(row, name, value)
    session.flush()


def _value(row: EhrPaceRow) -> Pace:
    return value_of(Pace, row, reason=PauseReason(row.reason))


def _columns(pace: Pace) -> dict[str, Any]:
    return {**columns_of(pace), "reason": pace.reason.value}


def _of(practice_id: str, ehr_id: str) -> SelectOfScalar[EhrPaceRow]:
    return select(EhrPaceRow).where(
        col(EhrPaceRow.practice_id) == practice_id, col(EhrPaceRow.ehr_id) == ehr_id
    )
