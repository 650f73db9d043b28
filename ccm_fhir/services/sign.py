"""Signing a month: a named practitioner attests, and in the same step one claim comes to be.

Nothing is attested by default, and what is signed is what was shown: the form carries the
decision's hash, and a decision that has changed since is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.claims import ClaimDraft, Obstacle
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import CANNOT_DETERMINE, Programme
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.stated.sentences import said
from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.errors import ConflictError, InputError, RuleError
from ccm_fhir.services import month_reasons
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.claim_ahead import draft_ahead
from ccm_fhir.services.claim_record import stored
from ccm_fhir.services.decision_record import hash_of, to_json
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement, judge
from ccm_fhir.services.month_locks import refuse_locked
from ccm_fhir.services.plan_claim import plan_claim
from ccm_fhir.services.plan_writes import our_identifier
from ccm_fhir.services.review import ahead_of, if_attested
from ccm_fhir.storage import attestations, audit, claims, sign_offs
from ccm_fhir.storage.attestations import NewAttestation
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.claims import ClaimRecord, NewClaim
from ccm_fhir.storage.sign_offs import NewSignOff, SignOffRecord

STATEMENTS: Mapping[Criterion, str] = {
    Criterion.TWO_CHRONIC_CONDITIONS: (
        "At least two of the patient’s conditions listed here are distinct chronic conditions, "
        "each expected to last at least 12 months, or until death."
    ),
    Criterion.DURATION_AND_RISK: (
        "The patient’s chronic conditions are expected to last at least 12 months, or until "
        "death, and place the patient at significant risk of death, acute exacerbation or "
        "decompensation, or functional decline."
    ),
    Criterion.NOT_BILLED_ELSEWHERE: (
        "To my knowledge no other practitioner reports care management for this patient in "
        "this month."
    ),
}
"""What a practitioner attests, word for word; stored with the attestation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignMonth:
    """A signature: which statements were ticked, and the hash of the decision shown."""

    patient_id: str
    month: ServiceMonth
    form_key: str
    attested: frozenset[Criterion]
    decision_hash: str


def sign_month(world: Installation, actor: Actor, request: SignMonth, now: datetime) -> None:
    """Sign a patient-month and plan its one claim; the same form twice signs once.

    Raises:
        NotAllowedError: only a billing practitioner signs.
        InputError: a needed statement was not attested.
        ConflictError: already signed, locked, changed since it was shown, nothing to report, or a
            claim that would be denied; then with what mends it.
    """
    actor.must_be("signing a month", Role.PRACTITIONER)
    with world.db.write(actor.practice_id) as session:
        # First of all, since from here on the practice's other writers wait: nobody adds time
        # to the month between the look at it and the signature.
        audit.append(
            session,
            world.audit_key,
            actor.practice_id,
            AuditEntry(act="sign_month", user_id=actor.user_id, patient_id=request.patient_id),
            world.clock(),
        )
        gathered = gather(
            world, session, actor.practice_id, request.patient_id, request.month
        ).seen_by(actor, now)
        if gathered.sign_off is not None:
            if gathered.sign_off.form_key == request.form_key:
                return
            raise ConflictError(f"{request.month} is already signed.")
        refuse_locked(session, gathered.practice, request.patient_id, request.month)
        shown = _shown(world, gathered, request)
        decided = _decided(world, gathered, shown)
        draft = _clean(
            draft_ahead(world, ahead_of(gathered, actor, decided, now), decided), decided
        )
        for criterion in shown.to_attest:
            attestations.record(
                session,
                actor.practice_id,
                NewAttestation(
                    patient_id=request.patient_id,
                    month=request.month,
                    kind=criterion.value,
                    statement=STATEMENTS[criterion],
                    user_id=actor.user_id,
                ),
                now,
            )
        sign_off = sign_offs.record(
            session,
            actor.practice_id,
            NewSignOff(
                patient_id=request.patient_id,
                month=request.month,
                programme=Programme.CCM,
                revision=draft.revision,
                user_id=actor.user_id,
                decision_json=to_json(decided.decision),
                form_key=request.form_key,
            ),
            now,
        )
        _plan_claim(world, session, _Signing(gathered, decided, draft, sign_off), now)


@dataclass(frozen=True, slots=True)
class _Signing:
    gathered: Gathered
    decided: Judgement
    draft: ClaimDraft
    sign_off: SignOffRecord

    @property
    def worked(self) -> frozenset[str]:
        """The entries whose time the lines report; what was left out is no part of the claim."""
        return frozenset(part.entry_id for part in self.decided.decision.tally.counted)


def _shown(world: Installation, gathered: Gathered, request: SignMonth) -> Judgement:
    if gathered.material is None:
        raise ConflictError("The chart has not been read; there is nothing to sign.")
    try:
        shown = judge(world, gathered.material)
    except RuleError as problem:
        raise ConflictError(str(problem)) from None
    if hash_of(shown.decision) != request.decision_hash:
        raise ConflictError("The month has changed since it was shown; look again before signing.")
    for criterion in shown.to_attest:
        if criterion not in request.attested:
            raise InputError(criterion.value, "Tick the statement if it is true.")
    return shown


def _decided(world: Installation, gathered: Gathered, shown: Judgement) -> Judgement:
    try:
        return if_attested(world, gathered, shown)
    except RuleError as problem:
        raise ConflictError(str(problem)) from None


def _clean(draft: ClaimDraft | tuple[Obstacle, ...], decided: Judgement) -> ClaimDraft:
    """Return a draft that nothing stands in the way of; refuse others with what mends them."""
    if isinstance(draft, ClaimDraft):
        return draft
    found = decided.decision.findings
    told = {CANNOT_DETERMINE, *(str(one.code) for one in found)}
    beyond = (said(text) for text in decided.decision.reasons if text not in told)
    lacks = (
        *(one.fix for one in draft),
        *(one.fix for one in month_reasons.of_findings(found)),
        *(f"{words.sentence} {words.remedy}".strip() for words in beyond),
    )
    raise ConflictError(" ".join(dict.fromkeys(fix for fix in lacks if fix)))


def _plan_claim(
    world: Installation, session: Session, signing: _Signing, now: datetime
) -> ClaimRecord:
    gathered, draft = signing.gathered, signing.draft
    ours = our_identifier(
        world,
        gathered.practice,
        ResourceKind.CLAIM,
        f"{gathered.patient.id}|{draft.month}|{draft.programme.value}|rev-{draft.revision}",
    )
    claim = claims.record(
        session,
        gathered.practice.id,
        NewClaim(
            patient_id=gathered.patient.id,
            month=draft.month,
            programme=draft.programme,
            revision=draft.revision,
            sign_off_id=signing.sign_off.id,
            identifier=ours.value,
            total_usd=draft.total_usd,
            draft_json=stored(draft, gathered.placed.location.name, signing.worked),
        ),
        now,
    )
    plan_claim(world, session, gathered.practice, claim, now)
    return claim
