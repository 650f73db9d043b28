"""What others wrote into our plan in the EHR: goals, activities, and how they changed our goals.

Each is shown and becomes a part only when a person takes it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import (
    CarePlanFact,
    ChartFacts,
    EvidenceRef,
    Fact,
    GoalFact,
    PlannedActivityFact,
)
from ccm_fhir.domain.plans.building import goal_of_chart
from ccm_fhir.domain.plans.parts import (
    Achievement,
    AnyPart,
    Goal,
    Intervention,
    Origin,
    Performer,
    Plan,
    Source,
)
from ccm_fhir.domain.plans.versions import ACHIEVEMENTS
from ccm_fhir.domain.rules import PlanElement

_OURS_INSIDE = "#work-"
_GONE = frozenset({"entered-in-error", "rejected", "cancelled"})
_BY_LIFECYCLE = {"completed": Achievement.ACHIEVED, "cancelled": Achievement.DROPPED}
_DOERS = {
    "Patient": Performer.PATIENT,
    "RelatedPerson": Performer.CAREGIVER,
}


class AdditionKind(Word):
    """What somebody did to our plan in the EHR."""

    GOAL = "goal"
    ACTIVITY = "activity"
    GOAL_CHANGED = "goal_changed"


class Addition(Fact, frozen=True, kw_only=True):
    """One thing that others wrote; ``part`` is what it becomes when a person takes it in.

    ``by`` is a name or a reference, empty where the EHR names nobody. ``changes`` says in words
    how a goal of ours was changed.
    """

    kind: AdditionKind
    part: AnyPart
    by: str = ""
    on: PartialDate | None = None
    ref: EvidenceRef | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What of the plan in the EHR we wrote ourselves, by reference (``Goal/1``).

    ``goals`` leads to the keys of parts; only those whose last word the EHR surely had by
    ``written_at``, so that a chart read before that tells nothing.
    """

    refs: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    goals: Mapping[str, str]
    written_at: Mapping[str, datetime]


def additions(
    plan: Plan, chart: ChartFacts, families: tuple[ChronicFamily, ...], ours: Ours
) -> tuple[Addition, ...]:
    """Return what others wrote into our plan and is not in it here: goals, activities, changes."""
    there = [one for one in chart.care_plans if str(one.ref) in ours.plans]
    return (
        *_goals(plan, chart, families, ours, there),
        *(added for one in there for added in _activities(plan, chart, one, ours)),
        *_changed(plan, chart, ours),
    )


def _goals(
    plan: Plan,
    chart: ChartFacts,
    families: tuple[ChronicFamily, ...],
    ours: Ours,
    there: list[CarePlanFact],
) -> Iterator[Addition]:
    named = {ref for one in there for ref in one.goal_refs} - ours.refs
    taken = {str(ref) for goal in plan.goals for ref in goal.source.refs}
    for goal in sorted(chart.goals, key=lambda each: each.ref):
        is_live = goal.text and goal.lifecycle_status not in _GONE
        if str(goal.ref) in named - taken and is_live:
            yield Addition(
                kind=AdditionKind.GOAL,
                part=goal_of_chart(goal, families),
                by=goal.stated_by,
                on=goal.starts_on or goal.changed_on,
                ref=goal.ref,
            )


def _activities(
    plan: Plan, chart: ChartFacts, there: CarePlanFact, ours: Ours
) -> Iterator[Addition]:
    known = {str(ref) for part in plan.parts for ref in part.source.refs} | ours.refs
    kept = {part.key for part in plan.parts}
    for activity in there.planned:
        is_ours = activity.ref in known or activity.ref.startswith(f"{there.ref}{_OURS_INSIDE}")
        part = None if is_ours else _intervention(activity, chart, there)
        if part is not None and part.key not in kept:
            yield Addition(
                kind=AdditionKind.ACTIVITY,
                part=part,
                by=", ".join(activity.performers),
                on=there.updated_on,
                ref=there.ref,
            )


def _intervention(
    activity: PlannedActivityFact, chart: ChartFacts, there: CarePlanFact
) -> Intervention | None:
    ordered = next((o for o in chart.service_requests if str(o.ref) == activity.ref), None)
    text = activity.text or ("" if ordered is None else ordered.text)
    if not text:
        return None
    performers = activity.performers or (() if ordered is None else ordered.performers)
    types = {ref.partition("/")[0] for ref in performers}
    refs = (there.ref,) if ordered is None else (ordered.ref,)
    return Intervention(
        key=f"work:{activity.ref or text}",
        element=PlanElement.PLANNED_INTERVENTIONS,
        text=text,
        performer=next((doer for kind, doer in _DOERS.items() if kind in types), None),
        source=Source(origin=Origin.CHART, refs=refs),
    )


def _changed(plan: Plan, chart: ChartFacts, ours: Ours) -> Iterator[Addition]:
    """Yield our goals as others left them, where the chart was read after our last word."""
    for fact in sorted(chart.goals, key=lambda each: each.ref):
        key = ours.goals.get(str(fact.ref), "")
        goal = plan.part(key) if key else None
        written_at = ours.written_at.get(str(fact.ref))
        if not isinstance(goal, Goal) or written_at is None or chart.read_at <= written_at:
            continue
        changed, changes = _as_left(goal, fact)
        if changes:
            yield Addition(
                kind=AdditionKind.GOAL_CHANGED,
                part=changed,
                by=fact.stated_by,
                on=fact.changed_on,
                ref=fact.ref,
                changes=changes,
            )


def _as_left(goal: Goal, fact: GoalFact) -> tuple[Goal, tuple[str, ...]]:
    said: list[str] = []
    text, due_on, achievement = goal.text, goal.due_on, goal.achievement
    if fact.text and fact.text != goal.text:
        text = fact.text
        said.append(f"it reads “{fact.text}”")
    due = _day(fact.due_on)
    if goal.target.is_said and due is not None and due != goal.due_on:
        due_on = due
        said.append(f"it is due by {due}")
    stands = _stands(fact)
    if stands is not None and stands is not goal.achievement:
        achievement = stands
        said.append(f"it is {fact.achievement_status or fact.lifecycle_status}".replace("-", " "))
    left = msgspec.structs.replace(goal, text=text, due_on=due_on, achievement=achievement)
    return left, tuple(said)


def _stands(fact: GoalFact) -> Achievement | None:
    """Return how the EHR says that a goal stands, where we have a word for it."""
    for word, said in ACHIEVEMENTS.items():
        if said == (fact.lifecycle_status, fact.achievement_status):
            return word
    return _BY_LIFECYCLE.get(fact.lifecycle_status)


def _day(on: PartialDate | None) -> date | None:
    return on.latest if on is not None and on.is_exact else None
