"""The plan that people write here: complete, current, measured, compared, and judged as a fact."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import EvidenceRef, Unread
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.plans.changes import NewsKind, Now, SinceLast, since_last
from ccm_fhir.domain.plans.diffing import ChangeKind, diff
from ccm_fhir.domain.plans.drafting import (
    Draft,
    DraftPart,
    draft_of,
    merged,
    with_included,
    with_part,
    without_part,
)
from ccm_fhir.domain.plans.judging import completeness, is_complete, loose_ends, staleness
from ccm_fhir.domain.plans.measuring import progress_of, readings_of
from ccm_fhir.domain.plans.parts import Achievement, Bound, Plan, Target, TeamMember, Wording
from ccm_fhir.domain.plans.versions import AdoptedPlan, standing_in, with_adopted
from ccm_fhir.domain.rules import CarePlanRule, ChartRule, PlanElement
from ccm_fhir.rulebook import load_rulebook
from tests.builders import NOVEMBER, chart, eligibility, medication, observed, on, stay
from tests.domain.plan_parts import (
    A1C,
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
    from ccm_fhir.domain.facts import ObservationFact
    from ccm_fhir.domain.plans.parts import AnyPart

RULES = load_rulebook().of_month(NOVEMBER)
assert RULES.care_plan is not None
assert RULES.chart is not None
RULE: CarePlanRule = RULES.care_plan
CHART_RULE: ChartRule = RULES.chart


def answers(plan: Plan) -> dict[str, Answer]:
    return {finding.code: finding.answer for finding in completeness(plan, RULE)}


def a1c(value: str, number: int = 1, day: str = "2026-11-02", unit: str = "%") -> ObservationFact:
    ref = EvidenceRef("Observation", f"a1c-{number}")
    return observed("4548-4", value, ref=ref, taken_on=on(day), unit=unit)


def without(plan: Plan, element: PlanElement) -> Plan:
    return Plan(parts=tuple(p for p in plan.parts if p.element is not element), team=plan.team)


class TestCompleteness:
    def test_a_plan_that_says_everything_is_complete(self) -> None:
        found = completeness(whole_plan(), RULE)

        assert {f.answer for f in found} == {Answer.MET}
        assert [f.code for f in found] == [e.element.value for e in RULE.elements]
        assert is_complete(found)

    @pytest.mark.parametrize("element", PlanElement)
    def test_each_element_that_is_missing_is_named_with_what_helps(
        self, element: PlanElement
    ) -> None:
        found = completeness(without(whole_plan(), element), RULE)

        (missing,) = (f for f in found if f.answer is Answer.NOT_MET)
        assert missing.code == element.value
        assert missing.remedy
        assert not is_complete(found)

    @pytest.mark.parametrize(
        "changed",
        [
            {"target": Target(bound=Bound.BELOW)},
            {"due_on": None},
            {"measure": msgspec.structs.replace(A1C, label=Wording())},
        ],
    )
    def test_a_goal_without_target_day_or_measure_is_not_measurable(
        self, changed: dict[str, Any]
    ) -> None:
        plan = whole_plan(goal(**changed))

        assert answers(plan)["measurable_goals"] is Answer.NOT_MET

    def test_an_intervention_that_nobody_does_is_not_enough(self) -> None:
        plan = whole_plan(intervention(performer=None))

        assert answers(plan)["planned_interventions"] is Answer.NOT_MET

    def test_an_assessment_that_is_only_planned_is_unknown_and_not_missing(self) -> None:
        element = PlanElement.CAREGIVER_ASSESSMENT
        found = completeness(whole_plan(assessment(element)), RULE)

        assert {f.code: f.answer for f in found}[element.value] is Answer.UNKNOWN
        assert is_complete(found)

    def test_a_review_without_a_day_is_unknown(self) -> None:
        assert answers(whole_plan(review(None)))["periodic_review"] is Answer.UNKNOWN

    def test_a_condition_without_a_goal_is_a_loose_end(self) -> None:
        (loose,) = loose_ends(whole_plan(problem("asthma")))

        assert loose.evidence == ("problem:asthma",)
        assert loose.answer is Answer.NOT_MET

    def test_a_goal_that_nothing_serves_is_a_loose_end(self) -> None:
        alone = goal("goal:walk", family="", text="Walk")

        assert [f.code for f in loose_ends(whole_plan(alone))] == ["goal_without_intervention"]


class TestStaleness:
    @pytest.mark.parametrize(
        ("due", "reviewed", "expected"),
        [
            (TODAY, date(2026, 8, 1), Answer.MET),
            (TODAY - timedelta(days=1), date(2026, 8, 1), Answer.NOT_MET),
            (TODAY - timedelta(days=1), TODAY - timedelta(days=1), Answer.MET),
            (None, date(2026, 8, 1), Answer.UNKNOWN),
        ],
    )
    def test_a_plan_is_stale_by_its_own_day_alone(
        self, due: date | None, reviewed: date, expected: Answer
    ) -> None:
        assert staleness(whole_plan(review(due)), reviewed, TODAY).answer is expected


class TestProgress:
    def test_the_last_result_decides(self) -> None:
        read = chart(observations=(a1c("9.0", day="2026-08-01"), a1c("7.5", number=2)))

        found = progress_of(goal(), read, TODAY)

        assert found.answer is Answer.MET
        assert [r.value for r in found.readings] == [Decimal("9.0"), Decimal("7.5")]
        assert "7.5 %" in found.reason

    @pytest.mark.parametrize(
        ("bound", "value", "expected"),
        [
            (Bound.AT_MOST, "8", Answer.MET),
            (Bound.BELOW, "8", Answer.NOT_MET),
            (Bound.AT_LEAST, "8", Answer.MET),
            (Bound.AT_LEAST, "7.9", Answer.NOT_MET),
            (Bound.AT_MOST, "8.1", Answer.NOT_MET),
            (Bound.BELOW, "7.9", Answer.MET),
        ],
    )
    def test_bounds_at_below_and_above(self, bound: Bound, value: str, expected: Answer) -> None:
        asked = goal(target=Target(bound=bound, value=Decimal(8)))

        found = progress_of(asked, chart(observations=(a1c(value),)), TODAY)

        assert found.answer is expected

    def test_a_result_in_another_unit_is_not_compared(self) -> None:
        read = chart(observations=(a1c("58", unit="mmol/mol"),))

        assert readings_of(A1C, read) == ()
        assert progress_of(goal(), read, TODAY).answer is Answer.UNKNOWN

    def test_results_that_were_not_read_are_unknown_even_when_late(self) -> None:
        read = chart(unread=(Unread("Observation", "needs a scope"),))

        found = progress_of(goal(due_on=date(2026, 1, 1)), read, TODAY)

        assert (found.answer, found.reason) == (
            Answer.UNKNOWN,
            "Results could not be read from the EHR.",
        )

    def test_a_goal_past_its_day_without_a_result_is_missed(self) -> None:
        late = goal(due_on=TODAY - timedelta(days=1))

        assert progress_of(late, chart(), TODAY).answer is Answer.NOT_MET

    def test_a_goal_without_a_target_is_unknown_whatever_was_measured(self) -> None:
        unset = goal(target=Target(bound=Bound.BELOW))

        found = progress_of(unset, chart(observations=(a1c("6"),)), TODAY)

        assert found.answer is Answer.UNKNOWN

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            (Achievement.ACHIEVED, Answer.MET),
            (Achievement.NOT_ACHIEVED, Answer.NOT_MET),
            (Achievement.DROPPED, Answer.NOT_MET),
        ],
    )
    def test_what_the_care_team_says_goes_before_results(
        self, said: Achievement, expected: Answer
    ) -> None:
        found = progress_of(goal(achievement=said), chart(observations=(a1c("7"),)), TODAY)

        assert found.answer is expected


class TestDiff:
    def test_added_removed_and_changed_parts_are_told_by_field(self) -> None:
        older = whole_plan()
        later = goal(target=Target(bound=Bound.BELOW, value=Decimal(7)))
        newer = without(whole_plan(later, problem("asthma")), PlanElement.COORDINATION)

        found = {(c.kind, c.part.key): c.fields for c in diff(older, newer)}

        assert set(found) == {
            (ChangeKind.REMOVED, "statement:coordination"),
            (ChangeKind.ADDED, "problem:asthma"),
            (ChangeKind.CHANGED, "goal:diabetes:a1c"),
        }
        (field,) = found[ChangeKind.CHANGED, "goal:diabetes:a1c"]
        assert (field.field, field.before, field.after) == ("target", "below 8", "below 7")

    def test_an_edited_wording_shows_both_languages(self) -> None:
        patient = Wording(english="Call us.", spanish="Llámenos.")

        (change,) = diff(whole_plan(), whole_plan(intervention(patient=patient)))

        assert change.fields[0].after == "Call us. / Llámenos."

    @given(st.permutations(whole_plan().parts))
    def test_order_is_no_difference(self, parts: list[AnyPart]) -> None:
        assert diff(whole_plan(), Plan(parts=tuple(parts))) == ()

    @given(st.sets(st.sampled_from(range(12))), st.sets(st.sampled_from(range(12))))
    def test_what_is_added_one_way_is_removed_the_other(
        self, one: set[int], other: set[int]
    ) -> None:
        every = whole_plan().parts
        a, b = (Plan(parts=tuple(every[n] for n in sorted(some))) for some in (one, other))

        def keys(kind: ChangeKind, older: Plan, newer: Plan) -> set[str]:
            return {c.part.key for c in diff(older, newer) if c.kind is kind}

        assert keys(ChangeKind.ADDED, a, b) == keys(ChangeKind.REMOVED, b, a)


class TestDrafts:
    def test_nothing_proposed_is_taken_in(self) -> None:
        draft = merged(Draft(), whole_plan())

        assert draft.plan.parts == ()
        assert len(draft.parts) == len(whole_plan().parts)

    def test_a_goal_whose_target_is_not_set_is_not_taken_in_with_the_rest(self) -> None:
        unset = goal(target=Target(bound=Bound.BELOW), is_individual=True)
        draft = merged(Draft(), whole_plan(unset))

        taken = with_included(draft, [each.part.key for each in draft.parts])

        assert taken.plan.goals == ()
        assert len(taken.plan.parts) == len(whole_plan().parts) - 1
        assert taken.unready == ()

    def test_what_a_person_changed_stays_when_the_chart_does(self) -> None:
        mine = DraftPart(part=goal(text="My words"), is_edited=True)
        draft = with_part(merged(Draft(), whole_plan()), mine)

        again = merged(draft, whole_plan(goal(text="New words of the template")))

        assert again.find("goal:diabetes:a1c") == mine

    def test_an_untouched_proposal_follows_the_chart(self) -> None:
        draft = merged(Draft(), whole_plan(medicine(text="Metformin 500 mg")))

        again = merged(draft, whole_plan(medicine(text="Metformin 850 mg")))
        gone = merged(draft, without(whole_plan(), PlanElement.MEDICATION_MANAGEMENT))

        assert _text(again, medicine().key) == "Metformin 850 mg"
        assert gone.find(medicine().key) is None

    def test_a_medicine_that_was_taken_in_stays_though_it_is_no_longer_ordered(self) -> None:
        draft = with_included(merged(Draft(), whole_plan()), [medicine().key])

        again = merged(draft, without(whole_plan(), PlanElement.MEDICATION_MANAGEMENT))

        assert again.find(medicine().key) is not None

    def test_only_a_persons_own_part_can_be_thrown_away(self) -> None:
        own = DraftPart(part=statement(PlanElement.COORDINATION, key="own:1"), is_included=True)
        draft = with_part(with_included(merged(Draft(), whole_plan()), [goal().key]), own)

        assert without_part(draft, "own:1").find("own:1") is None
        kept = without_part(
            with_part(draft, DraftPart(part=problem(), is_included=True)), problem().key
        ).find(problem().key)
        assert kept is not None
        assert kept.is_included is False

    @given(st.sets(st.sampled_from([part.key for part in whole_plan().parts])))
    def test_merging_twice_is_merging_once_and_loses_nothing_taken_in(
        self, taken: set[str]
    ) -> None:
        draft = with_included(merged(Draft(), whole_plan()), taken)
        proposed = without(whole_plan(problem("asthma")), PlanElement.COORDINATION)

        once = merged(draft, proposed)

        assert merged(once, proposed) == once
        assert {p.key for p in draft.plan.parts} <= {p.key for p in once.plan.parts}

    def test_a_draft_of_a_version_is_that_version(self) -> None:
        assert draft_of(whole_plan(), 3).plan == whole_plan()


class TestSinceLast:
    SINCE = date(2026, 10, 31)

    def news(self, plan: Plan, **facts: object) -> list[tuple[NewsKind, Answer]]:
        return [(n.kind, n.answer) for n in self.found(plan, **facts).news]

    def found(self, plan: Plan, **facts: object) -> SinceLast:
        read = chart(**{"observations": (), "encounters": (), "medications": (), **facts})
        now = Now(chart=read, families=(), rule=CHART_RULE, today=TODAY)
        return since_last(plan, self.SINCE, now)

    def test_a_hospital_stay_after_the_day_is_new_and_one_before_is_not(self) -> None:
        stays = tuple(stay(day, None) for day in ("2026-10-31", "2026-11-01", "2026-11"))

        found = self.found(Plan(), encounters=stays).news

        assert [(n.kind, str(n.on)) for n in found] == [
            (NewsKind.ADMISSION, "2026-11-01"),
            (NewsKind.ADMISSION, "2026-11"),
        ]
        coarse = (stay("2026", None),)
        assert self.news(Plan(), encounters=coarse) == [(NewsKind.ADMISSION, Answer.UNKNOWN)]

    def test_results_are_told_with_their_values(self) -> None:
        (one,) = self.found(Plan(), observations=(a1c("7.5", day="2026-11-02"),)).news

        assert one.kind is NewsKind.RESULT
        assert "7.5 %" in one.text

    def test_a_medicine_ordered_and_not_planned_and_the_other_way_round(self) -> None:
        ordered = medication(2, text="Lisinopril")

        found = self.news(Plan(parts=(medicine(),)), medications=(ordered,))

        assert found == [
            (NewsKind.MEDICINE_STARTED, Answer.MET),
            (NewsKind.MEDICINE_ENDED, Answer.MET),
        ]

    def test_medicines_that_were_not_read_have_not_ended(self) -> None:
        unread = (Unread("MedicationRequest", "needs a scope"),)

        found = self.found(Plan(parts=(medicine(),)), unread=unread)

        assert found.news == ()
        assert found.unread == ("MedicationRequest",)

    def test_a_missed_goal_and_a_new_disease_are_news(self) -> None:
        family = ChronicFamily(family="asthma", label="Asthma", icd10cm="", evidence=())
        read = chart(observations=(a1c("9"),))
        now = Now(chart=read, families=(family,), rule=CHART_RULE, today=TODAY)

        found = since_last(Plan(parts=(goal(),)), TODAY, now)

        assert [n.kind for n in found.news] == [NewsKind.CONDITION, NewsKind.GOAL_MISSED]


class TestAsAFact:
    def adopted(self, day: str = "2026-08-04", number: int = 1, **changes: object) -> AdoptedPlan:
        made = AdoptedPlan(
            id=f"v{number}",
            number=number,
            adopted_on=date.fromisoformat(day),
            plan=whole_plan(),
        )
        return msgspec.structs.replace(made, **changes)

    def test_a_plan_adopted_here_turns_the_criterion_met(self) -> None:
        bare = chart(care_plans=(), goals=())
        assert eligibility(bare).finding(Criterion.CARE_PLAN).answer is Answer.NOT_MET

        found = eligibility(with_adopted(bare, (self.adopted(),), NOVEMBER))

        finding = found.finding(Criterion.CARE_PLAN)
        assert finding.answer is Answer.MET
        assert [str(ref) for ref in finding.evidence] == ["RecordedCarePlan/v1"]
        assert found.picture.present == len(PlanElement)
        assert finding.notes == ()

    def test_a_plan_adopted_after_the_month_does_not_hold_for_it(self) -> None:
        later = with_adopted(chart(care_plans=()), (self.adopted("2026-12-01"),), NOVEMBER)

        finding = eligibility(later).finding(Criterion.CARE_PLAN)

        assert finding.answer is Answer.NOT_MET
        assert "2026-12-01" in finding.reason

    def test_a_plan_dates_from_its_first_version_and_holds_what_stood_in_the_month(self) -> None:
        emptied = self.adopted("2026-12-05", 2, plan=Plan())
        versions = (emptied, self.adopted())

        assert standing_in(versions, NOVEMBER) == versions[1]
        assert standing_in(versions, ServiceMonth(2026, 12)) == emptied
        (fact,) = with_adopted(chart(care_plans=()), versions, ServiceMonth(2026, 12)).care_plans
        assert str(fact.established_on) == "2026-08-04"
        assert fact.goals == 0

    @pytest.mark.parametrize(
        "lacking",
        [PlanElement.PROBLEM_LIST, PlanElement.MEASURABLE_GOALS, PlanElement.PLANNED_INTERVENTIONS],
    )
    def test_a_plan_adopted_half_done_is_not_comprehensive(self, lacking: PlanElement) -> None:
        half = self.adopted(plan=without(whole_plan(), lacking))

        judged = eligibility(with_adopted(chart(care_plans=()), (half,), NOVEMBER))

        assert judged.finding(Criterion.CARE_PLAN).answer is Answer.NOT_MET

    def test_the_better_of_two_plans_answers(self) -> None:
        half = self.adopted(plan=Plan())

        judged = eligibility(with_adopted(chart(), (half,), NOVEMBER))

        assert judged.finding(Criterion.CARE_PLAN).answer is Answer.MET

    def test_without_a_version_the_chart_stays_as_it_is(self) -> None:
        read = chart()

        assert with_adopted(read, (), NOVEMBER) is read


def _text(draft: Draft, key: str) -> str:
    found = draft.find(key)
    assert found is not None
    return found.part.text


def test_a_part_prints_no_content() -> None:
    assert "Metformin" not in repr(whole_plan())


class TestDraftsOfAVersion:
    def test_a_draft_of_a_version_holds_its_parts_its_team_and_its_number(self) -> None:
        draft = draft_of(whole_plan(), 3)

        assert draft.plan == whole_plan()
        assert draft.based_on == 3

    def test_what_was_adopted_once_is_a_persons_though_it_is_left_out_now(self) -> None:
        left_out = without_part(draft_of(whole_plan(), 3), medicine().key)

        again = merged(left_out, whole_plan(medicine(text="Metformin 850 mg")))

        assert _text(again, medicine().key) == "Metformin 500 mg"

    def test_a_team_is_that_of_the_chart_where_the_chart_has_one(self) -> None:
        theirs = (TeamMember(name="Dr. Invented", ref="Practitioner/doctor"),)
        plan = whole_plan()

        assert merged(draft_of(plan, 1), Plan(team=theirs)).team == theirs
        assert merged(draft_of(plan, 1), Plan()).team == plan.team

    def test_a_changed_part_comes_in_its_own_place_and_a_new_one_at_the_end(self) -> None:
        draft = draft_of(whole_plan(), 1)
        keys = [each.part.key for each in draft.parts]

        changed = with_part(draft, DraftPart(part=intervention(text="Weekly call")))
        added = with_part(draft, DraftPart(part=statement(PlanElement.COORDINATION, key="own:1")))

        assert [each.part.key for each in changed.parts] == keys
        assert _text(changed, intervention().key) == "Weekly call"
        assert sum(one != other for one, other in zip(changed.parts, draft.parts, strict=True)) == 1
        assert [each.part.key for each in added.parts] == [*keys, "own:1"]

    def test_a_part_that_is_not_there_cannot_be_thrown_away(self) -> None:
        draft = draft_of(whole_plan(), 1)

        assert without_part(draft, "nothing") is draft

    def test_what_only_a_person_knows_comes_after_what_is_proposed_in_its_order(self) -> None:
        own = DraftPart(part=statement(PlanElement.COORDINATION, key="own:1"))
        draft = with_part(draft_of(Plan(parts=whole_plan().parts[::-1]), 1), own)

        again = merged(draft, whole_plan())

        proposed = [part.key for part in whole_plan().parts]
        assert [each.part.key for each in again.parts] == [*proposed, "own:1"]

    @pytest.mark.parametrize(
        ("part", "sentence"),
        [
            (goal(), ""),
            (
                goal(target=Target(bound=Bound.BELOW)),
                "Set its target first: the guideline leaves it to the clinician.",
            ),
            (goal(due_on=None), "Give it a measure and a day first."),
            (intervention(), ""),
            (intervention(performer=None), "Say first who does it."),
            (statement(PlanElement.COORDINATION, text=""), "Write its text first."),
            (statement(PlanElement.COORDINATION), ""),
        ],
    )
    def test_what_a_part_lacks_is_said(self, part: AnyPart, sentence: str) -> None:
        assert DraftPart(part=part).lacks == sentence

    def test_a_part_is_found_by_its_key_and_nothing_by_another(self) -> None:
        assert whole_plan().part(goal().key) == goal()
        assert whole_plan().part("nothing") is None
