"""What others wrote into our plan in the EHR: told apart from ours, and never taken by itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.facts import EvidenceRef, ServiceRequestFact
from ccm_fhir.domain.plans.additions import Addition, AdditionKind, Ours, additions
from ccm_fhir.domain.plans.parts import Achievement, Goal, Performer, Plan
from tests.builders import care_plan, chart, on, planned
from tests.builders import goal as goal_fact
from tests.domain.plan_parts import goal, medicine, whole_plan

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.domain.facts import CarePlanFact, ChartFacts, GoalFact

THE_PLAN = "CarePlan/plan"
OUR_GOAL = goal(text="Keep A1c in range")
OUR_FACT = goal_fact(
    7, ref=EvidenceRef("Goal", "ours"), text=OUR_GOAL.text, due_on=on(str(OUR_GOAL.due_on))
)
THEIRS = goal_fact(8, ref=EvidenceRef("Goal", "theirs"), stated_by="Dr. Kidney", target="80 kg")


def written_at() -> datetime:
    return chart().read_at - timedelta(hours=1)


def ours(**changes: datetime) -> Ours:
    return Ours(
        refs=frozenset({THE_PLAN, "Goal/ours", "Task/1"}),
        plans=frozenset({THE_PLAN}),
        goals={"Goal/ours": OUR_GOAL.key},
        written_at={"Goal/ours": changes.get("written_at", written_at())},
    )


def there(**changes: object) -> CarePlanFact:
    return care_plan(**{"goal_refs": ("Goal/ours",), "planned": ()} | changes)


def found(plan: Plan, read: ChartFacts, known: Ours | None = None) -> tuple[Addition, ...]:
    return additions(plan, read, (), known or ours())


def read(plan: CarePlanFact, *goals: GoalFact, **changes: object) -> ChartFacts:
    return chart(care_plans=(plan,), goals=goals or (OUR_FACT,), **changes)


def test_what_we_wrote_ourselves_is_no_addition() -> None:
    inside = planned(ref=f"{THE_PLAN}#work-1234")
    task = planned(ref="Task/1")

    assert found(Plan(parts=(OUR_GOAL,)), read(there(planned=(inside, task)))) == ()


def test_a_goal_that_others_put_into_our_plan_is_told_with_whose_it_is() -> None:
    plan = there(goal_refs=("Goal/ours", "Goal/theirs"))

    (one,) = found(Plan(parts=(OUR_GOAL,)), read(plan, OUR_FACT, THEIRS))

    assert (one.kind, one.by, one.ref) == (AdditionKind.GOAL, "Dr. Kidney", THEIRS.ref)
    assert isinstance(one.part, Goal)
    assert one.part.target.words == "80 kg"


def test_a_goal_of_the_chart_that_our_plan_does_not_name_is_no_addition() -> None:
    assert found(Plan(parts=(OUR_GOAL,)), read(there(), OUR_FACT, THEIRS)) == ()


@pytest.mark.parametrize("status", ["entered-in-error", "rejected", "cancelled"])
def test_a_goal_that_others_gave_up_is_no_addition(status: str) -> None:
    plan = there(goal_refs=("Goal/ours", "Goal/theirs"))
    gone = msgspec.structs.replace(THEIRS, lifecycle_status=status)

    assert found(Plan(parts=(OUR_GOAL,)), read(plan, OUR_FACT, gone)) == ()


def test_what_was_taken_in_is_no_addition_any_more() -> None:
    plan = there(goal_refs=("Goal/ours", "Goal/theirs"), planned=(planned("Weigh daily"),))
    before = found(Plan(parts=(OUR_GOAL,)), read(plan, OUR_FACT, THEIRS))
    assert len(before) == 2

    adopted = Plan(parts=(OUR_GOAL, *(one.part for one in before)))
    assert found(adopted, read(plan, OUR_FACT, THEIRS)) == ()


def test_an_activity_says_who_does_it_only_where_the_ehr_tells() -> None:
    patient = planned("Weigh daily", performers=("Patient/p",))
    nobody = planned("See a dietitian", performers=("Practitioner/x",))

    one, other = found(Plan(parts=(OUR_GOAL,)), read(there(planned=(patient, nobody))))

    assert one.part.performer is Performer.PATIENT  # type: ignore[union-attr]  # an intervention
    assert other.part.performer is None  # type: ignore[union-attr]  # an intervention


def test_an_activity_by_reference_is_told_in_the_orders_words() -> None:
    order = ServiceRequestFact(
        ref=EvidenceRef("ServiceRequest", "s1"), status="active", text="Foot exam"
    )
    plan = there(planned=(planned("", ref="ServiceRequest/s1"),))

    (one,) = found(Plan(parts=(OUR_GOAL,)), read(plan, service_requests=(order,)))

    assert one.part.text == "Foot exam"
    assert one.part.source.refs == (order.ref,)


def test_an_activity_without_words_is_left_to_the_ehr() -> None:
    assert found(Plan(), read(there(planned=(planned("", ref="ServiceRequest/x"),)))) == ()


def test_a_medicine_of_ours_is_no_activity_of_theirs() -> None:
    ours_too = medicine()
    plan = there(planned=(planned("x", ref=str(ours_too.source.refs[0])),))

    assert found(Plan(parts=(OUR_GOAL, ours_too)), read(plan)) == ()


def test_a_goal_of_ours_that_others_changed_is_told_as_they_left_it() -> None:
    left = msgspec.structs.replace(
        OUR_FACT,
        lifecycle_status="completed",
        achievement_status="achieved",
        due_on=on("2027-03-01"),
    )

    (one,) = found(Plan(parts=(OUR_GOAL,)), read(there(), left))

    assert one.kind is AdditionKind.GOAL_CHANGED
    assert one.changes == ("it is due by 2027-03-01", "it is achieved")
    assert isinstance(one.part, Goal)
    assert one.part.due_on == date(2027, 3, 1)
    assert one.part.achievement is Achievement.ACHIEVED
    assert one.part.target == OUR_GOAL.target


def test_other_words_for_a_goal_of_ours_are_told() -> None:
    left = msgspec.structs.replace(OUR_FACT, text="Keep A1c below 7.5")

    (one,) = found(Plan(parts=(OUR_GOAL,)), read(there(), left))

    assert one.changes == ("it reads “Keep A1c below 7.5”",)
    assert one.part.text == "Keep A1c below 7.5"


def test_a_chart_read_before_our_own_last_word_tells_nothing_of_it() -> None:
    left = msgspec.structs.replace(OUR_FACT, text="An older wording of ours")
    late = ours(written_at=chart().read_at + timedelta(seconds=1))

    assert found(Plan(parts=(OUR_GOAL,)), read(there(), left), late) == ()


def test_a_lifecycle_that_we_have_no_word_for_changes_nothing() -> None:
    left = msgspec.structs.replace(OUR_FACT, achievement_status="improving")

    assert found(Plan(parts=(OUR_GOAL,)), read(there(), left)) == ()


@given(st.permutations([OUR_FACT, THEIRS, goal_fact(9, ref=EvidenceRef("Goal", "z"))]))
def test_the_order_of_a_chart_does_not_matter(goals: list[GoalFact]) -> None:
    plan = there(goal_refs=("Goal/ours", "Goal/z", "Goal/theirs"))

    assert [one.ref for one in found(whole_plan(), read(plan, *goals))] == [
        EvidenceRef("Goal", "theirs"),
        EvidenceRef("Goal", "z"),
    ]
