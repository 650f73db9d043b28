"""Taking back what the EHR was told: amended there, else corrected by a document or by hand.

Nothing is deleted and nothing of others is overwritten: the resource is read as it stands, its
status alone becomes ``entered-in-error``, and it goes back only if nobody changed it meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.writeback import (
    UPDATE,
    Act,
    Artefact,
    DeliveryState,
    ResourceKind,
    RungName,
    judge,
    resources_on,
)
from ccm_fhir.fhir.telling import as_error
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import Planned, our_identifier, plan
from ccm_fhir.services.told import Told, in_lines, told_of
from ccm_fhir.services.write_plan import plan_for, tenant_of
from ccm_fhir.storage import deliveries, ehrs, practices, sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sending import Problem
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

TAKEN_BACK = "taken_back"
_HOLD_WORDS = (RungName.DOCUMENT, RungName.HAND_OFF)
_SURELY_NOT_THERE = frozenset({DeliveryState.PLANNED, DeliveryState.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """An entry or a consent that a later row has taken back, and the reason that row gives."""

    kind: ArtefactKind
    artefact_id: str
    reason: str


def retract(
    world: Installation, session: Session, practice_id: str, taken: TakenBack, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """Plan the amendment of everything that tells of it; return what was planned.

    Call it in the transaction that records the void or the correction, after that row. What was
    not sent yet is not sent any more; what is in doubt is settled first.
    """
    practice = practices.get(session, practice_id)
    told = told_of(world, session, practice, taken.kind, taken.artefact_id)
    if told is None:
        return ()
    found = deliveries.of_artefact(session, practice_id, taken.kind, taken.artefact_id)
    planned: list[DeliveryRecord] = []
    for one in found:
        if one.has_fallen or one.purpose in {Purpose.AMENDMENT, Purpose.NOTICE}:
            continue
        if _is_surely_not_there(one):
            problem = Problem(delivery_id=one.id, code=TAKEN_BACK)
            sending.mark_withdrawn(session, practice_id, problem, now)
            continue
        retraction = Retraction(
            world=world, practice=practice, told=told, record=one, reason=taken.reason
        )
        planned.append(plan_retraction(session, retraction, now))
    return tuple(planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """One delivery that is to be taken back, and why."""

    world: Installation
    practice: Practice
    told: Told
    record: DeliveryRecord
    reason: str


def plan_retraction(session: Session, retraction: Retraction, now: datetime) -> DeliveryRecord:
    """Plan an amendment where the EHR takes updates of the type, else a correction in words."""
    record = retraction.record
    ehr = ehrs.get(session, record.practice_id, record.ehr_id)
    act = Act(resource_type=record.resource_type.value, code=UPDATE)
    judged = judge(act, tenant_of(session, ehr, None))
    may_amend = judged.is_possible or judged.is_unknown
    if record.is_hand_off or not may_amend:
        return plan_correction(session, retraction, now)
    world = retraction.world
    return plan(
        world,
        session,
        record.practice_id,
        Planned(
            ehr_id=record.ehr_id,
            patient_id=record.patient_id,
            kind=record.resource_type,
            artefact_kind=record.artefact_kind,
            artefact_id=record.artefact_id,
            ours=our_identifier(
                world, retraction.practice, record.resource_type, f"{record.id}|amend"
            ),
            body={"resourceType": record.resource_type.value, "status": "entered-in-error"},
            depends_on=(record.id,),
            rule=retraction.reason,
            purpose=Purpose.AMENDMENT,
            of_delivery_id=record.id,
        ),
        now,
    )


def plan_correction(session: Session, retraction: Retraction, now: datetime) -> DeliveryRecord:
    """Plan a correcting document, or a line that a person keys, where nothing can be amended."""
    world, record, told = retraction.world, retraction.record, retraction.told
    ehr = ehrs.get(session, record.practice_id, record.ehr_id)
    chosen = plan_for(Artefact.CONSENT, tenant_of(session, ehr, None))
    to = next(r.name for r in chosen.rungs if r.name in _HOLD_WORDS and r.is_open)
    if record.is_hand_off:
        to = RungName.HAND_OFF
    (kind,) = resources_on(to)
    ours = our_identifier(world, retraction.practice, kind, f"{record.id}|correction")
    where = record.remote_ref or f"what was handed to a person as {record.identifier}"
    telling = as_error(told.telling, where, retraction.reason)
    is_settled = record.state is DeliveryState.SENT
    return plan(
        world,
        session,
        record.practice_id,
        Planned(
            ehr_id=record.ehr_id,
            patient_id=record.patient_id,
            kind=kind,
            artefact_kind=record.artefact_kind,
            artefact_id=record.artefact_id,
            ours=ours,
            body=in_lines(kind, telling, ours),
            depends_on=() if is_settled or kind is ResourceKind.SHEET else (record.id,),
            rung=to,
            rule=retraction.reason,
            purpose=Purpose.AMENDMENT,
            of_delivery_id=record.id,
        ),
        now,
    )


def _is_surely_not_there(record: DeliveryRecord) -> bool:
    if record.is_hand_off:
        return record.state is not DeliveryState.SENT
    return record.state in _SURELY_NOT_THERE
