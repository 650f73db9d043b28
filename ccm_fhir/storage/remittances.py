"""What payers decided of our claims, each answer once; rows are added, never changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import col, select

from ccm_fhir.domain.remittance import AnsweredClaim, AnswerKey
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, ClaimRow, PaidAnswerRow, RemittanceFileRow
from ccm_fhir.storage.values import columns_of, insert_once, require_parents, value_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.remittance import MatchedBy

_JSON = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPaid:
    """An answer that was matched to a claim, with the key by which it is known again."""

    claim_id: str
    key: AnswerKey = field(repr=False)
    matched_by: MatchedBy
    answer: AnsweredClaim = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRemittance:
    """A remittance file with what was matched of it."""

    sha256: str
    unmatched: int
    user_id: str | None
    paid: tuple[NewPaid, ...]


def record(session: Session, practice_id: str, new: NewRemittance, now: datetime) -> None:
    """Keep what was matched.

    Raises:
        NotFoundError: no such claim or person in this practice.
        ConflictError: an answer was kept before; nothing was kept.
    """
    require_parents(
        session,
        practice_id,
        (AppUserRow, new.user_id),
        *((ClaimRow, one.claim_id) for one in new.paid),
    )
    file = RemittanceFileRow(
        **columns_of(new, without=frozenset({"paid"})),
        id=new_id(now),
        practice_id=practice_id,
        matched=len(new.paid),
        read_at=now,
    )
    session.add(file)
    session.flush()
    for one in new.paid:
        key = _JSON.encode(one.key)
        row = PaidAnswerRow(
            id=new_id(now),
            practice_id=practice_id,
            remittance_id=file.id,
            claim_id=one.claim_id,
            key_hash=hashlib.sha256(key).hexdigest(),
            key_json=key.decode(),
            matched_by=one.matched_by,
            answer_json=_JSON.encode(one.answer).decode(),
        )
        if not insert_once(session, row):
            raise ConflictError(
                "Somebody else is reading the same remittance at this moment; nothing was taken "
                "over. Run it again."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceFile:
    """A remittance of which something was taken over; ``user_id`` None: at the command line."""

    matched: int
    unmatched: int
    read_at: datetime
    user_id: str | None


def newest_files(session: Session, practice_id: str, most: int) -> tuple[RemittanceFile, ...]:
    """Return the remittances that were read last, the newest first."""
    rows = session.exec(
        select(RemittanceFileRow)
        .where(col(RemittanceFileRow.practice_id) == practice_id)
        .order_by(col(RemittanceFileRow.read_at).desc(), col(RemittanceFileRow.id).desc())
        .limit(most)
    )
    return tuple(value_of(RemittanceFile, row) for row in rows)


def keys(session: Session, practice_id: str) -> frozenset[AnswerKey]:
    """Return the keys of every answer that was kept."""
    rows = session.exec(
        select(PaidAnswerRow.key_json).where(col(PaidAnswerRow.practice_id) == practice_id)
    )
    return frozenset(msgspec.json.decode(row, type=AnswerKey) for row in rows)


def of_claims(
    session: Session, practice_id: str, claim_ids: Collection[str]
) -> dict[str, tuple[AnsweredClaim, ...]]:
    """Return what was decided of some claims, by claim, in the order of reading."""
    rows = session.exec(
        select(PaidAnswerRow)
        .where(
            col(PaidAnswerRow.practice_id) == practice_id,
            col(PaidAnswerRow.claim_id).in_(claim_ids),
        )
        .order_by(col(PaidAnswerRow.id))
    )
    found: dict[str, tuple[AnsweredClaim, ...]] = {}
    for row in rows:
        answer = msgspec.json.decode(row.answer_json, type=AnsweredClaim)
        found[row.claim_id] = (*found.get(row.claim_id, ()), answer)
    return found
