"""A practitioner settles what the tables leave in doubt about one Condition, and may undo it.

Whether a disease is chronic in this patient is a clinical judgement: no other role's. A month
that is signed keeps what it was signed with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.conditions import Chronic, classify
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import ConditionFact
from ccm_fhir.domain.reviews import ReviewAnswer, fingerprint_of, latest_reviews
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.evidence_paths import evidence_key
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import audit, condition_reviews
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.condition_reviews import NewReview

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOfCondition:
    """An answer; ``key`` names the Condition as the page did.

    ``fingerprint`` and ``revision`` are those of what was shown: the Condition, and how often it
    had been answered about.
    """

    patient_id: str
    month: ServiceMonth
    key: str
    fingerprint: str
    revision: int
    answer: ReviewAnswer
    family: str = field(default="", repr=False)
    reason: str = field(repr=False)
    form_key: str


def review_condition(
    world: Installation, actor: Actor, said: ReviewOfCondition, now: datetime
) -> None:
    """Keep an answer about a Condition; the same form twice answers once.

    Raises:
        NotAllowedError: only a billing practitioner answers.
        InputError: no reason, or no disease where the codes name none.
        ConflictError: the Condition has changed since it was shown, somebody has answered
            meanwhile, or there is nothing to answer.
        NotFoundError: no such Condition in the chart as last read.
    """
    actor.must_be("saying whether a condition is chronic", Role.PRACTITIONER)
    with world.db.write(actor.practice_id) as session:
        # First of all, since from here on the practice's other writers wait.
        audit.append(
            session,
            world.audit_key,
            actor.practice_id,
            AuditEntry(act="review_condition", user_id=actor.user_id, patient_id=said.patient_id),
            world.clock(),
        )
        if condition_reviews.by_form(session, actor.practice_id, said.form_key) is not None:
            return
        gathered = gather(world, session, actor.practice_id, said.patient_id, said.month)
        _keep(world, session, actor, _Answering(gathered, _condition(gathered, said), said), now)


@dataclass(frozen=True, slots=True)
class _Answering:
    gathered: Gathered
    condition: ConditionFact
    said: ReviewOfCondition


def _keep(
    world: Installation, session: Session, actor: Actor, answering: _Answering, now: datetime
) -> None:
    condition, said = answering.condition, answering.said
    _refuse_changed(answering)
    family = _family(world, answering)
    reason = said.reason.strip()
    if not reason:
        raise InputError("reason", "Say what the answer rests on.")
    if len(reason) > LONGEST_REASON:
        raise InputError("reason", f"Keep the reason under {LONGEST_REASON} characters.")
    new = NewReview(
        patient_id=said.patient_id,
        condition_id=condition.ref.resource_id,
        condition_version=condition.ref.version_id,
        fingerprint=said.fingerprint,
        answer=said.answer,
        family=family,
        reason=reason,
        revision=said.revision + 1,
        user_id=actor.user_id,
        person=actor.name,
        form_key=said.form_key,
    )
    condition_reviews.record(session, actor.practice_id, new, now)


def _condition(gathered: Gathered, said: ReviewOfCondition) -> ConditionFact:
    practice = gathered.practice
    held = () if gathered.chart is None else gathered.chart.facts.conditions
    for condition in held:
        if evidence_key(practice, said.patient_id, condition.ref) == said.key:
            return condition
    raise NotFoundError("condition in the chart as last read")


def _refuse_changed(answering: _Answering) -> None:
    said, condition = answering.said, answering.condition
    if fingerprint_of(condition) != said.fingerprint:
        raise ConflictError("The condition has changed since it was shown; look at it again.")
    mine = [
        record.revision
        for record in answering.gathered.reviews
        if record.condition_id == condition.ref.resource_id
    ]
    if max(mine, default=0) != said.revision:
        raise ConflictError(
            "Somebody has answered about this condition meanwhile; look at it again."
        )


def _family(world: Installation, answering: _Answering) -> str:
    """Return the disease that is counted: the codes' own, else the one chosen.

    Raises:
        ConflictError: there is nothing to answer.
        InputError: none was chosen.
    """
    said, gathered = answering.said, answering.gathered
    verdict = classify(answering.condition, world.table, said.month.last_day)
    if said.answer is ReviewAnswer.UNDONE:
        reviews = (record.as_review(gathered.practice.zone) for record in gathered.reviews)
        if answering.condition.ref.resource_id not in latest_reviews(reviews):
            raise ConflictError("There is no answer to undo.")
        return ""
    if said.answer is ReviewAnswer.NOT_CHRONIC:
        if verdict.chronic is Chronic.NOT_CHRONIC:
            raise ConflictError("The condition does not count already.")
        return ""
    if verdict.chronic is not Chronic.REVIEW:
        raise ConflictError(
            "The tables leave no doubt about this condition; correct it in the EHR instead."
        )
    family = verdict.family or said.family
    if family not in world.table.families:
        raise InputError("family", "Choose the disease that it is.")
    return family
