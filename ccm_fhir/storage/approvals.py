"""Approvals of typed time, and the policy that asks for them; append-only, approvals sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.orm import aliased
from sqlmodel import col, exists, select

from ccm_fhir.domain.approvals import ApprovalReason, TypedPolicy
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage import chain, ledger_chain
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, TimeApprovalRow, TimeEntryRow, TypedPolicyRow
from ccm_fhir.storage.values import insert_once, require_parents
from ccm_fhir.storage.vocabulary import ApprovalStep

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecord:
    """Where an entry's approval stands: why it was asked, and who answered what, if anybody."""

    entry_id: str
    reasons: tuple[ApprovalReason, ...]
    is_approved: bool | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """A step of an approval, by whom: the asking with its reasons, or the answer."""

    entry_id: str
    user_id: str
    reasons: tuple[ApprovalReason, ...] = ()
    is_approved: bool | None = None
    note: str = field(default="", repr=False)

    @property
    def step(self) -> ApprovalStep:
        """An answer says yes or no; the asking says neither."""
        return ApprovalStep.ASKED if self.is_approved is None else ApprovalStep.ANSWERED


def add_step(session: Session, key: bytes, practice_id: str, new: NewStep, now: datetime) -> None:
    """Write that an entry needs approval, or the answer, sealed under ``key``.

    Raises:
        ConflictError: it was asked, or answered, before.
    """
    parents = (TimeEntryRow, new.entry_id), (AppUserRow, new.user_id)
    require_parents(session, practice_id, *parents)
    chain.lock(session, practice_id)
    row = TimeApprovalRow(
        id=new_id(now),
        practice_id=practice_id,
        entry_id=new.entry_id,
        step=new.step,
        reasons=" ".join(new.reasons),
        is_approved=new.is_approved,
        note=new.note,
        user_id=new.user_id,
        at=now,
    )
    if not insert_once(session, row):
        raise ConflictError("Somebody has answered this already; look at it again.")
    ledger_chain.seal(session, key, row)


def of_entries(
    session: Session, practice_id: str, entry_ids: Collection[str]
) -> dict[str, ApprovalRecord]:
    """Return the approvals of those entries that need one."""
    return _records(session, practice_id, col(TimeApprovalRow.entry_id).in_(entry_ids))


def of_practice(session: Session, practice_id: str) -> dict[str, ApprovalRecord]:
    """Return the approval of every entry that needed one."""
    return _records(session, practice_id)


def waiting(session: Session, practice_id: str) -> tuple[ApprovalRecord, ...]:
    """Return what nobody has answered yet, of entries that were not changed meanwhile."""
    answer, successor = aliased(TimeApprovalRow), aliased(TimeEntryRow)
    entry_id = col(TimeApprovalRow.entry_id)
    found = _records(
        session,
        practice_id,
        ~exists().where(col(answer.entry_id) == entry_id, _is(answer, ApprovalStep.ANSWERED)),
        ~exists().where(col(successor.supersedes_id) == entry_id),
    )
    return tuple(found.values())


def is_counted() -> ColumnElement[bool]:
    """Return the condition that an entry waits for nobody: not asked, or approved."""
    asked, answered = aliased(TimeApprovalRow), aliased(TimeApprovalRow)
    entry_id = col(TimeEntryRow.id)
    is_asked = exists().where(col(asked.entry_id) == entry_id, _is(asked, ApprovalStep.ASKED))
    is_approved = exists().where(
        col(answered.entry_id) == entry_id, col(answered.is_approved).is_(True)
    )
    return ~is_asked | is_approved


def set_policy(
    session: Session, practice_id: str, policy: TypedPolicy, set_by: str | None, now: datetime
) -> None:
    """Keep what may be typed without a second person from now on."""
    require_parents(session, practice_id, (AppUserRow, set_by))
    row = TypedPolicyRow(
        id=new_id(now),
        practice_id=practice_id,
        late_after_days=policy.late_after_days,
        longest_minutes=policy.longest_minutes,
        after_month_end=policy.after_month_end,
        set_by=set_by,
        set_at=now,
    )
    session.add(row)
    session.flush()


def policy_of(session: Session, practice_id: str) -> TypedPolicy:
    """Return the practice's policy: what it has set, or what holds where it has set nothing."""
    row = session.exec(
        select(TypedPolicyRow)
        .where(col(TypedPolicyRow.practice_id) == practice_id)
        .order_by(col(TypedPolicyRow.set_at).desc(), col(TypedPolicyRow.id).desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return TypedPolicy()
    return TypedPolicy(
        late_after_days=row.late_after_days,
        longest_minutes=row.longest_minutes,
        after_month_end=row.after_month_end,
    )


def _is(row: type[TimeApprovalRow], step: ApprovalStep) -> ColumnElement[bool]:
    return col(row.step) == step


def _records(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> dict[str, ApprovalRecord]:
    rows = session.exec(
        select(TimeApprovalRow)
        .where(col(TimeApprovalRow.practice_id) == practice_id, *conditions)
        .order_by(col(TimeApprovalRow.at), col(TimeApprovalRow.id))
    ).all()
    answers = {row.entry_id: row for row in rows if row.step is ApprovalStep.ANSWERED}
    asked = [row for row in rows if row.step is ApprovalStep.ASKED]
    return {row.entry_id: _record(row, answers.get(row.entry_id)) for row in asked}


def _record(asked: TimeApprovalRow, answer: TimeApprovalRow | None) -> ApprovalRecord:
    return ApprovalRecord(
        entry_id=asked.entry_id,
        reasons=tuple(ApprovalReason(word) for word in asked.reasons.split()),
        is_approved=None if answer is None else answer.is_approved,
        answered_by=None if answer is None else answer.user_id,
        answered_at=None if answer is None else answer.at,
        note="" if answer is None else answer.note,
    )
