"""Adopted versions of a plan, and the facts that they become beside those of the EHR."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from ccm_fhir.domain.dates import PartialDate, ServiceMonth
from ccm_fhir.domain.facts import (
    CarePlanFact,
    ChartFacts,
    EvidenceRef,
    Fact,
    GoalFact,
    PlannedActivityFact,
)
from ccm_fhir.domain.plans.parts import Achievement, AnyPart, Goal, Intervention, Plan, Problem

RECORDED_CARE_PLAN = "RecordedCarePlan"
"""The type in the evidence of a plan that was adopted here; no FHIR server knows it."""

_RECORDED_GOAL = "RecordedGoal"
ACHIEVEMENTS = {
    Achievement.IN_PROGRESS: ("active", "in-progress"),
    Achievement.ACHIEVED: ("completed", "achieved"),
    Achievement.NOT_ACHIEVED: ("completed", "not-achieved"),
    Achievement.DROPPED: ("cancelled", "not-attainable"),
}
"""How FHIR says that a goal stands: its lifecycle, and its achievement."""


class AdoptedPlan(Fact, frozen=True, kw_only=True):
    """One version that somebody adopted; ``reviewed_on`` is the last review's day, if any."""

    id: str
    number: int
    adopted_on: date
    plan: Plan
    reviewed_on: date | None = None

    @property
    def looked_at_on(self) -> date:
        """The later of its adoption and its last review."""
        return max(self.adopted_on, self.reviewed_on or self.adopted_on)


def standing_in(versions: Iterable[AdoptedPlan], month: ServiceMonth) -> AdoptedPlan | None:
    """Return the version that stood when a month ended; before the first, the first."""
    ordered = sorted(versions, key=lambda one: one.number)
    until = [one for one in ordered if one.adopted_on <= month.last_day]
    return until[-1] if until else next(iter(ordered), None)


def with_adopted(
    chart: ChartFacts, versions: Iterable[AdoptedPlan], month: ServiceMonth
) -> ChartFacts:
    """Return a chart as it is judged: with the plan adopted here beside the EHR's own.

    The plan dates from its first version; its parts are those of the version that stood.
    """
    held = tuple(versions)
    standing = standing_in(held, month)
    if standing is None:
        return chart
    first = min(one.adopted_on for one in held)
    return msgspec.structs.replace(
        chart,
        care_plans=(*chart.care_plans, _plan_fact(standing, first)),
        goals=(*chart.goals, *_goal_facts(standing)),
    )


def _plan_fact(adopted: AdoptedPlan, first: date) -> CarePlanFact:
    plan = adopted.plan
    goals = tuple(str(_goal_ref(adopted, goal)) for goal in plan.goals)
    planned = tuple(_activity(adopted, each) for each in plan.interventions)
    looked_at = adopted.looked_at_on
    return CarePlanFact(
        ref=EvidenceRef(RECORDED_CARE_PLAN, adopted.id, str(adopted.number)),
        status="active",
        intent="plan",
        categories=("assess-plan",),
        established_on=PartialDate(first, first),
        updated_on=PartialDate(looked_at, looked_at),
        goals=len(goals),
        activities=len(planned),
        goal_refs=goals,
        planned=planned,
        addresses=_addresses(plan),
        contributors=tuple(member.ref for member in plan.team if member.ref),
        has_care_team=bool(plan.team),
        elements=tuple(sorted({_element(part) for part in plan.parts if _is_said(part)})),
        recorded_here=True,
    )


def _goal_ref(adopted: AdoptedPlan, goal: Goal) -> EvidenceRef:
    return EvidenceRef(_RECORDED_GOAL, f"{adopted.id}.{goal.key}")


def _goal_facts(adopted: AdoptedPlan) -> tuple[GoalFact, ...]:
    problems = {problem.family: problem for problem in adopted.plan.problems}
    return tuple(_goal_fact(adopted, goal, problems) for goal in adopted.plan.goals)


def _goal_fact(adopted: AdoptedPlan, goal: Goal, problems: dict[str, Problem]) -> GoalFact:
    lifecycle, achievement = ACHIEVEMENTS[goal.achievement]
    problem = problems.get(goal.family)
    return GoalFact(
        ref=_goal_ref(adopted, goal),
        lifecycle_status=lifecycle,
        achievement_status=achievement,
        text=goal.text,
        addresses=() if problem is None else tuple(str(ref) for ref in problem.source.refs),
        due_on=None if goal.due_on is None else PartialDate(goal.due_on, goal.due_on),
        is_measurable=goal.is_measurable,
    )


def _activity(adopted: AdoptedPlan, each: Intervention) -> PlannedActivityFact:
    served = [goal for goal in adopted.plan.goals if goal.key in each.goals]
    performer = each.person or ("" if each.performer is None else each.performer.value)
    return PlannedActivityFact(
        status="in-progress",
        text=each.text,
        goals=tuple(str(_goal_ref(adopted, goal)) for goal in served),
        performers=(performer,) if performer else (),
        is_scheduled=bool(each.every),
    )


def _addresses(plan: Plan) -> tuple[str, ...]:
    found = (str(ref) for problem in plan.problems for ref in problem.source.refs)
    return tuple(dict.fromkeys(found))


def _element(part: AnyPart) -> str:
    return part.element.value


def _is_said(part: AnyPart) -> bool:
    return bool(part.text)
