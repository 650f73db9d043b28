"""The chains of a practice's claims as they are on record: how far each revision came, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from ccm_fhir.domain.claims import (
    Chain,
    ClaimRevision,
    Frequency,
    NextRevision,
    Obstacle,
    Standing,
)
from ccm_fhir.domain.corrections import CORRECTION_OF, ClaimKnown, ClaimSaid, standing_of
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.remittance import Outcome, Settlement
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind, badness, state_of_parts
from ccm_fhir.errors import InputError
from ccm_fhir.services.charge_lines import parts_of_claim
from ccm_fhir.services.claim_record import StoredClaim, read_claim
from ccm_fhir.services.claim_register import FilingState, state_of
from ccm_fhir.services.settlements import settlements
from ccm_fhir.storage import (
    claim_answers,
    claim_files,
    claim_statements,
    claims,
    deliveries,
    keyed,
    remittances,
)
from ccm_fhir.storage.claim_answers import ClaimAnswer
from ccm_fhir.storage.claim_files import Filed
from ccm_fhir.storage.claim_statements import StatementRecord
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.vocabulary import ArtefactKind

_TWO_STAND = Obstacle(
    code="two_claims_stand",
    owner="biller",
    fix="Two claims of this month stand with the payer: one was decided after it had been refused. "
    "Nothing more is sent from here. Ask the payer to take one of them back, by a reopening.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """One revision with everything that is known of it.

    ``parts`` are the deliveries that tell of it now: one, or one for each charged line.
    ``payer_control_number`` is the payer's own number of it, empty while nobody has told it.
    """

    claim: ClaimRecord
    kept: StoredClaim = field(repr=False)
    parts: tuple[DeliveryRecord, ...]
    is_keyed: bool
    filed: Filed | None
    settlement: Settlement
    standing: Standing
    said: tuple[StatementRecord, ...]
    payer_control_number: str = field(default="", repr=False)

    @property
    def delivery(self) -> DeliveryRecord | None:
        """The delivery that speaks for all of it: the one that is furthest from being there."""
        return min(self.parts, key=lambda one: badness(one.state), default=None)

    @property
    def frequency(self) -> Frequency:
        """Whether it is a new claim, a replacement or a void."""
        return frequency_of(self.kept)

    @property
    def claim_ref(self) -> str:
        """The EHR's Claim; empty where it has none."""
        one = self.delivery
        is_claim = one is not None and one.resource_type is ResourceKind.CLAIM
        return one.remote_ref if one is not None and is_claim else ""

    @property
    def as_revision(self) -> ClaimRevision:
        """The revision as its chain holds it."""
        whole = self.kept.whole
        return ClaimRevision(
            identifier=self.claim.identifier,
            revision=self.claim.revision,
            standing=self.standing,
            frequency=self.frequency,
            prior=whole.related.identifier if whole is not None and whole.related else "",
            claim_ref=self.claim_ref,
            payer_control_number=self.payer_control_number,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What a signature would make: which revision, or why none; and the claims that stand."""

    claim: NextRevision | tuple[Obstacle, ...]
    live: frozenset[str] = frozenset()


FIRST = Coming(claim=NextRevision(revision=1, frequency=Frequency.ORIGINAL, related=None))


def on_record(
    session: Session, practice_id: str, every: Iterable[ClaimRecord]
) -> dict[str, tuple[OnRecord, ...]]:
    """Return the revisions of some claims, by patient, the oldest first.

    Args:
        session: to read by.
        practice_id: whose.
        every: all claims of one month and programme of the patients asked for.
    """
    ordered = sorted(every, key=lambda one: (one.patient_id, one.revision))
    known = _Known.of(session, practice_id, ordered)
    found: dict[str, tuple[OnRecord, ...]] = {}
    for claim in ordered:
        before = found.get(claim.patient_id, ())
        found[claim.patient_id] = (*before, known.record(claim, before))
    return found


def chain_of(records: Iterable[OnRecord]) -> Chain | tuple[Obstacle, ...]:
    """Return the chain of a patient's month, or why it is none: more than one claim stands."""
    try:
        return Chain(tuple(one.as_revision for one in records))
    except InputError:
        return (_TWO_STAND,)


def coming_after(records: Iterable[OnRecord], said: ClaimSaid) -> Coming:
    """Return what follows a patient's claims once somebody has said so."""
    chain = chain_of(records)
    if not isinstance(chain, Chain):
        return Coming(claim=chain)
    return Coming(
        claim=chain.next(CORRECTION_OF[said]),
        live=frozenset(one.identifier for one in chain.live),
    )


def comings_of(session: Session, practice_id: str, month: ServiceMonth) -> dict[str, Coming]:
    """Return what would follow the claims of each patient whose month's correction is open."""
    every = claims.of_month(session, practice_id, month)
    newest = {one.patient_id: one for one in every}  # in the order of revisions
    opened = claim_statements.open_of_month(session, practice_id, month, newest.values())
    records = on_record(session, practice_id, (one for one in every if one.patient_id in opened))
    return {
        patient_id: coming_after(records[patient_id], said.said)
        for patient_id, said in opened.items()
    }


def is_void(kept: StoredClaim) -> bool:
    """Whether a stored claim takes an earlier one back."""
    return frequency_of(kept) is Frequency.VOID


def frequency_of(kept: StoredClaim) -> Frequency:
    """Return a stored claim's frequency; releases before knew of new claims alone."""
    return Frequency.ORIGINAL if kept.whole is None else kept.whole.frequency


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is on record of some claims, read in a fixed number of queries."""

    ways: tuple[DeliveryRecord, ...]
    by_hand: frozenset[str]
    filed: Mapping[str, Filed]
    answers: Mapping[str, tuple[ClaimAnswer, ...]]
    settled: Mapping[str, Settlement]
    payers: Mapping[str, str]
    said: Mapping[str, tuple[StatementRecord, ...]]

    @classmethod
    def of(cls, session: Session, practice_id: str, every: list[ClaimRecord]) -> _Known:
        ids = [one.id for one in every]
        in_files = claim_files.filed_of_claims(session, practice_id, ids)
        filed = {one.claim_id: one for one in in_files if one.is_production}  # the newest is last
        answers = claim_answers.of_filed(session, practice_id, [one.id for one in in_files])
        return cls(
            ways=deliveries.of_artefacts(session, practice_id, ArtefactKind.CLAIM, ids),
            by_hand=frozenset(keyed.of_practice(session, practice_id)),
            filed=filed,
            answers=answers,
            settled=settlements(session, practice_id, every),
            payers=payer_numbers(session, practice_id, ids),
            said=claim_statements.of_claims(session, practice_id, ids),
        )

    def record(self, claim: ClaimRecord, before: tuple[OnRecord, ...]) -> OnRecord:
        kept, filed = read_claim(claim), self.filed.get(claim.id)
        parts, said = parts_of_claim(self.ways, claim.id), self.said.get(claim.id, ())
        states = [self._state(one) for one in parts]
        is_keyed = any(one.id in self.by_hand for one in parts)
        refused = filed is not None and (
            state_of(self.answers.get(filed.id, ())) is FilingState.REFUSED
        )
        known = ClaimKnown(
            delivery=state_of_parts(states) if states else None,
            frequency=frequency_of(kept),
            waits_outside=any(one.is_outside and one.state is DeliveryState.HELD for one in parts),
            is_keyed=is_keyed and set(states) == {DeliveryState.SENT},
            is_refused_in_file=refused,
            outcome=self.settled[claim.id].outcome,
            prior_outcome=_prior_outcome(kept, before),
            said=frozenset(one.said for one in said),
        )
        return OnRecord(
            claim=claim,
            kept=kept,
            parts=parts,
            is_keyed=is_keyed,
            filed=filed,
            settlement=self.settled[claim.id],
            standing=standing_of(known),
            said=said,
            payer_control_number=self.payers.get(claim.id, ""),
        )

    def _state(self, part: DeliveryRecord) -> DeliveryState:
        """What a person has keyed in is there."""
        return DeliveryState.SENT if part.id in self.by_hand else part.state


def payer_numbers(session: Session, practice_id: str, claim_ids: list[str]) -> dict[str, str]:
    """Return the payer's own number of each claim that has one: the newest that was told."""
    filed = claim_files.filed_of_claims(session, practice_id, claim_ids)
    acknowledged = claim_answers.of_filed(session, practice_id, [one.id for one in filed])
    found = {
        one.claim_id: answer.payer_control_number
        for one in filed
        if one.is_production
        for answer in acknowledged.get(one.id, ())
        if answer.payer_control_number
    }
    paid = {
        claim_id: answer.payer_control_number
        for claim_id, answers in remittances.of_claims(session, practice_id, claim_ids).items()
        for answer in answers
        if answer.payer_control_number
    }
    return found | paid


def _prior_outcome(kept: StoredClaim, before: tuple[OnRecord, ...]) -> Outcome:
    related = None if kept.whole is None else kept.whole.related
    named = [one for one in before if related and one.claim.identifier == related.identifier]
    return named[-1].settlement.outcome if named else Outcome.AWAITED
