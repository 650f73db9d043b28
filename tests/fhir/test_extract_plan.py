from __future__ import annotations

from typing import Any

import pytest

from ccm_fhir.domain.facts import (
    CarePlanFact,
    CareTeamFact,
    CareTeamMemberFact,
    Coding,
    EvidenceRef,
    GoalFact,
    PlannedActivityFact,
    ServiceRequestFact,
    Skipped,
)
from tests.fhir.charts import concept, day, everything, read
from tests.fhir.far_side import BASE


def test_a_care_plan_names_its_parts() -> None:
    fact = read(
        "CarePlan",
        status="active",
        intent="plan",
        category=[concept("urn:c", "assess-plan")],
        title="Diabetes",
        created="2026-01-05",
        period={"end": "2026-12-31"},
        goal=[{"reference": "Goal/1"}, {"reference": f"{BASE}/Goal/2"}, {"display": "walk"}],
        activity=[{"reference": {"reference": "Task/1"}}],
        addresses=[{"reference": "Condition/c1"}],
        careTeam=[{"reference": "CareTeam/t1"}],
        supportingInfo=[{"reference": "Observation/o1"}],
        author={"reference": "Practitioner/a"},
        contributor=[{"reference": "Practitioner/b"}, {"reference": "Practitioner/a"}],
        text={"status": "generated", "div": "<div>plan</div>"},
    )

    assert fact == CarePlanFact(
        ref=EvidenceRef("CarePlan", "r1", "3"),
        status="active",
        intent="plan",
        categories=("assess-plan",),
        title="Diabetes",
        established_on=day("2026-01-05"),
        ends_on=day("2026-12-31"),
        updated_on=day("2026-03-01"),
        goals=3,
        activities=1,
        goal_refs=("Goal/1", "Goal/2"),
        planned=(PlannedActivityFact(ref="Task/1"),),
        addresses=("Condition/c1",),
        care_teams=("CareTeam/t1",),
        supporting=("Observation/o1",),
        contributors=("Practitioner/b", "Practitioner/a"),
        has_care_team=True,
        has_text=True,
    )


def test_a_care_plan_starts_with_its_period_before_its_record() -> None:
    fact = read("CarePlan", period={"start": "2025-12"}, created="2026-01-05")

    assert fact.established_on == day("2025-12")


def test_an_activity_described_in_place_is_planned() -> None:
    fact = read(
        "CarePlan",
        activity=[
            {
                "detail": {
                    "kind": "ServiceRequest",
                    "status": "in-progress",
                    "code": {"text": "Walking", "coding": [{"system": "urn:x", "code": "w"}]},
                    "goal": [{"reference": "Goal/1"}],
                    "performer": [{"reference": "Practitioner/1"}],
                    "scheduledTiming": {"repeat": {"frequency": 3}},
                },
                "progress": [{"time": "2026-02-01T10:00:00Z"}, {"time": "2026-01-01"}, {}],
            }
        ],
    )

    assert fact.planned == (
        PlannedActivityFact(
            status="in-progress",
            kind="ServiceRequest",
            codings=(Coding(system="urn:x", code="w"),),
            text="Walking",
            goals=("Goal/1",),
            performers=("Practitioner/1",),
            is_scheduled=True,
            progressed_on=day("2026-02-01"),
        ),
    )


@pytest.mark.parametrize(
    ("detail", "is_scheduled"),
    [
        ({}, False),
        ({"scheduledTiming": {}}, True),
        ({"scheduledPeriod": {}}, False),
        ({"scheduledPeriod": {"end": "2026-02-01"}}, True),
        ({"scheduledString": " "}, False),
        ({"scheduledString": "every week"}, True),
    ],
)
def test_an_activity_is_scheduled_by_a_time_of_any_kind(
    detail: dict[str, Any],
    is_scheduled: bool,  # noqa: FBT001
) -> None:
    (planned,) = read("CarePlan", activity=[{"detail": detail}]).planned

    assert planned.is_scheduled is is_scheduled


@pytest.mark.parametrize(
    "activity",
    [
        {"detail": {"description": "no salt", "doNotPerform": True}},
        {"reference": {"reference": "Task/1"}, "modifierExtension": [{"url": "urn:not"}]},
    ],
)
def test_what_must_not_be_done_is_counted_but_not_planned(activity: dict[str, Any]) -> None:
    fact = read("CarePlan", activity=[activity])

    assert (fact.activities, fact.planned) == (1, ())


@pytest.mark.parametrize(
    ("text", "has_text"),
    [
        (None, False),
        ({"status": "empty", "div": "<div/>"}, False),
        ({"status": "generated"}, False),
        ({"status": "additional", "div": "<div>x</div>"}, True),
    ],
)
def test_a_care_plan_with_a_narrative_has_text(
    text: object,
    has_text: bool,  # noqa: FBT001
) -> None:
    members = {} if text is None else {"text": text}

    assert read("CarePlan", **members).has_text is has_text


def test_what_lives_inside_a_plan_has_the_name_by_which_the_plan_refers_to_it() -> None:
    extracted = everything(
        "CarePlan",
        goal=[{"reference": "#g"}],
        careTeam=[{"reference": "#t"}],
        activity=[{"reference": {"reference": "#s"}}],
        contained=[
            {
                "resourceType": "Goal",
                "id": "g",
                "description": {"text": "walk"},
                "addresses": [{"reference": "#c"}],
            },
            {"resourceType": "CareTeam", "id": "t", "status": "active"},
            {"resourceType": "ServiceRequest", "id": "s", "status": "active"},
            {"resourceType": "Condition", "id": "c", "code": {"text": "never counted"}},
            {"resourceType": "Goal", "id": "broken", "description": "not a concept"},
            {"resourceType": "Goal", "id": "m", "modifierExtension": [{"url": "urn:not"}]},
            {"resourceType": "ServiceRequest", "id": "d", "doNotPerform": True},
            "rubbish",
        ],
    )

    plan = extracted.fact
    assert isinstance(plan, CarePlanFact)
    goal, team, service = extracted.also
    assert isinstance(goal, GoalFact)
    assert plan.goal_refs == (str(goal.ref),) == ("CarePlan/r1#g",)
    assert goal.addresses == ("CarePlan/r1#c",)
    assert isinstance(team, CareTeamFact)
    assert plan.care_teams == (str(team.ref),)
    assert isinstance(service, ServiceRequestFact)
    assert plan.planned[0].ref == str(service.ref)


def test_a_goal_says_what_by_when_and_how_it_stands() -> None:
    fact = read(
        "Goal",
        lifecycleStatus="active",
        achievementStatus=concept("urn:a", "improving"),
        description={"text": "A1c below 7", "coding": [{"system": "urn:x", "code": "g"}]},
        addresses=[{"reference": "Condition/c1"}],
        startDate="2026-01-01",
        target=[
            {"measure": concept("http://loinc.org", "4548-4"), "dueDate": "2026-06-01"},
            {"dueDate": "2026-09"},
        ],
        statusDate="2026-02-01",
    )

    assert fact == GoalFact(
        ref=EvidenceRef("Goal", "r1", "3"),
        lifecycle_status="active",
        achievement_status="improving",
        text="A1c below 7",
        codings=(Coding(system="urn:x", code="g"),),
        addresses=("Condition/c1",),
        starts_on=day("2026-01-01"),
        due_on=day("2026-09"),
        is_measurable=True,
        changed_on=day("2026-02-01"),
    )


@pytest.mark.parametrize(
    ("target", "is_measurable"),
    [
        ({}, False),
        ({"dueDate": "2026-06-01"}, False),
        ({"measure": {}}, False),
        ({"measure": {"text": "weight"}}, True),
        ({"detailQuantity": {"value": 7}}, True),
        ({"detailString": " "}, False),
        ({"detailString": "walks a mile"}, True),
        ({"detailBoolean": False}, True),
        ({"detailInteger": 0}, True),
        ({"detailCodeableConcept": {"coding": [{"code": "x"}]}}, True),
    ],
)
def test_a_goal_is_measurable_by_a_measure_or_a_value(
    target: dict[str, Any],
    is_measurable: bool,  # noqa: FBT001
) -> None:
    assert read("Goal", target=[target]).is_measurable is is_measurable


def test_a_goal_without_a_status_date_changed_when_the_server_says() -> None:
    assert read("Goal").changed_on == day("2026-03-01")


def test_two_achievement_statuses_are_none() -> None:
    both = {"coding": [{"code": "achieved"}, {"code": "not-achieved"}]}

    assert read("Goal", achievementStatus=both).achievement_status == ""


def test_a_care_team_names_its_members() -> None:
    fact = read(
        "CareTeam",
        status="active",
        participant=[
            {
                "role": [concept("http://snomed.info/sct", "446050000")],
                "member": {"reference": "Practitioner/1", "display": "Dr. A"},
                "onBehalfOf": {"reference": "Organization/1"},
            },
            {"role": [{"text": "Daughter"}], "member": {"display": "B"}},
        ],
    )

    assert fact == CareTeamFact(
        ref=EvidenceRef("CareTeam", "r1", "3"),
        status="active",
        members=(
            CareTeamMemberFact(
                member="Practitioner/1",
                roles=(Coding(system="http://snomed.info/sct", code="446050000"),),
                text="Dr. A",
                on_behalf_of="Organization/1",
            ),
            CareTeamMemberFact(text="B, Daughter"),
        ),
    )


@pytest.mark.parametrize("resource_type", ["CarePlan", "Goal", "CareTeam"])
def test_a_plan_that_may_mean_something_else_is_skipped(resource_type: str) -> None:
    assert isinstance(read(resource_type, modifierExtension=[{"url": "urn:x"}]), Skipped)
