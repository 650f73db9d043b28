"""What a claim file needs beyond the claim; and the numbers a claim comes back under."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import (
    Address,
    Frequency,
    RelatedClaim,
    claim_number,
    claim_number_of_line,
    electronic_obstacles,
    line_number,
)
from ccm_fhir.domain.codes import CoverageKind, Setting
from ccm_fhir.domain.mbi import is_well_formed_mbi, plain_mbi
from tests.claims import BILLING, MBI, MBI_PLACES, PARTIES, STREET, SUBSCRIBER, draft


def found(**changes: object) -> list[str]:
    made = draft(parties=replace(PARTIES, **changes))  # type: ignore[arg-type]
    return [obstacle.code for obstacle in electronic_obstacles(made)]


def test_a_whole_draft_can_go_into_a_file() -> None:
    assert electronic_obstacles(draft()) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, "billing_name_missing"),
        ({"tax_id": ""}, "tax_id_malformed"),
        ({"tax_id": "12345678"}, "tax_id_malformed"),
        ({"taxonomy": ""}, "practice_taxonomy_missing"),
        ({"address": replace(STREET, postal_code="12207")}, "billing_address_incomplete"),
        ({"address": replace(STREET, state="New York")}, "billing_address_incomplete"),
        ({"address": replace(STREET, line="P.O. Box 12")}, "billing_address_is_po_box"),
        ({"address": replace(STREET, line2="PO BOX 12")}, "billing_address_is_po_box"),
    ],
)
def test_what_a_file_lacks_of_the_practice_is_named(changes: dict[str, object], code: str) -> None:
    assert found(billing=replace(BILLING, **changes)) == [code]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mbi": ""}, "mbi_malformed"),
        ({"mbi": "1SG4TE5MK73"}, "mbi_malformed"),
        ({"birth_date": None}, "birth_date_missing"),
        ({"gender": "other"}, "gender_missing"),
        ({"address": None}, "subscriber_address_incomplete"),
        (
            {"address": Address(line="1 A", city="", state="NY", postal_code="12180")},
            "subscriber_address_incomplete",
        ),
        ({"name": replace(SUBSCRIBER.name, family="")}, "subscriber_name_missing"),
    ],
)
def test_what_a_file_lacks_of_the_patient_is_named(changes: dict[str, object], code: str) -> None:
    assert found(subscriber=replace(SUBSCRIBER, **changes)) == [code]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"billing": None}, "billing_details_missing"),
        ({"subscriber": None}, "subscriber_missing"),
        ({"practitioner_name": None}, "practitioner_name_missing"),
        ({"practitioner_taxonomy": ""}, "practitioner_taxonomy_malformed"),
        ({"setting": Setting.RHC_FQHC}, "institutional_claim_needed"),
    ],
)
def test_a_part_that_is_missing_altogether_is_named(changes: dict[str, object], code: str) -> None:
    assert found(**changes) == [code]


def test_a_file_to_part_b_takes_no_other_payers_claim() -> None:
    made = draft(coverage_kind=CoverageKind.MEDICARE_ADVANTAGE)

    assert [one.code for one in electronic_obstacles(made)] == ["payer_not_part_b"]


@pytest.mark.parametrize("frequency", [Frequency.REPLACEMENT, Frequency.VOID])
def test_a_correction_needs_the_payers_own_number(frequency: Frequency) -> None:
    without = draft(frequency=frequency, related=RelatedClaim(identifier="x"))
    known = draft(
        frequency=frequency, related=RelatedClaim(identifier="x", payer_control_number="P1")
    )

    assert [o.code for o in electronic_obstacles(without)] == ["payer_control_number_missing"]
    assert electronic_obstacles(known) == ()


# --- the Medicare number --------------------------------------------------------------------


@given(st.tuples(*(st.sampled_from(place) for place in MBI_PLACES)))
def test_every_number_of_the_published_pattern_is_one(characters: tuple[str, ...]) -> None:
    assert is_well_formed_mbi("".join(characters))


@given(st.integers(0, 10), st.characters(codec="utf-8"))
def test_a_character_of_the_wrong_kind_is_refused(place: int, character: str) -> None:
    changed = MBI[:place] + character + MBI[place + 1 :]

    assert is_well_formed_mbi(changed) == (character in MBI_PLACES[place])


@pytest.mark.parametrize("text", ["", MBI[:-1], MBI + "1", MBI + "\n", "1EG4-TE5-MK73"])
def test_a_number_of_another_length_is_refused(text: str) -> None:
    assert not is_well_formed_mbi(text)


def test_the_cards_dashes_are_no_part_of_the_number() -> None:
    assert plain_mbi(" 1eg4-te5-mk73 ") == MBI


# --- claim numbers --------------------------------------------------------------------------


@given(st.uuids(), st.integers(1, 50))
def test_a_claims_number_fits_a_file_and_leads_back_from_its_lines(
    identifier: object, place: int
) -> None:
    number = claim_number(str(identifier))

    assert re.fullmatch(r"[A-Z2-7]{20}", number)
    assert claim_number_of_line(line_number(str(identifier), place)) == number


@given(st.lists(st.uuids(), unique=True, max_size=50))
def test_two_claims_have_two_numbers(identifiers: list[object]) -> None:
    assert len({claim_number(str(one)) for one in identifiers}) == len(identifiers)


@pytest.mark.parametrize("text", ["", "1", "A" * 20, "A" * 20 + "L", "A" * 20 + "X1"])
def test_what_is_no_line_number_of_ours_leads_nowhere(text: str) -> None:
    assert claim_number_of_line(text) == ""
