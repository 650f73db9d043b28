"""The care-plan criterion: one active plan that holds what a month may not be reported without.

CMS's longer list is shown as the picture (``careplan``); what of it is missing is a note here
and a step to take, and refuses nothing by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.careplan import PlanParts, parts_of
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.eligibility.question import (
    Question,
    Said,
    finding_of,
    number_of,
    why_unread,
)
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from ccm_fhir.domain.careplan import CarePlanPicture
    from ccm_fhir.domain.facts import CarePlanFact, EvidenceRef

_DAY = timedelta(days=1)
_BEST_FIRST = (Answer.MET, Answer.UNKNOWN, Answer.NOT_MET)
_TOO_LATE = "Nothing changes this month; the plan holds from the month in which it was written."


def best_care_plan(question: Question) -> CarePlanFact | None:
    """Return the active plan that answers best, then lacks least; plans are not added up."""
    plans = [p for p in question.chart.care_plans if p.status == "active"]
    if len(plans) <= 1:
        return plans[0] if plans else None
    return min(plans, key=lambda plan: _rank(question, plan))


def _rank(question: Question, plan: CarePlanFact) -> tuple[int, int, EvidenceRef]:
    parts = parts_of((plan,), question.chart)
    said = _judge_plan(question, plan, parts, ())
    return _BEST_FIRST.index(said.answer), len(_lacks(parts)), plan.ref


def comprehensive_care_plan(
    question: Question, plan: CarePlanFact | None, picture: CarePlanPicture | None
) -> Finding:
    """Answer whether a comprehensive care plan was in place; without a picture, without notes."""
    criterion = Criterion.CARE_PLAN
    gap = why_unread(question, "CarePlan")
    if gap is not None:
        return finding_of(criterion, question, gap)
    if plan is None:
        return finding_of(criterion, question, _no_plan(question))
    parts = parts_of((plan,), question.chart)
    notes = () if picture is None else _notes(picture)
    return finding_of(criterion, question, _judge_plan(question, plan, parts, notes))


def _no_plan(question: Question) -> Said:
    skipped = any(s.resource_type == "CarePlan" for s in question.chart.skipped)
    return Said(
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


def _lacks(parts: PlanParts) -> tuple[str, ...]:
    needed = (
        (parts.addresses, "the conditions it addresses"),
        (parts.goal_count, "goals"),
        (parts.activity_count, "planned interventions"),
        (parts.has_team, "a care team"),
    )
    return tuple(name for present, name in needed if not present)


def _judge_plan(
    question: Question, plan: CarePlanFact, parts: PlanParts, notes: tuple[str, ...]
) -> Said:
    lacks = _lacks(parts)
    established = plan.established_on
    in_time = None if established is None else established.is_on_or_before(question.month.last_day)
    if lacks or in_time is False:
        why = f"it lacks {', '.join(lacks)}" if lacks else f"it dates from {established}"
        return Said(
            answer=Answer.NOT_MET,
            code="care_plan_missing",
            reason=f"The care plan is not comprehensive for this month: {why}.",
            remedy=f"Add {', '.join(lacks)} to the care plan." if lacks else _TOO_LATE,
            owner=Role.CARE_MANAGER,
            evidence=(plan.ref,),
        )
    doubt = _doubt(question, plan, in_time=in_time)
    if doubt is not None:
        return doubt
    return Said(
        answer=Answer.MET,
        code="care_plan",
        reason=(
            f"Care plan of {established} with {number_of(parts.goal_count, 'goal', 'goals')} and "
            f"{number_of(parts.activity_count, 'planned intervention', 'planned interventions')}."
        ),
        evidence=(plan.ref,),
        notes=notes,
    )


def _doubt(question: Question, plan: CarePlanFact, *, in_time: bool | None) -> Said | None:
    """Return why a plan that lacks nothing may still not be the month's."""
    ended = plan.ends_on
    has_ended = ended is not None and ended.is_on_or_before(question.month.first_day - _DAY)
    if in_time is None:
        reason = "It cannot be read when the care plan was established."
        remedy = "Record the care plan's date in the EHR."
    elif has_ended is not False:
        reason = f"The care plan is marked active, but its own period ended on {ended}."
        remedy = "Review the care plan, and correct its period in the EHR."
    else:
        return None
    return Said(
        answer=Answer.UNKNOWN,
        code="cannot_determine",
        reason=reason,
        remedy=remedy,
        owner=Role.CARE_MANAGER,
        evidence=(plan.ref,),
    )


def _notes(picture: CarePlanPicture) -> tuple[str, ...]:
    lacking = picture.lacking()
    if not lacking:
        return ()
    names = ", ".join(seen.title.lower() for seen in lacking)
    return (
        (
            f"{picture.present} of {len(picture.elements)} elements that CMS lists were found; "
            f"missing or out of date: {names}."
        ),
    )
