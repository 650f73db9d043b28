"""The panels of eligibility and care plan: what to do next, elements, signs of risk."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec
import pytest

from ccm_fhir.domain.careplan import (
    CarePlanPicture,
    CopyGiven,
    ElementSeen,
    ElementState,
    Gap,
    GapKind,
)
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.eligibility import NextStep, RiskEvidence, RiskSign
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.services.patient_month import PatientMonthReview
from ccm_fhir.services.sources import sources_of
from smart_app.views.care_plan import care_plan
from smart_app.views.eligibility import eligibility
from smart_app.views.page import PATIENT, Around, frame
from smart_app.views.patient_page import Printing, patient_page
from smart_app.views.rendering import render
from smart_app.views.risk import risk
from smart_app.views.tones import Tone
from tests.smart_app import builders

PLAN = EvidenceRef("CarePlan", "p1")
OTHER = EvidenceRef("CarePlan", "p2")
CONDITION = EvidenceRef("Condition", "c1")
DAY = PartialDate(date(2026, 8, 4), date(2026, 8, 4))
STATES = (ElementState.PRESENT, ElementState.UNKNOWN, ElementState.STALE, ElementState.ABSENT)


def element(state: ElementState, number: int = 0, **changes: object) -> ElementSeen:
    seen = ElementSeen(
        element=list(PlanElement)[number],
        title=f"Element {number}",
        state=state,
        reason=f"Why {number}",
        evidence=(PLAN, CONDITION),
        remedy="Write it down." if state is ElementState.ABSENT else "",
    )
    return msgspec.structs.replace(seen, **changes)


def picture(*elements: ElementSeen, **changes: object) -> CarePlanPicture:
    seen = CarePlanPicture(
        rule_version="ccm-care-plan@2015-01-01",
        plans=(PLAN,),
        elements=elements,
        gaps=(Gap(kind=GapKind.GOAL_OVERDUE, reason="A goal is late.", evidence=(CONDITION,)),),
        copy_given=CopyGiven(state=ElementState.UNKNOWN, reason="Not told."),
        established_on=DAY,
    )
    return msgspec.structs.replace(seen, **changes)


SIGNS = RiskEvidence(
    rule_version="risk-evidence@2015-01-01",
    signs=(
        RiskSign(key="a", title="Admissions", is_present=True, count=1, reason="One admission."),
        RiskSign(key="b", title="Orders", is_present=False, count=0, reason="None."),
        RiskSign(key="c", title="A1c", is_present=None, count=None, reason="No value."),
    ),
)
STEP = NextStep(
    what="Ask for consent",
    who=Role.CARE_MANAGER,
    how="Tell the four things",
    why_now="Work before consent does not count",
    criterion=Criterion.CONSENT,
)


def review(
    seen: CarePlanPicture | None = None, found: tuple[Finding, ...] | None = None
) -> PatientMonthReview:
    base = builders.review(found=found)
    decision = base.decision
    assert decision is not None
    return replace(
        base,
        picture=seen or picture(*(element(s, n) for n, s in enumerate(STATES))),
        risk=SIGNS,
        steps=(STEP,),
        sources=sources_of(load_rulebook(), base.month, decision),
    )


def page(shown: PatientMonthReview) -> str:
    visit = builders.visit()
    printing = Printing(actor=visit.actor, needs_banner=True, page_key=builders.PAGE_KEY)
    around = frame(visit, shown.month, PATIENT, Around(is_demo=False))
    return render("patient.html", page=around, view=patient_page(shown, printing))


class TestTheCarePlan:
    def test_nothing_is_shown_where_nothing_was_judged(self) -> None:
        assert care_plan(builders.review()) is None

    def test_open_elements_come_worst_first_and_found_ones_after(self) -> None:
        view = care_plan(review())
        assert view is not None

        assert [e.word for e in view.open_elements] == ["Not found", "Out of date", "Cannot tell"]
        assert [e.word for e in view.found_elements] == ["Found"]
        assert view.summary == "1 of 4 elements found"

    def test_an_element_found_by_words_says_so(self) -> None:
        worded = element(ElementState.PRESENT, is_by_words=True)
        view = care_plan(review(picture(worded)))
        assert view is not None

        assert view.found_elements[0].word == "Found by words"

    def test_the_only_plan_is_told_once(self) -> None:
        view = care_plan(review())
        assert view is not None

        assert [chip.ref for chip in view.plans] == ["CarePlan/p1"]
        assert [chip.ref for chip in view.found_elements[0].evidence] == ["Condition/c1"]

    def test_of_several_plans_each_element_names_its_own(self) -> None:
        seen = picture(element(ElementState.PRESENT), plans=(PLAN, OTHER))
        view = care_plan(review(seen))
        assert view is not None

        assert "in 2 plans together" in view.summary
        assert view.found_elements[0].evidence[0].ref == "CarePlan/p1"

    @pytest.mark.parametrize(
        ("state", "summary"),
        [
            (ElementState.ABSENT, "No active care plan on record"),
            (ElementState.UNKNOWN, "Care plans could not be read"),
        ],
    )
    def test_no_plan_and_no_reading_are_two_things(self, state: ElementState, summary: str) -> None:
        view = care_plan(review(picture(element(state), plans=(), gaps=())))
        assert view is not None

        assert (view.summary, view.copy_given) == (summary, None)

    def test_what_the_ehr_does_not_show_is_named(self) -> None:
        view = care_plan(review(picture(unread=("Goal", "Observation"))))
        assert view is not None

        assert view.unread == ("The EHR did not show 2 kinds of resources: Goal and Observation.")

    def test_its_days_are_told_with_what_they_are(self) -> None:
        view = care_plan(review(picture(saved_on=DAY)))
        assert view is not None

        assert view.facts == (("Written", "2026-08-04"), ("Last saved in the EHR", "2026-08-04"))

    def test_the_list_names_where_it_is_from(self) -> None:
        view = care_plan(review())
        assert view is not None

        assert any("InFocus" in source.title for source in view.sources)
        assert any(source.is_unconfirmed for source in view.sources)


class TestRisk:
    def test_it_is_a_count_and_tells_what_it_cannot(self) -> None:
        view = risk(review())
        assert view is not None

        assert view.summary == "1 of 3 signs of risk in the chart; 1 not told"
        assert [(s.word, s.tone) for s in view.signs] == [
            ("Sign", Tone.OPEN),
            ("No sign", Tone.PLAIN),
            ("Not told", Tone.PLAIN),
        ]

    def test_it_looks_like_no_answer(self) -> None:
        view = risk(review())
        assert view is not None

        assert {s.tone for s in view.signs}.isdisjoint({Tone.GOOD, Tone.BAD})

    def test_it_stands_with_the_criterion_that_it_does_not_answer(self) -> None:
        rows = eligibility(review()).findings

        assert [row.title for row in rows if row.risk is not None] == ["Duration and risk"]


class TestTheSteps:
    def test_each_says_who_how_and_why_there(self) -> None:
        (step,) = eligibility(review()).steps

        assert (step.who, step.how) == ("care manager", "Tell the four things.")
        assert step.why_now == "Work before consent does not count."
        assert step.asks_consent

    def test_a_consent_that_is_met_asks_for_nothing(self) -> None:
        rows = {row.title: row for row in eligibility(review()).findings}
        assert not rows["Patient’s consent"].asks_consent
        found = builders.findings(consent=Answer.NOT_MET)
        rows = {row.title: row for row in eligibility(review(found=found)).findings}
        assert rows["Patient’s consent"].asks_consent


class TestThePage:
    def test_it_prints_steps_elements_loose_ends_and_signs(self) -> None:
        html = page(review())

        for words in (
            "What to do next, in this order",
            "Ask for consent",
            "1 of 4 elements found",
            "Loose ends",
            "A goal is late.",
            "1 of 3 signs of risk in the chart",
            "What helps (care manager):</strong> Write it down.",
        ):
            assert words in html

    def test_a_step_about_consent_leads_to_its_form(self) -> None:
        assert 'href="/l/launch-1/consent?month=2026-11"' in page(review())

    def test_notes_of_a_finding_are_printed(self) -> None:
        found = tuple(
            msgspec.structs.replace(f, notes=("Check it with the payer",))
            if f.criterion is Criterion.MEDICARE_COVERAGE
            else f
            for f in builders.findings()
        )

        assert "Check it with the payer." in page(review(found=found))

    def test_without_a_chart_the_panel_says_when_it_shows(self) -> None:
        empty = replace(builders.review(), picture=None, decision=None)

        assert "The care plan shows once the chart has been read." in page(empty)
