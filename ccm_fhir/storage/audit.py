"""The audit trail: one chain of keyed hashes a practice, so that no line can go unnoticed.

Each line's hash covers the one before it. Without the key nobody can make the chain whole
again after altering or removing a line; a cut tail shows against a head kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import col, select

from ccm_fhir.errors import NotFoundError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, AuditRow, PatientRow, PracticeRow
from ccm_fhir.storage.values import columns_of, require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

_BEGINNING = ""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """How far the chain holds; ``broken_at`` is the first sequence number that does not."""

    entries: int
    broken_at: int | None
    head: str


def append(
    session: Session, key: bytes, practice_id: str, entry: AuditEntry, now: datetime
) -> AuditRecord:
    """Write a line; the writers of one practice wait for each other, so the chain cannot fork."""
    require_parents(
        session, practice_id, (AppUserRow, entry.user_id), (PatientRow, entry.patient_id)
    )
    _lock(session, practice_id)
    last = session.exec(
        select(AuditRow)
        .where(col(AuditRow.practice_id) == practice_id)
        .order_by(col(AuditRow.sequence).desc())
        .limit(1)
    ).one_or_none()
    row = AuditRow(
        **columns_of(entry),
        id=new_id(now),
        practice_id=practice_id,
        sequence=1 if last is None else last.sequence + 1,
        at=now,
        previous_hash=_BEGINNING if last is None else last.hash,
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
    found = session.exec(
        select(AuditRow.hash).where(
            col(AuditRow.practice_id) == practice_id, col(AuditRow.sequence) == entries
        )
    ).one_or_none()
    return found or _BEGINNING


def verify(session: Session, key: bytes, practice_id: str) -> AuditCheck:
    """Walk a practice's whole chain and tell where it first breaks, if anywhere."""
    found = session.exec(
        select(AuditRow)
        .where(col(AuditRow.practice_id) == practice_id)
        .order_by(col(AuditRow.sequence))
        .execution_options(yield_per=_BATCH)
    )
    entries, head = 0, _BEGINNING
    with closing(found) as rows:
        for row in rows:
            entries += 1
            is_next = row.sequence == entries and row.previous_hash == head
            if not is_next or not hmac.compare_digest(row.hash, _hash(key, row)):
                return AuditCheck(entries=entries, broken_at=entries, head=head)
            head = row.hash
    return AuditCheck(entries=entries, broken_at=None, head=head)


def _lock(session: Session, practice_id: str) -> None:
    # Not FOR UPDATE: that would wait for everyone who merely refers to the practice.
    found = session.exec(
        select(PracticeRow.id)
        .where(col(PracticeRow.id) == practice_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFoundError("practice")


def _hash(key: bytes, row: AuditRow) -> str:
    line = msgspec.json.encode(
        [
            row.previous_hash,
            row.practice_id,
            row.sequence,
            row.user_id,
            row.patient_id,
            row.act,
            row.at.astimezone(UTC).isoformat(),
        ]
    )
    return hmac.new(key, line, hashlib.sha256).hexdigest()
