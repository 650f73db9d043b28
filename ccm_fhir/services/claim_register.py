"""Where the claims of a month stand between the signature and the payer's answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import claim_answers, claim_files, claims
from ccm_fhir.storage.claim_answers import ClaimAnswer
from ccm_fhir.storage.claim_files import ClaimFileRecord, Filed
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.vocabulary import AnswerKind, FilingVerdict


class FilingState(StrEnum):
    """How far a claim in a file came, by all answers that were read."""

    NOT_FILED = "not filed"
    NO_ANSWER = "no answer yet"
    FILE_ACCEPTED = "file accepted (999)"
    TAKEN = "taken (277CA)"
    UNCLEAR = "unclear"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimStanding:
    """One claim in one file, or in none; ``codes`` are those of the answers that decide."""

    identifier: str
    claim_number: str
    patient_id: str
    total_usd: Decimal
    state: FilingState
    file: ClaimFileRecord | None
    turn: int
    codes: str
    payer_control_number: str = field(default="", repr=False)


def claims_of_month(
    world: Installation, hand: SetupHand, month: ServiceMonth
) -> tuple[ClaimStanding, ...]:
    """Return every claim of a month with each file it is in; the query is audited."""
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"list_claims {month}")
        every = claims.of_month(session, hand.practice_id, month)
        filed = claim_files.filed_of_claims(session, hand.practice_id, [one.id for one in every])
        files = {one.id: one for one in claim_files.of_month(session, hand.practice_id, month)}
        answers = claim_answers.of_filed(session, hand.practice_id, [one.id for one in filed])
    return tuple(
        standing
        for claim in every
        for standing in _standings(
            claim, [one for one in filed if one.claim_id == claim.id], files, answers
        )
    )


def _standings(
    claim: ClaimRecord,
    filed: list[Filed],
    files: dict[str, ClaimFileRecord],
    answers: dict[str, tuple[ClaimAnswer, ...]],
) -> Iterable[ClaimStanding]:
    if not filed:
        yield _standing(claim, None, None, ())
    for one in filed:
        yield _standing(claim, one, files.get(one.file_id), answers.get(one.id, ()))


def _standing(
    claim: ClaimRecord,
    filed: Filed | None,
    file: ClaimFileRecord | None,
    answers: tuple[ClaimAnswer, ...],
) -> ClaimStanding:
    state = FilingState.NOT_FILED if filed is None else state_of(answers)
    deciding = [one for one in answers if state_of((one,)) is state]
    return ClaimStanding(
        identifier=claim.identifier,
        claim_number=claim_number(claim.identifier),
        patient_id=claim.patient_id,
        total_usd=claim.total_usd,
        state=state,
        file=file,
        turn=0 if filed is None else filed.turn,
        codes="; ".join(dict.fromkeys(f"{one.kind.value} {one.codes}" for one in deciding)),
        payer_control_number=next(
            (one.payer_control_number for one in answers if one.payer_control_number), ""
        ),
    )


def state_of(answers: Iterable[ClaimAnswer]) -> FilingState:
    """Return how far a claim came; their order does not matter, and a refusal outweighs all."""
    said = {(one.kind, one.verdict) for one in answers}
    verdicts = {verdict for _, verdict in said}
    if FilingVerdict.REFUSED in verdicts:
        return FilingState.REFUSED
    if (AnswerKind.CLAIMS, FilingVerdict.TAKEN) in said:
        return FilingState.TAKEN
    if FilingVerdict.UNKNOWN in verdicts:
        return FilingState.UNCLEAR
    return FilingState.FILE_ACCEPTED if said else FilingState.NO_ANSWER
