"""Where a plan's parts do not hang together: a condition without a goal, a goal without work."""

from __future__ import annotations

from collections.abc import Iterator

from ccm_fhir.domain.careplan.elements import View, is_overdue, is_settled
from ccm_fhir.domain.careplan.seen import Gap, GapKind
from ccm_fhir.domain.conditions import ChronicFamily


def gaps_of(view: View, families: tuple[ChronicFamily, ...]) -> tuple[Gap, ...]:
    """Return every loose end of the plans in force; empty where there is no plan."""
    if not view.parts.plans:
        return ()
    return (
        *_conditions(view, families),
        *_overdue(view),
        *_goals(view),
        *_activities(view),
        *_loose(view),
    )


def _conditions(view: View, families: tuple[ChronicFamily, ...]) -> Iterator[Gap]:
    parts = view.parts
    addressed = {a for goal in (*parts.goals, *parts.loose_goals) for a in goal.addresses}
    alone = [f for f in families if addressed.isdisjoint(str(ref) for ref in f.evidence)]
    if not alone:
        return
    if not view.chart.was_read("Goal") or parts.unseen_goals:
        yield Gap(
            kind=GapKind.CONDITION_WITHOUT_GOAL,
            reason="Not every goal was read, so whether each condition has one is open.",
            evidence=tuple(sorted({ref for family in alone for ref in family.evidence})),
            is_certain=False,
        )
        return
    for family in alone:
        yield Gap(
            kind=GapKind.CONDITION_WITHOUT_GOAL,
            reason=f"No goal says that it is for {family.label}.",
            evidence=family.evidence,
        )


def _overdue(view: View) -> Iterator[Gap]:
    for goal in view.parts.goals:
        if is_overdue(goal, view.month):
            yield Gap(
                kind=GapKind.GOAL_OVERDUE,
                reason=f"A goal was due by {goal.due_on} and is not marked as reached.",
                evidence=(goal.ref,),
            )


def _goals(view: View) -> Iterator[Gap]:
    parts = view.parts
    served = {goal for activity in parts.activities for goal in activity.goals}
    is_certain = bool(served) and not parts.unseen_activities
    alone = tuple(
        goal.ref for goal in parts.goals if str(goal.ref) not in served and not is_settled(goal)
    )
    if not alone:
        return
    if is_certain:
        for ref in alone:
            yield Gap(
                kind=GapKind.GOAL_WITHOUT_ACTIVITY,
                reason="No intervention says that it serves this goal.",
                evidence=(ref,),
            )
        return
    yield Gap(
        kind=GapKind.GOAL_WITHOUT_ACTIVITY,
        reason="The interventions do not say which goal they serve.",
        evidence=alone,
        is_certain=False,
    )


def _activities(view: View) -> Iterator[Gap]:
    parts = view.parts
    alone = [a for a in parts.activities if not a.performers and not a.is_opaque]
    if alone:
        number = len(alone)
        yield Gap(
            kind=GapKind.ACTIVITY_WITHOUT_PERFORMER,
            reason=f"{number} of {parts.activity_count} interventions do not say who does them.",
            evidence=tuple(sorted({ref for a in alone for ref in a.evidence})),
        )


def _loose(view: View) -> Iterator[Gap]:
    loose = view.parts.loose_goals
    if loose:
        words = "goal is" if len(loose) == 1 else "goals are"
        yield Gap(
            kind=GapKind.GOAL_OUTSIDE_PLAN,
            reason=f"{len(loose)} {words} on the chart to which no plan refers.",
            evidence=tuple(goal.ref for goal in loose),
        )
