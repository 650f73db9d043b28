"""Turns ledger rows into deliveries: frozen bodies, our identifiers, one workflow each.

Everything here happens inside the caller's transaction: a delivery exists exactly if the row
it tells of does, and its workflow starts exactly if both were committed. Which rung of the
ladder an artefact takes is the planner's word; a hand-off starts no workflow, a person has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from sqlmodel import Session

from ccm_fhir.domain.writeback import CHARGES, Act, ResourceKind, RungName, resources_on
from ccm_fhir.failpoints import failpoint
from ccm_fhir.fhir.check import check
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.services.installation import DELIVER, Installation
from ccm_fhir.services.tellable import Piece, placeholder
from ccm_fhir.services.told import Told, WrittenTime, told_time
from ccm_fhir.services.write_plan import plan_for, tenant_of
from ccm_fhir.storage import deliveries, ehrs, sending
from ccm_fhir.storage.deliveries import DeliveryRecord, NewDelivery
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sending import Problem
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose

_HAND_OFF = "hand_off"
_CLAIM_FILE = "claim_file"


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
    rung: RungName | None = None
    rule: str = ""
    purpose: Purpose = Purpose.ARTEFACT
    of_delivery_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The rung that an artefact takes, the sentence that chose it, and what it is there for.

    ``mark`` sets the identifiers apart from those of an earlier rung, which may be in doubt.
    """

    rung: RungName
    rule: str
    mark: str = ""
    purpose: Purpose = Purpose.ARTEFACT
    of_delivery_id: str = ""


def our_identifier(
    world: Installation, practice: Practice, kind: ResourceKind, name: str
) -> OurIdentifier:
    """Return a deterministic identifier in the practice's secret namespace.

    The namespace is secret so that nobody outside can compute, and so test for, an identifier.
    """
    value = uuid5(UUID(practice.identifier_namespace), f"v1|{kind.value}|{name}")
    return OurIdentifier(system=world.identifier_system(kind.value.lower()), value=str(value))


def waiting_outside(record: DeliveryRecord) -> Problem:
    """Return why a delivery is held that no request carries: for a person, or for its file."""
    code = _CLAIM_FILE if record.is_by_file else _HAND_OFF
    return Problem(delivery_id=record.id, code=code)


def plan_time_entry(
    world: Installation, session: Session, written: WrittenTime, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """Plan a time entry's way into the EHR, on the rung that is live for it."""
    return plan_told(world, session, written.practice, told_time(world, session, written), now)


def plan_told(
    world: Installation, session: Session, practice: Practice, told: Told, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """Plan an artefact on the rung that is live for it at its EHR."""
    ehr = ehrs.get(session, practice.id, told.ehr_id)
    chosen = plan_for(told.artefact, tenant_of(session, ehr, None), lacks=told.lacks)
    place = Place(rung=chosen.live.name, rule=f"{chosen.sentence} {chosen.live.sentence}")
    return plan_on_rung(world, session, practice, told, place, now)


def plan_on_rung(  # noqa: PLR0913, PLR0917  # where, whose, what, on which rung, when
    world: Installation,
    session: Session,
    practice: Practice,
    told: Told,
    place: Place,
    now: datetime,
) -> tuple[DeliveryRecord, ...]:
    """Plan every resource of a rung, each waiting for the one before it, and a notice of it.

    The notice goes where the EHR takes one; nothing waits for it, and nothing is lost without it.
    """
    if place.rung in CHARGES:
        return _plan_pieces(world, session, practice, told, place, now)
    planned: list[DeliveryRecord] = []
    for kind in resources_on(place.rung):
        ours = our_identifier(world, practice, kind, told.artefact_id + place.mark)
        before = tuple(delivery.id for delivery in planned)
        encounter_ref = placeholder(before[0]) if before else None
        planned.append(
            plan(
                world,
                session,
                practice.id,
                Planned(
                    ehr_id=told.ehr_id,
                    patient_id=told.patient_id,
                    kind=kind,
                    artefact_kind=told.kind,
                    artefact_id=told.artefact_id,
                    ours=ours,
                    body=told.make(kind, ours, encounter_ref),
                    depends_on=before,
                    rung=place.rung,
                    rule=place.rule,
                    purpose=place.purpose,
                    of_delivery_id=place.of_delivery_id,
                ),
                now,
            )
        )
    _plan_notice(world, session, practice, told, planned[-1], now)
    return tuple(planned)


def _plan_pieces(  # noqa: PLR0913, PLR0917  # where, whose, what, on which rung, when
    world: Installation,
    session: Session,
    practice: Practice,
    told: Told,
    place: Place,
    now: datetime,
) -> tuple[DeliveryRecord, ...]:
    """Plan each piece to go after the one before it: where that is refused, this was not sent.

    Where they hang on something that is none of them, that goes first of all.
    """
    before: tuple[str, ...] = ()
    for piece in told.anchors(place.rung):
        anchor = replace(_planned_piece(told, piece), purpose=Purpose.ANCHOR)
        before = (plan(world, session, practice.id, anchor, now).id,)
    planned: list[DeliveryRecord] = []
    for piece in told.in_pieces(place.rung, before):
        one = _planned_piece(told, piece)
        after = (*before, *(other.id for other in planned[-1:]))
        one = replace(one, depends_on=(*one.depends_on, *after), rung=place.rung, rule=place.rule)
        planned.append(plan(world, session, practice.id, one, now))
    return tuple(planned)


def _planned_piece(told: Told, piece: Piece) -> Planned:
    return Planned(
        ehr_id=told.ehr_id,
        patient_id=told.patient_id,
        kind=piece.kind,
        artefact_kind=told.kind,
        artefact_id=told.artefact_id,
        ours=piece.ours,
        body=piece.body,
        depends_on=piece.depends_on,
    )


def _plan_notice(  # noqa: PLR0913, PLR0917  # where, whose, what, about which, when
    world: Installation,
    session: Session,
    practice: Practice,
    told: Told,
    about: DeliveryRecord,
    now: datetime,
) -> None:
    if told.notify is None:
        return
    ehr = ehrs.get(session, practice.id, told.ehr_id)
    act = _notice_on(session, ehr, told, about.rung)
    if act is None:
        return
    kind = ResourceKind(act.resource_type)
    ours = our_identifier(world, practice, kind, f"{told.artefact_id}|notice")
    notice = Planned(
        ehr_id=told.ehr_id,
        patient_id=told.patient_id,
        kind=kind,
        artefact_kind=told.kind,
        artefact_id=told.artefact_id,
        ours=ours,
        body=told.notify(kind, ours, placeholder(about.id)),
        depends_on=(about.id,),
        purpose=Purpose.NOTICE,
        of_delivery_id=about.id,
    )
    plan(world, session, practice.id, notice, now)


def _notice_on(session: Session, ehr: Ehr, told: Told, rung: RungName | None) -> Act | None:
    planned = plan_for(told.artefact, tenant_of(session, ehr, None))
    return next((one.notice for one in planned.rungs if one.name is rung), None)


def plan(
    world: Installation, session: Session, practice_id: str, planned: Planned, now: datetime
) -> DeliveryRecord:
    """Check a resource, freeze it, and enqueue its delivery; the same identifier plans once.

    Raises:
        InvalidResourceError: the resource is not valid FHIR R4; nothing was planned.
    """
    is_sheet = planned.kind is ResourceKind.SHEET
    is_change = planned.purpose is Purpose.AMENDMENT and planned.rung is None
    if not is_sheet and not is_change:
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
            rung=planned.rung,
            rule=planned.rule,
            purpose=planned.purpose,
            of_delivery_id=planned.of_delivery_id,
        ),
        now,
    )
    if is_sheet:
        return sending.mark_held(session, practice_id, waiting_outside(record), now)
    world.queue.enqueue(session, DELIVER, f"deliver-{record.id}", practice_id, record.id)
    failpoint("C3")
    return record
