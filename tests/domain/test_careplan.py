"""The picture of the care plan: each element, each loose end, and what cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.careplan import (
    CarePlanPicture,
    ElementSeen,
    ElementState,
    GapKind,
    parts_of,
    picture,
)
from ccm_fhir.domain.codes import SNOMED
from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.facts import (
    AnsweredFact,
    CareTeamFact,
    Coding,
    DocumentFact,
    EvidenceRef,
    QuestionnaireResponseFact,
    ServiceRequestFact,
    Skipped,
    Unread,
)
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.rulebook import load_rulebook
from tests.builders import (
    LOINC,
    NOVEMBER,
    care_plan,
    chart,
    full_plan,
    goal,
    observed,
    on,
    planned,
)

if TYPE_CHECKING:
    from ccm_fhir.domain.facts import ChartFacts

RULE = load_rulebook().of_month(NOVEMBER).care_plan
PLAN = EvidenceRef("CarePlan", "plan")


def family(name: str = "diabetes", *conditions: str) -> ChronicFamily:
    refs = conditions or ("c1",)
    return ChronicFamily(
        family=name,
        label=name.title(),
        icd10cm="",
        evidence=tuple(EvidenceRef("Condition", ref) for ref in refs),
    )


def seen(facts: ChartFacts, *families: ChronicFamily) -> CarePlanPicture:
    assert RULE is not None
    return picture(facts, families, NOVEMBER, RULE)


def element(facts: ChartFacts, wanted: PlanElement) -> ElementSeen:
    return next(e for e in seen(facts).elements if e.element is wanted)


def kinds(found: CarePlanPicture) -> list[GapKind]:
    return [gap.kind for gap in found.gaps]


def coded(system: str, code: str) -> tuple[Coding, ...]:
    return (Coding(system=system, code=code),)


class TestThePicture:
    def test_it_has_each_of_the_elements_in_the_order_of_the_source(self) -> None:
        assert [e.element for e in seen(chart()).elements] == list(PlanElement)

    def test_no_plan_leaves_every_element_absent_and_no_loose_end(self) -> None:
        found = seen(chart(care_plans=()), family())

        assert {e.state for e in found.elements} == {ElementState.ABSENT}
        assert (found.plans, found.gaps, found.present) == ((), (), 0)
        assert len(found.lacking()) == len(PlanElement)

    def test_plans_that_the_ehr_does_not_show_are_unknown_not_absent(self) -> None:
        found = seen(chart(unread=(Unread("CarePlan", "needs a scope"),)))

        assert {e.state for e in found.elements} == {ElementState.UNKNOWN}
        assert found.unread == ("CarePlan",)

    def test_a_plan_that_cannot_be_read_is_unknown(self) -> None:
        found = seen(chart(care_plans=(), skipped=(Skipped("CarePlan", "broken"),)))

        assert {e.state for e in found.elements} == {ElementState.UNKNOWN}

    def test_a_plan_that_cannot_be_read_beside_one_that_can_hides_nothing(self) -> None:
        facts = chart(skipped=(Skipped("CarePlan", "broken"),))

        assert element(facts, PlanElement.PROBLEM_LIST).state is ElementState.PRESENT

    @pytest.mark.parametrize(
        "changes", [{"status": "revoked"}, {"established_on": on("2026-12-01")}]
    )
    def test_a_plan_that_is_over_or_came_later_is_left_out(
        self, changes: dict[str, object]
    ) -> None:
        assert seen(chart(care_plans=(care_plan(**changes),))).plans == ()

    def test_a_plan_of_an_unknown_day_is_shown(self) -> None:
        assert seen(chart(care_plans=(care_plan(established_on=None),))).plans == (PLAN,)

    def test_several_plans_make_one_picture(self) -> None:
        other = full_plan(
            planned("Home safety list."),
            ref=EvidenceRef("CarePlan", "other"),
            goals=0,
            goal_refs=(),
        )
        facts = chart(care_plans=(full_plan(planned("Symptom diary.")), other), goals=(goal(),))
        found = seen(facts)

        assert found.plans == (EvidenceRef("CarePlan", "other"), PLAN)
        states = {e.element: e.state for e in found.elements}
        assert states[PlanElement.SYMPTOM_MANAGEMENT] is ElementState.PRESENT
        assert states[PlanElement.ENVIRONMENTAL_EVALUATION] is ElementState.PRESENT

    def test_its_days_are_the_oldest_plan_the_last_progress_and_the_last_saving(self) -> None:
        plans = (
            full_plan(planned(progressed_on=on("2026-09-03")), updated_on=on("2026-11-20")),
            care_plan(ref=EvidenceRef("CarePlan", "old"), established_on=on("2025-02")),
        )
        facts = chart(care_plans=plans, goals=(goal(changed_on=on("2026-11-21")),))
        found = seen(facts)

        assert str(found.established_on) == "2025-02"
        assert str(found.progressed_on) == "2026-09-03"
        assert str(found.saved_on) == "2026-11-21"

    def test_a_plan_without_days_has_none(self) -> None:
        found = seen(chart(care_plans=(care_plan(established_on=None),)))

        assert (found.established_on, found.progressed_on, found.saved_on) == (None, None, None)

    def test_what_stands_in_a_plan_whose_own_period_has_ended_is_stale(self) -> None:
        ended = full_plan(planned(), ends_on=on("2026-10-31"))
        found = element(chart(care_plans=(ended,), goals=(goal(),)), PlanElement.PROBLEM_LIST)

        assert found.state is ElementState.STALE
        assert "2026-10-31" in found.reason
        assert found.remedy

    def test_a_plan_that_goes_on_beside_one_that_ended_is_present(self) -> None:
        ended = full_plan(planned(), ref=EvidenceRef("CarePlan", "x"), ends_on=on("2026-10-31"))
        facts = chart(care_plans=(ended, full_plan(planned())), goals=(goal(),))

        assert element(facts, PlanElement.PROBLEM_LIST).state is ElementState.PRESENT


class TestProblemList:
    def test_each_condition_that_a_plan_addresses_is_evidence(self) -> None:
        plan = care_plan(addresses=("Condition/c2", "Condition/c1", "#inside"))
        found = element(chart(care_plans=(plan,)), PlanElement.PROBLEM_LIST)

        assert found.state is ElementState.PRESENT
        assert [str(ref) for ref in found.evidence] == ["Condition/c1", "Condition/c2"]
        assert "2 conditions" in found.reason

    def test_one_condition_is_told_in_the_singular(self) -> None:
        assert "1 condition." in element(chart(), PlanElement.PROBLEM_LIST).reason

    def test_a_plan_that_addresses_none_lacks_it(self) -> None:
        facts = chart(care_plans=(care_plan(addresses=()),))

        assert element(facts, PlanElement.PROBLEM_LIST).state is ElementState.ABSENT


class TestGoals:
    def test_a_measure_with_a_target_is_present(self) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(),))
        found = element(facts, PlanElement.MEASURABLE_GOALS)

        assert found.state is ElementState.PRESENT
        assert "1 of 1 goals" in found.reason
        assert found.evidence == (EvidenceRef("Goal", "g1"),)

    def test_no_goal_at_all_is_absent_and_tells_of_those_beside_the_plan(self) -> None:
        plan = full_plan(planned(), goals=0, goal_refs=())
        found = element(chart(care_plans=(plan,), goals=(goal(),)), PlanElement.MEASURABLE_GOALS)

        assert found.state is ElementState.ABSENT
        assert "1 on the chart" in found.reason
        alone = element(chart(care_plans=(plan,)), PlanElement.MEASURABLE_GOALS)
        assert "on the chart" not in alone.reason

    def test_goals_without_a_measure_are_not_measurable(self) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(is_measurable=False),))

        assert element(facts, PlanElement.MEASURABLE_GOALS).state is ElementState.ABSENT

    @pytest.mark.parametrize(
        ("unread", "why"),
        [((), "read the chart again"), ((Unread("Goal", "needs a scope"),), "did not show")],
    )
    def test_goals_that_were_not_read_are_unknown(
        self, unread: tuple[Unread, ...], why: str
    ) -> None:
        facts = chart(care_plans=(full_plan(planned()),), unread=unread)
        found = element(facts, PlanElement.MEASURABLE_GOALS)

        assert (found.state, found.remedy) == (ElementState.UNKNOWN, "")
        assert why in found.reason
        assert "1 goal," in found.reason

    @pytest.mark.parametrize(
        "changes",
        [
            {"due_on": on("2026-10-31")},
            {"lifecycle_status": "completed"},
            {"achievement_status": "achieved"},
        ],
    )
    def test_goals_all_reached_closed_or_past_their_day_are_stale(
        self, changes: dict[str, object]
    ) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(1, **changes),))

        assert element(facts, PlanElement.MEASURABLE_GOALS).state is ElementState.STALE

    def test_a_goal_due_within_the_month_is_not_stale(self) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(due_on=on("2026-11-01")),))

        assert element(facts, PlanElement.MEASURABLE_GOALS).state is ElementState.PRESENT

    @pytest.mark.parametrize("status", ["cancelled", "rejected", "entered-in-error"])
    def test_a_goal_that_was_given_up_is_none(self, status: str) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(lifecycle_status=status),))

        assert element(facts, PlanElement.MEASURABLE_GOALS).state is ElementState.ABSENT

    def test_a_goal_of_two_plans_is_one(self) -> None:
        plans = (full_plan(planned()), full_plan(planned(), ref=EvidenceRef("CarePlan", "z")))
        found = element(chart(care_plans=plans, goals=(goal(),)), PlanElement.MEASURABLE_GOALS)

        assert "1 of 1" in found.reason

    def test_a_goal_that_leads_nowhere_is_counted_as_unseen(self) -> None:
        plan = full_plan(planned(), goals=2, goal_refs=("Goal/g1", "Goal/gone"))
        found = element(chart(care_plans=(plan,), goals=(goal(),)), PlanElement.MEASURABLE_GOALS)

        assert "1 of 2" in found.reason


class TestInterventions:
    def test_one_with_somebody_who_does_it_is_present(self) -> None:
        facts = chart(care_plans=(full_plan(planned(), planned(performers=())),), goals=(goal(),))
        found = element(facts, PlanElement.PLANNED_INTERVENTIONS)

        assert found.state is ElementState.PRESENT
        assert "1 of 2" in found.reason

    def test_none_is_absent(self) -> None:
        facts = chart(care_plans=(full_plan(),), goals=(goal(),))

        assert element(facts, PlanElement.PLANNED_INTERVENTIONS).state is ElementState.ABSENT

    def test_nobody_named_is_absent(self) -> None:
        facts = chart(care_plans=(full_plan(planned(performers=())),))
        found = element(facts, PlanElement.PLANNED_INTERVENTIONS)

        assert found.state is ElementState.ABSENT
        assert "none says who" in found.reason

    def test_an_ordered_service_says_who_does_it(self) -> None:
        asked = ServiceRequestFact(
            ref=EvidenceRef("ServiceRequest", "s1"), status="active", performers=("Practitioner/p",)
        )
        plan = full_plan(planned("", ref="ServiceRequest/s1", performers=(), status=""))
        facts = chart(care_plans=(plan,), service_requests=(asked,))
        found = element(facts, PlanElement.PLANNED_INTERVENTIONS)

        assert found.state is ElementState.PRESENT
        assert asked.ref in found.evidence

    def test_a_reference_to_what_was_not_read_is_unknown(self) -> None:
        plan = full_plan(planned("", ref="Task/t1", performers=()))

        found = element(chart(care_plans=(plan,)), PlanElement.PLANNED_INTERVENTIONS)
        assert found.state is ElementState.UNKNOWN

    def test_interventions_counted_without_detail_are_unknown(self) -> None:
        assert element(chart(), PlanElement.PLANNED_INTERVENTIONS).state is ElementState.UNKNOWN

    def test_interventions_all_completed_are_stale(self) -> None:
        facts = chart(care_plans=(full_plan(planned(status="completed")),))

        assert element(facts, PlanElement.PLANNED_INTERVENTIONS).state is ElementState.STALE

    def test_a_cancelled_intervention_is_none(self) -> None:
        facts = chart(care_plans=(full_plan(planned(status="cancelled")),))

        assert element(facts, PlanElement.PLANNED_INTERVENTIONS).state is ElementState.ABSENT


class TestRecognising:
    WANTED = PlanElement.COGNITIVE_FUNCTIONAL_ASSESSMENT

    def plain(self, **changes: object) -> ChartFacts:
        return chart(**({"care_plans": (full_plan(planned("Monthly call.")),)} | changes))

    def test_a_coded_intervention_is_in_the_plan(self) -> None:
        reconciling = planned("", codings=coded(SNOMED, "430193006"))
        found = element(
            self.plain(care_plans=(full_plan(reconciling),)), PlanElement.MEDICATION_MANAGEMENT
        )

        assert (found.state, found.is_by_words) == (ElementState.PRESENT, False)
        assert found.evidence == (PLAN,)

    def test_an_ordered_medicine_in_the_plan_manages_medication(self) -> None:
        plan = full_plan(planned("", ref="MedicationRequest/m1"))
        found = element(self.plain(care_plans=(plan,)), PlanElement.MEDICATION_MANAGEMENT)

        assert found.state is ElementState.PRESENT
        assert EvidenceRef("MedicationRequest", "m1") in found.evidence

    def test_words_are_told_as_words(self) -> None:
        plan = full_plan(planned("Yearly MEMORY test"), planned("Monthly call."))
        found = element(self.plain(care_plans=(plan,)), self.WANTED)

        assert (found.state, found.is_by_words) == (ElementState.PRESENT, True)
        assert "read them" in found.reason

    def test_a_word_begins_where_a_word_begins(self) -> None:
        plan = full_plan(planned("Avoid scarers."))

        found = element(self.plain(care_plans=(plan,)), PlanElement.CAREGIVER_ASSESSMENT)
        assert found.state is ElementState.ABSENT

    def test_the_name_of_a_code_is_read_for_words(self) -> None:
        named = Coding(system="urn:local", code="x", display="Caregiver support")
        plan = full_plan(planned("", codings=(named,)))

        found = element(self.plain(care_plans=(plan,)), PlanElement.CAREGIVER_ASSESSMENT)
        assert found.is_by_words

    def test_an_observation_by_category_is_in_the_chart(self) -> None:
        by_category = observed("00000-0", categories=("functional-status",))
        found = element(self.plain(observations=(by_category,)), self.WANTED)

        assert found.state is ElementState.PRESENT
        assert "last on 2026-11-02" in found.reason
        assert found.evidence == (by_category.ref,)

    def test_an_observation_to_which_the_plan_points_is_in_the_plan(self) -> None:
        tested = observed("72172-0")
        plan = full_plan(planned(), supporting=("Observation/o-72172-0",))
        found = element(self.plain(care_plans=(plan,), observations=(tested,)), self.WANTED)

        assert found.reason == "Recorded in the plan."

    @pytest.mark.parametrize(
        "changes", [{"status": "entered-in-error"}, {"taken_on": on("2026-12-03")}]
    )
    def test_an_observation_that_is_void_or_came_later_shows_nothing(
        self, changes: dict[str, object]
    ) -> None:
        facts = self.plain(observations=(observed("72172-0", None, **changes),))

        assert element(facts, self.WANTED).state is ElementState.ABSENT

    def test_an_observation_without_a_day_counts_and_says_no_day(self) -> None:
        found = element(self.plain(observations=(observed("72172-0", taken_on=None),)), self.WANTED)

        assert found.state is ElementState.PRESENT
        assert "last on" not in found.reason

    @pytest.mark.parametrize(
        ("changes", "state"),
        [
            ({"questionnaire": "http://loinc.org/q/72172-0|2.7"}, ElementState.PRESENT),
            (
                {"items": (AnsweredFact(link_id="/72106-8"),)},
                ElementState.PRESENT,
            ),
            ({"questionnaire": "https://forms.example/intake"}, ElementState.ABSENT),
            (
                {"questionnaire": "http://loinc.org/q/72172-0", "status": "in-progress"},
                ElementState.ABSENT,
            ),
        ],
    )
    def test_a_form_counts_by_its_name_or_its_items(
        self, changes: dict[str, object], state: ElementState
    ) -> None:
        fields: dict[str, object] = {
            "ref": EvidenceRef("QuestionnaireResponse", "q1"),
            "status": "completed",
        }
        form = QuestionnaireResponseFact(**(fields | changes))  # type: ignore[arg-type]

        assert element(self.plain(responses=(form,)), self.WANTED).state is state

    @pytest.mark.parametrize(
        ("status", "state"),
        [("active", ElementState.PRESENT), ("revoked", ElementState.ABSENT)],
    )
    def test_an_ordered_social_service_counts(self, status: str, state: ElementState) -> None:
        asked = ServiceRequestFact(
            ref=EvidenceRef("ServiceRequest", "s1"), status=status, categories=("410606002",)
        )
        facts = self.plain(service_requests=(asked,))

        assert element(facts, PlanElement.COMMUNITY_SERVICES).state is state

    def test_what_the_ehr_does_not_show_makes_it_unknown(self) -> None:
        facts = self.plain(unread=(Unread("Observation", "needs a scope"),))
        found = element(facts, self.WANTED)

        assert found.state is ElementState.UNKNOWN
        assert "Observation" in found.reason
        words_alone = element(facts, PlanElement.SYMPTOM_MANAGEMENT)
        assert words_alone.state is ElementState.ABSENT

    def test_interventions_counted_without_detail_make_it_unknown(self) -> None:
        assert element(chart(), PlanElement.SYMPTOM_MANAGEMENT).state is ElementState.UNKNOWN

    def test_a_plan_with_a_narrative_says_that_it_is_not_read(self) -> None:
        with_text = full_plan(planned(), has_text=True)

        said = element(self.plain(care_plans=(with_text,)), self.WANTED).reason
        assert "narrative is not read" in said
        assert "narrative" not in element(self.plain(), self.WANTED).reason


class TestLooseEnds:
    def test_a_disease_for_which_no_goal_is_meant_is_one(self) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(),))
        found = seen(facts, family(), family("asthma", "c9"))

        gap = next(g for g in found.gaps if g.kind is GapKind.CONDITION_WITHOUT_GOAL)
        assert gap.reason == "No goal says that it is for Asthma."
        assert gap.evidence == (EvidenceRef("Condition", "c9"),)
        assert gap.is_certain

    @pytest.mark.parametrize("unread", [(), (Unread("Goal", "needs a scope"),)])
    def test_goals_that_were_not_read_leave_it_open(self, unread: tuple[Unread, ...]) -> None:
        facts = chart(care_plans=(full_plan(planned()),), unread=unread)
        gaps = [g for g in seen(facts, family()).gaps if not g.is_certain]

        assert [g.kind for g in gaps] == [GapKind.CONDITION_WITHOUT_GOAL]

    def test_a_goal_outside_the_plan_serves_a_disease_and_is_told(self) -> None:
        plan = full_plan(planned(), goals=0, goal_refs=())
        found = seen(chart(care_plans=(plan,), goals=(goal(), goal(2))), family())

        assert kinds(found) == [GapKind.GOAL_OUTSIDE_PLAN]
        assert "2 goals are" in found.gaps[0].reason
        one = seen(chart(care_plans=(plan,), goals=(goal(),)), family())
        assert "1 goal is" in one.gaps[0].reason

    def test_a_goal_that_no_intervention_serves_is_one(self) -> None:
        plan = full_plan(planned(goals=("Goal/g1",)), goals=2, goal_refs=("Goal/g1", "Goal/g2"))
        found = seen(chart(care_plans=(plan,), goals=(goal(), goal(2))))

        gap = next(g for g in found.gaps if g.kind is GapKind.GOAL_WITHOUT_ACTIVITY)
        assert (gap.is_certain, gap.evidence) == (True, (EvidenceRef("Goal", "g2"),))

    def test_interventions_that_name_no_goal_leave_it_open(self) -> None:
        found = seen(chart(care_plans=(full_plan(planned()),), goals=(goal(),)))

        gap = next(g for g in found.gaps if g.kind is GapKind.GOAL_WITHOUT_ACTIVITY)
        assert not gap.is_certain

    def test_a_goal_that_is_reached_needs_no_intervention(self) -> None:
        reached = goal(achievement_status="achieved")
        found = seen(chart(care_plans=(full_plan(planned()),), goals=(reached,)))

        assert GapKind.GOAL_WITHOUT_ACTIVITY not in kinds(found)

    def test_a_goal_past_its_day_is_one(self) -> None:
        late = goal(due_on=on("2026-10-01"))
        found = seen(chart(care_plans=(full_plan(planned()),), goals=(late,)))

        assert GapKind.GOAL_OVERDUE in kinds(found)

    def test_an_intervention_without_anybody_is_one(self) -> None:
        plan = full_plan(planned(), planned("Exercise.", performers=()))
        found = seen(chart(care_plans=(plan,), goals=(goal(),)))

        gap = next(g for g in found.gaps if g.kind is GapKind.ACTIVITY_WITHOUT_PERFORMER)
        assert "1 of 2" in gap.reason


class TestTheCopy:
    def document(self, text: str = "", **changes: object) -> DocumentFact:
        fields: dict[str, object] = {
            "ref": EvidenceRef("DocumentReference", "d1"),
            "status": "current",
            "types": coded(LOINC, "18776-5"),
            "text": text,
        }
        return DocumentFact(**(fields | changes))  # type: ignore[arg-type]

    def test_without_a_plan_there_is_none(self) -> None:
        found = seen(chart(care_plans=())).copy_given

        assert found.state is ElementState.UNKNOWN

    def test_a_plan_says_so_in_an_intervention(self) -> None:
        plan = full_plan(planned("Copy given to patient on 2026-08-04"))
        found = seen(chart(care_plans=(plan,))).copy_given

        assert (found.state, found.evidence) == (ElementState.PRESENT, (PLAN,))

    def test_a_care_plan_document_says_so_in_its_words(self) -> None:
        found = seen(chart(documents=(self.document("Care plan, copy mailed"),))).copy_given

        assert found.state is ElementState.PRESENT

    def test_a_care_plan_document_on_file_is_no_proof(self) -> None:
        found = seen(chart(documents=(self.document(),))).copy_given

        assert found.state is ElementState.UNKNOWN
        assert found.evidence == (EvidenceRef("DocumentReference", "d1"),)

    @pytest.mark.parametrize(
        "changes",
        [{"types": coded(LOINC, "11506-3"), "text": "copy given"}, {"status": "superseded"}],
    )
    def test_another_document_tells_nothing(self, changes: dict[str, object]) -> None:
        found = seen(chart(documents=(self.document(**changes),))).copy_given  # type: ignore[arg-type]

        assert (found.state, found.evidence) == (ElementState.UNKNOWN, ())


def test_a_team_that_is_over_is_no_team() -> None:
    plan = care_plan(care_teams=("CareTeam/t1",))
    over = CareTeamFact(ref=EvidenceRef("CareTeam", "t1"), status="inactive")

    assert not parts_of((plan,), chart(care_teams=(over,))).has_team
    assert parts_of((plan,), chart()).has_team
    assert parts_of((care_plan(),), chart()).has_team
    assert not parts_of((care_plan(has_care_team=False),), chart()).has_team
