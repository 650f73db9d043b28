"""Plans a signed claim's way to the EHR: a Claim that names its work, or the next way there is."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.claims import ClaimDraft
from ccm_fhir.domain.writeback import Artefact, ResourceKind, RungName
from ccm_fhir.fhir.write_claim import ClaimEnvelope, claim_resource
from ccm_fhir.fhir.write_time import OurIdentifier
from ccm_fhir.services.claim_record import draft_of, read_claim
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import Place, Planned, placeholder, plan, plan_on_rung
from ccm_fhir.services.told_claim import told_claim
from ccm_fhir.services.write_plan import plan_for, tenant_of
from ccm_fhir.storage import deliveries, ehrs, patients
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ArtefactKind


def plan_claim(
    world: Installation, session: Session, practice: Practice, claim: ClaimRecord, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """Plan a claim on the rung that is live for it; call it in the transaction that keeps it."""
    draft = draft_of(claim)
    told = told_claim(world, session, practice, claim)
    if draft is None or told is None:
        message = "a claim that was just signed is kept whole"
        raise AssertionError(message)
    ehr = ehrs.get(session, practice.id, told.ehr_id)
    chosen = plan_for(Artefact.CLAIM, tenant_of(session, ehr, None))
    rule = f"{chosen.sentence} {chosen.live.sentence}"
    if chosen.live.name is not RungName.CLAIM:
        place = Place(rung=chosen.live.name, rule=rule)
        return plan_on_rung(world, session, practice, told, place, now)
    planned = _as_claim(world, session, practice, claim, draft, rule)
    return (plan(world, session, practice.id, planned, now),)


def _as_claim(  # noqa: PLR0913, PLR0917  # where, whose, what, and why so
    world: Installation,
    session: Session,
    practice: Practice,
    claim: ClaimRecord,
    draft: ClaimDraft,
    rule: str,
) -> Planned:
    """Return the Claim, which waits for the Encounters and Procedures that it names."""
    ours = OurIdentifier(
        system=world.identifier_system(ResourceKind.CLAIM.value.lower()), value=claim.identifier
    )
    procedures, encounters = _work_of(session, practice, claim)
    envelope = ClaimEnvelope(
        ours=ours,
        created_at=claim.created_at.astimezone(practice.zone),
        procedure_refs=tuple(placeholder(delivery) for delivery in procedures),
        encounter_refs=tuple(placeholder(delivery) for delivery in encounters),
    )
    return Planned(
        ehr_id=patients.get(session, practice.id, claim.patient_id).ehr_id,
        patient_id=claim.patient_id,
        kind=ResourceKind.CLAIM,
        artefact_kind=ArtefactKind.CLAIM,
        artefact_id=claim.id,
        ours=ours,
        body=claim_resource(draft, envelope),
        depends_on=(*procedures, *encounters),
        rung=RungName.CLAIM,
        rule=rule,
    )


def _work_of(
    session: Session, practice: Practice, claim: ClaimRecord
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the deliveries of the work that the lines report, Procedures and Encounters."""
    whole = read_claim(claim).whole
    worked = frozenset() if whole is None else frozenset(whole.worked)
    written = [
        one
        for one in deliveries.of_patient(session, practice.id, claim.patient_id)
        if one.artefact_id in worked and not one.has_fallen
    ]
    procedures = tuple(d.id for d in written if d.resource_type is ResourceKind.PROCEDURE)
    encounters = tuple(d.id for d in written if d.resource_type is ResourceKind.ENCOUNTER)
    return procedures, encounters
