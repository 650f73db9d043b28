"""Answers to claim files (999, 277CA), each file read once; rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AnswerFileRow, AppUserRow, ClaimAnswerRow, FiledClaimRow
from ccm_fhir.storage.values import columns_of, insert_once, require_parents, value_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.vocabulary import AnswerKind, FilingVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAnswer:
    """What an answer says of one claim in one file; ``codes`` are the sender's, as they came."""

    filed_id: str
    kind: AnswerKind
    verdict: FilingVerdict
    codes: str
    payer_control_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswerFile:
    """An answer file that was read: its hash, and how much of it is about ours."""

    kind: AnswerKind
    sha256: str
    unmatched: int
    user_id: str | None
    answers: tuple[ClaimAnswer, ...]


def was_read(session: Session, practice_id: str, sha256: str) -> bool:
    """Whether the very file was read before."""
    found = session.exec(
        select(AnswerFileRow.id).where(
            col(AnswerFileRow.practice_id) == practice_id, col(AnswerFileRow.sha256) == sha256
        )
    )
    return found.first() is not None


def record(session: Session, practice_id: str, new: NewAnswerFile, now: datetime) -> bool:
    """Keep what an answer file says; False, and nothing kept, where it was read before.

    Raises:
        NotFoundError: no such claim's filing or person in this practice.
    """
    require_parents(
        session,
        practice_id,
        (AppUserRow, new.user_id),
        *((FiledClaimRow, one.filed_id) for one in new.answers),
    )
    row = AnswerFileRow(
        **columns_of(new, without=frozenset({"answers"})),
        id=new_id(now),
        practice_id=practice_id,
        matched=len(new.answers),
        read_at=now,
    )
    if not insert_once(session, row):
        return False
    session.add_all(
        ClaimAnswerRow(**columns_of(one), id=new_id(now), practice_id=practice_id, answer_id=row.id)
        for one in new.answers
    )
    session.flush()
    return True


def of_filed(
    session: Session, practice_id: str, filed_ids: Collection[str]
) -> dict[str, tuple[ClaimAnswer, ...]]:
    """Return what was answered to some filings, by filing, in the order of reading."""
    rows = session.exec(
        select(ClaimAnswerRow)
        .where(
            col(ClaimAnswerRow.practice_id) == practice_id,
            col(ClaimAnswerRow.filed_id).in_(filed_ids),
        )
        .order_by(col(ClaimAnswerRow.id))
    )
    found: dict[str, tuple[ClaimAnswer, ...]] = {}
    for row in rows:
        found[row.filed_id] = (*found.get(row.filed_id, ()), value_of(ClaimAnswer, row))
    return found


def filed_with_payer_numbers(
    session: Session, practice_id: str, payer_numbers: Collection[str]
) -> frozenset[str]:
    """Return the filings to which a payer gave one of some numbers of its own."""
    rows = session.exec(
        select(ClaimAnswerRow.filed_id).where(
            col(ClaimAnswerRow.practice_id) == practice_id,
            col(ClaimAnswerRow.payer_control_number) != "",
            col(ClaimAnswerRow.payer_control_number).in_(payer_numbers),
        )
    )
    return frozenset(rows)
