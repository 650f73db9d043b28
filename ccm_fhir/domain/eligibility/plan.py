"""The care-plan criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from ccm_fhir.domain.facts import CarePlanFact


def best_care_plan(question: Question) -> CarePlanFact | None:
    """Return the active plan that lacks least, if any."""
    plans = [p for p in question.chart.care_plans if p.status == "active"]
    return min(plans, key=lambda p: (len(_plan_lacks(p)), p.ref), default=None)


def _plan_lacks(plan: CarePlanFact) -> tuple[str, ...]:
    parts = (
        (plan.addresses, "the conditions it addresses"),
        (plan.goals, "goals"),
        (plan.activities, "planned interventions"),
        (plan.has_care_team, "a care team"),
    )
    return tuple(name for present, name in parts if not present)


def comprehensive_care_plan(question: Question, plan: CarePlanFact | None) -> Finding:
    """Answer whether a comprehensive care plan was in place."""
    criterion = Criterion.CARE_PLAN
    gap = why_unread(question, "CarePlan")
    if gap is not None:
        return finding_of(criterion, question, gap)
    if plan is None:
        skipped = any(s.resource_type == "CarePlan" for s in question.chart.skipped)
        said = Said(
            answer=Answer.UNKNOWN if skipped else Answer.NOT_MET,
            code="cannot_determine" if skipped else "care_plan_missing",
            reason=(
                "A CarePlan in the chart could not be read."
                if skipped
                else "No active comprehensive care plan is on record."
            ),
            remedy="Write the comprehensive care plan.",
            owner=Role.CARE_MANAGER,
        )
        return finding_of(criterion, question, said)
    return finding_of(criterion, question, _judge_plan(question, plan))


def _judge_plan(question: Question, plan: CarePlanFact) -> Said:
    lacks = _plan_lacks(plan)
    established = plan.established_on
    in_time = None if established is None else established.is_on_or_before(question.month.last_day)
    if lacks or in_time is False:
        why = f"it lacks {', '.join(lacks)}" if lacks else f"it dates from {established}"
        return Said(
            answer=Answer.NOT_MET,
            code="care_plan_missing",
            reason=f"The care plan is not comprehensive for this month: {why}.",
            remedy="Complete the care plan.",
            owner=Role.CARE_MANAGER,
            evidence=(plan.ref,),
        )
    if in_time is None:
        return Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason="It cannot be read when the care plan was established.",
            remedy="Record the care plan's date in the EHR.",
            owner=Role.CARE_MANAGER,
            evidence=(plan.ref,),
        )
    return Said(
        answer=Answer.MET,
        code="care_plan",
        reason=(
            f"Care plan of {established} with {plan.goals} goals and "
            f"{plan.activities} planned interventions."
        ),
        evidence=(plan.ref,),
    )
