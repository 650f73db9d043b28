"""What claims came to, by everything that was read of them: remittances and the EHR's resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlmodel import Session

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.domain.remittance import (
    BilledClaim,
    BilledLine,
    Settlement,
    answers_that_count,
    settle,
)
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.storage import ehr_answers, remittances
from ccm_fhir.storage.claims import ClaimRecord


def settlements(
    session: Session, practice_id: str, every: Iterable[ClaimRecord]
) -> Mapping[str, Settlement]:
    """Return what each claim came to, by our id; awaited where nothing was read of it."""
    claims = tuple(every)
    ids = [one.id for one in claims]
    told = remittances.of_claims(session, practice_id, ids)
    shown = ehr_answers.of_claims(session, practice_id, ids)
    return {
        one.id: settle(
            billed_claim(one), answers_that_count(told.get(one.id, ()), shown.get(one.id, {}))
        )
        for one in claims
    }


def billed_claim(
    claim: ClaimRecord, payer_control_number: str = "", claim_ref: str = ""
) -> BilledClaim:
    """Return a claim by all the names under which an answer may come."""
    return BilledClaim(
        identifier=claim.identifier,
        claim_number=claim_number(claim.identifier),
        lines=tuple(
            BilledLine(code=line.code, units=line.units, charge_usd=line.charge_usd)
            for line in read_claim(claim).lines
        ),
        payer_control_number=payer_control_number,
        claim_ref=claim_ref,
    )
