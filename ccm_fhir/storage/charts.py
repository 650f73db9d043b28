"""Charts as they were read; nothing is ever changed, the latest reading wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import col, select

from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, ChartSnapshotRow, PatientRow
from ccm_fhir.storage.values import require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.vocabulary import ChartSource

_DECODER = msgspec.json.Decoder(ChartFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChart:
    """A chart that has just been read, and for whom."""

    patient_id: str
    facts: ChartFacts
    source: ChartSource
    read_by_user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRecord(NewChart):
    """A chart as it was read at a moment."""

    id: str
    read_at: datetime
    facts: ChartFacts = field(repr=False)


def record(session: Session, practice_id: str, new: NewChart, now: datetime) -> ChartRecord:
    """Keep a reading of a chart."""
    require_parents(
        session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.read_by_user_id)
    )
    row = ChartSnapshotRow(
        id=new_id(now),
        practice_id=practice_id,
        patient_id=new.patient_id,
        read_at=new.facts.read_at,
        facts_json=msgspec.json.encode(new.facts).decode(),
        source=new.source,
        read_by_user_id=new.read_by_user_id,
    )
    session.add(row)
    session.flush()
    return value_of(ChartRecord, row, facts=new.facts)


def latest(session: Session, practice_id: str, patient_id: str) -> ChartRecord | None:
    """Return the newest reading of a patient's chart, if there is any."""
    row = session.exec(
        select(ChartSnapshotRow)
        .where(
            col(ChartSnapshotRow.practice_id) == practice_id,
            col(ChartSnapshotRow.patient_id) == patient_id,
        )
        .order_by(col(ChartSnapshotRow.read_at).desc(), col(ChartSnapshotRow.id).desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else chart_of(row)


def chart_of(row: ChartSnapshotRow) -> ChartRecord:
    """Read a stored chart back into facts."""
    return value_of(ChartRecord, row, facts=_DECODER.decode(row.facts_json))


def as_of(
    session: Session, practice_id: str, patient_id: str, moment: datetime
) -> ChartRecord | None:
    """Return the newest reading that was there at a moment, if there is any."""
    row = session.exec(
        select(ChartSnapshotRow)
        .where(
            col(ChartSnapshotRow.practice_id) == practice_id,
            col(ChartSnapshotRow.patient_id) == patient_id,
            col(ChartSnapshotRow.read_at) <= moment,
        )
        .order_by(col(ChartSnapshotRow.read_at).desc(), col(ChartSnapshotRow.id).desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else chart_of(row)
