"""The chain over a practice's time ledger: no row changed, gone, added past it or moved unseen.

It holds the entries, their changes, and the approvals by which typed time counts. The links stand
beside the rows, so that a ledger older than its chain could be sealed as it was.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import and_
from sqlmodel import col, exists, select

from ccm_fhir.storage import chain
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import TimeApprovalRow, TimeEntryRow, TimeLinkRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    Sealed = TimeEntryRow | TimeApprovalRow
    Line = list[str | int | bool | datetime | None]

# A column that comes later joins the lines written after it, by a new tag.
_ENTRY = "time_entry 1"
_APPROVAL = "time_approval 1"
_BATCH = 1000


class Flaw(StrEnum):
    """How a chain is broken at its first bad link."""

    GAP = "gap"
    MISSING = "missing"
    ALTERED = "altered"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCheck:
    """How far the chain holds; ``broken_at`` and ``flaw`` tell of the first link that does not.

    An UNSEALED row stands in the ledger without a link: nothing of ours wrote it.
    """

    entries: int
    head: str
    broken_at: int | None = None
    flaw: Flaw | None = None


def seal(session: Session, key: bytes, row: Sealed) -> None:
    """Add a row's link to its practice's chain; the caller holds the chain's lock."""
    last = chain.last_of(session, TimeLinkRow, row.practice_id)
    link = TimeLinkRow(
        id=new_id(row.recorded_at if isinstance(row, TimeEntryRow) else row.at),
        practice_id=row.practice_id,
        sequence=1 if last is None else last.sequence + 1,
        row_id=row.id,
        previous_hash=chain.BEGINNING if last is None else last.hash,
        hash="",
    )
    link.hash = _hash(key, link, row)
    session.add(link)
    session.flush()


def stands_at(session: Session, practice_id: str) -> tuple[int, str]:
    """Return how many links the chain has, and its head; zero and nothing where it is empty."""
    last = chain.last_of(session, TimeLinkRow, practice_id)
    return (0, chain.BEGINNING) if last is None else (last.sequence, last.hash)


def head_at(session: Session, practice_id: str, entries: int) -> str:
    """Return the chain's hash after so many links; empty at none, or where it is shorter."""
    return chain.head_at(session, TimeLinkRow, practice_id, entries)


def verify(session: Session, key: bytes, practice_id: str) -> LedgerCheck:
    """Walk a practice's whole ledger and tell where it first breaks, if anywhere."""
    found = session.exec(
        select(TimeLinkRow, TimeEntryRow, TimeApprovalRow)
        .outerjoin(TimeEntryRow, _is_of_link(TimeEntryRow))
        .outerjoin(TimeApprovalRow, _is_of_link(TimeApprovalRow))
        .where(col(TimeLinkRow.practice_id) == practice_id)
        .order_by(col(TimeLinkRow.sequence))
        .execution_options(yield_per=_BATCH)
    )
    with closing(found) as rows:
        check = _walked(key, (_pair(*row) for row in rows))
    if check.flaw is None and _has_unsealed(session, practice_id):
        return LedgerCheck(
            entries=check.entries,
            head=check.head,
            broken_at=check.entries + 1,
            flaw=Flaw.UNSEALED,
        )
    return check


def _pair(
    link: TimeLinkRow, entry: TimeEntryRow | None, approval: TimeApprovalRow | None
) -> tuple[TimeLinkRow, Sealed | None]:
    return link, approval if entry is None else entry


def _walked(key: bytes, pairs: Iterable[tuple[TimeLinkRow, Sealed | None]]) -> LedgerCheck:
    entries, head = 0, chain.BEGINNING
    for link, row in pairs:
        flaw = _flaw(key, link, row) if chain.follows(link, entries, head) else Flaw.GAP
        entries += 1
        if flaw is not None:
            return LedgerCheck(entries=entries, head=head, broken_at=entries, flaw=flaw)
        head = link.hash
    return LedgerCheck(entries=entries, head=head)


def _flaw(key: bytes, link: TimeLinkRow, row: Sealed | None) -> Flaw | None:
    if row is None:
        return Flaw.MISSING
    return None if chain.is_hash(link.hash, _hash(key, link, row)) else Flaw.ALTERED


def _is_of_link(kind: type[Sealed]) -> ColumnElement[bool]:
    return and_(
        col(kind.practice_id) == col(TimeLinkRow.practice_id),
        col(kind.id) == col(TimeLinkRow.row_id),
    )


def _has_unsealed(session: Session, practice_id: str) -> bool:
    return any(_unsealed(session, practice_id, kind) for kind in (TimeEntryRow, TimeApprovalRow))


def _unsealed(session: Session, practice_id: str, kind: type[Sealed]) -> bool:
    found = select(kind.id).where(
        col(kind.practice_id) == practice_id, ~exists().where(_is_of_link(kind))
    )
    return session.exec(found.limit(1)).one_or_none() is not None


def _hash(key: bytes, link: TimeLinkRow, row: Sealed) -> str:
    tag, line = (_ENTRY, _line(row)) if isinstance(row, TimeEntryRow) else (_APPROVAL, _said(row))
    return chain.keyed_hash(key, [tag, link.previous_hash, link.practice_id, link.sequence, *line])


def _said(row: TimeApprovalRow) -> Line:
    return [
        row.id,
        row.entry_id,
        row.step.value,
        row.reasons,
        row.is_approved,
        row.note,
        row.user_id,
        row.at,
    ]


def _line(row: TimeEntryRow) -> Line:
    return [
        row.id,
        row.patient_id,
        row.user_id,
        row.performer.value,
        row.credential,
        row.started_at,
        row.ended_at,
        row.zone,
        row.activity.value,
        row.is_contact,
        None if row.contact_mode is None else row.contact_mode.value,
        row.source.value,
        row.note,
        row.recorded_at,
        row.recorded_by,
        row.form_key,
        row.supersedes_id,
        row.change.value,
        row.change_reason,
    ]
