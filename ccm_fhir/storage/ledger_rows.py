"""Every row of the ledger that the EHR is to be told of: live time entries, and claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.ledger import is_live, touches
from ccm_fhir.storage.tables import ClaimRow, TimeEntryRow
from ccm_fhir.storage.vocabulary import ArtefactKind

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlmodel import Session

    from ccm_fhir.domain.dates import ServiceMonth


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One row, and the money that it asks for (none for time)."""

    id: str
    kind: ArtefactKind
    cents: int = 0


def ledger_rows(
    session: Session, practice_id: str, month: ServiceMonth | None, zone: ZoneInfo
) -> tuple[LedgerRow, ...]:
    """Return a month's rows, or all; time that crosses midnight is of both months."""
    entries = select(TimeEntryRow.id).where(col(TimeEntryRow.practice_id) == practice_id, is_live())
    claims = select(ClaimRow.id, ClaimRow.total_cents).where(
        col(ClaimRow.practice_id) == practice_id
    )
    if month is not None:
        entries = entries.where(touches(month.starts_at(zone), month.ends_at(zone)))
        claims = claims.where(col(ClaimRow.month) == str(month))
    timed = (LedgerRow(id=row, kind=ArtefactKind.TIME_ENTRY) for row in session.exec(entries))
    claimed = (
        LedgerRow(id=row, kind=ArtefactKind.CLAIM, cents=cents)
        for row, cents in session.exec(claims)
    )
    return (*timed, *claimed)
