"""Whether a plan is complete and current, element by element, with what would change it.

For the people who work on it. Nothing here bills: the eligibility criterion asks less.
"""

from __future__ import annotations

from datetime import date

from ccm_fhir.domain.facts import Fact
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.plans.parts import Assessment, Plan, Review
from ccm_fhir.domain.rules import CarePlanRule, ElementRule, PlanElement


class PlanFinding(Fact, frozen=True, kw_only=True):
    """One answer about a plan; ``evidence`` are keys of its parts."""

    code: str
    title: str
    answer: Answer
    reason: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""


def completeness(plan: Plan, rule: CarePlanRule) -> tuple[PlanFinding, ...]:
    """Return an answer for each element that CMS lists, in the source's order."""
    return tuple(_element(plan, element) for element in rule.elements)


def is_complete(findings: tuple[PlanFinding, ...]) -> bool:
    """Whether no element is missing; one that is planned but not yet done is not missing."""
    return all(finding.answer is not Answer.NOT_MET for finding in findings)


def loose_ends(plan: Plan) -> tuple[PlanFinding, ...]:
    """Return where the parts do not hang together: a condition without a goal, nobody to do it."""
    served = {goal.family for goal in plan.goals}
    worked = {key for each in plan.interventions for key in each.goals}
    found = [
        _loose("condition_without_goal", p.key, f"No goal is for {p.text}.", "Add a goal for it.")
        for p in plan.problems
        if p.family not in served
    ]
    found += [
        _loose(
            "goal_without_intervention",
            g.key,
            f"No intervention says that it serves the goal “{g.text}”.",
            "Add an intervention, or say which one serves it.",
        )
        for g in plan.goals
        if g.is_open and g.key not in worked and not _has_family_work(plan, g.family)
    ]
    return tuple(found)


def staleness(plan: Plan, reviewed_on: date, today: date) -> PlanFinding:
    """Return whether the plan has been looked at as it says itself; no source sets a number.

    Args:
        plan: the version in force.
        reviewed_on: the later of its adoption and its last review.
        today: the practice's day.
    """
    due = plan.next_review_on
    keys = tuple(part.key for part in plan.parts if isinstance(part, Review))
    if due is None:
        return PlanFinding(
            code="review",
            title="Review",
            answer=Answer.UNKNOWN,
            reason=f"Last looked at on {reviewed_on}; when it is next reviewed is not said.",
            evidence=keys,
            remedy="Write into the plan when it is next reviewed.",
        )
    if due >= today or reviewed_on >= due:
        reason = f"Last looked at on {reviewed_on}; the next review is due by {due}."
        if reviewed_on >= due:
            reason = f"Last looked at on {reviewed_on}; the review that was due by {due} is done."
        return PlanFinding(
            code="review", title="Review", answer=Answer.MET, reason=reason, evidence=keys
        )
    return PlanFinding(
        code="review",
        title="Review",
        answer=Answer.NOT_MET,
        reason=f"The review was due by {due}, and the plan was last looked at on {reviewed_on}.",
        evidence=keys,
        remedy="Go through the plan with the patient and end the review.",
    )


def _element(plan: Plan, rule: ElementRule) -> PlanFinding:
    parts = plan.of(rule.element)
    keys = tuple(part.key for part in parts)
    if not parts:
        return _said(rule, Answer.NOT_MET, "The plan does not say it.", keys)
    match rule.element:
        case PlanElement.MEASURABLE_GOALS:
            answer, reason = _goals(plan)
        case PlanElement.PLANNED_INTERVENTIONS:
            answer, reason = _interventions(plan)
        case PlanElement.PERIODIC_REVIEW if plan.next_review_on is None:
            answer, reason = Answer.UNKNOWN, "The plan is to be reviewed, but no day is set."
        case _:
            answer, reason = _others(plan, rule.element)
    return _said(rule, answer, reason, keys)


def _goals(plan: Plan) -> tuple[Answer, str]:
    measurable = [goal for goal in plan.goals if goal.is_measurable]
    reason = f"Goals with a measure, a target and a day: {len(measurable)} of {len(plan.goals)}."
    return (Answer.MET if len(measurable) == len(plan.goals) else Answer.NOT_MET), reason


def _interventions(plan: Plan) -> tuple[Answer, str]:
    named = [each for each in plan.interventions if each.performer is not None]
    reason = f"Interventions that say who does them: {len(named)} of {len(plan.interventions)}."
    return (Answer.MET if len(named) == len(plan.interventions) else Answer.NOT_MET), reason


def _others(plan: Plan, element: PlanElement) -> tuple[Answer, str]:
    looked_at = [part for part in plan.of(element) if isinstance(part, Assessment)]
    if looked_at and not any(part.result for part in looked_at):
        return Answer.UNKNOWN, "It is planned; its result is not written down yet."
    number = len(plan.of(element))
    return Answer.MET, f"The plan says it, in {number} {'part' if number == 1 else 'parts'}."


def _said(rule: ElementRule, answer: Answer, reason: str, keys: tuple[str, ...]) -> PlanFinding:
    return PlanFinding(
        code=rule.element.value,
        title=rule.title,
        answer=answer,
        reason=reason,
        evidence=keys,
        remedy="" if answer is Answer.MET else rule.remedy,
    )


def _loose(code: str, key: str, reason: str, remedy: str) -> PlanFinding:
    return PlanFinding(
        code=code,
        title="Loose end",
        answer=Answer.NOT_MET,
        reason=reason,
        evidence=(key,),
        remedy=remedy,
    )


def _has_family_work(plan: Plan, family: str) -> bool:
    return bool(family) and any(each.family == family for each in plan.interventions)
