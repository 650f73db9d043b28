"""The rules of the MCC eCare Plan profiles, one by one, on everything that a plan writes.

The guide has no package that a validator could load here, so each rule of its CarePlan, Goal and
CareTeam, and of the US Core profiles that they stand on, is held by a line of this table. Each line
also breaks what it looks at, and must then object: a rule that nothing can break says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.plans.parts import Achievement, Plan, TeamMember
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.write_plan import (
    PlanEnvelope,
    cancelled_goal,
    care_plan_resource,
    care_team_resource,
    goal_resource,
)
from ccm_fhir.fhir.write_task import TaskTold, task_resource
from ccm_fhir.fhir.write_time import OurIdentifier
from tests.domain.plan_parts import goal, intervention, whole_plan

MCC = "http://hl7.org/fhir/us/mcc/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
SNOMED = "http://snomed.info/sct"
PERTAINS = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
OURS = OurIdentifier(system="https://ccm.example.org/identifier/plan", value="0c7e")
TEAM = (
    TeamMember(name="Nora Nurse", role="Care manager", ref="Practitioner/n1"),
    TeamMember(name="Ana Daughter", ref="RelatedPerson/r1"),
    TeamMember(name="The food pantry"),
)
ENVELOPE = PlanEnvelope(
    patient_ref="Patient/p1",
    custodian_ref="Organization/ours",
    contributor_refs=("Practitioner/n1",),
    established_on=date(2026, 8, 4),
    adopted_on=date(2026, 11, 20),
    care_team_ref="CareTeam/t1",
    refs={"goal:diabetes:a1c": "Goal/g1"},
    task_refs=("Task/t1",),
)
ACTIVITIES = {
    *("NutritionOrder", "MedicationRequest", "CommunicationRequest", "DeviceRequest", "Task"),
    *("ServiceRequest", "VisionPrescription", "RequestGroup", "Appointment"),
}
ACHIEVED = {
    *("in-progress", "improving", "worsening", "no-change", "achieved", "sustaining"),
    *("not-achieved", "no-progress", "not-attainable"),
}
Written = Any
Check = Callable[[Written], bool]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a profile: what must hold, and a change after which it must not."""

    of: str
    says: str
    holds: Check
    broken_by: Callable[[Written], object]


def types_of(entries: list[Written], inside: dict[str, str]) -> set[str]:
    refs = [entry["reference"] for entry in entries]
    return {inside.get(ref) or ref.partition("/")[0] for ref in refs}


def planned(plan: Written) -> set[str]:
    inside = {f"#{one['id']}": one["resourceType"] for one in plan.get("contained", [])}
    return types_of([activity["reference"] for activity in plan["activity"]], inside)


def people(team: Written, code: str) -> list[Written]:
    return [
        one
        for one in team["participant"]
        if any(
            coding["code"] == code and coding["system"] == SNOMED
            for role in one["role"]
            for coding in role.get("coding", [])
        )
    ]


def requests(plan: Written) -> list[Written]:
    return [one for one in plan["contained"] if one["resourceType"] == "ServiceRequest"]


RULES = (
    Rule(
        of="CarePlan",
        says="it claims the guide's profile and US Core's",
        holds=lambda r: {f"{MCC}mccCarePlan", f"{US_CORE}careplan"} <= set(r["meta"]["profile"]),
        broken_by=lambda r: r["meta"]["profile"].pop(),
    ),
    Rule(
        of="CarePlan",
        says="at least one custodian is named",
        holds=lambda r: any(e["url"] == f"{MCC}custodian" for e in r.get("extension", [])),
        broken_by=lambda r: r.pop("extension"),
    ),
    Rule(
        of="CarePlan",
        says="it is an active plan of one patient",
        holds=lambda r: (
            (r["status"], r["intent"]) == ("active", "plan")
            and r["subject"]["reference"].startswith("Patient/")
        ),
        broken_by=lambda r: r.update(intent="proposal"),
    ),
    Rule(
        of="CarePlan",
        says="its category is assess-plan",
        holds=lambda r: any(
            c["code"] == "assess-plan" for each in r["category"] for c in each["coding"]
        ),
        broken_by=lambda r: r["category"].clear(),
    ),
    Rule(
        of="CarePlan",
        says="it has a narrative",
        holds=lambda r: r["text"]["status"] in {"generated", "additional"} and r["text"]["div"],
        broken_by=lambda r: r["text"].update(status="empty"),
    ),
    Rule(
        of="CarePlan",
        says="contributors stand in place of an author",
        holds=lambda r: (
            "author" not in r
            and types_of(r["contributor"], {})
            <= {"Practitioner", "PractitionerRole", "Organization", "CareTeam", "Patient"}
        ),
        broken_by=lambda r: r.update(author={"reference": "Practitioner/n1"}),
    ),
    Rule(
        of="CarePlan",
        says="its team is a CareTeam",
        holds=lambda r: types_of(r["careTeam"], {"#care-team": "CareTeam"}) == {"CareTeam"},
        broken_by=lambda r: r.update(careTeam=[{"reference": "Group/x"}]),
    ),
    Rule(
        of="CarePlan",
        says="it addresses Conditions",
        holds=lambda r: types_of(r["addresses"], {}) == {"Condition"},
        broken_by=lambda r: r["addresses"].append({"reference": "Observation/x"}),
    ),
    Rule(
        of="CarePlan",
        says="its goals are Goals",
        holds=lambda r: types_of(r["goal"], {}) == {"Goal"},
        broken_by=lambda r: r["goal"].append({"reference": "Task/x"}),
    ),
    Rule(
        of="CarePlan",
        says="an activity is never described in place",
        holds=lambda r: all("detail" not in one and "reference" in one for one in r["activity"]),
        broken_by=lambda r: r["activity"][0].update(detail={"status": "in-progress"}),
    ),
    Rule(
        of="CarePlan",
        says="an activity refers to a request of a type on the list, or to a Task",
        holds=lambda r: planned(r) <= ACTIVITIES and {"ServiceRequest", "Task"} <= planned(r),
        broken_by=lambda r: r["activity"].append({"reference": {"reference": "Procedure/x"}}),
    ),
    Rule(
        of="CarePlan",
        says="an intervention inside is a planned ServiceRequest with words, for the same patient",
        holds=lambda r: all(
            (one["intent"], one["subject"]) == ("plan", r["subject"]) and one["code"]["text"]
            for one in requests(r)
        ),
        broken_by=lambda r: requests(r)[0].update(intent="order"),
    ),
    Rule(
        of="CarePlan",
        says="an intervention names the goals that it pertains to",
        holds=lambda r: any(
            e["url"] == PERTAINS and e["valueReference"] in r["goal"]
            for one in requests(r)
            for e in one.get("extension", [])
        ),
        broken_by=lambda r: [one.pop("extension", None) for one in requests(r)],
    ),
    Rule(
        of="CarePlan",
        says="everything inside is referred to",
        holds=lambda r: all(f"#{one['id']}" in json.dumps(r) for one in r["contained"]),
        broken_by=lambda r: r["contained"].append({"resourceType": "ServiceRequest", "id": "lost"}),
    ),
    Rule(
        of="Goal",
        says="it claims the guide's profile and US Core's",
        holds=lambda r: {f"{MCC}MCCGoal", f"{US_CORE}goal"} <= set(r["meta"]["profile"]),
        broken_by=lambda r: r["meta"]["profile"].pop(),
    ),
    Rule(
        of="Goal",
        says="it says what, for whom and how it stands",
        holds=lambda r: bool(
            r["lifecycleStatus"] and r["description"]["text"] and r["subject"]["reference"]
        ),
        broken_by=lambda r: r["description"].update(text=""),
    ),
    Rule(
        of="Goal",
        says="its achievement is one of FHIR's words, or it was given up",
        holds=lambda r: (
            r["lifecycleStatus"] == "cancelled"
            or r["achievementStatus"]["coding"][0]["code"] in ACHIEVED
        ),
        broken_by=lambda r: r.update(
            lifecycleStatus="active", achievementStatus={"coding": [{"code": "done"}]}
        ),
    ),
    Rule(
        of="Goal",
        says="it addresses Conditions",
        holds=lambda r: types_of(r["addresses"], {}) == {"Condition"},
        broken_by=lambda r: r.update(addresses=[{"reference": "Patient/p1"}]),
    ),
    Rule(
        of="Goal",
        says="it has a start, and a target a measure and a day",
        holds=lambda r: (
            "startDate" in r and all("measure" in t and "dueDate" in t for t in r["target"])
        ),
        broken_by=lambda r: r["target"][0].pop("measure"),
    ),
    Rule(
        of="CareTeam",
        says="the patient is on it once, by code, on nobody's behalf",
        holds=lambda r: (
            len(people(r, "116154003")) == 1
            and people(r, "116154003")[0]["member"] == r["subject"]
            and "onBehalfOf" not in people(r, "116154003")[0]
        ),
        broken_by=lambda r: r["participant"].pop(0),
    ),
    Rule(
        of="CareTeam",
        says="everybody related to the patient is a caregiver, by code",
        holds=lambda r: all(
            one in people(r, "133932002")
            for one in r["participant"]
            if one["member"].get("reference", "").startswith("RelatedPerson/")
        ),
        broken_by=lambda r: [one.update(role=[{"text": "x"}]) for one in r["participant"]],
    ),
    Rule(
        of="CareTeam",
        says="everybody has a role and is named",
        holds=lambda r: all(one["role"] and one["member"] for one in r["participant"]),
        broken_by=lambda r: r["participant"][0].update(member={}),
    ),
    Rule(
        of="CareTeam",
        says="somebody besides the patient is on it",
        holds=lambda r: len(r["participant"]) > 1,
        broken_by=lambda r: r.update(participant=r["participant"][:1]),
    ),
    Rule(
        of="Task",
        says="it is a planned task of the patient, based on the CarePlan",
        holds=lambda r: (
            r["intent"] == "plan"
            and r["for"]["reference"].startswith("Patient/")
            and types_of(r["basedOn"], {}) == {"CarePlan"}
        ),
        broken_by=lambda r: r.update(basedOn=[{"reference": "ServiceRequest/x"}]),
    ),
)


def written(plan: Plan, envelope: PlanEnvelope = ENVELOPE) -> list[Written]:
    """Return everything that a plan writes, as it is sent."""
    goals = [goal_resource(one, OURS, envelope, plan) for one in plan.goals]
    task = TaskTold(
        patient_ref="Patient/p1",
        requester_ref="Practitioner/n1",
        care_plan_ref="CarePlan/c1",
        text="Call the pharmacy",
        performer="care manager",
        serves="",
        made_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        due_on=date(2026, 11, 27),
    )
    made: list[Json] = [
        care_plan_resource(plan, OURS, envelope),
        *goals,
        *(cancelled_goal(one, envelope.adopted_on) for one in goals),
        care_team_resource(plan, OURS, envelope),
        task_resource(task, OURS),
    ]
    return [json.loads(to_bytes(one)) for one in made]


def a_plan(achievement: Achievement = Achievement.IN_PROGRESS) -> Plan:
    reached = goal(achievement=achievement)
    whole = whole_plan(reached, intervention(goals=(reached.key,)))
    return Plan(parts=whole.parts, team=TEAM)


def named(rule: Rule) -> str:
    return f"{rule.of}: {rule.says}"


@pytest.mark.parametrize("rule", RULES, ids=named)
@given(st.sampled_from(Achievement), st.booleans())
def test_a_rule_of_the_profiles_holds(rule: Rule, achievement: Achievement, inside: bool) -> None:  # noqa: FBT001  # drawn
    envelope = replace(ENVELOPE, care_team_ref="") if inside else ENVELOPE

    found = [
        one for one in written(a_plan(achievement), envelope) if one["resourceType"] == rule.of
    ]

    assert found
    assert all(rule.holds(one) for one in found)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_rule_objects_where_it_is_broken(rule: Rule) -> None:
    one = deepcopy(next(r for r in written(a_plan()) if r["resourceType"] == rule.of))

    rule.broken_by(one)

    assert not rule.holds(one)


def test_the_team_inside_a_plan_keeps_the_rules_of_a_team() -> None:
    (plan, *_) = written(a_plan(), replace(ENVELOPE, care_team_ref=""))
    (team,) = (one for one in plan["contained"] if one["resourceType"] == "CareTeam")

    assert all(rule.holds(team) for rule in RULES if rule.of == "CareTeam")
