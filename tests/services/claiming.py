"""Signed claims without the sitting that signs them: for many at once, and for EHRs in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.services.claim_record import stored
from ccm_fhir.services.plan_claim import plan_claim
from ccm_fhir.services.plan_writes import our_identifier
from ccm_fhir.storage import claims, patients, practices, sign_offs
from ccm_fhir.storage.claims import NewClaim
from ccm_fhir.storage.sign_offs import NewSignOff
from tests.builders import NOVEMBER
from tests.claims import PARTIES, draft

if TYPE_CHECKING:
    from ccm_fhir.domain.claims import ClaimDraft
    from ccm_fhir.storage.claims import ClaimRecord
    from tests.world import Desk


def signed_claim(
    desk: Desk, number: int, *, ehr_id: str = "", made: ClaimDraft | None = None
) -> ClaimRecord:
    """Let the desk's user have signed November's claim of a patient of this number."""
    site = desk.site
    fact = PatientFact(ref=EvidenceRef("Patient", f"claimed-{number}"), name=f"Claimed {number}")
    parties = replace(PARTIES, patient_ref=str(fact.ref))
    made = replace(made or draft(), parties=parties)
    with site.world.db.write(site.practice_id) as session:
        now, practice = site.clock(), practices.get(session, site.practice_id)
        patient = patients.upsert(session, practice.id, ehr_id or site.ehr_id, fact, now)
        signature = NewSignOff(
            patient_id=patient.id,
            month=NOVEMBER,
            programme=Programme.CCM,
            revision=1,
            user_id=desk.actor.user_id,
            decision_json="{}",
            form_key=str(uuid4()),
        )
        name = f"{patient.id}|{NOVEMBER}|{Programme.CCM.value}|rev-1"
        new = NewClaim(
            patient_id=patient.id,
            month=NOVEMBER,
            programme=Programme.CCM,
            revision=1,
            sign_off_id=sign_offs.record(session, practice.id, signature, now).id,
            identifier=our_identifier(site.world, practice, ResourceKind.CLAIM, name).value,
            total_usd=made.total_usd,
            draft_json=stored(made, "Office", frozenset()),
        )
        claim = claims.record(session, practice.id, new, now)
        plan_claim(site.world, session, practice, claim, now)
    return claim
