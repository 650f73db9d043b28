"""What a patient's findings amount to where a population is searched."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.eligibility import Outcome, Screened, assess, screen
from ccm_fhir.domain.facts import ChartFacts, Unread
from ccm_fhir.domain.findings import Criterion
from tests.builders import (
    anothers_claim,
    care_plan,
    chart,
    consent,
    coverage,
    icd,
    on,
    question,
    stay,
)


def screened(facts: ChartFacts | None = None) -> Screened:
    return screen(replace(question(facts), attested=frozenset()))


def deceased(**changes: object) -> ChartFacts:
    facts = chart()
    patient = msgspec.structs.replace(facts.patient, is_deceased=True, **changes)
    return msgspec.structs.replace(facts, patient=patient)


def test_the_complete_chart_is_a_candidate_who_lacks_the_practitioner_s_word_alone() -> None:
    found = screened()
    assert found.outcome is Outcome.CANDIDATE
    assert found.missing == (Criterion.DURATION_AND_RISK,)


def test_what_is_still_to_be_done_makes_nobody_less_a_candidate() -> None:
    found = screened(chart(consents=(), encounters=(), care_plans=()))
    assert found.outcome is Outcome.CANDIDATE
    assert found.missing == (
        Criterion.DURATION_AND_RISK,
        Criterion.CONSENT,
        Criterion.INITIATING_VISIT,
        Criterion.CARE_PLAN,
    )


@pytest.mark.parametrize(
    "facts",
    [
        deceased(died_on=on("2026-10-01")),
        chart(claims=(anothers_claim(),)),
        chart(encounters=(stay("2026-10-20", "2026-12-05"),)),
        chart(consents=(consent(status="inactive", ends_on=on("2026-09-01")),)),
        chart(consents=(consent(is_refused=True),)),
    ],
    ids=["died", "billed elsewhere", "in hospital", "revoked", "refused"],
)
def test_what_bars_the_month_excludes(facts: ChartFacts) -> None:
    assert screened(facts).outcome is Outcome.EXCLUDED


def test_what_bars_comes_before_who_the_law_means() -> None:
    facts = chart(claims=(anothers_claim(),), conditions=())
    assert screened(facts).outcome is Outcome.EXCLUDED


def test_an_earlier_refusal_yields_to_a_later_consent() -> None:
    refused = consent(is_refused=True, given_on=on("2026-01-05"))
    facts = chart(consents=(refused, consent()))
    assert screened(facts).outcome is Outcome.CANDIDATE


@pytest.mark.parametrize(
    "facts",
    [
        chart(conditions=(icd("I10"),)),
        chart(coverages=(coverage(kind=CoverageKind.OTHER),)),
    ],
    ids=["one disease", "no Medicare"],
)
def test_whom_the_law_does_not_mean_is_not_eligible(facts: ChartFacts) -> None:
    assert screened(facts).outcome is Outcome.NOT_ELIGIBLE


@pytest.mark.parametrize(
    "facts",
    [
        chart(coverages=()),
        deceased(),
        chart(conditions=(icd("I10"), icd("E11.9", 2, verification_status="provisional"))),
    ],
    ids=["no Coverage", "death without a day", "a provisional diagnosis"],
)
def test_what_is_unknown_is_for_a_person(facts: ChartFacts) -> None:
    assert screened(facts).outcome is Outcome.REVIEW


def test_one_plain_no_decides_before_any_doubt() -> None:
    facts = chart(coverages=(), conditions=(icd("I10"),))
    assert screened(facts).outcome is Outcome.NOT_ELIGIBLE


@pytest.mark.parametrize(
    ("resource_type", "criterion"),
    [("Claim", Criterion.NOT_BILLED_ELSEWHERE), ("Encounter", Criterion.NOT_AWAY_ALL_MONTH)],
)
def test_a_bar_that_cannot_be_seen_is_missing_and_no_doubt(
    resource_type: str, criterion: Criterion
) -> None:
    facts = chart(claims=(), encounters=(), unread=(Unread(resource_type, "no scope"),))
    found = screened(facts)
    assert found.outcome is Outcome.CANDIDATE
    assert criterion in found.missing


def test_families_are_distinct_and_in_order_of_name() -> None:
    facts = chart(conditions=(icd("I10"), icd("C79.51", 2), icd("C50.911", 3), icd("E11.9", 4)))
    assert screened(facts).families == ("cancer_breast", "diabetes", "hypertension")


def test_evidence_is_that_of_the_criteria_that_decide() -> None:
    found = screened()
    assert {ref.resource_type for ref in found.evidence} == {"Condition", "Coverage"}


def test_screening_answers_as_assessing_does_but_for_the_plan_s_notes() -> None:
    asked = question(chart(care_plans=(care_plan(),)))
    whole = assess(asked).findings
    short = screen(asked).findings
    for one, other in zip(short, whole, strict=True):
        assert one == msgspec.structs.replace(
            other, notes=() if other.criterion is Criterion.CARE_PLAN else other.notes
        )


def test_cover_that_the_ehr_does_not_show_is_for_review() -> None:
    unread = chart(coverages=(), unread=(Unread("Coverage", "needs a scope"),))

    assert screened(unread).outcome is Outcome.REVIEW
    assert Criterion.MEDICARE_COVERAGE not in screened(unread).missing
