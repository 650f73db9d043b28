"""Plans in which everything happens once that can be said of a plan, and of two versions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.domain.facts import (
    EvidenceRef,
)
from ccm_fhir.domain.plans.parts import (
    Achievement,
    Bound,
    Measure,
    Performer,
    Plan,
    Review,
    Source,
    TeamMember,
    Urgency,
    Wording,
)
from ccm_fhir.domain.rules import PlanElement
from tests.domain.plan_parts import (
    TODAY,
    assessment,
    goal,
    intervention,
    medicine,
    problem,
    review,
    statement,
    whole_plan,
)

if TYPE_CHECKING:
    pass

from tests.golden.goal_cases import COUNTED, YESTERDAY, target

LOOKED_AT = PlanElement.CAREGIVER_ASSESSMENT
COMMUNITY = PlanElement.COMMUNITY_SERVICES


def without(element: PlanElement) -> Plan:
    """Return a whole plan that does not say one element."""
    plan = whole_plan()
    return Plan(parts=tuple(p for p in plan.parts if p.element is not element), team=plan.team)


PLANS: dict[str, Plan] = {
    "everything said": whole_plan(),
    "nothing said": Plan(),
    **{f"without {element.value}": without(element) for element in PlanElement},
    "one of two goals without a target": whole_plan(
        goal("goal:diabetes:feet", target=target(Bound.BELOW, None))
    ),
    "one of two interventions without anybody": whole_plan(
        intervention("intervention:diabetes:feet", performer=None)
    ),
    "an assessment that is only planned": whole_plan(assessment(LOOKED_AT)),
    "one of two assessments done": whole_plan(
        assessment(LOOKED_AT), assessment(LOOKED_AT, key="assessment:2", result="She manages.")
    ),
    "an assessment planned, and a statement of the same": whole_plan(
        assessment(LOOKED_AT), statement(LOOKED_AT)
    ),
    "community services in two parts": whole_plan(statement(COMMUNITY, key="statement:2")),
    "a review without a day": whole_plan(review(None)),
    "a condition without a goal": whole_plan(problem("asthma")),
    "a goal of no disease that nothing serves": whole_plan(
        goal("goal:walk", family="", text="Walk each day")
    ),
    "a goal of no disease that an intervention serves": whole_plan(
        goal("goal:walk", family="", text="Walk each day"),
        intervention("intervention:walk", family="", goals=("goal:walk",)),
    ),
    "a goal of another disease without work for either": whole_plan(
        goal("goal:asthma", family="asthma", text="No attack")
    ),
    "a goal that nothing serves, but which is reached": whole_plan(
        goal("goal:walk", family="", achievement=Achievement.ACHIEVED)
    ),
}

REVIEWS: dict[str, tuple[Plan, date]] = {
    "due today": (whole_plan(review(TODAY)), date(2026, 8, 1)),
    "due yesterday, last looked at long before": (whole_plan(review(YESTERDAY)), date(2026, 8, 1)),
    "due yesterday, looked at the day before": (
        whole_plan(review(YESTERDAY)),
        YESTERDAY - timedelta(days=1),
    ),
    "due yesterday, and looked at that day": (whole_plan(review(YESTERDAY)), YESTERDAY),
    "due yesterday, and looked at today": (whole_plan(review(YESTERDAY)), TODAY),
    "due tomorrow, and looked at today": (whole_plan(review(TODAY + timedelta(days=1))), TODAY),
    "no day set": (whole_plan(review(None)), date(2026, 8, 1)),
    "no review in the plan": (without(PlanElement.PERIODIC_REVIEW), date(2026, 8, 1)),
    "two reviews, of which the first is overdue": (
        whole_plan(
            review(TODAY + timedelta(days=9)),
            msgspec.structs.replace(review(YESTERDAY), key="review:2"),
        ),
        date(2026, 8, 1),
    ),
}
"""A plan's reviews and the day on which it was last looked at."""


_BOTH = Wording(english="Call us.", spanish="Llámenos.")
CHANGES: dict[str, tuple[Plan, Plan]] = {
    "nothing but the order and the source": (
        whole_plan(),
        Plan(parts=(*whole_plan().parts[1:], problem(source=Source()))),
    ),
    "added and removed": (
        Plan(parts=(problem(), goal())),
        Plan(parts=(goal(), medicine(), problem("asthma"))),
    ),
    "a problem's words and code": (
        Plan(parts=(problem(),)),
        Plan(parts=(problem(text="Diabetes, type 2", icd10cm="E11.9"),)),
    ),
    "a goal's target, day and standing": (
        Plan(parts=(goal(),)),
        Plan(
            parts=(
                goal(
                    target=target(Bound.AT_MOST, "7.5"),
                    due_on=None,
                    achievement=Achievement.ACHIEVED,
                    is_individual=True,
                    measure=COUNTED,
                ),
            )
        ),
    ),
    "a target that was not set, and one in words": (
        Plan(parts=(goal(target=target(Bound.AT_LEAST, None)),)),
        Plan(parts=(goal(target=target(Bound.IN_WORDS, None, "as she wishes")),)),
    ),
    "a target of nothing at all": (
        Plan(parts=(goal(target=target(Bound.AT_MOST, "1")),)),
        Plan(parts=(goal(target=target(Bound.AT_MOST, "0")),)),
    ),
    "a measure that is counted in no unit": (
        Plan(parts=(goal(measure=COUNTED),)),
        Plan(parts=(goal(measure=Measure(label=Wording(english="Steps"))),)),
    ),
    "an intervention's people, rhythm and goals": (
        Plan(parts=(intervention(patient=_BOTH), goal())),
        Plan(
            parts=(
                goal(),
                intervention(
                    performer=None,
                    person="Nora Carewell, RN",
                    every="every week",
                    goals=("goal:diabetes:a1c", "goal:walk"),
                    patient=Wording(english="Call us."),
                ),
            )
        ),
    ),
    "an assessment that was done": (
        Plan(parts=(assessment(LOOKED_AT),)),
        Plan(
            parts=(
                assessment(
                    LOOKED_AT,
                    result="She manages.",
                    assessed_on=date(2026, 11, 3),
                    performer=Performer.CARE_MANAGER,
                ),
            )
        ),
    ),
    "a symptom's urgency, and a review's day": (
        Plan(parts=(statement(COMMUNITY), review())),
        Plan(parts=(statement(COMMUNITY, urgency=Urgency.CALL), review(None))),
    ),
    "another kind of part under the same key": (
        Plan(parts=(statement(COMMUNITY, key="x"),)),
        Plan(parts=(Review(key="x", element=COMMUNITY, text="Said.", next_on=TODAY),)),
    ),
}


ADOPTED = Plan(
    parts=(
        problem(),
        problem(
            "asthma",
            source=Source(refs=(EvidenceRef("Condition", "c1"), EvidenceRef("Condition", "c2"))),
        ),
        goal(text="Keep A1c in range"),
        goal("goal:asthma", family="asthma", text="No attack", achievement=Achievement.ACHIEVED),
        goal("goal:walk", family="", text="Walk", due_on=None, achievement=Achievement.DROPPED),
        goal("goal:missed", family="copd", text="Missed", achievement=Achievement.NOT_ACHIEVED),
        intervention(goals=("goal:walk", "goal:diabetes:a1c", "goal:gone")),
        intervention("intervention:2", text="Ask", person="Nora Carewell, RN", every=""),
        intervention("intervention:3", text="Think", performer=None),
        assessment(LOOKED_AT),
        statement(COMMUNITY, text=""),
    ),
    team=(
        TeamMember(name="A neighbour"),
        TeamMember(name="Nora Carewell, RN", ref="Practitioner/n1"),
    ),
)
