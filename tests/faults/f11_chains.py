"""F11: chains of claims: two people correct one at the same moment, workers die; one stands.

Each chain begins with a claim that was taken. Two people then void it at once: one of them is
heard, the other is told why not. The void is delivered in the storm. Afterwards the chain is read
back from ledger and EHR: it has two claims, each there once, and none of them stands.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from ccm_fhir.domain.claims import (
    Chain,
    ClaimRevision,
    Correction,
    Frequency,
    NextRevision,
    Standing,
)
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import ConflictError
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.claim_record import draft_of, stored
from ccm_fhir.services.plan_claim import plan_claim
from ccm_fhir.services.plan_writes import our_identifier
from ccm_fhir.storage import claims, deliveries, practices, sign_offs
from ccm_fhir.storage.claims import NewClaim
from ccm_fhir.storage.sign_offs import NewSignOff
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.builders import NOVEMBER
from tests.faults.claim_storm import claim_storm, claimed
from tests.faults.f02_deliveries import FAILPOINTS, weathered
from tests.faults.result import FaultResult
from tests.faults.storm import STORM, database_of

if TYPE_CHECKING:
    from sqlmodel import Session

    from ccm_fhir.storage.claims import ClaimRecord
    from tests.faults.storm import Storm
    from tests.world import Desk

_STANDINGS = {
    DeliveryState.PLANNED: Standing.PLANNED,
    DeliveryState.SENDING: Standing.PLANNED,
    DeliveryState.REJECTED: Standing.REJECTED,
    DeliveryState.SENT: Standing.SENT,
}


def run(
    database_url: str, number: int, kills: int, points: tuple[str, ...] = FAILPOINTS
) -> FaultResult:
    """Void every claim by two people at once, and deliver claims and voids in a storm."""
    began = time.monotonic()
    with claim_storm(database_url, number) as (blown, desk):
        weathered(blown, 0, STORM, ())
        blown.spawned.close()  # whoever is left of the first storm
        heard = _voided_by_two(desk, claimed(blown))
        found = weathered(blown, kills, None, points)
        chains = _chains(blown)
        closed = sum(len(one.revisions) == 2 and not one.live for one in chains)
    return FaultResult(
        row="F11",
        operation="correction chains, two people at once",
        database=database_of(database_url),
        asked=f"{number} chains, at most 1 standing claim each, {kills} kill -9",
        reached=(f"{heard} of {2 * number} voids heard, {closed} chains of two closed; {found}"),
        passed=heard == closed == len(chains) == number
        and found.is_exact
        and found.planned == 2 * number,
        seconds=time.monotonic() - began,
    )


def _voided_by_two(desk: Desk, found: tuple[ClaimRecord, ...]) -> int:
    """Let two people void each claim at the same moment; return how many were heard."""
    with ThreadPoolExecutor(2) as people:
        tried = [people.submit(_void, desk, one) for one in found for _ in range(2)]
        return sum(one.result() for one in tried)


def _void(desk: Desk, claim: ClaimRecord) -> bool:
    """Void a claim as whoever looks at it may, in one transaction; False where it may not be."""
    site = desk.site
    try:
        with site.world.db.write(site.practice_id) as session:
            audited(site.world, session, desk.actor, "claim_void", claim.patient_id)
            every = claims.of_month(session, site.practice_id, NOVEMBER, [claim.patient_id])
            coming = _chain(session, every).next(Correction.VOID)
            if not isinstance(coming, NextRevision):
                return False
            _kept(desk, session, claim, coming)
    except ConflictError:
        return False
    return True


def _kept(desk: Desk, session: Session, claim: ClaimRecord, coming: NextRevision) -> None:
    site, practice = desk.site, practices.get(session, desk.site.practice_id)
    signed = draft_of(claim)
    assert signed is not None
    void = replace(
        signed, revision=coming.revision, frequency=coming.frequency, related=coming.related
    )
    name = f"{claim.patient_id}|{NOVEMBER}|{Programme.CCM.value}|rev-{coming.revision}"
    signature = NewSignOff(
        patient_id=claim.patient_id,
        month=NOVEMBER,
        programme=Programme.CCM,
        revision=coming.revision,
        user_id=desk.actor.user_id,
        decision_json="{}",
        form_key=str(uuid4()),
    )
    new = NewClaim(
        patient_id=claim.patient_id,
        month=NOVEMBER,
        programme=Programme.CCM,
        revision=coming.revision,
        sign_off_id=sign_offs.record(session, practice.id, signature, site.clock()).id,
        identifier=our_identifier(site.world, practice, ResourceKind.CLAIM, name).value,
        total_usd=void.total_usd,
        draft_json=stored(void, "Office", frozenset()),
        prior_id=claim.id,
    )
    kept = claims.record(session, practice.id, new, site.clock())
    plan_claim(site.world, session, practice, kept, site.clock())


def _chains(blown: Storm) -> tuple[Chain, ...]:
    """Return every patient's chain; one that has two standing claims cannot be made."""
    of_patient: dict[str, list[ClaimRecord]] = {}
    for one in claimed(blown):
        of_patient.setdefault(one.patient_id, []).append(one)
    with blown.site.world.db.read(blown.site.practice_id) as session:
        return tuple(_chain(session, tuple(found)) for found in of_patient.values())


def _chain(session: Session, found: tuple[ClaimRecord, ...]) -> Chain:
    names = {one.id: one.identifier for one in found}
    return Chain(tuple(_revision(session, one, names) for one in found))


def _revision(session: Session, claim: ClaimRecord, names: dict[str, str]) -> ClaimRevision:
    (sent,) = deliveries.of_artefact(session, claim.practice_id, ArtefactKind.CLAIM, claim.id)
    signed = draft_of(claim)
    return ClaimRevision(
        identifier=claim.identifier,
        revision=claim.revision,
        standing=_STANDINGS.get(sent.state, Standing.UNCERTAIN),
        frequency=Frequency.ORIGINAL if signed is None else signed.frequency,
        prior=names.get(claim.prior_id or "", ""),
        claim_ref=sent.remote_ref,
    )
