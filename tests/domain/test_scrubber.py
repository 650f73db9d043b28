"""The scrubber: every way in which a claim would be denied, by name, with who mends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import (
    MAX_DIAGNOSES,
    MAX_POINTERS,
    ClaimDraft,
    DraftRequest,
    Frequency,
    RelatedClaim,
    ScrubFacts,
    StandingClaim,
    draft_claim,
    last_filing_day,
    scrub,
    shape_obstacles,
)
from ccm_fhir.domain.codes import CoverageKind, Setting
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.rulebook import load_rulebook
from tests import builders, claims
from tests.builders import NOVEMBER, anothers_claim, coverage, icd, on, work
from tests.claims import PARTIES, draft, known, line

if TYPE_CHECKING:
    from ccm_fhir.domain.facts import ClaimFact, CoverageFact

OWNERS = {"admin", "biller", "care_manager", "practitioner"}


def codes(made: ClaimDraft, facts: ScrubFacts | None = None) -> list[str]:
    return [obstacle.code for obstacle in scrub(made, facts or known())]


def test_a_clean_draft_has_nothing_against_it() -> None:
    assert scrub(draft(), known()) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"practitioner_npi": ""}, "practitioner_npi_missing"),
        ({"practitioner_npi": "1234567890"}, "practitioner_npi_missing"),
        ({"practice_npi": "1999999019"}, "practice_npi_missing"),
        ({"practitioner_taxonomy": "207Q00000"}, "practitioner_taxonomy_malformed"),
        ({"place_of_service": ""}, "place_of_service_missing"),
        ({"setting": Setting.RHC_FQHC}, "institutional_claim_needed"),
    ],
)
def test_what_is_wrong_with_the_parties_is_named(changes: dict[str, object], code: str) -> None:
    parties = replace(PARTIES, **changes)  # type: ignore[arg-type]

    assert codes(draft(parties=parties)) == [code]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((), "no_lines"),
        ((line(units=2),), "units_beyond_limit_99490"),
        ((line(units=0),), "units_missing_99490"),
        ((line(), line("99439", 3)), "units_beyond_limit_99439"),
        ((line("99439"),), "base_code_missing_99439"),
        ((line("G2058"), line()), "code_not_in_force_G2058"),
        ((line(), line()), "code_twice"),
        ((line(unit_charge_usd=Decimal(0)),), "charge_unusable_99490"),
        ((line(unit_charge_usd=Decimal(-1)),), "charge_unusable_99490"),
        ((line(unit_charge_usd=Decimal("1.005")),), "charge_unusable_99490"),
        ((line(unit_charge_usd=Decimal("NaN")),), "charge_unusable_99490"),
        ((line(unit_charge_usd=Decimal(10**8)),), "charge_unusable_99490"),
        ((line(modifiers=("25", "59", "GV", "GW", "KX")),), "modifier_malformed_99490"),
        ((line(modifiers=("gv",)),), "modifier_malformed_99490"),
        ((line(pointers=()),), "pointer_leads_nowhere"),
        ((line(pointers=(1, 3)),), "pointer_leads_nowhere"),
        ((line(pointers=(1, 1)),), "pointer_leads_nowhere"),
        ((line(serviced_on=date(2026, 10, 31)),), "date_of_service_outside_month"),
        (
            (line(), line("99439", serviced_on=date(2026, 11, 11))),
            "date_of_service_outside_month",
        ),
    ],
)
def test_what_is_wrong_with_a_line_is_named(lines: tuple[object, ...], code: str) -> None:
    assert codes(draft(lines=lines)) == [code]


@pytest.mark.parametrize(
    ("diagnoses", "code"),
    [
        (("E11.9", "E11.9"), ["too_few_diagnoses", "diagnoses_beyond_form"]),
        (("E11.9", "diabetes"), ["diagnosis_malformed"]),
        (tuple(f"I{n}.1" for n in range(10, 23)), ["diagnoses_beyond_form"]),
    ],
)
def test_what_is_wrong_with_the_diagnoses_is_named(
    diagnoses: tuple[str, ...], code: list[str]
) -> None:
    assert codes(draft(diagnoses=diagnoses)) == code


def test_a_code_that_is_none_is_named_once_as_such_and_once_as_not_in_force() -> None:
    assert codes(draft(lines=(line("9949"),))) == ["code_malformed", "code_not_in_force_9949"]


def test_a_total_beyond_what_a_form_holds_is_named() -> None:
    most = Decimal("99999999.99")
    lines = (line(unit_charge_usd=most), line("99439", unit_charge_usd=most))

    assert codes(draft(lines=lines)) == ["total_beyond_form"]


@pytest.mark.parametrize(("number", "expected"), [(50, set()), (51, {"no_lines"})])
def test_a_claim_holds_fifty_lines(number: int, expected: set[str]) -> None:
    lines = tuple(line(f"{code:05d}") for code in range(number))

    assert {found.code for found in shape_obstacles(draft(lines=lines))} == expected


def test_one_chronic_condition_is_too_few() -> None:
    made = draft(diagnoses=("E11.9",), lines=(line(pointers=(1,)),))

    assert codes(made) == ["too_few_diagnoses"]


@pytest.mark.parametrize(
    ("coverages", "expected"),
    [
        ((), ["coverage_gone"]),
        ((coverage(status="cancelled"),), ["coverage_gone"]),
        (
            (
                coverage(
                    CoverageKind.MEDICARE_PART_A,
                    ref=EvidenceRef("Coverage", "medicare_part_b"),
                ),
            ),
            ["coverage_gone"],
        ),
        ((coverage(starts_on=on("2026-11-11")),), ["not_covered_on_date_of_service"]),
        ((coverage(starts_on=on("2026-11")),), ["not_covered_on_date_of_service"]),
        ((coverage(ends_on=on("2026-11-09")),), ["not_covered_on_date_of_service"]),
        ((coverage(ends_on=on("2026-11")),), ["not_covered_on_date_of_service"]),
        ((coverage(ends_on=on("2026-11-10")),), ["coverage_ended_in_month"]),
        ((coverage(ends_on=on("2026-11-29")),), ["coverage_ended_in_month"]),
        ((coverage(ends_on=on("2026-11-30")),), []),
        (
            (
                coverage(ends_on=on("2026-11-20")),
                coverage(ref=EvidenceRef("Coverage", "next"), starts_on=on("2026-11-21")),
            ),
            [],
        ),
    ],
)
def test_cover_is_asked_of_the_date_of_service_and_of_the_month(
    coverages: tuple[CoverageFact, ...], expected: list[str]
) -> None:
    assert codes(draft(), known(coverages=coverages)) == expected


def test_two_billing_practitioners_are_refused() -> None:
    both = frozenset({PARTIES.practitioner_ref, "Practitioner/other"})

    assert codes(draft(), known(practitioner_refs=both)) == ["two_billing_practitioners"]


@pytest.mark.parametrize(
    ("refs", "expected"),
    [
        ((), []),
        (("Practitioner/doctor",), []),
        (("Practitioner/other",), []),
        (("Practitioner/doctor", "Practitioner/other"), ["two_billing_practitioners"]),
    ],
)
def test_where_nobody_has_signed_one_practitioner_is_not_two(
    refs: tuple[str, ...], expected: list[str]
) -> None:
    parties = replace(PARTIES, practitioner_ref="", awaits_signer=True)
    made = draft(parties=parties)

    assert codes(made, known(practitioner_refs=frozenset(refs))) == expected


def test_where_somebody_looks_who_would_sign_anothers_word_is_refused() -> None:
    made = draft(parties=replace(PARTIES, awaits_signer=True))
    facts = known(practitioner_refs=frozenset({"Practitioner/other"}))

    assert codes(made, facts) == ["two_billing_practitioners"]


def test_before_a_signature_the_signers_own_numbers_are_not_asked_for() -> None:
    nobody = replace(PARTIES, practitioner_npi="", practitioner_taxonomy="x", practice_npi="")
    parties = replace(nobody, awaits_signer=True)

    assert codes(draft(parties=parties)) == ["practice_npi_missing"]


def test_a_patient_merged_in_the_ehr_is_refused() -> None:
    assert codes(draft(), known(merged_into="Patient/2")) == ["patient_merged"]


def standing(**changes: object) -> StandingClaim:
    made = StandingClaim(
        identifier="other", patient_ref="Patient/p1", month=NOVEMBER, programme=Programme.CCM
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_live_claim_of_the_month_in_the_ledger_is_a_duplicate() -> None:
    assert codes(draft(), known(standing=(standing(),))) == ["duplicate_in_ledger"]


@pytest.mark.parametrize(
    "changes", [{"patient_ref": "Patient/2"}, {"month": ServiceMonth(2026, 10)}]
)
def test_a_claim_of_another_patient_or_month_is_no_duplicate(changes: dict[str, object]) -> None:
    assert codes(draft(), known(standing=(standing(**changes),))) == []


def test_the_claim_that_is_corrected_is_no_duplicate() -> None:
    made = draft(frequency=Frequency.REPLACEMENT, related=RelatedClaim(identifier="other"))

    assert codes(made, known(standing=(standing(),))) == []


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (anothers_claim(), ["duplicate_in_ehr"]),
        (anothers_claim("99491"), ["duplicate_in_ehr"]),
        (anothers_claim("G0511"), ["duplicate_in_ehr"]),
        (anothers_claim(ref=EvidenceRef("ExplanationOfBenefit", "e")), ["duplicate_in_ehr"]),
        (anothers_claim("99214"), []),
        (anothers_claim(day="2026-10-31"), []),
        (anothers_claim(status="cancelled"), []),
        (anothers_claim(use="preauthorization"), []),
        (anothers_claim(identifiers=("ours|1",)), []),
        (anothers_claim(serviced_on=on("2026-11")), ["duplicate_in_ehr"]),
        (anothers_claim(serviced_on=on("2026")), ["possible_duplicate_in_ehr"]),
        (anothers_claim(serviced_on=None), ["possible_duplicate_in_ehr"]),
    ],
)
def test_a_claim_in_the_ehr_is_a_duplicate_by_code_and_month(
    theirs: ClaimFact, expected: list[str]
) -> None:
    facts = known(claims_in_ehr=(theirs,), own_identifiers=frozenset({"ours|1"}))

    assert codes(draft(), facts) == expected


def test_a_duplicate_names_the_resources_to_look_at() -> None:
    (found,) = scrub(draft(), known(claims_in_ehr=(anothers_claim(),)))

    assert found.evidence == (EvidenceRef("Claim", "theirs-99490-2026-11-12"),)


@pytest.mark.parametrize(
    ("filed_on", "expected"),
    [
        (date(2026, 11, 9), ["date_of_service_not_reached"]),
        (date(2026, 11, 10), []),
        (date(2027, 11, 10), []),
        (date(2027, 11, 11), ["timely_filing_expired"]),
    ],
)
def test_a_claim_is_filed_from_its_day_on_for_a_year(filed_on: date, expected: list[str]) -> None:
    assert codes(draft(), known(filed_on=filed_on)) == expected


def test_a_year_from_a_leap_day_ends_on_the_last_of_february() -> None:
    assert last_filing_day(date(2024, 2, 29), 1) == date(2025, 2, 28)


def test_a_month_without_a_rule_for_claims_is_refused() -> None:
    rules = replace(load_rulebook().of_month(NOVEMBER), claim=None)

    assert codes(draft(), known(rules=rules)) == ["rules_not_loaded"]


def test_a_void_is_not_held_up_by_what_was_wrong_with_the_claim() -> None:
    void = draft(frequency=Frequency.VOID, related=RelatedClaim(identifier="x"), lines=())

    assert codes(void, known(coverages=(), merged_into="Patient/2")) == []


def test_every_obstacle_has_an_owner_and_a_fix_and_no_patient() -> None:
    wrong = draft(
        parties=replace(PARTIES, practice_npi="", setting=Setting.RHC_FQHC),
        diagnoses=("x",),
        lines=(line(units=9, unit_charge_usd=Decimal(0)),),
    )
    facts = known(
        coverages=(),
        standing=(standing(),),
        claims_in_ehr=(anothers_claim(), anothers_claim(serviced_on=None)),
        practitioner_refs=frozenset({"Practitioner/other"}),
        merged_into="Patient/2",
        filed_on=date(2030, 1, 1),
    )

    found = scrub(wrong, facts)

    assert len(found) > 10
    assert {one.owner for one in found} <= OWNERS
    assert all(one.fix.endswith(".") for one in found)
    assert "p1" not in repr(found)
    assert "Synthetic" not in repr(wrong)
    assert claims.MBI not in repr(wrong)


# --- what holds of every draft ------------------------------------------------------------------

CONDITIONS = ("E11.9", "I10", "J44.9", "N18.30", "I50.22", "I48.0", "E78.5", "F33.1", "M81.0")


@given(
    st.lists(st.sampled_from(CONDITIONS), min_size=2, unique=True),
    st.integers(20, 180),
    st.decimals("0.01", "9999.99", places=2),
)
def test_a_draft_adds_up_and_never_passes_a_cap(
    conditions: list[str], minutes: int, charge: Decimal
) -> None:
    facts = builders.chart(conditions=tuple(icd(code, n) for n, code in enumerate(conditions)))
    request = DraftRequest(
        decision=builders.decision(work(minutes * 60), facts=facts),
        eligibility=builders.eligibility(facts),
        parties=PARTIES,
        charges={"99490": charge, "99439": charge},
        revision=1,
        coverages=facts.coverages,
    )
    made = draft_claim(request)

    assert isinstance(made, ClaimDraft)
    assert made == draft_claim(request)
    assert made.total_usd == sum(one.units * one.unit_charge_usd for one in made.lines)
    assert len(made.diagnoses) == len(set(made.diagnoses)) <= MAX_DIAGNOSES
    assert all(1 <= len(one.pointers) <= MAX_POINTERS for one in made.lines)
    assert scrub(made, known()) == ()


def test_the_coverage_that_holds_on_the_date_of_service_is_claimed_upon() -> None:
    first = coverage(ref=EvidenceRef("Coverage", "a"), ends_on=on("2026-11-19"))
    second = coverage(ref=EvidenceRef("Coverage", "b"), starts_on=on("2026-11-20"))
    facts = builders.chart(coverages=(first, second))
    request = DraftRequest(
        decision=builders.decision(work(22 * 60), facts=facts),
        eligibility=builders.eligibility(facts),
        parties=PARTIES,
        charges={"99490": Decimal(90)},
        revision=1,
        coverages=facts.coverages,
    )

    made = draft_claim(request)

    assert isinstance(made, ClaimDraft)
    assert made.coverage_ref == "Coverage/a"
    assert scrub(made, known(coverages=facts.coverages)) == ()


@given(
    st.sampled_from(["1999999018", "1999999019", ""]),
    st.sampled_from(["11", ""]),
    st.sets(st.sampled_from([PARTIES.practitioner_ref])),
    st.sampled_from(["", "Patient/2"]),
    st.sampled_from([(), (builders.coverage(),)]),
    st.dates(date(2026, 11, 1), date(2028, 1, 1)),
)
def test_what_lies_ahead_of_a_signature_is_what_the_signature_meets(
    npi: str,
    place: str,
    refs: set[str],
    merged_into: str,
    coverages: tuple[CoverageFact, ...],
    filed_on: date,
) -> None:
    signing = replace(PARTIES, practice_npi=npi, place_of_service=place)
    nobody = replace(
        signing,
        practitioner_ref="",
        practitioner_npi="",
        practitioner_taxonomy="",
        awaits_signer=True,
    )
    facts = known(
        practitioner_refs=frozenset(refs),
        merged_into=merged_into,
        coverages=coverages,
        filed_on=filed_on,
    )

    assert scrub(draft(parties=nobody), facts) == scrub(draft(parties=signing), facts)
