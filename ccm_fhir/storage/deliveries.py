"""Deliveries: each resource the EHR is to be told of, with its frozen body, and where it stands.

How a delivery moves from state to state is ``sending``'s business.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import and_, col, func, or_, select

from ccm_fhir.errors import ConflictError
from ccm_fhir.storage import ledger
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import (
    ClaimRow,
    DeliveryEventRow,
    DeliveryRow,
    EhrRow,
    PatientRow,
    TimeEntryRow,
)
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    require,
    require_parents,
    value_of,
)
from ccm_fhir.storage.vocabulary import ArtefactKind, DeliveryState

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.writeback import ResourceKind

_UNFINISHED = (
    DeliveryState.PLANNED,
    DeliveryState.SENDING,
    DeliveryState.UNCERTAIN,
    DeliveryState.REJECTED,
    DeliveryState.QUARANTINE,
    DeliveryState.HELD,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A resource to be sent.

    ``body_json`` may refer to resources that are to be sent before it, as
    ``urn:uuid:<delivery id>``; ``depends_on`` lists those deliveries. The id is the caller's
    (``ids.new_id``), so that bodies can name each other before anything is stored.
    """

    id: str
    ehr_id: str
    patient_id: str
    resource_type: ResourceKind
    artefact_kind: ArtefactKind
    artefact_id: str
    identifier_system: str
    identifier: str
    body_json: str = field(repr=False)
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord(NewDelivery):
    """A resource on its way, or arrived."""

    practice_id: str
    body_hash: str
    state: DeliveryState
    intent_at: datetime | None
    tries: int
    remote_id: str = field(repr=False)
    remote_version: str
    remote_hash: str
    read_back_at: datetime | None
    lossy: tuple[str, ...]
    last_problem: str
    created_at: datetime
    updated_at: datetime

    @property
    def remote_ref(self) -> str:
        """The resource's reference in the EHR; empty until it is known."""
        return f"{self.resource_type}/{self.remote_id}" if self.remote_id else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """One step of a delivery."""

    at: datetime
    event: str
    detail_code: str


def plan(session: Session, practice_id: str, new: NewDelivery, now: datetime) -> DeliveryRecord:
    """Plan a delivery; planning the same one again gives the one that is there, as it stands.

    Raises:
        ConflictError: the identifier is taken by something else, or by another body.
    """
    before = find_by_identifier(session, practice_id, new.identifier)
    if before is None:
        require_parents(session, practice_id, (EhrRow, new.ehr_id), (PatientRow, new.patient_id))
        require_parents(session, practice_id, *((DeliveryRow, other) for other in new.depends_on))
        row = _row(practice_id, new, now)
        if insert_once(session, row):
            add_event(session, row, "planned", now)
            return delivery_of(row)
        before = find_by_identifier(session, practice_id, new.identifier)
    if before is None or not _is_same(before, new):
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


def of_patient_month(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth, zone: ZoneInfo
) -> tuple[DeliveryRecord, ...]:
    """Return the deliveries of a patient-month's time, changed or not, and of its claims."""
    is_of_patient = col(DeliveryRow.patient_id) == patient_id
    return _select(session, practice_id, is_of_patient, is_of_month(practice_id, month, zone))


def unfinished(session: Session, practice_id: str) -> tuple[DeliveryRecord, ...]:
    """Return every delivery of a practice that has not arrived, oldest first."""
    return _select(session, practice_id, col(DeliveryRow.state).in_(_UNFINISHED))


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


def delivery_of(row: DeliveryRow) -> DeliveryRecord:
    """Read a stored delivery."""
    return value_of(
        DeliveryRecord,
        row,
        depends_on=_words(row.depends_on_json),
        lossy=_words(row.lossy_json),
    )


def add_event(
    session: Session, row: DeliveryRow, event: str, now: datetime, detail_code: str = ""
) -> None:
    """Note a step of a delivery whose row the caller has locked or has just made."""
    steps = session.exec(
        select(func.count()).where(
            col(DeliveryEventRow.practice_id) == row.practice_id,
            col(DeliveryEventRow.delivery_id) == row.id,
        )
    ).one()
    session.add(
        DeliveryEventRow(
            id=new_id(now),
            practice_id=row.practice_id,
            delivery_id=row.id,
            sequence=steps + 1,
            at=now,
            event=event,
            detail_code=detail_code,
        )
    )
    session.flush()


def to_json(words: tuple[str, ...]) -> str:
    """Write words as a JSON array."""
    return msgspec.json.encode(words).decode()


def _words(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[DeliveryRecord, ...]:
    rows = session.exec(
        select(DeliveryRow)
        .where(col(DeliveryRow.practice_id) == practice_id, *conditions)
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    return tuple(delivery_of(row) for row in rows)


def _row(practice_id: str, new: NewDelivery, now: datetime) -> DeliveryRow:
    return DeliveryRow(
        **columns_of(new, without=frozenset({"depends_on"})),
        practice_id=practice_id,
        body_hash=_hash(new.body_json),
        depends_on_json=to_json(new.depends_on),
        state=DeliveryState.PLANNED,
        intent_at=None,
        tries=0,
        remote_id="",
        remote_version="",
        remote_hash="",
        read_back_at=None,
        lossy_json=to_json(()),
        last_problem="",
        created_at=now,
        updated_at=now,
    )


def _is_same(one: NewDelivery, other: NewDelivery) -> bool:
    named_apart = frozenset({"id", "body_json", "depends_on"})
    return is_same(NewDelivery, one, other, but=named_apart) and _template(one) == _template(other)


def _template(delivery: NewDelivery) -> str:
    """Return the body with dependencies by position: planned anew they have other ids."""
    body = delivery.body_json
    for position, other in enumerate(delivery.depends_on):
        body = body.replace(f"urn:uuid:{other}", f"urn:uuid:{position}")
    return body


def _hash(body_json: str) -> str:
    return hashlib.sha256(body_json.encode()).hexdigest()
