"""Reading remittances (835): what was paid of which claim, nothing twice, and what is not ours.

What a payer decided is kept with the claim; what a claim came to is worked out from all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from ccm_fhir.domain.claims import claim_number_of_line
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.remittance import (
    AnsweredClaim,
    BilledClaim,
    Matching,
    Settlement,
    WhyNot,
    incoming_of,
    match,
)
from ccm_fhir.errors import X12FileError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.settlements import billed_claim, settlements
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import (
    claim_answers,
    claim_files,
    claims,
    practices,
    remittances,
    users,
)
from ccm_fhir.storage.claim_files import Filed
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.remittances import NewPaid, NewRemittance
from ccm_fhir.x12.remittance import read_remittances
from ccm_fhir.x12.segments import read_sets, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMatched:
    """An answer that a person has to look at: the segment at which it stands, and why."""

    segment: int
    why: WhyNot


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceRead:
    """What a remittance came to; money is what was paid on the claims that were matched now."""

    payments: int
    total_usd: Decimal
    matched: int
    matched_usd: Decimal
    repeated: int
    elsewhere: int
    unmatched: tuple[NotMatched, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidClaim:
    """What a claim of ours came to, by all that was read of it."""

    identifier: str
    charge_usd: Decimal
    settlement: Settlement


def load_remittance(
    world: Installation, hand: SetupHand, content: bytes, now: datetime
) -> RemittanceRead:
    """Take over a remittance; what was read before is matched to nothing.

    Raises:
        X12FileError: it is cut off, a test or no 835, or a payment does not add up; nothing was
            changed.
    """
    text = text_of(content)
    if not all(one.is_production for one in read_sets(text)):
        raise X12FileError("it is a test file, in which nobody was paid")
    payments = read_remittances(text)
    sha256 = hashlib.sha256(content).hexdigest()
    incoming = incoming_of(payments, sha256)
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, "load_remittance")
        ours = _named(session, hand.practice_id, [one.answer for one in incoming])
        found = match(
            incoming,
            [billed for _, billed in ours],
            seen=remittances.keys(session, hand.practice_id),
            our_npis=_npis(session, hand.practice_id),
        )
        if found.matched:
            new = _new(found, {billed.identifier: claim for claim, billed in ours}, sha256, hand)
            remittances.record(session, hand.practice_id, new, now)
    return RemittanceRead(
        payments=len(payments),
        total_usd=sum((one.total_usd for one in payments), Decimal(0)),
        matched=len(found.matched),
        matched_usd=sum((one.incoming.answer.paid_usd for one in found.matched), Decimal(0)),
        repeated=len(found.repeated),
        elsewhere=len(found.elsewhere),
        unmatched=tuple(
            NotMatched(segment=one.incoming.answer.place, why=one.why) for one in found.unmatched
        ),
    )


def payments_of_month(
    world: Installation, hand: SetupHand, month: ServiceMonth
) -> tuple[PaidClaim, ...]:
    """Return what each filed claim of a month came to; the query is audited."""
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"list_payments {month}")
        every = claims.of_month(session, hand.practice_id, month)
        filed = claim_files.filed_of_claims(session, hand.practice_id, [one.id for one in every])
        sent = {one.claim_id for one in filed if one.is_production}
        filed_claims = [one for one in every if one.id in sent]
        settled = settlements(session, hand.practice_id, filed_claims)
    return tuple(
        PaidClaim(
            identifier=one.identifier,
            charge_usd=one.total_usd,
            settlement=settled[one.id],
        )
        for one in filed_claims
    )


def _named(
    session: Session, practice_id: str, answers: Iterable[AnsweredClaim]
) -> list[tuple[ClaimRecord, BilledClaim]]:
    """Return the claims, filed in production, that answers name by any of their numbers."""
    every = tuple(answers)
    numbers = {one.claim_number.strip() for one in every} | {
        claim_number_of_line(line.line_number) for one in every for line in one.lines
    }
    payers = {one.payer_control_number for one in every}
    by_payer = claim_answers.filed_with_payer_numbers(session, practice_id, payers)
    filed = {
        one.id: one
        for one in (
            *claim_files.filed_under(session, practice_id, numbers),
            *claim_files.filed_by_ids(session, practice_id, by_payer),
        )
        if one.is_production
    }
    payer_numbers = _payer_numbers(session, practice_id, filed.values())
    return [
        (claim, billed_claim(claim, payer_numbers.get(claim.id, "")))
        for claim_id in dict.fromkeys(one.claim_id for one in filed.values())
        for claim in (claims.get(session, practice_id, claim_id),)
    ]


def _payer_numbers(session: Session, practice_id: str, filed: Iterable[Filed]) -> dict[str, str]:
    """Return the payer's own number of each claim; the last one where it was filed again."""
    of_claim = {one.id: one.claim_id for one in filed}
    told = claim_answers.of_filed(session, practice_id, of_claim)
    return {
        of_claim[filed_id]: one.payer_control_number
        for filed_id, answers in told.items()
        for one in answers
        if one.payer_control_number
    }


def _npis(session: Session, practice_id: str) -> frozenset[str]:
    """Return the NPIs under which a practice is paid: its own, and those of who bills alone."""
    people = users.list_all(session, practice_id)
    own = practices.get(session, practice_id).npi
    return frozenset({own, *(one.npi for one in people)} - {""})


def _new(
    found: Matching, by_identifier: dict[str, ClaimRecord], sha256: str, hand: SetupHand
) -> NewRemittance:
    return NewRemittance(
        sha256=sha256,
        unmatched=len(found.unmatched),
        user_id=hand.user_id,
        paid=tuple(
            NewPaid(
                claim_id=by_identifier[one.identifier].id,
                key=one.incoming.key,
                matched_by=one.by,
                answer=one.incoming.answer,
            )
            for one in found.matched
        ),
    )
