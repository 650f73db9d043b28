"""Signs of life of the processes that run the engine; they belong to no practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.tables import WorkerLeaseRow
from ccm_fhir.storage.values import insert_once

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


def beat(session: Session, executor_id: str, now: datetime) -> None:
    """Record that a process is alive."""
    row = _find(session, executor_id)
    if row is None and insert_once(session, WorkerLeaseRow(executor_id=executor_id, seen_at=now)):
        return
    row = row or _find(session, executor_id)
    if row is not None:
        row.seen_at = now
        session.flush()


def silent_since(session: Session, moment: datetime) -> tuple[str, ...]:
    """Return the processes that gave no sign of life after a moment."""
    rows = session.exec(
        select(WorkerLeaseRow.executor_id)
        .where(col(WorkerLeaseRow.seen_at) < moment)
        .order_by(col(WorkerLeaseRow.executor_id))
    )
    return tuple(rows)


def _find(session: Session, executor_id: str) -> WorkerLeaseRow | None:
    return session.exec(
        select(WorkerLeaseRow).where(col(WorkerLeaseRow.executor_id) == executor_id)
    ).one_or_none()
