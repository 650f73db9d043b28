"""What a practitioner says of a Condition, and what it makes of the verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import ICD10CM
from ccm_fhir.domain.conditions import Chronic, ConditionVerdict, classify
from ccm_fhir.domain.eligibility import assess
from ccm_fhir.domain.facts import Coding, ConditionFact, EvidenceRef
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.reviews import (
    ConditionReview,
    ReviewAnswer,
    apply_reviews,
    fingerprint_of,
    latest_reviews,
)
from ccm_fhir.terminology import load_chronic_table
from tests.builders import chart, icd, on, question

TABLE = load_chronic_table()
DAY = date(2026, 11, 30)
CHRONIC, NOT_CHRONIC, UNDONE = ReviewAnswer


def words(text: str, condition_id: str = "words") -> ConditionFact:
    """Return an active Condition in words alone, which is for review."""
    return ConditionFact(
        ref=EvidenceRef("Condition", condition_id),
        text=text,
        clinical_status="active",
        verification_status="confirmed",
    )


def said(
    condition: ConditionFact,
    answer: ReviewAnswer = CHRONIC,
    *,
    family: str = "copd",
    revision: int = 1,
) -> ConditionReview:
    return ConditionReview(
        condition_id=condition.ref.resource_id,
        fingerprint=fingerprint_of(condition),
        answer=answer,
        family=family,
        reason="Spirometry of last year",
        person="Amelia Signwell, MD",
        reviewed_on=date(2026, 11, 20),
        revision=revision,
    )


def judged(condition: ConditionFact, *reviews: ConditionReview) -> ConditionVerdict:
    verdicts = (classify(condition, TABLE, DAY),)
    (verdict,) = apply_reviews(verdicts, (condition,), reviews, TABLE)
    return verdict


def test_yes_settles_a_condition_in_words_and_says_who_and_when() -> None:
    condition = words("lung trouble for years")

    verdict = judged(condition, said(condition))

    assert (verdict.chronic, verdict.family) == (Chronic.CHRONIC, "copd")
    assert verdict.why.startswith("on 2026-11-20 Amelia Signwell, MD judged it chronic (COPD")
    assert "Spirometry" not in verdict.why  # what a person typed is shown from the review


def test_the_disease_that_the_codes_name_is_not_replaced() -> None:
    condition = icd("N18.30", verification_status="provisional")

    assert judged(condition, said(condition)).family == "chronic_kidney_disease"


def test_yes_without_a_disease_counts_nothing() -> None:
    condition = words("something")

    for family in ("", "no_such_family"):
        assert judged(condition, said(condition, family=family)).chronic is Chronic.REVIEW


def test_no_takes_a_doubtful_condition_out_of_the_count() -> None:
    condition = words("a cough")

    assert judged(condition, said(condition, NOT_CHRONIC)).chronic is Chronic.NOT_CHRONIC


def test_no_takes_a_chronic_condition_out_for_this_patient() -> None:
    verdict = judged(icd("I10"), said(icd("I10"), NOT_CHRONIC))

    assert verdict.chronic is Chronic.NOT_CHRONIC
    assert "judged it not chronic for this patient" in verdict.why


def test_yes_adds_nothing_to_a_condition_that_is_chronic() -> None:
    assert judged(icd("I10"), said(icd("I10"))) == judged(icd("I10"))


def test_yes_does_not_raise_a_code_that_is_not_chronic() -> None:
    cold = icd("J06.9")

    assert judged(cold, said(cold)).chronic is Chronic.NOT_CHRONIC


def test_an_answer_undone_is_none() -> None:
    condition = words("lung trouble")

    verdict = judged(condition, said(condition), said(condition, UNDONE, revision=2))

    assert verdict == judged(condition)


def test_the_highest_revision_holds_whatever_the_order() -> None:
    condition = words("lung trouble")
    answers = (said(condition), said(condition, NOT_CHRONIC, revision=2))

    for reviews in (answers, answers[::-1]):
        assert judged(condition, *reviews).chronic is Chronic.NOT_CHRONIC
        assert latest_reviews(reviews)["words"].revision == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "another trouble"},
        {"clinical_status": "inactive"},
        {"verification_status": "unconfirmed"},
        {"codings": (Coding(system=ICD10CM, code="XYZ99"),)},
        {"categories": ("encounter-diagnosis",)},
        {"has_modifier": True},
        {"abatement": on("2027"), "has_abatement": True},
    ],
)
def test_a_condition_that_has_changed_is_asked_about_again(changes: dict[str, object]) -> None:
    before = words("lung trouble")
    after = msgspec.structs.replace(before, **changes)

    verdict = judged(after, said(before))

    assert verdict.chronic is Chronic.REVIEW
    assert "no longer holds" in verdict.why


def test_a_new_version_that_says_the_same_is_not_asked_about_again() -> None:
    before = words("lung trouble")
    after = msgspec.structs.replace(before, ref=EvidenceRef("Condition", "words", "2"))

    assert judged(after, said(before)).chronic is Chronic.CHRONIC


def test_a_chronic_condition_that_changed_counts_again_without_a_word() -> None:
    before, after = icd("I10"), icd("I10", text="now with words")

    assert judged(after, said(before, NOT_CHRONIC)) == judged(after)


def test_an_answer_about_another_condition_changes_nothing() -> None:
    condition = words("lung trouble")

    assert judged(condition, said(words("other", "other"))) == judged(condition)


def test_a_settled_condition_turns_the_criterion_met() -> None:
    condition = words("lung trouble")
    asked = question(chart(conditions=(icd("I10"), condition)))

    before = assess(asked)
    after = assess(replace(asked, reviews=(said(condition),)))

    criterion = Criterion.TWO_CHRONIC_CONDITIONS
    assert before.finding(criterion).answer is Answer.UNKNOWN
    assert after.finding(criterion).answer is Answer.MET
    assert {family.family for family in after.families} == {"hypertension", "copd"}


CODES = st.sampled_from(["E11.9", "I10", "J06.9", "S72.001A", "XX99", "N18.30", ""])
CONDITIONS = st.builds(
    lambda code, status, verification: msgspec.structs.replace(
        words("some words"),
        codings=(Coding(system=ICD10CM, code=code),) if code else (),
        clinical_status=status,
        verification_status=verification,
    ),
    CODES,
    st.sampled_from([None, "active", "inactive", "resolved"]),
    st.sampled_from([None, "confirmed", "provisional", "refuted"]),
)
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(list(ReviewAnswer)),
        st.sampled_from(["", "copd", "nonsense"]),
        st.booleans(),
    ),
    max_size=4,
)


@given(CONDITIONS, ANSWERS)
def test_a_review_never_raises_what_is_not_chronic(
    condition: ConditionFact, answers: list[tuple[ReviewAnswer, str, bool]]
) -> None:
    reviews = tuple(
        msgspec.structs.replace(
            said(condition, answer, family=family, revision=place),
            **({} if is_current else {"fingerprint": "old"}),
        )
        for place, (answer, family, is_current) in enumerate(answers, start=1)
    )
    before, after = judged(condition), judged(condition, *reviews)

    if before.chronic is Chronic.NOT_CHRONIC:
        assert after == before
    if after.chronic is Chronic.CHRONIC:
        assert before.chronic in {Chronic.CHRONIC, Chronic.REVIEW}
        assert after.family in TABLE.families
    assert judged(condition, *reversed(reviews)) == after
