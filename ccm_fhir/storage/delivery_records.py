"""Deliveries as values and as rows: how one is read, made, compared and annotated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import col, func, select

from ccm_fhir.domain.writeback import OUTSIDE_THE_EHR, DeliveryState, RungName
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import DeliveryEventRow, DeliveryRow
from ccm_fhir.storage.values import columns_of, is_same, value_of
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.writeback import ResourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A resource to be sent.

    ``body_json`` may refer to resources that are to be sent before it, as
    ``urn:uuid:<delivery id>``; ``depends_on`` lists those deliveries. The id is the caller's
    (``ids.new_id``), so that bodies can name each other before anything is stored.
    ``rung`` is the way of the ladder that it takes, and ``rule`` the sentence that chose it.
    ``of_delivery_id`` names the delivery that one of another purpose than ARTEFACT is about.
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
    rung: RungName | None = None
    rule: str = ""
    purpose: Purpose = Purpose.ARTEFACT
    of_delivery_id: str = ""


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
    fell_to: RungName | None = None
    statement_sha256: str = ""
    answer_status: int = 0
    answer_codes: tuple[str, ...] = ()

    @property
    def has_fallen(self) -> bool:
        """Whether a lower rung has taken over what this delivery was to tell."""
        return self.fell_to is not None

    @property
    def is_hand_off(self) -> bool:
        """Whether a person carries it."""
        return self.rung is RungName.HAND_OFF

    @property
    def is_by_file(self) -> bool:
        """Whether a claim file carries it."""
        return self.rung is RungName.X12_FILE

    @property
    def is_outside(self) -> bool:
        """Whether no request to the EHR carries it: a person does, or a claim file."""
        return self.rung in OUTSIDE_THE_EHR

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


def delivery_of(row: DeliveryRow) -> DeliveryRecord:
    """Read a stored delivery."""
    return value_of(
        DeliveryRecord,
        row,
        depends_on=_words(row.depends_on_json),
        lossy=_words(row.lossy_json),
        answer_codes=_words(row.answer_codes_json),
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


def row_of(practice_id: str, new: NewDelivery, now: datetime) -> DeliveryRow:
    """Return the row of a delivery that has just been planned."""
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
        fell_to=None,
        statement_sha256="",
        answer_status=0,
        answer_codes_json=to_json(()),
    )


def is_same_delivery(one: NewDelivery, other: NewDelivery) -> bool:
    """Whether two plans say the same, but for the ids that were made up for each."""
    made_up = frozenset({"id", "body_json", "depends_on", "rule"})
    return (
        is_same(NewDelivery, one, other, but=made_up)
        and len(one.depends_on) == len(other.depends_on)
        and _template(one) == _template(other)
    )


def _template(delivery: NewDelivery) -> str:
    """Return the body with dependencies by position: planned anew they have other ids."""
    body = delivery.body_json
    for position, other in enumerate(delivery.depends_on):
        body = body.replace(f"urn:uuid:{other}", f"urn:uuid:{position}")
    return body


def _hash(body_json: str) -> str:
    return hashlib.sha256(body_json.encode()).hexdigest()


def _words(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
