"""A care plan as FHIR: valid, in the guide's shape, and merged so that nobody's words are lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.plans.parts import Achievement, Bound, Target
from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.merge import merged
from ccm_fhir.fhir.write_plan import (
    PlanEnvelope,
    care_plan_resource,
    care_team_resource,
    goal_resource,
)
from ccm_fhir.fhir.write_time import OurIdentifier
from tests.domain.plan_parts import goal, whole_plan
from tests.validators.harness import problems

OURS = OurIdentifier(system="https://ccm.example.org/identifier/plan", value="0c7e")
PLAN = whole_plan()
ENVELOPE = PlanEnvelope(
    patient_ref="Patient/p1",
    custodian_ref="Organization/ours",
    contributor_refs=("Practitioner/n1",),
    established_on=date(2026, 8, 4),
    adopted_on=date(2026, 11, 20),
    care_team_ref="CareTeam/t1",
    refs={"goal:diabetes:a1c": "Goal/g1"},
)


def read(resource: Json) -> Any:  # noqa: ANN401  # JSON
    return json.loads(to_bytes(resource))


def every_resource() -> list[Json]:
    return [
        care_plan_resource(PLAN, OURS, ENVELOPE),
        goal_resource(goal(), OURS, ENVELOPE, PLAN),
        care_plan_resource(PLAN, OURS, replace(ENVELOPE, care_team_ref="")),
        care_team_resource(PLAN, OURS, ENVELOPE),
    ]


@pytest.mark.needs("validators")
def test_three_validators_object_to_nothing() -> None:
    assert problems([read(one) for one in every_resource()]) == ()


def test_the_plan_has_the_guides_shape() -> None:
    plan = read(care_plan_resource(PLAN, OURS, ENVELOPE))

    assert plan["extension"] == [
        {
            "url": "http://hl7.org/fhir/us/mcc/StructureDefinition/custodian",
            "valueReference": {"reference": "Organization/ours"},
        }
    ]
    (work,) = plan["contained"]
    assert work["resourceType"] == "ServiceRequest"
    assert plan["activity"] == [
        {"reference": {"reference": f"#{work['id']}"}},
        {"reference": {"reference": "MedicationRequest/m1"}},
    ]
    assert "detail" not in json.dumps(plan["activity"])
    assert "author" not in plan
    assert plan["contributor"] == [{"reference": "Practitioner/n1"}]
    assert plan["category"][0]["coding"][0]["code"] == "assess-plan"
    assert plan["goal"] == [{"reference": "Goal/g1"}]
    assert plan["addresses"] == [{"reference": "Condition/c1"}]
    assert plan["careTeam"] == [{"reference": "CareTeam/t1"}]


def test_what_is_no_resource_of_its_own_stands_in_the_notes() -> None:
    notes = [note["text"] for note in read(care_plan_resource(PLAN, OURS, ENVELOPE))["note"]]

    assert "Caregiver assessment: Look at it. Result: Nothing of note." in notes
    assert "Periodic review: Look at the plan again; next by 2026-12-20" in notes


def test_the_narrative_escapes_what_people_wrote() -> None:
    hostile = whole_plan(goal(text="<script>x</script>"))

    assert "<script>" not in read(care_plan_resource(hostile, OURS, ENVELOPE))["text"]["div"]


@pytest.mark.parametrize(
    ("bound", "comparator"), [(Bound.BELOW, "<"), (Bound.AT_MOST, "<="), (Bound.AT_LEAST, ">=")]
)
def test_a_target_is_a_quantity_with_its_comparator(bound: Bound, comparator: str) -> None:
    asked = goal(target=Target(bound=bound, value=Decimal("7.5")))

    (target,) = read(goal_resource(asked, OURS, ENVELOPE, PLAN))["target"]

    assert target["detailQuantity"] == {
        "value": 7.5,
        "comparator": comparator,
        "unit": "%",
        "system": "http://unitsofmeasure.org",
        "code": "%",
    }
    assert target["measure"]["coding"] == [{"system": "http://loinc.org", "code": "4548-4"}]
    assert target["dueDate"] == "2027-05-20"


def test_a_target_in_words_is_a_string_and_one_that_is_not_set_is_absent() -> None:
    in_words = goal(target=Target(bound=Bound.IN_WORDS, words="walks daily"))
    unset = goal(target=Target(bound=Bound.BELOW))

    (target,) = read(goal_resource(in_words, OURS, ENVELOPE, PLAN))["target"]
    assert target["detailString"] == "walks daily"
    assert "target" not in read(goal_resource(unset, OURS, ENVELOPE, PLAN))


def test_a_goal_that_was_reached_says_so() -> None:
    reached = read(goal_resource(goal(achievement=Achievement.ACHIEVED), OURS, ENVELOPE, PLAN))

    assert reached["lifecycleStatus"] == "completed"
    assert reached["achievementStatus"]["coding"][0]["code"] == "achieved"


class TestMerging:
    BEFORE = care_plan_resource(PLAN, OURS, ENVELOPE)

    def test_what_another_writer_added_is_kept_and_ours_is_changed(self) -> None:
        theirs = {"reference": "Goal/theirs"}
        stored = {
            **self.BEFORE,
            "id": "c1",
            "meta": {"versionId": "7"},
            "goal": [theirs, {"reference": "Goal/g1", "display": "as the server shows it"}],
            "instantiatesUri": ["https://theirs.example/plan"],
        }
        wanted = {**self.BEFORE, "goal": [{"reference": "Goal/g2"}], "title": "Our new title"}

        found = merged([self.BEFORE], stored, wanted)

        assert found.resource["goal"] == [theirs, {"reference": "Goal/g2"}]
        assert found.resource["instantiatesUri"] == ["https://theirs.example/plan"]
        assert found.resource["title"] == "Our new title"
        assert (found.resource["id"], found.kept) == ("c1", ())

    def test_what_another_writer_changed_of_ours_stays_and_is_named(self) -> None:
        stored = {**self.BEFORE, "status": "revoked"}

        found = merged([self.BEFORE], stored, self.BEFORE)

        assert found.resource["status"] == "revoked"
        assert found.kept == ("status",)

    def test_the_same_again_changes_nothing(self) -> None:
        stored = {**self.BEFORE, "id": "c1"}

        assert merged([self.BEFORE], stored, self.BEFORE).resource == stored

    @given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.sets(st.integers(10, 19)))
    def test_no_entry_of_others_is_lost_and_ours_are_as_wanted(
        self, before: set[int], wanted: set[int], others: set[int]
    ) -> None:
        def plan(goals: set[int]) -> Json:
            return {"goal": [{"reference": f"Goal/{n}"} for n in sorted(goals)]}

        found = merged([plan(before)], plan(before | others), plan(wanted)).resource

        entries: Any = found.get("goal", [])
        assert {entry["reference"] for entry in entries} == {f"Goal/{n}" for n in wanted | others}
        assert len(entries) == len(wanted | others)
