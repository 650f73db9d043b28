"""Plans a signed claim's way to the EHR: a Claim that names its work, or the next way there is."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.claims import ClaimDraft
from ccm_fhir.domain.codes import Setting
from ccm_fhir.domain.writeback import Artefact, DeliveryState, ResourceKind, RungName
from ccm_fhir.fhir.write_claim import claim_resource
from ccm_fhir.services.claim_record import draft_of
from ccm_fhir.services.fall import FELL
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import (
    Place,
    Planned,
    plan,
    plan_on_rung,
    waiting_outside,
)
from ccm_fhir.services.tellable import placeholder
from ccm_fhir.services.told_claim import claim_envelope, told_claim, work_of
from ccm_fhir.services.turns import wake
from ccm_fhir.services.write_plan import plan_for, tenant_of
from ccm_fhir.storage import billing, claims, deliveries, ehrs, patients, sending
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sending import Fall, Receipt
from ccm_fhir.storage.vocabulary import ArtefactKind, ClaimsLeaveBy, Purpose

_AFTER_A_TRY = frozenset({DeliveryState.PLANNED, DeliveryState.HELD})
_MAY_BE_THERE = frozenset(
    {
        DeliveryState.SENDING,
        DeliveryState.UNCERTAIN,
        DeliveryState.SENT,
        DeliveryState.QUARANTINE,
    }
)
_BY_FILE = "The practice has said that its claims leave by claim file; the EHR is told of none."


def plan_claim(
    world: Installation, session: Session, practice: Practice, claim: ClaimRecord, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """Plan a claim on the rung that is live for it; call it in the transaction that keeps it.

    Where the practice has said that its claims leave by file, nothing of one goes to the EHR: a
    claim reaches the payer by one way only.
    """
    draft = draft_of(claim)
    told = told_claim(world, session, practice, claim)
    if draft is None or told is None:
        message = "a claim that was just signed is kept whole"
        raise AssertionError(message)
    if leaves_by_file(session, practice.id):
        place = Place(rung=RungName.X12_FILE, rule=_BY_FILE, mark=f"|{RungName.X12_FILE}")
        return plan_on_rung(world, session, practice, told, place, now)
    ehr = ehrs.get(session, practice.id, told.ehr_id)
    chosen = plan_for(Artefact.CLAIM, tenant_of(session, ehr, None), lacks=told.lacks)
    rule = f"{chosen.sentence} {chosen.live.sentence}"
    if chosen.live.name is not RungName.CLAIM:
        place = Place(rung=chosen.live.name, rule=rule)
        return plan_on_rung(world, session, practice, told, place, now)
    planned = _as_claim(world, session, practice, claim, draft, rule)
    return (plan(world, session, practice.id, planned, now),)


def leaves_by_file(session: Session, practice_id: str) -> bool:
    """Whether a practice's claims leave by file; clinics' never do: theirs is another form."""
    partner = billing.find_partner(session, practice_id)
    held = billing.find_billing(session, practice_id)
    if partner is None or held is None or held.setting is Setting.RHC_FQHC:
        return False
    return partner.claims_leave_by is ClaimsLeaveBy.FILE


def send_what_waits(
    world: Installation, session: Session, practice: Practice, now: datetime
) -> None:
    """Let claims that wait for a file go to the EHR, since the practice says that they leave there.

    One that is in a file stays there.
    """
    for waiting in deliveries.unfinished(session, practice.id):
        if waiting.is_by_file:
            claim = claims.get(session, practice.id, waiting.artefact_id)
            there = plan_claim(world, session, practice, claim, now)
            fall = Fall(delivery_id=waiting.id, to=there[0].rung or RungName.CLAIM, code=FELL)
            sending.mark_fallen(session, practice.id, fall, now)
            _take_up_again(world, session, there, now)


def hold_for_the_file(
    world: Installation, session: Session, practice: Practice, now: datetime
) -> None:
    """Keep claims that have surely not reached the EHR for the file, since they leave by that.

    What may be in the EHR stays there: it is in no file until a person says that it was not billed.
    """
    for claim_id in _unfinished_claims(session, practice.id):
        parts = _parts_on_their_way(session, practice.id, claim_id)
        claim = claims.get(session, practice.id, claim_id)
        told = told_claim(world, session, practice, claim)
        if not parts or any(map(may_be_there, parts)) or told is None or not told.is_live:
            continue
        for one in parts:
            fall = Fall(delivery_id=one.id, to=RungName.X12_FILE, code=FELL)
            sending.mark_fallen(session, practice.id, fall, now)
        there = plan_claim(world, session, practice, claim, now)
        _take_up_again(world, session, there, now)


def _unfinished_claims(session: Session, practice_id: str) -> tuple[str, ...]:
    found = (
        one.artefact_id
        for one in deliveries.unfinished(session, practice_id)
        if one.artefact_kind is ArtefactKind.CLAIM and one.purpose is Purpose.ARTEFACT
    )
    return tuple(dict.fromkeys(found))


def _parts_on_their_way(
    session: Session, practice_id: str, claim_id: str
) -> tuple[DeliveryRecord, ...]:
    """Return what tells the EHR of a claim now: one delivery, or one for each charged line."""
    found = deliveries.of_artefact(session, practice_id, ArtefactKind.CLAIM, claim_id)
    live = (one for one in found if one.purpose is Purpose.ARTEFACT and not one.has_fallen)
    return tuple(one for one in live if not one.is_by_file)


def _take_up_again(
    world: Installation, session: Session, there: tuple[DeliveryRecord, ...], now: datetime
) -> None:
    """Go on with a way that was left before: the practice has gone back on its word."""
    for one in there:
        if not one.has_fallen:
            continue
        sending.take_up_again(session, one.practice_id, one.id, now)
        if one.is_outside:
            sending.mark_held(session, one.practice_id, waiting_outside(one), now)
        else:
            wake(world, session, one.practice_id, one.id)


def may_be_there(delivery: DeliveryRecord) -> bool:
    """Whether the EHR may have a claim, or somebody may have keyed it there."""
    if delivery.is_by_file or delivery.purpose is not Purpose.ARTEFACT:
        return False
    was_tried = delivery.state in _AFTER_A_TRY and delivery.intent_at is not None
    return was_tried or delivery.state in _MAY_BE_THERE


def in_a_file(session: Session, practice_id: str, claim_id: str, now: datetime) -> None:
    """Record that a claim is in a file that is meant to be paid: from then on it has left."""
    for one in deliveries.of_artefact(session, practice_id, ArtefactKind.CLAIM, claim_id):
        if one.is_by_file and one.state is DeliveryState.HELD and not one.has_fallen:
            receipt = Receipt(delivery_id=one.id, remote_id="")
            sending.mark_sent(session, practice_id, receipt, now)


def _as_claim(  # noqa: PLR0913, PLR0917  # where, whose, what, and why so
    world: Installation,
    session: Session,
    practice: Practice,
    claim: ClaimRecord,
    draft: ClaimDraft,
    rule: str,
) -> Planned:
    """Return the Claim, which waits for the Encounters and Procedures that it names."""
    procedures, encounters = (
        tuple(one.id for one in found) for found in work_of(session, practice, claim)
    )
    envelope = claim_envelope(
        world,
        practice,
        claim,
        tuple(placeholder(delivery) for delivery in procedures),
        tuple(placeholder(delivery) for delivery in encounters),
    )
    return Planned(
        ehr_id=patients.get(session, practice.id, claim.patient_id).ehr_id,
        patient_id=claim.patient_id,
        kind=ResourceKind.CLAIM,
        artefact_kind=ArtefactKind.CLAIM,
        artefact_id=claim.id,
        ours=envelope.ours,
        body=claim_resource(draft, envelope),
        depends_on=(*procedures, *encounters),
        rung=RungName.CLAIM,
        rule=rule,
    )
