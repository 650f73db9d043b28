"""Each element of a plan: present, absent, stale by the plan's own dates, or not tellable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from ccm_fhir.domain.careplan.parts import PlanParts
from ccm_fhir.domain.careplan.recognising import Shown, in_activities, in_chart, types_asked
from ccm_fhir.domain.careplan.seen import ElementSeen, ElementState
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, GoalFact
from ccm_fhir.domain.rules import ElementRule, PlanElement

_OVER = frozenset({"completed", "stopped"})
_ACHIEVED = frozenset({"achieved"})
_TO_DO = frozenset({ElementState.ABSENT, ElementState.STALE})
_ADOPTED_HERE = "Written in the plan that was adopted here."
_NARRATIVE = " The plan’s own narrative is not read and may hold it."


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the elements are judged by: one chart, its plans' parts, one month."""

    chart: ChartFacts
    parts: PlanParts
    month: ServiceMonth


def see(rule: ElementRule, view: View) -> ElementSeen:
    """Return how one element stands."""
    unread = _plan_unread(view)
    if unread:
        return _seen(rule, ElementState.UNKNOWN, unread)
    if not view.parts.plans:
        return _seen(rule, ElementState.ABSENT, "There is no active care plan.")
    match rule.element:
        case PlanElement.PROBLEM_LIST:
            found = _problem_list(rule, view)
        case PlanElement.MEASURABLE_GOALS:
            found = _goals(rule, view)
        case PlanElement.PLANNED_INTERVENTIONS:
            found = _interventions(rule, view)
        case _:
            found = _recognised(rule, view)
    return _unless_ended(found, rule, view)


def is_settled(goal: GoalFact) -> bool:
    """Whether a goal is reached or closed."""
    return goal.lifecycle_status in _OVER or goal.achievement_status in _ACHIEVED


def is_overdue(goal: GoalFact, month: ServiceMonth) -> bool:
    """Whether a goal's day had passed before the month without its being reached."""
    due = goal.due_on
    return not is_settled(goal) and due is not None and due.latest < month.first_day


def _plan_unread(view: View) -> str:
    if not view.chart.was_read("CarePlan"):
        return "Care plans could not be read from the EHR."
    if not view.parts.plans and any(s.resource_type == "CarePlan" for s in view.chart.skipped):
        return "A care plan in the chart could not be read."
    return ""


def _seen(
    rule: ElementRule,
    state: ElementState,
    reason: str,
    evidence: tuple[EvidenceRef, ...] = (),
) -> ElementSeen:
    return ElementSeen(
        element=rule.element,
        title=rule.title,
        state=state,
        reason=reason,
        evidence=evidence,
        remedy=rule.remedy if state in _TO_DO else "",
    )


def _unless_ended(found: ElementSeen, rule: ElementRule, view: View) -> ElementSeen:
    """Turn what is present stale where every plan's own period ended before the month."""
    ends = [plan.ends_on for plan in view.parts.plans]
    passed = [end for end in ends if end is not None and end.latest < view.month.first_day]
    if found.state is not ElementState.PRESENT or len(passed) < len(ends):
        return found
    last = max(passed, key=lambda end: end.latest)
    reason = f"{found.reason} But the plan’s own period ended on {last}."
    return msgspec.structs.replace(
        found, state=ElementState.STALE, reason=reason, remedy=rule.remedy
    )


def _problem_list(rule: ElementRule, view: View) -> ElementSeen:
    addressed = view.parts.addresses
    if addressed:
        words = "condition" if len(addressed) == 1 else "conditions"
        reason = f"The plan addresses {len(addressed)} {words}."
        return _seen(rule, ElementState.PRESENT, reason, addressed)
    return _seen(
        rule,
        ElementState.ABSENT,
        "The plan does not refer to any condition, though a problem list may be in the chart.",
        view.parts.refs,
    )


def _goals(rule: ElementRule, view: View) -> ElementSeen:
    parts = view.parts
    measured = tuple(goal for goal in parts.goals if goal.is_measurable)
    if not parts.goal_count:
        loose = len(parts.loose_goals)
        hint = f" {loose} on the chart stand outside it." if loose else ""
        return _seen(rule, ElementState.ABSENT, f"The plan refers to no goal.{hint}", parts.refs)
    if not measured and parts.unseen_goals:
        why = "were not read; read the chart again"
        if not view.chart.was_read("Goal"):
            why = "the EHR did not show"
        return _seen(
            rule,
            ElementState.UNKNOWN,
            f"The plan has {_goals_in(parts.goal_count)}, which {why}.",
            parts.refs,
        )
    refs = tuple(goal.ref for goal in parts.goals)
    if not measured:
        reason = "The plan has goals, but none names a measure with a target."
        return _seen(rule, ElementState.ABSENT, reason, refs)
    done = [g for g in parts.goals if is_settled(g) or is_overdue(g, view.month)]
    if len(done) == parts.goal_count:
        reason = "Every goal is reached, closed, or past its day."
        return _seen(rule, ElementState.STALE, reason, refs)
    reason = f"{len(measured)} of {parts.goal_count} goals have a measure and a target."
    return _seen(rule, ElementState.PRESENT, reason, tuple(goal.ref for goal in measured))


def _goals_in(number: int) -> str:
    return f"{number} goal{'' if number == 1 else 's'}"


def _interventions(rule: ElementRule, view: View) -> ElementSeen:
    parts = view.parts
    named = [a for a in parts.activities if a.performers]
    evidence = _each(ref for a in parts.activities for ref in a.evidence) or parts.refs
    if not parts.activity_count:
        return _seen(rule, ElementState.ABSENT, "The plan holds no intervention.", parts.refs)
    if parts.activities and all(a.status in _OVER for a in parts.activities):
        reason = "Every planned intervention is completed or stopped."
        return _seen(rule, ElementState.STALE, reason, evidence)
    if named:
        reason = f"{len(named)} of {parts.activity_count} interventions say who does them."
        return _seen(rule, ElementState.PRESENT, reason, evidence)
    if parts.unseen_activities or any(a.is_opaque for a in parts.activities):
        reason = "Who does the plan’s interventions stands in resources that were not read."
        return _seen(rule, ElementState.UNKNOWN, reason, evidence)
    reason = "The plan holds interventions, but none says who does it."
    return _seen(rule, ElementState.ABSENT, reason, evidence)


def _recognised(rule: ElementRule, view: View) -> ElementSeen:
    recognition, parts = rule.recognition, view.parts
    telling = tuple(p.ref for p in parts.plans if rule.element.value in p.elements)
    if telling:
        return _seen(rule, ElementState.PRESENT, _ADOPTED_HERE, telling)
    supporting = frozenset(ref for plan in parts.plans for ref in plan.supporting)
    shown = (
        *in_activities(recognition, parts.activities),
        *in_chart(recognition, view.chart, view.month, supporting),
    )
    if shown:
        return _shown(rule, shown)
    unread = [t for t in types_asked(recognition) if not view.chart.was_read(t)]
    if unread:
        reason = f"Not found in the plan, and {', '.join(unread)} could not be read from the EHR."
        return _seen(rule, ElementState.UNKNOWN, reason, parts.refs)
    if parts.unseen_activities:
        reason = "The plan’s interventions were not read in detail; read the chart again."
        return _seen(rule, ElementState.UNKNOWN, reason, parts.refs)
    hint = _NARRATIVE if any(plan.has_text for plan in parts.plans) else ""
    reason = f"Not found among the plan’s interventions.{hint}"
    return _seen(rule, ElementState.ABSENT, reason, parts.refs)


def _shown(rule: ElementRule, shown: tuple[Shown, ...]) -> ElementSeen:
    """Prefer what is coded in the plan, then what is coded in the chart, then words."""
    coded = tuple(one for one in shown if not one.is_by_words)
    planned = tuple(one for one in coded if one.is_in_plan)
    chosen = planned or coded or shown
    evidence = _each(ref for one in chosen for ref in one.evidence)
    if planned:
        return _seen(rule, ElementState.PRESENT, "Recorded in the plan.", evidence)
    if coded:
        days = sorted((one.on for one in coded if one.on is not None), key=lambda on: on.latest)
        dated = f", last on {days[-1]}" if days else ""
        reason = f"Recorded in the chart{dated}, though the plan does not refer to it."
        return _seen(rule, ElementState.PRESENT, reason, evidence)
    reason = "Recognised by words in the plan’s interventions; read them to be sure."
    found = _seen(rule, ElementState.PRESENT, reason, evidence)
    return msgspec.structs.replace(found, is_by_words=True)


def _each(refs: Iterable[EvidenceRef]) -> tuple[EvidenceRef, ...]:
    return tuple(sorted(set(refs)))
