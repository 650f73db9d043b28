"""Keeping a signed claim: its identity, its place in the chain, and its way to the payer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.claims import ClaimDraft
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.services.claim_record import stored
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_claim import plan_claim
from ccm_fhir.services.plan_origins import SUPERSEDED
from ccm_fhir.services.plan_writes import our_identifier
from ccm_fhir.storage import claims, deliveries, keyed, sending
from ccm_fhir.storage.claims import ClaimRecord, NewClaim
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sending import Problem
from ccm_fhir.storage.vocabulary import ArtefactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedClaim:
    """A draft that was signed; ``earlier`` are the revisions before it, the newest last.

    ``worked`` are the time entries that it reports.
    """

    patient_id: str
    draft: ClaimDraft = field(repr=False)
    sign_off_id: str
    location: str
    worked: frozenset[str]
    earlier: tuple[ClaimRecord, ...]


def keep_claim(
    world: Installation, session: Session, practice: Practice, signed: SignedClaim, now: datetime
) -> ClaimRecord:
    """Keep a claim and plan its way; call it in the transaction that signs it.

    Each revision names the one before it, which no other can: two never follow the same claim.

    Raises:
        ConflictError: this revision is there with other content, or another follows the same.
    """
    draft = signed.draft
    told_of = f"{signed.patient_id}|{draft.month}|{draft.programme.value}|rev-{draft.revision}"
    claim = claims.record(
        session,
        practice.id,
        NewClaim(
            patient_id=signed.patient_id,
            month=draft.month,
            programme=draft.programme,
            revision=draft.revision,
            sign_off_id=signed.sign_off_id,
            identifier=our_identifier(world, practice, ResourceKind.CLAIM, told_of).value,
            total_usd=draft.total_usd,
            draft_json=stored(draft, signed.location, signed.worked),
            prior_id=signed.earlier[-1].id if signed.earlier else None,
        ),
        now,
    )
    _withdraw_refused(session, practice.id, signed.earlier, now)
    plan_claim(world, session, practice, claim, now)
    return claim


def _withdraw_refused(
    session: Session, practice_id: str, earlier: tuple[ClaimRecord, ...], now: datetime
) -> None:
    """Take what was refused of earlier revisions out of hand: nobody is to send it any more."""
    by_hand = keyed.of_practice(session, practice_id)
    ids = [one.id for one in earlier]
    for one in deliveries.of_artefacts(session, practice_id, ArtefactKind.CLAIM, ids):
        if one.state is DeliveryState.REJECTED and not one.has_fallen and one.id not in by_hand:
            problem = Problem(delivery_id=one.id, code=SUPERSEDED)
            sending.mark_withdrawn(session, practice_id, problem, now)
