"""What a chart says of allergies: listed, none known, none on record, not read; never confused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import SNOMED
from ccm_fhir.domain.facts import AllergyFact, ChartFacts, Coding, EvidenceRef, Skipped, Unread
from ccm_fhir.domain.plans.allergies import AllergyAnswer, allergies_of, name_of
from tests.builders import chart

NONE_KNOWN = (Coding(system=SNOMED, code="716186003"),)


def allergy(number: int = 1, **changes: object) -> AllergyFact:
    fact = AllergyFact(
        ref=EvidenceRef("AllergyIntolerance", f"a{number}"),
        clinical_status="active",
        verification_status="confirmed",
        text="Penicillin",
    )
    return msgspec.structs.replace(fact, **changes)


def seen(*allergies: AllergyFact, **changes: object) -> ChartFacts:
    return msgspec.structs.replace(chart(), allergies=allergies, **changes)


def test_a_chart_that_was_read_before_allergies_were_asked_for_says_nothing() -> None:
    assert allergies_of(chart()).answer is AllergyAnswer.NOT_READ
    assert allergies_of(None).answer is AllergyAnswer.NOT_READ


def test_an_empty_list_is_none_on_record_and_not_none_known() -> None:
    assert allergies_of(seen()).answer is AllergyAnswer.NONE_ON_RECORD


def test_that_none_is_known_is_somebodys_entry() -> None:
    assert allergies_of(seen(allergy(codings=NONE_KNOWN))).answer is AllergyAnswer.NONE_KNOWN


def test_a_refused_type_is_not_read_and_says_why() -> None:
    gap = Unread("AllergyIntolerance", "needs scope patient/AllergyIntolerance.rs")

    found = allergies_of(seen(unread=(gap,)))

    assert (found.answer, found.reason) == (AllergyAnswer.NOT_READ, gap.reason)


def test_a_list_that_was_read_in_part_is_listed_and_says_that_there_may_be_more() -> None:
    found = allergies_of(seen(allergy(), unread=(Unread("AllergyIntolerance", "a part"),)))

    assert (found.answer, found.reason) == (AllergyAnswer.LISTED, "a part")


def test_an_entry_that_could_not_be_read_keeps_the_list_from_being_empty() -> None:
    found = allergies_of(seen(skipped=(Skipped("AllergyIntolerance", "it is not JSON"),)))

    assert found.answer is AllergyAnswer.NOT_READ


def test_none_known_beside_an_allergy_is_a_contradiction_and_the_allergy_stands() -> None:
    found = allergies_of(seen(allergy(2, codings=NONE_KNOWN, text="None"), allergy()))

    assert [name_of(one) for one in found.listed] == ["Penicillin"]
    assert found.is_contradicted


@pytest.mark.parametrize(
    "changes",
    [
        {"clinical_status": "resolved"},
        {"clinical_status": "inactive"},
        {"verification_status": "refuted"},
        {"verification_status": "entered-in-error"},
    ],
)
def test_what_is_past_or_was_refuted_is_not_listed(changes: dict[str, object]) -> None:
    assert allergies_of(seen(allergy(1, **changes))).answer is AllergyAnswer.NONE_ON_RECORD


def test_an_allergy_without_a_status_or_a_name_is_listed() -> None:
    (one,) = allergies_of(seen(allergy(clinical_status="", text=""))).listed

    assert name_of(one) == "An allergy that the chart does not name"


@given(st.permutations([allergy(n, text=f"x{n}") for n in range(5)]))
def test_the_order_of_entries_does_not_matter(entries: list[AllergyFact]) -> None:
    high = allergy(9, text="zinc", criticality="high")

    assert allergies_of(seen(*entries, high)) == allergies_of(seen(high, *reversed(entries)))
    assert allergies_of(seen(*entries, high)).listed[0] == high
