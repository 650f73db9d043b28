"""Eligibility as charts tell it: parts of a month, several coverages, stays, whose visit it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.codes import CPT, SNOMED, CoverageKind, NotCounted
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import of_chart
from ccm_fhir.domain.eligibility import assess
from ccm_fhir.domain.facts import Coding, EvidenceRef, PracticeFact, Skipped, Unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.errors import NoRuleInForceError
from ccm_fhir.rulebook import load_rulebook
from tests import builders
from tests.builders import (
    NEW_YORK,
    NOVEMBER,
    anothers_claim,
    care_plan,
    chart,
    consent,
    coverage,
    full_plan,
    goal,
    on,
    planned,
    stay,
    visit,
    work,
)

if TYPE_CHECKING:
    from ccm_fhir.domain.dates import PartialDate
    from ccm_fhir.domain.facts import ChartFacts

MARCH_2016 = ServiceMonth(2016, 3)
ADVANTAGE = CoverageKind.MEDICARE_ADVANTAGE


def finding(
    criterion: Criterion, facts: ChartFacts | None = None, month: ServiceMonth = NOVEMBER
) -> Finding:
    return builders.eligibility(facts, month).finding(criterion)


class TestCoverage:
    def found(self, *coverages: object) -> Finding:
        return finding(Criterion.MEDICARE_COVERAGE, chart(coverages=coverages))

    def test_a_plan_that_ended_within_the_month_says_when(self) -> None:
        found = self.found(coverage(ends_on=on("2026-11-15")))

        assert found.answer is Answer.UNKNOWN
        assert "ended on 2026-11-15" in found.reason
        assert found.evidence == (EvidenceRef("Coverage", "medicare_part_b"),)

    def test_a_plan_that_began_within_the_month_says_when(self) -> None:
        found = self.found(coverage(starts_on=on("2026-11-15")))

        assert found.answer is Answer.UNKNOWN
        assert "began on 2026-11-15" in found.reason

    def test_a_plan_within_the_month_alone_is_no_refusal(self) -> None:
        found = self.found(coverage(starts_on=on("2026-11-05"), ends_on=on("2026-11-20")))

        assert found.answer is Answer.UNKNOWN

    def test_a_plan_that_begins_later_is_not_met(self) -> None:
        assert self.found(coverage(starts_on=on("2026-12-01"))).answer is Answer.NOT_MET

    def test_plans_of_one_kind_that_follow_one_another_cover_the_month(self) -> None:
        old = coverage(ADVANTAGE, ref=EvidenceRef("Coverage", "old"), ends_on=on("2026-11-14"))
        new = coverage(ADVANTAGE, ref=EvidenceRef("Coverage", "new"), starts_on=on("2026-11-15"))
        found = self.found(new, old)

        assert found.answer is Answer.MET
        assert found.evidence == (EvidenceRef("Coverage", "new"),)

    def test_a_day_between_two_plans_is_not_covered(self) -> None:
        old = coverage(ref=EvidenceRef("Coverage", "old"), ends_on=on("2026-11-13"))
        new = coverage(ref=EvidenceRef("Coverage", "new"), starts_on=on("2026-11-15"))

        assert self.found(old, new).answer is Answer.UNKNOWN

    def test_a_change_between_kinds_of_plan_is_for_a_person(self) -> None:
        old = coverage(ends_on=on("2026-11-14"))
        new = coverage(ADVANTAGE, starts_on=on("2026-11-15"))
        found = self.found(old, new)

        assert found.answer is Answer.UNKNOWN
        assert "Different Medicare coverages" in found.reason

    @pytest.mark.parametrize(
        "starts_on", [on("2020-01-01"), None], ids=["since 2020", "since ever"]
    )
    def test_part_b_goes_before_advantage(self, starts_on: PartialDate | None) -> None:
        found = self.found(coverage(ADVANTAGE), coverage(starts_on=starts_on))

        assert "Part B" in found.reason
        assert Caution.MA_CONTRACT_RULES not in found.cautions

    def test_advantage_goes_by_its_own_contract(self) -> None:
        assert self.found(coverage(ADVANTAGE)).cautions == (Caution.MA_CONTRACT_RULES,)

    @pytest.mark.parametrize(
        ("changes", "cautions"),
        [
            ({}, (Caution.QMB_NO_COST_SHARING,)),
            ({"status": "cancelled"}, ()),
            ({"ends_on": on("2026-01-01")}, ()),
        ],
    )
    def test_a_qualified_beneficiary_is_not_charged(
        self, changes: dict[str, object], cautions: tuple[Caution, ...]
    ) -> None:
        qmb = coverage(CoverageKind.QMB, **changes)  # type: ignore[arg-type]
        found = self.found(coverage(), qmb)

        assert found.cautions == cautions
        assert (qmb.ref in found.evidence) is bool(cautions)

    def test_coverage_that_stands_in_a_claim_alone_counts_with_a_note(self) -> None:
        inside = coverage(ref=EvidenceRef("Claim", "c1"))
        found = self.found(inside)

        assert found.answer is Answer.MET
        assert "only inside a Claim" in found.notes[0]
        beside = self.found(inside, coverage())
        assert (beside.notes, beside.evidence[0].resource_type) == ((), "Coverage")

    def test_a_claim_that_shows_coverage_on_its_own_day_leaves_the_month_open(self) -> None:
        inside = coverage(
            ref=EvidenceRef("Claim", "c1"), starts_on=on("2026"), ends_on=on("2026-11")
        )
        found = self.found(inside)

        assert found.answer is Answer.UNKNOWN
        assert "claim's own days" in found.reason

    def test_dates_too_coarse_to_tell_are_unknown(self) -> None:
        found = self.found(coverage(starts_on=on("2026")))

        assert "too coarse" in found.reason

    @pytest.mark.parametrize(
        ("ends_on", "answer"),
        [(on("2026-12-05"), Answer.UNKNOWN), (None, Answer.NOT_MET)],
    )
    def test_a_cancelled_coverage_whose_period_holds_the_month_is_for_a_person(
        self, ends_on: PartialDate | None, answer: Answer
    ) -> None:
        found = self.found(coverage(status="cancelled", ends_on=ends_on))

        assert found.answer is answer

    def test_a_coverage_that_cannot_be_read_leaves_it_open(self) -> None:
        facts = chart(
            coverages=(coverage(CoverageKind.OTHER),), skipped=(Skipped("Coverage", "broken"),)
        )
        found = finding(Criterion.MEDICARE_COVERAGE, facts)

        assert (found.answer, found.evidence) == (Answer.UNKNOWN, ())


class TestVisits:
    criterion = Criterion.INITIATING_VISIT

    def test_medicares_wellness_visit_by_its_snomed_type_counts(self) -> None:
        typed = visit(types=(Coding(system=SNOMED, code="456201000124103"),))

        assert finding(self.criterion, chart(encounters=(typed,))).answer is Answer.MET

    def test_a_general_snomed_type_does_not_tell_the_kind(self) -> None:
        typed = visit(types=(Coding(system=SNOMED, code="162673000"),))
        found = finding(self.criterion, chart(encounters=(typed,)))

        assert (found.answer, found.evidence) == (Answer.UNKNOWN, (typed.ref,))

    def test_a_visit_with_another_organization_is_not_ours(self) -> None:
        theirs = visit(organization="Organization/theirs")
        found = finding(self.criterion, chart(encounters=(theirs,)))

        assert (found.answer, found.evidence) == (Answer.UNKNOWN, (theirs.ref,))
        assert "another organization" in found.reason

    def test_a_visit_with_this_practice_needs_no_note(self) -> None:
        ours = visit(organization=builders.ORGANIZATION)

        found = finding(self.criterion, chart(encounters=(ours,)))

        assert (found.answer, found.code, found.notes) == (Answer.MET, "initiating_visit", ())
        assert "does not tell" in finding(self.criterion).notes[0]

    def test_a_practice_that_does_not_know_its_own_organization_gets_no_note(self) -> None:
        asked = builders.question()
        nameless = replace(asked, practice=PracticeFact())

        assert assess(nameless).finding(self.criterion).notes == ()

    def test_an_established_patient_seen_at_home_within_the_year_needs_no_visit(self) -> None:
        at_home = visit("2026-07-01", code="99348", class_code="HH")
        found = finding(self.criterion, chart(encounters=(at_home,)))

        assert found.answer is Answer.MET
        assert "no initiating visit was needed" in found.reason
        assert Caution.SOURCE_UNCONFIRMED in found.cautions

    def test_before_2017_everybody_needs_the_visit(self) -> None:
        at_home = visit("2016-01-10", code="99348")
        facts = chart(encounters=(at_home,), consents=(consent(given_on=on("2016-02-01")),))

        assert finding(self.criterion, facts, MARCH_2016).answer is Answer.NOT_MET

    @pytest.mark.parametrize(
        "changes",
        [
            {"day": "2026-09-01"},
            {"day": "2025-07-01"},
            {"status": "cancelled"},
            {"organization": "Organization/theirs"},
        ],
    )
    def test_being_seen_after_ccm_began_long_before_or_elsewhere_does_not_help(
        self, changes: dict[str, str]
    ) -> None:
        seen = visit(**({"day": "2026-07-01", "code": "99348"} | changes))

        assert finding(self.criterion, chart(encounters=(seen,))).answer is Answer.NOT_MET

    @pytest.mark.parametrize("day", [None, "2025", "2026"])
    def test_a_visit_whose_day_may_or_may_not_be_in_time_is_unknown(self, day: str | None) -> None:
        undated = visit(starts_on=None if day is None else on(day))

        found = finding(self.criterion, chart(encounters=(undated,)))

        assert found.answer is Answer.UNKNOWN
        assert found.evidence == (undated.ref,)
        assert "day" in found.reason

    @pytest.mark.parametrize("day", ["2024", "2025-07"])
    def test_a_visit_whose_day_is_coarse_but_surely_too_old_does_not_help(self, day: str) -> None:
        old = visit(starts_on=on(day))

        assert finding(self.criterion, chart(encounters=(old,))).answer is Answer.NOT_MET

    def test_the_latest_qualifying_visit_is_the_evidence(self) -> None:
        facts = chart(encounters=(visit("2026-07-30"), visit("2026-02-03")))

        assert "2026-07-30" in finding(self.criterion, facts).reason

    def test_a_visit_that_came_after_consent_says_so(self) -> None:
        late = visit("2026-10-05", organization=builders.ORGANIZATION)
        found = finding(self.criterion, chart(encounters=(late,)))

        assert found.answer is Answer.MET
        assert "2026-08-03" in found.notes[0]
        same_month = visit("2026-08-20", organization=builders.ORGANIZATION)
        assert finding(self.criterion, chart(encounters=(same_month,))).notes == ()

    def test_nobody_seen_for_a_year_is_worth_a_look(self) -> None:
        facts = chart(
            encounters=(visit("2025-05-01"),), consents=(consent(given_on=on("2025-06-01")),)
        )
        found = finding(self.criterion, facts)

        assert (found.answer, found.cautions) == (Answer.MET, (Caution.NO_FACE_TO_FACE,))

    @pytest.mark.parametrize(
        ("day", "words"), [("2026-12-02", "after this month"), ("2025-01-02", "over a year")]
    )
    def test_a_visit_out_of_reach_says_on_which_side(self, day: str, words: str) -> None:
        assert words in finding(self.criterion, chart(encounters=(visit(day),))).reason

    def test_a_consent_without_a_day_counts_the_year_from_the_month(self) -> None:
        facts = chart(encounters=(visit("2025-11-01"),), consents=(consent(given_on=on("2026")),))

        assert finding(self.criterion, facts).answer is Answer.MET


class TestStays:
    criterion = Criterion.NOT_AWAY_ALL_MONTH

    def found(self, *stays: object, **changes: object) -> Finding:
        return finding(self.criterion, chart(encounters=(visit(), *stays), **changes))

    def test_no_stay_is_met_without_a_word_more(self) -> None:
        found = self.found()

        assert (found.answer, found.notes, found.cautions) == (Answer.MET, (), ())

    def test_an_encounter_that_cannot_be_read_may_be_a_stay(self) -> None:
        assert "may be a stay" in self.found(skipped=(Skipped("Encounter", "broken"),)).notes[0]

    def test_encounters_that_the_ehr_does_not_show_are_unknown(self) -> None:
        found = self.found(unread=(Unread("Encounter", "needs a scope"),))

        assert (found.answer, found.is_unread) == (Answer.UNKNOWN, True)

    def test_a_stay_within_the_month_names_its_days(self) -> None:
        found = self.found(stay("2026-10-30", "2026-11-04"), stay("2026-11-20", "2026-11-20"))

        assert found.answer is Answer.MET
        assert "2026-11-01 to 2026-11-04; in hospital 2026-11-20." in found.reason
        assert found.cautions == (Caution.INPATIENT_EXCLUDED,)
        assert found.notes == ()

    @pytest.mark.parametrize(
        ("first", "last", "is_there"),
        [
            ("2026-10-01", "2026-10-31", False),
            ("2026-10-01", "2026-11-01", True),
            ("2026-11-30", "2026-12-02", True),
            ("2026-12-01", "2026-12-02", False),
        ],
    )
    def test_a_stay_touches_the_month_from_its_first_to_its_last_day(
        self, first: str, last: str, *, is_there: bool
    ) -> None:
        assert bool(self.found(stay(first, last)).evidence) is is_there

    def test_a_whole_month_in_hospital_is_not_met(self) -> None:
        found = self.found(stay("2026-10-20", "2026-11-12"), stay("2026-11-13", "2026-11-30"))

        assert (found.answer, found.code) == (Answer.NOT_MET, "inpatient_all_month")

    def test_a_day_at_home_between_two_stays_is_enough(self) -> None:
        found = self.found(stay("2026-10-20", "2026-11-12"), stay("2026-11-14", "2026-11-30"))

        assert found.answer is Answer.MET

    def test_a_whole_month_of_skilled_care_is_unknown_since_who_pays_is_not_told(self) -> None:
        found = self.found(stay("2026-10-20", "2026-11-30", class_code="NONAC"))

        assert found.answer is Answer.UNKNOWN

    def test_a_skilled_stay_within_the_month_is_left_out_with_a_note(self) -> None:
        found = self.found(stay("2026-11-02", "2026-11-05", class_code="NONAC"))

        assert found.cautions == (Caution.SNF_EXCLUDED,)
        assert "Part A" in found.notes[0]

    def test_a_hospital_stay_is_known_by_its_type(self) -> None:
        typed = stay(
            "2026-11-02",
            "2026-11-05",
            class_code="AMB",
            types=(Coding(system=SNOMED, code="32485007"),),
        )

        assert self.found(typed).cautions == (Caution.INPATIENT_EXCLUDED,)

    @pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error"])
    def test_a_stay_that_did_not_happen_is_none(self, status: str) -> None:
        assert self.found(stay("2026-11-02", "2026-11-05", status=status)).evidence == ()

    def test_a_stay_without_a_beginning_is_none(self) -> None:
        assert self.found(stay("2026-11-02", "2026-11-05", starts_on=None)).evidence == ()

    def test_a_stay_that_goes_on_takes_the_rest_of_the_month(self) -> None:
        found = self.found(stay("2026-11-02", None, status="in-progress"))

        assert "2026-11-02 to 2026-11-30" in found.reason
        assert "longest" in found.notes[0]

    def test_a_month_in_a_stay_that_goes_on_is_settled_once_the_month_is_over(self) -> None:
        going_on = stay("2026-10-02", None, status="in-progress")
        facts = chart(encounters=(visit(), going_on))

        assert finding(self.criterion, facts).answer is Answer.UNKNOWN
        october = ServiceMonth(2026, 10)
        begun = chart(encounters=(stay("2026-09-30", None, status="in-progress"),))
        assert finding(self.criterion, begun, october).answer is Answer.NOT_MET

    def test_a_finished_stay_without_an_end_takes_its_first_day(self) -> None:
        found = self.found(stay("2026-11-02", None))

        assert "in hospital 2026-11-02." in found.reason
        assert "longest" in found.notes[0]

    def test_an_end_that_is_only_a_moment_is_a_day(self) -> None:
        ended = stay("2026-11-02", None, ends_at=builders.READ_AT)

        assert "2026-11-02 to 2026-11-20" in self.found(ended).reason

    def test_an_end_before_the_beginning_takes_one_day(self) -> None:
        assert "in hospital 2026-11-02." in self.found(stay("2026-11-02", "2026-11-01")).reason

    def test_a_stay_until_the_end_of_time_does_not_overflow(self) -> None:
        found = self.found(stay("2026-10-02", "9999-12-31"))

        assert found.answer is Answer.NOT_MET

    def test_work_on_the_days_of_a_stay_does_not_count(self) -> None:
        facts = chart(encounters=(visit(), stay("2026-11-09", "2026-11-11")))
        month = of_chart(NOVEMBER, NEW_YORK, facts, builders.eligibility(facts), ())

        assert [away.reason for away in month.away] == [NotCounted.INPATIENT]
        assert builders.decision(work(1500), facts=facts).lines == ()
        assert builders.decision(work(1500)).lines


class TestCarePlan:
    criterion = Criterion.CARE_PLAN

    def test_a_plan_in_detail_is_met_and_notes_what_cms_lists_beyond(self) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(),))
        found = finding(self.criterion, facts)

        assert found.answer is Answer.MET
        assert "1 goal and 1 planned intervention." in found.reason
        assert "of 12 elements" in found.notes[0]

    def test_a_plan_with_every_element_has_no_note(self) -> None:
        words = (
            "Expected outcome; memory test; symptom diary; medication; home safety; caregiver; "
            "community meals; specialist letters; plan review in May."
        )
        facts = chart(care_plans=(full_plan(planned(words)),), goals=(goal(),))

        assert finding(self.criterion, facts).notes == ()

    def test_plans_are_not_added_up(self) -> None:
        half = full_plan(planned(), goals=0, goal_refs=())
        other = full_plan(ref=EvidenceRef("CarePlan", "other"))
        found = finding(self.criterion, chart(care_plans=(half, other), goals=(goal(),)))

        assert found.answer is Answer.NOT_MET

    @pytest.mark.parametrize("changes", [{"established_on": None}, {"ends_on": on("2026-01-31")}])
    def test_a_plan_in_doubt_does_not_stand_before_one_that_holds(
        self, changes: dict[str, object]
    ) -> None:
        doubtful = care_plan(ref=EvidenceRef("CarePlan", "a"), **changes)
        found = finding(self.criterion, chart(care_plans=(doubtful, care_plan())))

        assert (found.answer, found.evidence) == (Answer.MET, (EvidenceRef("CarePlan", "plan"),))

    def test_goals_that_were_all_given_up_are_none(self) -> None:
        facts = chart(
            care_plans=(full_plan(planned()),), goals=(goal(lifecycle_status="cancelled"),)
        )
        found = finding(self.criterion, facts)

        assert found.answer is Answer.NOT_MET
        assert "Add goals to the care plan." in found.remedy

    @pytest.mark.parametrize(
        ("ends_on", "answer"),
        [
            (on("2026-10-31"), Answer.UNKNOWN),
            (on("2026"), Answer.UNKNOWN),
            (on("2026-11-01"), Answer.MET),
        ],
    )
    def test_a_plan_whose_own_period_may_be_over_is_for_a_person(
        self, ends_on: PartialDate, answer: Answer
    ) -> None:
        found = finding(self.criterion, chart(care_plans=(care_plan(ends_on=ends_on),)))

        assert found.answer is answer

    def test_a_plan_written_later_cannot_be_mended(self) -> None:
        facts = chart(care_plans=(care_plan(established_on=on("2026-12-01")),))

        assert "Nothing changes this month" in finding(self.criterion, facts).remedy


class TestElsewhere:
    criterion = Criterion.NOT_BILLED_ELSEWHERE

    @pytest.mark.parametrize(
        ("claim", "is_told"),
        [
            (anothers_claim(day="2026-08-01"), True),
            (anothers_claim(day="2026-10-31"), True),
            (anothers_claim("G0181", day="2026-10-31"), True),
            (anothers_claim(day="2026-07-31"), False),
            (anothers_claim("99214", day="2026-10-31"), False),
            (anothers_claim(day="2026-10-31", provider=builders.ORGANIZATION), False),
            (anothers_claim(day="2026-10-31", provider=""), False),
            (anothers_claim(day="2026-10-31", status="cancelled"), False),
            (anothers_claim(day="2026-10-31", use="preauthorization"), False),
            (anothers_claim(day="2026-10-31", identifiers=("ours|1",)), False),
        ],
    )
    def test_care_management_of_another_provider_in_recent_months_is_told(
        self, claim: object, *, is_told: bool
    ) -> None:
        asked = replace(
            builders.question(chart(claims=(claim,))), own_claim_identifiers=frozenset({"ours|1"})
        )
        found = assess(asked).finding(self.criterion)

        assert found.answer is Answer.MET
        assert bool(found.notes) is is_told

    def test_a_claim_without_a_day_stands_for_this_month_and_not_for_the_past(self) -> None:
        found = finding(self.criterion, chart(claims=(anothers_claim(serviced_on=None),)))

        assert (found.answer, found.notes) == (Answer.NOT_MET, ())

    def test_it_is_told_beside_the_attestation_too(self) -> None:
        facts = chart(
            claims=(anothers_claim(day="2026-10-31"),),
            unread=(Unread("Claim", "needs a scope"),),
        )
        asked = builders.question(facts)

        assert assess(asked).finding(self.criterion).notes
        attested = replace(asked, attested=frozenset({self.criterion}))
        assert assess(attested).finding(self.criterion).notes


def test_two_diseases_of_one_name_are_for_a_clinician() -> None:
    pair = (builders.icd("M05.9", 1), builders.icd("M19.90", 2))
    found = finding(Criterion.TWO_CHRONIC_CONDITIONS, chart(conditions=pair))

    assert found.answer is Answer.UNKNOWN
    assert found.owner is not None


def test_a_code_of_cpt_that_the_rule_does_not_list_is_none() -> None:
    odd = visit(types=(Coding(system=CPT, code="0"),))

    assert finding(Criterion.INITIATING_VISIT, chart(encounters=(odd,))).answer is Answer.NOT_MET


@pytest.mark.parametrize("missing", ["charts", "care_plans"])
def test_a_rulebook_without_these_definitions_refuses(missing: str) -> None:
    book: Rulebook = replace(load_rulebook(), **{missing: ()})  # type: ignore[arg-type]
    asked = replace(builders.question(), month_rules=book.of_month(NOVEMBER))

    with pytest.raises(NoRuleInForceError):
        assess(asked)


class TestTwoConditionsInDoubt:
    """Diseases that AHRQ's indicator alone names, or that CMS's warehouse calls one."""

    FACTS = chart(conditions=(builders.icd("I10", 1), builders.icd("E66.9", 2)))

    def test_they_wait_for_the_practitioner_who_may_attest(self) -> None:
        found = finding(Criterion.TWO_CHRONIC_CONDITIONS, self.FACTS)

        assert (found.answer, found.is_attestable) == (Answer.UNKNOWN, True)
        assert "attests" in found.remedy

    def test_an_attestation_settles_them(self) -> None:
        asked = builders.question(self.FACTS)
        attested = replace(asked, attested=asked.attested | {Criterion.TWO_CHRONIC_CONDITIONS})

        found = assess(attested).finding(Criterion.TWO_CHRONIC_CONDITIONS)

        assert (found.answer, found.remedy, found.owner) == (Answer.MET, "", None)

    def test_no_attestation_makes_one_disease_two(self) -> None:
        one = chart(conditions=(builders.icd("I10", 1), builders.icd("?", 2)))
        asked = builders.question(one)
        attested = replace(asked, attested=asked.attested | {Criterion.TWO_CHRONIC_CONDITIONS})

        found = assess(attested).finding(Criterion.TWO_CHRONIC_CONDITIONS)

        assert (found.answer, found.is_attestable) == (Answer.UNKNOWN, False)


class TestAnotherPracticesAdvancedPrimaryCare:
    def test_it_is_unknown_and_nobody_can_attest_it_away(self) -> None:
        claim = anothers_claim("G0557")
        asked = builders.question(chart(claims=(claim,)))

        for attested in (asked.attested, asked.attested | {Criterion.NOT_BILLED_ELSEWHERE}):
            found = assess(replace(asked, attested=attested)).finding(
                Criterion.NOT_BILLED_ELSEWHERE
            )
            assert (found.answer, found.is_attestable) == (Answer.UNKNOWN, False)

    def test_the_same_practices_excludes(self) -> None:
        claim = anothers_claim("G0557", provider=builders.ORGANIZATION)

        found = finding(Criterion.NOT_BILLED_ELSEWHERE, chart(claims=(claim,)))

        assert found.answer is Answer.NOT_MET
