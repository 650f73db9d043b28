"""A signed month's claim as the rungs below Claim say it: a charge sheet, or a superbill."""

from __future__ import annotations

from sqlmodel import Session

from ccm_fhir.domain.writeback import Artefact, DeliveryState, ResourceKind
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.write_charge_sheet import (
    WorkQueue,
    charge_message,
    charge_sheet,
    charge_task,
    superbill,
)
from ccm_fhir.fhir.write_claim import ClaimEnvelope
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.services.claim_record import draft_of, read_claim
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.tellable import Told, in_lines
from ccm_fhir.services.told_artefact import claim_stands
from ccm_fhir.storage import deliveries, patients
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind


def told_claim(
    world: Installation, session: Session, practice: Practice, claim: ClaimRecord
) -> Told | None:
    """Return a claim as it may be told; None where a release before kept only its lines."""
    draft = draft_of(claim)
    if draft is None:
        return None
    bare = claim_envelope(world, practice, claim)
    telling = superbill(draft, bare)

    def make(kind: ResourceKind, ours: OurIdentifier, _: str | None) -> Json:
        if kind is not ResourceKind.DOCUMENT:
            return in_lines(kind, telling, ours)
        procedures, encounters = work_of(session, practice, claim)
        around = claim_envelope(world, practice, claim, _there(procedures), _there(encounters))
        return charge_sheet(draft, around, ours)

    def notify(kind: ResourceKind, ours: OurIdentifier, document_ref: str | None) -> Json:
        queue = WorkQueue(owner_ref="", document_ref=document_ref or "")
        write = charge_task if kind is ResourceKind.TASK else charge_message
        return write(draft, bare, queue, ours)

    return Told(
        artefact=Artefact.CLAIM,
        kind=ArtefactKind.CLAIM,
        artefact_id=claim.id,
        patient_id=claim.patient_id,
        ehr_id=patients.get(session, practice.id, claim.patient_id).ehr_id,
        note="",
        is_live=claim_stands(session, practice.id, claim),
        telling=telling,
        make=make,
        notify=notify,
    )


def claim_envelope(
    world: Installation,
    practice: Practice,
    claim: ClaimRecord,
    procedure_refs: tuple[str, ...] = (),
    encounter_refs: tuple[str, ...] = (),
) -> ClaimEnvelope:
    """Return a claim's name and moment, with the work that it names."""
    return ClaimEnvelope(
        ours=OurIdentifier(
            system=world.identifier_system(ResourceKind.CLAIM.value.lower()),
            value=claim.identifier,
        ),
        created_at=claim.created_at.astimezone(practice.zone),
        procedure_refs=procedure_refs,
        encounter_refs=encounter_refs,
    )


def work_of(
    session: Session, practice: Practice, claim: ClaimRecord
) -> tuple[tuple[DeliveryRecord, ...], tuple[DeliveryRecord, ...]]:
    """Return the deliveries of the work that the lines report, Procedures and Encounters."""
    whole = read_claim(claim).whole
    worked = frozenset() if whole is None else frozenset(whole.worked)
    written = [
        one
        for one in deliveries.of_patient(session, practice.id, claim.patient_id)
        if one.artefact_id in worked and not one.has_fallen
    ]
    procedures = tuple(d for d in written if d.resource_type is ResourceKind.PROCEDURE)
    encounters = tuple(d for d in written if d.resource_type is ResourceKind.ENCOUNTER)
    return procedures, encounters


def _there(found: tuple[DeliveryRecord, ...]) -> tuple[str, ...]:
    return tuple(one.remote_ref for one in found if one.state is DeliveryState.SENT)
