"""Medical decision making of a month, as the billing practitioner attests it.

Never derived, never defaulted. A later answer supersedes an earlier one until the month is
signed; both stay on record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import MdmAnswer, Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import COMPLEX_FAMILY, Decision
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.gather import gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import try_judge
from ccm_fhir.services.month_locks import refuse_locked
from ccm_fhir.storage import audit, mdm_attestations
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.mdm_attestations import NewMdmAttestation

LONGEST_RATIONALE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestMdm:
    """A practitioner's answer; ``is_plan_revised`` where the law of the month asks for it."""

    patient_id: str
    month: ServiceMonth
    answer: MdmAnswer
    is_plan_revised: bool
    rationale: str = field(repr=False)
    form_key: str


def is_asked(decision: Decision) -> bool:
    """Whether there is something to attest: complex care's time is met and nothing forbids it."""
    found = decision.complex_care
    return found is not None and found.is_time_met and decision.eligible is not Answer.NOT_MET


def asks_plan_revision(rulebook: Rulebook, month: ServiceMonth) -> bool:
    """Whether complex care in this month also asks for a plan that was newly made or revised."""
    codes = rulebook.of_month(month).family(COMPLEX_FAMILY)
    return any(rule.needs_plan_revision for rule in codes)


def attest_mdm(world: Installation, actor: Actor, request: AttestMdm, now: datetime) -> None:
    """Record an answer, which supersedes earlier ones; the same form twice records once.

    Raises:
        NotAllowedError: only the billing practitioner attests.
        InputError: a level without its rationale.
        ConflictError: the month is signed or locked, or complex care's time is not met.
    """
    actor.must_be("attesting medical decision making", Role.PRACTITIONER)
    rationale = _rationale(request)
    with world.db.write(actor.practice_id) as session:
        # First of all: from here on nobody signs this month or adds time to it.
        audit.append(
            session,
            world.audit_key,
            actor.practice_id,
            AuditEntry(act="attest_mdm", user_id=actor.user_id, patient_id=request.patient_id),
            world.clock(),
        )
        if mdm_attestations.find_by_form(session, actor.practice_id, request.form_key) is None:
            _refuse_out_of_place(world, session, actor, request)
        asked = asks_plan_revision(world.rulebook, request.month)
        mdm_attestations.record(
            session,
            actor.practice_id,
            NewMdmAttestation(
                patient_id=request.patient_id,
                month=request.month,
                answer=request.answer,
                is_plan_revised=request.is_plan_revised if asked else None,
                rationale=rationale,
                user_id=actor.user_id,
                form_key=request.form_key,
            ),
            now,
        )


def _rationale(request: AttestMdm) -> str:
    text = request.rationale.strip()
    if len(text) > LONGEST_RATIONALE:
        raise InputError("rationale", f"Keep it under {LONGEST_RATIONALE} characters.")
    if not text and request.answer is not MdmAnswer.NOT_MET:
        raise InputError("rationale", "Say what made the decision making of this level.")
    return text


def _refuse_out_of_place(
    world: Installation, session: Session, actor: Actor, request: AttestMdm
) -> None:
    gathered = gather(world, session, actor.practice_id, request.patient_id, request.month)
    if gathered.sign_off is not None:
        raise ConflictError(f"{request.month} is signed; what was attested for it stands.")
    refuse_locked(session, gathered.practice, request.patient_id, request.month)
    if gathered.material is None:
        raise ConflictError("The chart has not been read; there is nothing to attest.")
    judgement, problem = try_judge(world, gathered.material)
    if judgement is None:
        raise ConflictError(problem)
    if not is_asked(judgement.decision):
        raise ConflictError(
            "The time of complex care is not met in this month, or the patient is not eligible; "
            "there is nothing to attest."
        )
