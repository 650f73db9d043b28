"""Claim drafts: what they hold, and what keeps one from being made."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import (
    MAX_DIAGNOSES,
    ClaimDraft,
    ClaimParties,
    DraftRequest,
    Obstacle,
    diagnoses_of,
    draft_claim,
)
from ccm_fhir.domain.codes import SNOMED
from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.consents import (
    ConsentDecision,
    ConsentMode,
    RecordedConsent,
    consent_facts,
)
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.facts import ChartFacts, Coding, EvidenceRef
from ccm_fhir.domain.npi import is_valid_npi
from ccm_fhir.domain.plans.versions import AdoptedPlan, with_adopted
from tests import builders
from tests.builders import ALL_TOLD, NEW_YORK, decision, icd, work
from tests.domain.plan_parts import whole_plan

MINUTE = 60
PARTIES = ClaimParties(
    patient_ref="Patient/p1",
    practice_ref=builders.ORGANIZATION,
    practice_npi="1999999018",
    practitioner_ref="Practitioner/doctor",
    practitioner_npi="1234567893",
    practitioner_taxonomy="207Q00000X",
    place_of_service="11",
)
CHARGES = {"99490": Decimal("90.00"), "99439": Decimal("70.50")}


def request(facts: ChartFacts | None = None, minutes: int = 22) -> DraftRequest:
    facts = facts or builders.chart()
    return DraftRequest(
        decision=decision(work(minutes * MINUTE), facts=facts),
        eligibility=builders.eligibility(facts),
        parties=PARTIES,
        charges=CHARGES,
        revision=1,
    )


def drafted(asked: DraftRequest) -> ClaimDraft:
    draft = draft_claim(asked)
    assert isinstance(draft, ClaimDraft)
    return draft


def obstacles(asked: DraftRequest) -> list[str]:
    draft = draft_claim(asked)
    assert isinstance(draft, tuple)
    return [obstacle.code for obstacle in draft]


def test_lines_charges_and_total_add_up() -> None:
    draft = drafted(request(minutes=65))

    assert [(line.code, line.units, line.charge_usd) for line in draft.lines] == [
        ("99490", 1, Decimal("90.00")),
        ("99439", 2, Decimal("141.00")),
    ]
    assert draft.total_usd == Decimal("231.00")


def test_every_line_has_the_day_on_which_the_last_unit_was_reached() -> None:
    facts = builders.chart()
    late = work(25 * MINUTE, datetime(2026, 11, 18, 9, 0, tzinfo=NEW_YORK), entry_id="b")
    asked = replace(request(), decision=decision(work(20 * MINUTE), late, facts=facts))

    assert {line.serviced_on for line in drafted(asked).lines} == {date(2026, 11, 18)}


def test_each_disease_gives_one_diagnosis_and_every_line_points_at_them() -> None:
    conditions = (icd("E11.9", 1), icd("E11.65", 2), icd("I10", 3), icd("J44.9", 4))
    draft = drafted(request(builders.chart(conditions=conditions)))

    assert draft.diagnoses == ("E11.65", "I10", "J44.9")
    assert draft.lines[0].pointers == (1, 2, 3)


def test_a_line_points_at_no_more_than_four_diagnoses() -> None:
    codes = ("E11.9", "I10", "J44.9", "N18.30", "I50.22", "I48.0")
    conditions = tuple(icd(code, n) for n, code in enumerate(codes))
    draft = drafted(request(builders.chart(conditions=conditions)))

    assert len(draft.diagnoses) == 6
    assert draft.lines[0].pointers == (1, 2, 3, 4)


def test_evidence_is_named_by_reference() -> None:
    draft = drafted(request())

    assert draft.coverage_ref == "Coverage/medicare_part_b"
    assert draft.consent_ref == "Consent/consent"
    assert draft.care_plan_ref == "CarePlan/plan"


def test_a_consent_that_only_the_practice_records_is_in_words_and_no_reference() -> None:
    record = RecordedConsent(
        id="r1",
        decision=ConsentDecision.GIVEN,
        decided_on=date(2026, 9, 1),
        statements=ALL_TOLD,
        mode=ConsentMode.VERBAL,
        language="en",
    )
    facts = builders.chart(consents=consent_facts([record], builders.ORGANIZATION))
    draft = drafted(request(facts))

    assert draft.consent_ref == ""
    assert draft.consent_words == "Given on 2026-09-01 (verbal), recorded by the practice"


def test_a_plan_that_only_the_practice_keeps_is_in_words_and_no_reference() -> None:
    version = AdoptedPlan(id="v1", number=1, adopted_on=date(2026, 9, 1), plan=whole_plan())
    facts = with_adopted(builders.chart(care_plans=()), (version,), builders.NOVEMBER)
    draft = drafted(request(facts))

    assert draft.care_plan_ref == ""
    assert draft.care_plan_words == "Plan of 2026-09-01, adopted and kept by the practice"
    assert drafted(request()).care_plan_words == ""


def test_a_consent_in_the_ehr_needs_no_words_beside_its_reference() -> None:
    assert drafted(request()).consent_words == ""


def test_a_draft_says_whose_claim_it_is_for_which_month_and_in_which_revision() -> None:
    draft = drafted(replace(request(), revision=3))

    assert (draft.programme, draft.month, draft.revision) == (Programme.CCM, builders.NOVEMBER, 3)
    assert draft.parties == PARTIES
    assert draft.counted_seconds == 22 * MINUTE


@pytest.mark.parametrize("evidence", ["coverage", "consent", "care_plan"])
def test_evidence_that_cannot_be_named_is_an_obstacle(evidence: str) -> None:
    asked = request()
    without = replace(asked.eligibility, **{evidence: None})  # type: ignore[arg-type]  # one of three

    assert draft_claim(replace(asked, eligibility=without)) == (
        Obstacle(
            code="evidence_missing",
            owner="biller",
            fix="The chart does not show the Coverage, the consent or the care plan that a claim "
            "of this month rests on; read it again.",
        ),
    )


def test_every_obstacle_names_who_mends_it_and_how() -> None:
    nobody = replace(PARTIES, practice_npi="", practitioner_npi="")
    charged = replace(request(), charges={}, parties=nobody)
    uncoded = replace(request(minutes=19), eligibility=builders.eligibility(in_snomed_alone()))

    assert draft_claim(charged) == (
        Obstacle(
            code="practitioner_npi_missing",
            owner="admin",
            fix="Record the billing practitioner's NPI; its check digit must hold.",
        ),
        Obstacle(
            code="practice_npi_missing",
            owner="admin",
            fix="Record the practice's NPI; its check digit must hold.",
        ),
        Obstacle(
            code="charge_missing_99490",
            owner="admin",
            fix="Enter the practice's charge for 99490.",
        ),
    )
    assert draft_claim(uncoded) == (
        Obstacle(
            code="nothing_to_report",
            owner="care_manager",
            fix="No code can be reported for this month; its page says what is missing, and who "
            "can mend it.",
        ),
        Obstacle(
            code="diagnosis_without_icd10cm",
            owner="practitioner",
            fix="Code the chronic conditions in the EHR with ICD-10-CM; claims need it.",
        ),
    )


def test_nothing_to_report_is_an_obstacle_and_no_claim() -> None:
    assert obstacles(request(minutes=19)) == ["nothing_to_report"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"practitioner_npi": ""}, "practitioner_npi_missing"),
        ({"practitioner_npi": "1234567890"}, "practitioner_npi_missing"),
        ({"practice_npi": ""}, "practice_npi_missing"),
    ],
)
def test_a_missing_or_mistyped_npi_is_an_obstacle(changes: dict[str, str], code: str) -> None:
    asked = request()

    parties = replace(asked.parties, **changes)  # type: ignore[arg-type]  # texts, all of them

    assert obstacles(replace(asked, parties=parties)) == [code]


def test_a_code_without_a_charge_is_an_obstacle_that_names_it() -> None:
    asked = replace(request(minutes=45), charges={"99490": Decimal(90)})

    assert obstacles(asked) == ["charge_missing_99439"]


def in_snomed_alone() -> ChartFacts:
    return builders.chart(
        conditions=tuple(
            icd("", n, codings=(Coding(system=SNOMED, code=code),))
            for n, code in enumerate(("44054006", "38341003"))
        )
    )


def test_one_disease_in_icd10cm_beside_one_without_is_still_an_obstacle() -> None:
    (snomed, _), coded = in_snomed_alone().conditions, icd("I10", 7)
    both = builders.chart(conditions=(snomed, coded))

    assert obstacles(request(both)) == ["diagnosis_without_icd10cm"]


def test_diseases_coded_in_snomed_alone_need_icd10cm_first() -> None:
    assert obstacles(request(in_snomed_alone())) == ["diagnosis_without_icd10cm"]


def test_a_coverage_that_only_another_claim_names_cannot_be_claimed_upon() -> None:
    named = builders.coverage(ref=EvidenceRef("Claim", "theirs"))

    assert draft_claim(request(builders.chart(coverages=(named,)))) == (
        Obstacle(
            code="coverage_not_on_record",
            owner="biller",
            fix="Another claim alone shows the Coverage; record it in the EHR by itself.",
        ),
    )


def test_one_obstacle_does_not_hide_another() -> None:
    asked = replace(request(), charges={}, parties=replace(PARTIES, practice_npi=""))

    assert obstacles(asked) == ["practice_npi_missing", "charge_missing_99490"]


@given(st.lists(st.text("ABC123.", min_size=0, max_size=5), max_size=30))
def test_there_are_never_more_diagnoses_than_a_claim_holds(codes: list[str]) -> None:
    families = tuple(
        ChronicFamily(family=str(n), label="", icd10cm=code, evidence=())
        for n, code in enumerate(codes)
    )

    made = diagnoses_of(families)

    assert len(made) <= MAX_DIAGNOSES
    assert all(made)


@given(st.integers(0, 999_999_999))
def test_exactly_one_check_digit_makes_an_npi(stem: int) -> None:
    assert sum(is_valid_npi(f"{stem:09d}{digit}") for digit in range(10)) == 1


@pytest.mark.parametrize(
    "text", ["", "123456789", "12345678931", "123456789X", "１２３４５６７８９３"]
)
def test_what_is_not_ten_digits_is_no_npi(text: str) -> None:
    assert not is_valid_npi(text)
