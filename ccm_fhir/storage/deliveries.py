"""Deliveries: each resource the EHR is to be told of, with its frozen body, and where it stands.

How a delivery moves from state to state is ``sending``'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import and_, col, or_, select

from ccm_fhir.errors import ConflictError
from ccm_fhir.storage import ledger
from ccm_fhir.storage.delivery_records import (
    DeliveryEvent,
    DeliveryRecord,
    NewDelivery,
    add_event,
    delivery_of,
    is_same_delivery,
    row_of,
)
from ccm_fhir.storage.tables import (
    ClaimRow,
    DeliveryEventRow,
    DeliveryRow,
    EhrRow,
    PatientRow,
    TimeEntryRow,
)
from ccm_fhir.storage.values import insert_once, require, require_parents, value_of
from ccm_fhir.storage.vocabulary import ArtefactKind, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.dates import ServiceMonth

__all__ = [
    "DeliveryEvent",
    "DeliveryRecord",
    "NewDelivery",
    "about",
    "all_of",
    "dependencies",
    "dependents",
    "events",
    "find_by_identifier",
    "get",
    "identifiers",
    "is_of_month",
    "of_artefact",
    "of_artefacts",
    "of_patient",
    "of_patient_month",
    "plan",
    "unfinished",
]

_UNFINISHED = (
    DeliveryState.PLANNED,
    DeliveryState.SENDING,
    DeliveryState.UNCERTAIN,
    DeliveryState.REJECTED,
    DeliveryState.QUARANTINE,
    DeliveryState.HELD,
)


def plan(session: Session, practice_id: str, new: NewDelivery, now: datetime) -> DeliveryRecord:
    """Plan a delivery; planning the same one again gives the one that is there, as it stands.

    Raises:
        ConflictError: the identifier is taken by something else, or by another body.
    """
    before = find_by_identifier(session, practice_id, new.identifier)
    if before is None:
        require_parents(session, practice_id, (EhrRow, new.ehr_id), (PatientRow, new.patient_id))
        require_parents(session, practice_id, *((DeliveryRow, other) for other in new.depends_on))
        row = row_of(practice_id, new, now)
        if insert_once(session, row):
            add_event(session, row, "planned", now)
            return delivery_of(row)
        before = find_by_identifier(session, practice_id, new.identifier)
    if before is None or not is_same_delivery(before, new):
        raise ConflictError("this identifier is taken by another delivery or another body")
    return before


def get(session: Session, practice_id: str, delivery_id: str) -> DeliveryRecord:
    """Return a delivery; raises NotFoundError."""
    return delivery_of(require(session, DeliveryRow, practice_id, delivery_id))


def find_by_identifier(
    session: Session, practice_id: str, identifier: str
) -> DeliveryRecord | None:
    """Return the delivery with our identifier, or None."""
    found = _select(session, practice_id, col(DeliveryRow.identifier) == identifier)
    return found[0] if found else None


def dependencies(
    session: Session, practice_id: str, delivery_id: str
) -> tuple[DeliveryRecord, ...]:
    """Return what must be sent before a delivery, in the order it names them."""
    wanted = get(session, practice_id, delivery_id).depends_on
    found = {d.id: d for d in _select(session, practice_id, col(DeliveryRow.id).in_(wanted))}
    return tuple(found[delivery] for delivery in wanted)


def of_artefact(
    session: Session, practice_id: str, kind: ArtefactKind, artefact_id: str
) -> tuple[DeliveryRecord, ...]:
    """Return the deliveries of a time entry or a claim."""
    is_kind = col(DeliveryRow.artefact_kind) == kind
    return _select(session, practice_id, is_kind, col(DeliveryRow.artefact_id) == artefact_id)


def of_artefacts(
    session: Session, practice_id: str, kind: ArtefactKind, artefact_ids: Collection[str]
) -> tuple[DeliveryRecord, ...]:
    """Return the deliveries of several time entries or claims."""
    if not artefact_ids:
        return ()
    is_kind = col(DeliveryRow.artefact_kind) == kind
    return _select(session, practice_id, is_kind, col(DeliveryRow.artefact_id).in_(artefact_ids))


def of_patient(session: Session, practice_id: str, patient_id: str) -> tuple[DeliveryRecord, ...]:
    """Return every delivery about a patient."""
    return _select(session, practice_id, col(DeliveryRow.patient_id) == patient_id)


def of_patient_month(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth, zone: ZoneInfo
) -> tuple[DeliveryRecord, ...]:
    """Return the deliveries of a patient-month's time, changed or not, and of its claims."""
    is_of_patient = col(DeliveryRow.patient_id) == patient_id
    return _select(session, practice_id, is_of_patient, is_of_month(practice_id, month, zone))


def about(session: Session, practice_id: str, delivery_id: str) -> tuple[DeliveryRecord, ...]:
    """Return what is delivered about a delivery: words it lost, notices, amendments."""
    return _select(session, practice_id, col(DeliveryRow.of_delivery_id) == delivery_id)


def dependents(session: Session, practice_id: str, delivery_id: str) -> tuple[DeliveryRecord, ...]:
    """Return the deliveries of the same artefact that wait for one."""
    one = get(session, practice_id, delivery_id)
    mine = of_artefact(session, practice_id, one.artefact_kind, one.artefact_id)
    return tuple(other for other in mine if delivery_id in other.depends_on)


def unfinished(session: Session, practice_id: str) -> tuple[DeliveryRecord, ...]:
    """Return every delivery of a practice that has not arrived, oldest first."""
    is_live = col(DeliveryRow.fell_to).is_(None)
    return _select(session, practice_id, is_live, col(DeliveryRow.state).in_(_UNFINISHED))


def all_of(session: Session, practice_id: str) -> tuple[DeliveryRecord, ...]:
    """Return every delivery of a practice, oldest first."""
    return _select(session, practice_id)


def identifiers(session: Session, practice_id: str) -> frozenset[str]:
    """Return the identifiers of every delivery of a practice."""
    found = select(DeliveryRow.identifier).where(col(DeliveryRow.practice_id) == practice_id)
    return frozenset(session.exec(found))


def events(session: Session, practice_id: str, delivery_id: str) -> tuple[DeliveryEvent, ...]:
    """Return a delivery's steps in order."""
    rows = session.exec(
        select(DeliveryEventRow)
        .where(
            col(DeliveryEventRow.practice_id) == practice_id,
            col(DeliveryEventRow.delivery_id) == delivery_id,
        )
        .order_by(col(DeliveryEventRow.sequence))
    )
    return tuple(value_of(DeliveryEvent, row) for row in rows)


def is_of_month(practice_id: str, month: ServiceMonth, zone: ZoneInfo) -> ColumnElement[bool]:
    """Return the condition that a delivery tells of a month's time or of its claims."""
    span = ledger.touches(month.starts_at(zone), month.ends_at(zone))
    entries = select(TimeEntryRow.id).where(col(TimeEntryRow.practice_id) == practice_id, span)
    claims = select(ClaimRow.id).where(
        col(ClaimRow.practice_id) == practice_id, col(ClaimRow.month) == str(month)
    )
    kind, artefact = col(DeliveryRow.artefact_kind), col(DeliveryRow.artefact_id)
    return or_(
        and_(kind == ArtefactKind.TIME_ENTRY, artefact.in_(entries)),
        and_(kind == ArtefactKind.CLAIM, artefact.in_(claims)),
    )


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[DeliveryRecord, ...]:
    rows = session.exec(
        select(DeliveryRow)
        .where(col(DeliveryRow.practice_id) == practice_id, *conditions)
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    return tuple(delivery_of(row) for row in rows)
