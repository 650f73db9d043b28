"""CapabilityStatements as they were read: one row for each time an EHR declared something new.

A plan of what may be written rests on one of them; by its hash it is known which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import CapabilityStatementRow, EhrRow
from ccm_fhir.storage.values import columns_of, require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStatement:
    """A statement that has just been read.

    ``body_sha256`` is of the bytes, ``declared_sha256`` of what they declare: many servers date
    their statement anew each time they are asked.
    """

    ehr_id: str
    body_json: str = field(repr=False)
    body_sha256: str
    declared_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(NewStatement):
    """A statement as it was read at a moment, the first at which it declared this."""

    id: str
    fetched_at: datetime


def record(session: Session, practice_id: str, new: NewStatement, now: datetime) -> Statement:
    """Keep a statement, unless the newest one declares the same: then that one is returned."""
    require_parents(session, practice_id, (EhrRow, new.ehr_id))
    known = latest(session, practice_id, new.ehr_id)
    if known is not None and known.declared_sha256 == new.declared_sha256:
        return known
    row = CapabilityStatementRow(
        **columns_of(new), id=new_id(now), practice_id=practice_id, fetched_at=now
    )
    session.add(row)
    session.flush()
    return value_of(Statement, row)


def latest(session: Session, practice_id: str, ehr_id: str) -> Statement | None:
    """Return the newest statement of an EHR, if one was ever read."""
    row = session.exec(
        select(CapabilityStatementRow)
        .where(
            col(CapabilityStatementRow.practice_id) == practice_id,
            col(CapabilityStatementRow.ehr_id) == ehr_id,
        )
        .order_by(
            col(CapabilityStatementRow.fetched_at).desc(), col(CapabilityStatementRow.id).desc()
        )
        .limit(1)
    ).one_or_none()
    return None if row is None else value_of(Statement, row)
