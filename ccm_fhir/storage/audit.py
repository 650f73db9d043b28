"""The audit trail: one chain of keyed hashes a practice, so that no line can go unnoticed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage import chain
from ccm_fhir.storage.chain import ChainCheck
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, AuditRow, PatientRow
from ccm_fhir.storage.values import columns_of, require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what, and to whose chart."""

    act: str
    user_id: str | None = None
    patient_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord(AuditEntry):
    """A line of the trail."""

    id: str
    sequence: int
    at: datetime
    hash: str


def append(
    session: Session, key: bytes, practice_id: str, entry: AuditEntry, now: datetime
) -> AuditRecord:
    """Write a line; the writers of one practice wait for each other, so the chain cannot fork."""
    require_parents(
        session, practice_id, (AppUserRow, entry.user_id), (PatientRow, entry.patient_id)
    )
    chain.lock(session, practice_id)
    last = chain.last_of(session, AuditRow, practice_id)
    row = AuditRow(
        **columns_of(entry),
        id=new_id(now),
        practice_id=practice_id,
        sequence=1 if last is None else last.sequence + 1,
        at=now,
        previous_hash=chain.BEGINNING if last is None else last.hash,
        hash="",
    )
    row.hash = _hash(key, row)
    session.add(row)
    session.flush()
    return value_of(AuditRecord, row)


def records(
    session: Session, practice_id: str, *, after: int, most: int
) -> tuple[AuditRecord, ...]:
    """Return so many lines of a practice that follow a sequence number, in order."""
    found = session.exec(
        select(AuditRow)
        .where(col(AuditRow.practice_id) == practice_id, col(AuditRow.sequence) > after)
        .order_by(col(AuditRow.sequence))
        .limit(most)
    )
    return tuple(value_of(AuditRecord, row) for row in found)


def is_written(session: Session, practice_id: str, entry: AuditEntry, *, since: datetime) -> bool:
    """Whether a line of the same person, patient and act was written since a moment."""
    found = session.exec(
        select(AuditRow.id)
        .where(
            col(AuditRow.practice_id) == practice_id,
            col(AuditRow.patient_id) == entry.patient_id,
            col(AuditRow.at) >= since,
            col(AuditRow.user_id) == entry.user_id,
            col(AuditRow.act) == entry.act,
        )
        .limit(1)
    ).one_or_none()
    return found is not None


def head_at(session: Session, practice_id: str, entries: int) -> str:
    """Return the chain's hash after so many entries; empty at none, or where it is shorter."""
    return chain.head_at(session, AuditRow, practice_id, entries)


def verify(session: Session, key: bytes, practice_id: str) -> ChainCheck:
    """Walk a practice's whole chain and tell where it first breaks, if anywhere."""
    found = session.exec(
        select(AuditRow)
        .where(col(AuditRow.practice_id) == practice_id)
        .order_by(col(AuditRow.sequence))
        .execution_options(yield_per=_BATCH)
    )
    entries, head = 0, chain.BEGINNING
    with closing(found) as rows:
        for row in rows:
            is_whole = chain.follows(row, entries, head)
            entries += 1
            if not is_whole or not chain.is_hash(row.hash, _hash(key, row)):
                return ChainCheck(entries=entries, broken_at=entries, head=head)
            head = row.hash
    return ChainCheck(entries=entries, broken_at=None, head=head)


def _hash(key: bytes, row: AuditRow) -> str:
    return chain.keyed_hash(
        key,
        [
            row.previous_hash,
            row.practice_id,
            row.sequence,
            row.user_id,
            row.patient_id,
            row.act,
            row.at,
        ],
    )
