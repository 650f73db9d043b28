"""Turns ledger rows into deliveries: frozen bodies, our identifiers, one workflow each.

Everything here happens inside the caller's transaction: a delivery exists exactly if the row
it tells of does, and its workflow starts exactly if both were committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from sqlmodel import Session

from ccm_fhir.domain.writeback import ResourceKind, TimeRecord, resources_of
from ccm_fhir.fhir.check import check
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.write_time import OurIdentifier, encounter_resource, procedure_resource
from ccm_fhir.services.installation import DELIVER, Installation
from ccm_fhir.storage import deliveries, patients
from ccm_fhir.storage.deliveries import DeliveryRecord, NewDelivery
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A resource about to be planned, and what must be in the EHR before it."""

    ehr_id: str
    patient_id: str
    kind: ResourceKind
    artefact_kind: ArtefactKind
    artefact_id: str
    ours: OurIdentifier
    body: Json
    depends_on: tuple[str, ...] = ()


def our_identifier(
    world: Installation, practice: Practice, kind: ResourceKind, name: str
) -> OurIdentifier:
    """Return a deterministic identifier in the practice's secret namespace.

    The namespace is secret so that nobody outside can compute, and so test for, an identifier.
    """
    value = uuid5(UUID(practice.identifier_namespace), f"v1|{kind.value}|{name}")
    return OurIdentifier(system=world.identifier_system(kind.value.lower()), value=str(value))


def placeholder(delivery_id: str) -> str:
    """Return the reference that sending replaces with the delivered resource's own."""
    return f"urn:uuid:{delivery_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTime:
    """A ledger row together with what its resources will say."""

    practice: Practice
    entry: TimeEntryRecord
    record: TimeRecord


def plan_time_entry(
    world: Installation, session: Session, written: WrittenTime, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """Plan a time entry's Encounter (if it was a contact) and Procedure."""
    practice, entry, record = written.practice, written.entry, written.record
    planned: list[DeliveryRecord] = []
    ehr_id = _ehr_of(session, practice.id, entry.patient_id)
    for kind in resources_of(record):
        ours = our_identifier(world, practice, kind, entry.id)
        before = tuple(delivery.id for delivery in planned)
        if kind is ResourceKind.ENCOUNTER:
            body = encounter_resource(record, ours)
        else:
            encounter = placeholder(before[0]) if before else None
            body = procedure_resource(record, ours, encounter_ref=encounter)
        planned.append(
            plan(
                world,
                session,
                practice.id,
                Planned(
                    ehr_id=ehr_id,
                    patient_id=entry.patient_id,
                    kind=kind,
                    artefact_kind=ArtefactKind.TIME_ENTRY,
                    artefact_id=entry.id,
                    ours=ours,
                    body=body,
                    depends_on=before,
                ),
                now,
            )
        )
    return tuple(planned)


def plan(
    world: Installation, session: Session, practice_id: str, planned: Planned, now: datetime
) -> DeliveryRecord:
    """Check a resource, freeze it, and enqueue its delivery; the same identifier plans once.

    Raises:
        InvalidResourceError: the resource is not valid FHIR R4; nothing was planned.
    """
    check(planned.body)
    known = deliveries.find_by_identifier(session, practice_id, planned.ours.value)
    if known is not None:
        return known
    record = deliveries.plan(
        session,
        practice_id,
        NewDelivery(
            id=new_id(now),
            ehr_id=planned.ehr_id,
            patient_id=planned.patient_id,
            resource_type=planned.kind,
            artefact_kind=planned.artefact_kind,
            artefact_id=planned.artefact_id,
            identifier_system=planned.ours.system,
            identifier=planned.ours.value,
            body_json=to_bytes(planned.body).decode(),
            depends_on=planned.depends_on,
        ),
        now,
    )
    world.queue.enqueue(session, DELIVER, f"deliver-{record.id}", practice_id, record.id)
    return record


def _ehr_of(session: Session, practice_id: str, patient_id: str) -> str:
    return patients.get(session, practice_id, patient_id).ehr_id
