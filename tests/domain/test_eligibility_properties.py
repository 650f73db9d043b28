"""What holds of any chart: an answer to everything, from evidence alone, in one order."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccm_fhir.domain.careplan import ElementState
from ccm_fhir.domain.eligibility import Eligibility, next_steps, risk_evidence
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef, Skipped, Unread
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.rulebook import load_rulebook
from tests import builders
from tests.builders import NOVEMBER, coverage, full_plan, goal, planned, visit
from tests.domain.charts import CHARTS, TYPES

FEW = settings(max_examples=40)  # whole charts are slow to draw
RULES = load_rulebook().of_month(NOVEMBER)
RESTS_ON = {
    Criterion.TWO_CHRONIC_CONDITIONS: "Condition",
    Criterion.MEDICARE_COVERAGE: "Coverage",
    Criterion.CONSENT: "Consent",
    Criterion.INITIATING_VISIT: "Encounter",
    Criterion.CARE_PLAN: "CarePlan",
    Criterion.NOT_AWAY_ALL_MONTH: "Encounter",
}
MANY = [
    name
    for name in ChartFacts.__struct_fields__
    if name not in {"patient", "read_at", "skipped", "unread"}
]


def judged(facts: ChartFacts) -> tuple[Eligibility, tuple[Any, ...]]:
    """Judge a chart by every road of this part: findings, picture, steps and signs of risk."""
    found = builders.unattested(facts)
    steps = next_steps(found.findings, found.picture)
    return found, (found.picture, steps, risk_evidence(facts, found.families, NOVEMBER, RULES))


def answers(found: Eligibility) -> dict[Criterion, Answer]:
    return {f.criterion: f.answer for f in found.findings}


@FEW
@given(CHARTS)
def test_any_chart_gets_one_answer_to_each_criterion(facts: ChartFacts) -> None:
    found, (picture, steps, risk) = judged(facts)

    assert [f.criterion for f in found.findings].count(Criterion.CONSENT) == 1
    assert set(answers(found)) == set(Criterion)
    assert len(picture.elements) == 12
    assert len(risk.signs) == 7
    for finding in found.findings:
        assert finding.reason
        if finding.answer is not Answer.MET:
            assert finding.remedy
            assert finding.owner is not None
    for step in steps:
        assert step.how
        assert step.why_now


@FEW
@given(CHARTS)
def test_the_same_chart_gives_the_same_answers(facts: ChartFacts) -> None:
    first, second = judged(facts), judged(msgspec.structs.replace(facts))

    assert msgspec.json.encode(first[0].findings) == msgspec.json.encode(second[0].findings)
    assert msgspec.json.encode(first[1]) == msgspec.json.encode(second[1])


@FEW
@given(CHARTS, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_no_answer(facts: ChartFacts, shuffler: Random) -> None:
    shuffled = {}
    for name in MANY:
        held = list(getattr(facts, name) or ())  # None: never asked for
        shuffler.shuffle(held)
        shuffled[name] = tuple(held)
    found, rest = judged(facts)
    again, rest_again = judged(msgspec.structs.replace(facts, **shuffled))

    assert answers(found) == answers(again)
    assert rest[0] == rest_again[0]
    assert [sign.is_present for sign in rest[2].signs] == [
        s.is_present for s in rest_again[2].signs
    ]


@FEW
@given(CHARTS, st.sampled_from(sorted(RESTS_ON)))
def test_a_type_that_was_not_shown_is_unknown(facts: ChartFacts, criterion: Criterion) -> None:
    gap = Unread(RESTS_ON[criterion], "needs a scope")
    found, _ = judged(msgspec.structs.replace(facts, unread=(*facts.unread, gap)))

    finding = found.finding(criterion)
    assert (finding.answer, finding.is_unread) == (Answer.UNKNOWN, True)


@FEW
@given(CHARTS)
def test_care_plans_that_were_not_shown_leave_every_element_unknown(facts: ChartFacts) -> None:
    gap = Unread("CarePlan", "needs a scope")
    _, (picture, *_) = judged(msgspec.structs.replace(facts, unread=(*facts.unread, gap)))

    assert {e.state for e in picture.elements} == {ElementState.UNKNOWN}


@FEW
@given(CHARTS)
def test_all_evidence_stands_in_the_chart(facts: ChartFacts) -> None:
    held = {facts.patient.ref} | {fact.ref for name in MANY for fact in getattr(facts, name) or ()}
    found, (_, _, risk) = judged(facts)

    for finding in found.findings:
        assert held.issuperset(finding.evidence)
    for sign in risk.signs:
        assert held.issuperset(sign.evidence)


@FEW
@given(CHARTS)
def test_signs_of_risk_change_no_answer(facts: ChartFacts) -> None:
    bare = msgspec.structs.replace(facts, medications=(), observations=())

    assert answers(judged(facts)[0]) == answers(judged(bare)[0])


GOOD: list[tuple[Criterion, str, tuple[Any, ...]]] = [
    (Criterion.MEDICARE_COVERAGE, "coverages", (coverage(ref=EvidenceRef("Coverage", "good")),)),
    (
        Criterion.CARE_PLAN,
        "care_plans",
        (
            full_plan(
                planned(),
                ref=EvidenceRef("CarePlan", "good"),
                goal_refs=("Goal/good",),
            ),
        ),
    ),
]


@pytest.mark.parametrize(("criterion", "name", "good"), GOOD, ids=[str(g[0]) for g in GOOD])
@FEW
@given(facts=CHARTS)
def test_good_evidence_is_not_spoilt_by_what_stands_beside_it(
    criterion: Criterion, name: str, good: tuple[Any, ...], facts: ChartFacts
) -> None:
    readable = msgspec.structs.replace(
        facts,
        unread=(),
        goals=(*facts.goals, goal(ref=EvidenceRef("Goal", "good"))),
        **{name: (*getattr(facts, name), *good)},
    )

    assert judged(readable)[0].finding(criterion).answer is Answer.MET


@FEW
@given(CHARTS)
def test_one_more_qualifying_visit_of_ours_never_takes_the_answer_away(facts: ChartFacts) -> None:
    before = judged(facts)[0].finding(Criterion.INITIATING_VISIT).answer
    ours = visit(organization=builders.ORGANIZATION)
    more = msgspec.structs.replace(facts, encounters=(*facts.encounters, ours))
    after = judged(more)[0].finding(Criterion.INITIATING_VISIT).answer

    assert before is not Answer.MET or after is Answer.MET


@FEW
@given(CHARTS, st.sampled_from(TYPES))
def test_a_resource_that_cannot_be_read_never_turns_a_doubt_into_yes(
    facts: ChartFacts, resource_type: str
) -> None:
    broken = (*facts.skipped, Skipped(resource_type, "broken"))
    before = answers(judged(facts)[0])
    after = answers(judged(msgspec.structs.replace(facts, skipped=broken))[0])

    for criterion, answer in before.items():
        assert answer is Answer.MET or after[criterion] is not Answer.MET
