"""What to do next: who does it, how, and in which order."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.eligibility import Eligibility, NextStep, assess, next_steps
from ccm_fhir.domain.facts import (
    ChartFacts,
    EvidenceRef,
    PatientFact,
    PracticeFact,
    Unread,
)
from ccm_fhir.domain.findings import Criterion
from tests import builders
from tests.builders import (
    READ_AT,
    anothers_claim,
    care_plan,
    chart,
    consent,
    full_plan,
    goal,
    on,
    planned,
    stay,
)

EMPTY = ChartFacts(patient=PatientFact(ref=EvidenceRef("Patient", "p")), read_at=READ_AT)
EVERYTHING = (
    "Expected outcome; memory test; symptom diary; medication; home safety; caregiver; community "
    "meals; specialist letters; plan review in May; copy given to patient."
)
COMPLETE = chart(
    care_plans=(full_plan(planned(EVERYTHING, goals=("Goal/g1",))),),
    goals=(goal(addresses=("Condition/c1-E11.9", "Condition/c2-I10")),),
)


def steps(found: Eligibility) -> tuple[NextStep, ...]:
    return next_steps(found.findings, found.picture)


def asked(facts: ChartFacts) -> tuple[NextStep, ...]:
    return steps(builders.eligibility(facts))


def criteria(found: tuple[NextStep, ...]) -> list[Criterion | None]:
    return [step.criterion for step in found]


def test_when_everything_is_there_nothing_is_left() -> None:
    assert asked(COMPLETE) == ()


def test_an_empty_chart_goes_from_payer_to_signature() -> None:
    nobody = replace(builders.question(EMPTY), attested=frozenset(), practice=PracticeFact())

    assert criteria(steps(assess(nobody))) == [
        Criterion.MEDICARE_COVERAGE,
        Criterion.TWO_CHRONIC_CONDITIONS,
        Criterion.PRACTICE_REQUIREMENTS,
        Criterion.INITIATING_VISIT,
        Criterion.CONSENT,
        Criterion.CARE_PLAN,
        Criterion.DURATION_AND_RISK,
    ]


def test_each_step_says_what_who_how_and_why_there() -> None:
    for step in steps(assess(replace(builders.question(EMPTY), attested=frozenset()))):
        assert step.what
        assert isinstance(step.who, Role)
        assert step.how.endswith(".")
        assert step.why_now.endswith(".")


@pytest.mark.parametrize(
    "facts",
    [
        chart(
            patient=PatientFact(
                ref=EvidenceRef("Patient", "p"), is_deceased=True, died_on=on("2026-01-02")
            ),
            consents=(),
        ),
        chart(encounters=(stay("2026-10-01", "2026-12-01"),), consents=()),
    ],
    ids=["died before", "in hospital all month"],
)
def test_a_month_past_helping_has_one_step(facts: ChartFacts) -> None:
    found = asked(facts)

    assert len(found) == 1
    assert found[0].evidence


def test_what_the_ehr_does_not_show_comes_first_and_as_one_step() -> None:
    gaps = (Unread("Coverage", "needs a scope"), Unread("Consent", "needs a scope"))
    first, *rest = asked(chart(unread=gaps, encounters=()))

    assert (first.who, first.criterion) == (Role.ADMIN, None)
    assert "Coverage" in first.how
    assert "Consent" in first.how
    assert Criterion.CONSENT not in criteria(tuple(rest))
    assert rest[0].criterion is Criterion.INITIATING_VISIT


def test_another_practices_claim_is_settled_before_any_work() -> None:
    found = asked(chart(claims=(anothers_claim(),), consents=()))

    assert criteria(found)[:2] == [Criterion.NOT_BILLED_ELSEWHERE, Criterion.CONSENT]


def test_a_claim_that_cannot_be_seen_is_attested_last() -> None:
    facts = chart(unread=(Unread("Claim", "needs a scope"),))
    found = steps(builders.unattested(facts))

    assert criteria(found)[-2:] == [Criterion.DURATION_AND_RISK, Criterion.NOT_BILLED_ELSEWHERE]
    assert {step.who for step in found[-2:]} == {Role.PRACTITIONER}


def test_a_finding_without_an_owner_is_the_care_managers() -> None:
    found = builders.eligibility(chart(consents=(consent(statements=()),)))
    (said,) = (f for f in found.findings if f.criterion is Criterion.CONSENT)
    ownerless = msgspec.structs.replace(said, owner=None)

    assert next_steps((ownerless,), None)[0].who is Role.CARE_MANAGER


class TestThePlan:
    def test_what_the_plan_lacks_is_one_step_that_names_it(self) -> None:
        facts = chart(care_plans=(full_plan(planned()),), goals=(goal(),))
        whats = [step.what for step in asked(facts)]

        assert "Add what the care plan lacks of CMS’s list (9)" in whats
        assert "Give every condition a goal" in whats
        assert whats[-1] == "Give the patient a copy of the plan, and record that"

    def test_a_plan_that_must_first_be_written_is_one_step(self) -> None:
        assert criteria(asked(chart(care_plans=()))) == [Criterion.CARE_PLAN]

    def test_without_consent_the_plan_waits(self) -> None:
        facts = chart(care_plans=(full_plan(planned()),), consents=())

        assert criteria(asked(facts)) == [Criterion.CONSENT]

    def test_loose_ends_that_are_certain_are_steps(self) -> None:
        plan = full_plan(planned(EVERYTHING), planned("Walk.", performers=()))
        facts = chart(
            care_plans=(plan,),
            goals=(
                goal(addresses=("Condition/c1-E11.9", "Condition/c2-I10"), due_on=on("2026-10-01")),
                goal(2),
            ),
        )
        whats = [step.what for step in asked(facts)]

        assert "Look at the goals past their day" in whats
        assert "Name who does each intervention" in whats

    def test_loose_ends_in_doubt_are_none(self) -> None:
        whats = [step.what for step in asked(chart(care_plans=(care_plan(),)))]

        assert "Give every condition a goal" not in whats

    def test_parts_that_the_ehr_does_not_show_are_asked_for_last(self) -> None:
        facts = chart(unread=(Unread("Goal", "needs a scope"),))
        last = asked(facts)[-1]

        assert (last.who, last.how) == (
            Role.ADMIN,
            "Ask the EHR's administrator to let this app read Goal.",
        )


def test_steps_need_no_picture() -> None:
    found = builders.eligibility(chart(encounters=()))

    assert [s.criterion for s in next_steps(found.findings, None)] == [Criterion.INITIATING_VISIT]
