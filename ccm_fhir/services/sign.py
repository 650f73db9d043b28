"""Signing a month: a named practitioner attests, and in the same step one claim comes to be.

Nothing is attested by default, and what is signed is what was shown: the form carries the
decision's hash, and a decision that has changed since is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ccm_fhir.domain.claims import ClaimDraft, Obstacle
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import CANNOT_DETERMINE, Programme
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.stated.sentences import said
from ccm_fhir.errors import ConflictError, InputError, RuleError
from ccm_fhir.services import month_reasons
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.claim_ahead import draft_ahead
from ccm_fhir.services.decision_record import hash_of, to_json
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement, judge
from ccm_fhir.services.keep_claim import SignedClaim, keep_claim
from ccm_fhir.services.month_locks import refuse_locked
from ccm_fhir.services.review import ahead_of, if_attested
from ccm_fhir.storage import attestations, audit, sign_offs
from ccm_fhir.storage.attestations import NewAttestation
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.sign_offs import NewSignOff

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
    """A signature: which statements were ticked, and the hash of the decision shown.

    ``correction_id`` names the correction that it answers, as it was shown; empty for a first one.
    """

    patient_id: str
    month: ServiceMonth
    form_key: str
    attested: frozenset[Criterion]
    decision_hash: str
    correction_id: str = ""


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
        _refuse_unlike(gathered, request)
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
        signed = SignedClaim(
            patient_id=request.patient_id,
            draft=draft,
            sign_off_id=sign_off.id,
            location=gathered.placed.location.name,
            worked=frozenset(part.entry_id for part in decided.decision.tally.counted),
            earlier=gathered.claims,
        )
        keep_claim(world, session, gathered.practice, signed, now)


def _refuse_unlike(gathered: Gathered, request: SignMonth) -> None:
    """Refuse a form that was shown for another claim than the one that it would make now."""
    opened = "" if gathered.correction is None else gathered.correction.id
    if opened == request.correction_id:
        return
    if opened:
        raise ConflictError(
            f"The claim of {request.month} is being corrected; sign it on the patient’s own page, "
            "which shows what follows it."
        )
    raise ConflictError("The correction is no longer open; look at the month again.")


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
