"""Each criterion: what is MET, NOT MET and UNKNOWN, and on which resource it rests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccm_fhir.domain.codes import SNOMED, CoverageKind
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.eligibility import assess
from ccm_fhir.domain.facts import (
    ChartFacts,
    ClaimFact,
    Coding,
    EvidenceRef,
    PatientFact,
    PracticeFact,
    Skipped,
    Unread,
)
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from tests import builders
from tests.builders import care_plan, chart, consent, coverage, icd, on, visit


def finding(criterion: Criterion, facts: ChartFacts | None = None) -> Finding:
    return builders.eligibility(facts).finding(criterion)


def test_a_complete_chart_meets_every_criterion() -> None:
    findings = builders.eligibility().findings

    assert {f.criterion for f in findings} == set(Criterion)
    assert {f.answer for f in findings} == {Answer.MET}


def test_every_finding_names_its_rule_and_sources() -> None:
    for found in builders.eligibility().findings:
        assert found.rule_version == "ccm-eligibility@2017-01-01"
        assert found.citations


def test_what_is_not_met_says_what_to_do_and_who_does_it() -> None:
    empty = ChartFacts(
        patient=PatientFact(ref=EvidenceRef("Patient", "p")), read_at=builders.READ_AT
    )

    for found in builders.unattested(empty).findings:
        if found.answer is not Answer.MET:
            assert found.remedy.endswith(".")
            assert found.owner is not None


@pytest.mark.parametrize(
    ("resource_type", "criterion"),
    [
        ("Condition", Criterion.TWO_CHRONIC_CONDITIONS),
        ("Coverage", Criterion.MEDICARE_COVERAGE),
        ("Consent", Criterion.CONSENT),
        ("Encounter", Criterion.INITIATING_VISIT),
        ("CarePlan", Criterion.CARE_PLAN),
    ],
)
def test_a_type_the_ehr_would_not_show_is_unknown_and_says_which_scope(
    resource_type: str, criterion: Criterion
) -> None:
    gap = Unread(resource_type, f"needs scope patient/{resource_type}.rs")
    found = finding(criterion, chart(unread=(gap,)))

    assert found.answer is Answer.UNKNOWN
    assert f"patient/{resource_type}.rs" in found.reason


class TestConditions:
    def test_two_codes_of_one_disease_are_one_condition(self) -> None:
        found = finding(
            Criterion.TWO_CHRONIC_CONDITIONS, chart(conditions=(icd("E11.9"), icd("E11.65", 2)))
        )

        assert found.answer is Answer.NOT_MET
        assert found.code == "fewer_than_two_chronic_conditions"

    def test_evidence_is_every_condition_that_counts(self) -> None:
        found = finding(Criterion.TWO_CHRONIC_CONDITIONS)

        assert {ref.resource_type for ref in found.evidence} == {"Condition"}
        assert len(found.evidence) == 2

    def test_text_without_codes_needs_a_clinician(self) -> None:
        words = (icd("", 1, codings=(), text="COPD"), icd("", 2, codings=(), text="gout"))

        assert (
            finding(Criterion.TWO_CHRONIC_CONDITIONS, chart(conditions=words)).answer
            is Answer.UNKNOWN
        )

    def test_evidence_of_a_doubt_is_what_is_in_doubt_beside_what_counts(self) -> None:
        mixed = (icd("I10", 1), icd("", 2, codings=(), text="gout"), icd("J06.9", 3))

        found = finding(Criterion.TWO_CHRONIC_CONDITIONS, chart(conditions=mixed))

        assert found.answer is Answer.UNKNOWN
        assert found.evidence == (mixed[0].ref, mixed[1].ref)

    def test_what_is_in_doubt_is_no_evidence_once_two_count(self) -> None:
        mixed = (icd("I10", 1), icd("E11.9", 2), icd("", 3, codings=(), text="gout"))

        found = finding(Criterion.TWO_CHRONIC_CONDITIONS, chart(conditions=mixed))

        assert found.answer is Answer.MET
        assert set(found.evidence) == {mixed[0].ref, mixed[1].ref}

    def test_snomed_codes_of_the_shipped_map_count(self) -> None:
        def snomed(code: str, n: int) -> object:
            return icd("", n, codings=(Coding(system=SNOMED, code=code),))

        facts = chart(conditions=(snomed("44054006", 1), snomed("38341003", 2)))

        assert finding(Criterion.TWO_CHRONIC_CONDITIONS, facts).answer is Answer.MET

    @pytest.mark.parametrize(
        "changes",
        [
            {"verification_status": "refuted"},
            {"verification_status": "entered-in-error"},
            {"clinical_status": "resolved"},
            {"clinical_status": None, "abatement": on("2020-01-01"), "has_abatement": True},
        ],
    )
    def test_what_is_over_or_never_was_does_not_count(self, changes: dict[str, object]) -> None:
        facts = chart(conditions=(icd("I10"), icd("J44.9", 2, **changes)))

        assert finding(Criterion.TWO_CHRONIC_CONDITIONS, facts).answer is Answer.NOT_MET

    @pytest.mark.parametrize(
        "changes",
        [
            {"verification_status": "provisional"},
            {"clinical_status": "remission"},
            {"clinical_status": "unreadable"},
            {"clinical_status": "wellish"},
            {"has_modifier": True},
            {"abatement": on("2020-01-01"), "has_abatement": True},
            {"categories": ("health-concern",)},
        ],
    )
    def test_what_is_in_doubt_is_for_review(self, changes: dict[str, object]) -> None:
        facts = chart(conditions=(icd("I10"), icd("J44.9", 2, **changes)))

        assert finding(Criterion.TWO_CHRONIC_CONDITIONS, facts).answer is Answer.UNKNOWN

    def test_an_unreadable_condition_keeps_the_question_open(self) -> None:
        facts = chart(conditions=(icd("I10"),), skipped=(Skipped("Condition", "wrong type"),))

        assert finding(Criterion.TWO_CHRONIC_CONDITIONS, facts).answer is Answer.UNKNOWN


class TestCoverage:
    @pytest.mark.parametrize(
        "kind", [CoverageKind.MEDICARE_PART_B, CoverageKind.MEDICARE_ADVANTAGE]
    )
    def test_part_b_or_advantage_for_the_whole_month_is_met(self, kind: CoverageKind) -> None:
        facts = chart(coverages=(coverage(kind),))

        assert finding(Criterion.MEDICARE_COVERAGE, facts).answer is Answer.MET

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            (CoverageKind.MEDICARE_PART_A, "no_part_b"),
            (CoverageKind.OTHER, "payer_not_medicare"),
            (CoverageKind.QMB, "payer_not_medicare"),
        ],
    )
    def test_anything_else_is_not_met(self, kind: CoverageKind, code: str) -> None:
        found = finding(Criterion.MEDICARE_COVERAGE, chart(coverages=(coverage(kind),)))

        assert (found.answer, found.code) == (Answer.NOT_MET, code)

    def test_coverage_that_has_ended_is_not_met(self) -> None:
        facts = chart(coverages=(coverage(ends_on=on("2026-10-31")),))

        assert finding(Criterion.MEDICARE_COVERAGE, facts).answer is Answer.NOT_MET

    @pytest.mark.parametrize("changes", [{"ends_on": on("2026-11-15")}, {"starts_on": on("2026")}])
    def test_coverage_of_part_of_the_month_is_unknown(
        self, changes: dict[str, PartialDate]
    ) -> None:
        facts = chart(coverages=(coverage(CoverageKind.MEDICARE_PART_B, **changes),))

        assert finding(Criterion.MEDICARE_COVERAGE, facts).answer is Answer.UNKNOWN

    def test_no_coverage_at_all_is_unknown(self) -> None:
        assert finding(Criterion.MEDICARE_COVERAGE, chart(coverages=())).answer is Answer.UNKNOWN

    def test_medicare_without_a_part_is_unknown(self) -> None:
        facts = chart(coverages=(coverage(CoverageKind.UNREADABLE),))

        assert finding(Criterion.MEDICARE_COVERAGE, facts).answer is Answer.UNKNOWN


class TestConsent:
    @pytest.mark.parametrize(
        ("changes", "answer", "code"),
        [
            ({"status": "rejected"}, Answer.NOT_MET, "consent_missing"),
            ({"is_refused": True}, Answer.NOT_MET, "consent_missing"),
            (
                {"organization": "Organization/other"},
                Answer.NOT_MET,
                "consent_not_for_billing_practitioner",
            ),
            ({"ends_on": on("2026-10-20")}, Answer.NOT_MET, "consent_revoked"),
            ({"status": "inactive"}, Answer.NOT_MET, "consent_revoked"),
            ({"ends_on": on("2026")}, Answer.UNKNOWN, "cannot_determine"),
            ({"given_on": on("2026")}, Answer.UNKNOWN, "cannot_determine"),
            ({"given_on": None}, Answer.UNKNOWN, "cannot_determine"),
            ({"given_on": on("2026-12-01")}, Answer.NOT_MET, "consent_after_service"),
            ({"statements": ("availability",)}, Answer.UNKNOWN, "consent_invalid"),
            ({"ends_on": on("2026-11-05")}, Answer.MET, "consent"),
            ({"given_on": on("2025")}, Answer.MET, "consent"),
        ],
    )
    def test_each_kind_of_consent(
        self, changes: dict[str, object], answer: Answer, code: str
    ) -> None:
        found = finding(Criterion.CONSENT, chart(consents=(consent(**changes),)))

        assert (found.answer, found.code) == (answer, code)

    def test_none_on_record_is_not_met(self) -> None:
        assert finding(Criterion.CONSENT, chart(consents=())).code == "consent_missing"

    def test_a_consent_to_something_else_is_none(self) -> None:
        facts = chart(consents=(consent(is_for_ccm=False),))

        assert finding(Criterion.CONSENT, facts).answer is Answer.NOT_MET

    def test_an_unreadable_consent_is_unknown(self) -> None:
        facts = chart(consents=(), skipped=(Skipped("Consent", "wrong type"),))

        assert finding(Criterion.CONSENT, facts).answer is Answer.UNKNOWN

    def test_a_renewed_consent_outweighs_a_revoked_one(self) -> None:
        old = consent(ref=EvidenceRef("Consent", "old"), ends_on=on("2026-05-01"))
        found = finding(Criterion.CONSENT, chart(consents=(old, consent())))

        assert found.answer is Answer.MET
        assert [ref.resource_id for ref in found.evidence] == ["consent"]


class TestInitiatingVisit:
    @pytest.mark.parametrize("code", ["99211", "99490", "98966"])
    def test_a_code_that_does_not_qualify_is_none(self, code: str) -> None:
        facts = chart(encounters=(visit(code=code),))

        assert finding(Criterion.INITIATING_VISIT, facts).answer is Answer.NOT_MET

    def test_a_visit_a_year_and_a_day_before_consent_is_too_old(self) -> None:
        too_old, in_time = visit("2025-08-02"), visit("2025-08-03")

        assert (
            finding(Criterion.INITIATING_VISIT, chart(encounters=(too_old,))).answer
            is Answer.NOT_MET
        )
        assert (
            finding(Criterion.INITIATING_VISIT, chart(encounters=(in_time,))).answer is Answer.MET
        )

    def test_a_visit_after_the_month_does_not_help(self) -> None:
        facts = chart(encounters=(visit("2026-12-02"),))

        assert finding(Criterion.INITIATING_VISIT, facts).answer is Answer.NOT_MET

    def test_an_office_visit_without_a_code_is_unknown(self) -> None:
        facts = chart(encounters=(visit(types=()),))

        assert finding(Criterion.INITIATING_VISIT, facts).answer is Answer.UNKNOWN

    def test_a_cancelled_visit_is_none(self) -> None:
        facts = chart(encounters=(visit(status="cancelled"),))

        assert finding(Criterion.INITIATING_VISIT, facts).answer is Answer.NOT_MET


class TestCarePlan:
    @pytest.mark.parametrize(
        ("changes", "lacks"),
        [
            ({"goals": 0}, "goals"),
            ({"activities": 0}, "interventions"),
            ({"has_care_team": False}, "care team"),
            ({"addresses": ()}, "conditions"),
        ],
    )
    def test_a_plan_that_lacks_something_says_what(
        self, changes: dict[str, object], lacks: str
    ) -> None:
        found = finding(Criterion.CARE_PLAN, chart(care_plans=(care_plan(**changes),)))

        assert found.answer is Answer.NOT_MET
        assert lacks in found.reason

    def test_a_plan_that_was_revoked_is_none(self) -> None:
        facts = chart(care_plans=(care_plan(status="revoked"),))

        assert finding(Criterion.CARE_PLAN, facts).answer is Answer.NOT_MET

    def test_a_plan_without_a_date_is_unknown(self) -> None:
        facts = chart(care_plans=(care_plan(established_on=None),))

        assert finding(Criterion.CARE_PLAN, facts).answer is Answer.UNKNOWN

    def test_a_plan_written_after_the_month_is_not_met(self) -> None:
        facts = chart(care_plans=(care_plan(established_on=on("2026-12-01")),))

        assert finding(Criterion.CARE_PLAN, facts).answer is Answer.NOT_MET

    def test_an_unreadable_plan_is_unknown(self) -> None:
        facts = chart(care_plans=(), skipped=(Skipped("CarePlan", "wrong type"),))

        assert finding(Criterion.CARE_PLAN, facts).answer is Answer.UNKNOWN


class TestLifeAndOthers:
    @pytest.mark.parametrize(
        ("died_on", "answer"),
        [
            (on("2026-10-31"), Answer.NOT_MET),
            (on("2026-11-15"), Answer.MET),
            (None, Answer.UNKNOWN),
            (on("2026"), Answer.UNKNOWN),
        ],
    )
    def test_death_ends_what_can_be_reported(self, died_on: object, answer: Answer) -> None:
        patient = PatientFact(ref=EvidenceRef("Patient", "p"), is_deceased=True, died_on=died_on)  # type: ignore[arg-type]

        assert finding(Criterion.ALIVE, chart(patient=patient)).answer is answer

    @pytest.mark.parametrize(
        ("changes", "answer"),
        [
            ({}, Answer.NOT_MET),
            ({"status": "cancelled"}, Answer.MET),
            ({"codes": ("99214",)}, Answer.MET),
            ({"serviced_on": on("2026-10-30")}, Answer.MET),
            ({"identifiers": ("ours|1",)}, Answer.MET),
            ({"use": "preauthorization"}, Answer.MET),
            ({"serviced_on": None}, Answer.NOT_MET),
        ],
    )
    def test_another_claim_of_the_same_month_stands_in_the_way(
        self, changes: dict[str, object], answer: Answer
    ) -> None:
        fields: dict[str, object] = {
            "ref": EvidenceRef("Claim", "x"),
            "status": "active",
            "use": "claim",
            "codes": ("99490",),
            "serviced_on": on("2026-11-12"),
            "identifiers": ("theirs|1",),
        }
        claim = ClaimFact(**(fields | changes))  # type: ignore[arg-type]
        asked = replace(
            builders.question(chart(claims=(claim,))), own_claim_identifiers=frozenset({"ours|1"})
        )

        assert assess(asked).finding(Criterion.NOT_BILLED_ELSEWHERE).answer is answer

    def test_a_claim_that_excludes_only_its_own_practitioner_is_for_the_practitioner_to_settle(
        self,
    ) -> None:
        claim = ClaimFact(
            ref=EvidenceRef("Claim", "x"),
            status="active",
            use="claim",
            codes=("G0181",),
            serviced_on=on("2026-11-12"),
        )
        asked = builders.question(chart(claims=(claim,)))

        found = assess(asked).finding(Criterion.NOT_BILLED_ELSEWHERE)
        assert (found.answer, found.evidence) == (Answer.UNKNOWN, (claim.ref,))
        attested = replace(asked, attested=frozenset({Criterion.NOT_BILLED_ELSEWHERE}))
        assert assess(attested).finding(Criterion.NOT_BILLED_ELSEWHERE).answer is Answer.MET

    def test_claims_that_cannot_be_seen_are_for_the_practitioner_to_attest(self) -> None:
        facts = chart(unread=(Unread("Claim", "needs scope patient/Claim.rs"),))
        asked = builders.question(facts)

        assert assess(asked).finding(Criterion.NOT_BILLED_ELSEWHERE).answer is Answer.UNKNOWN
        attested = replace(asked, attested=frozenset({Criterion.NOT_BILLED_ELSEWHERE}))
        assert assess(attested).finding(Criterion.NOT_BILLED_ELSEWHERE).answer is Answer.MET

    @pytest.mark.parametrize(
        ("practice", "answer"),
        [(PracticeFact(), Answer.UNKNOWN), (PracticeFact(access_24_7=False), Answer.NOT_MET)],
    )
    def test_what_the_practice_has_not_attested_is_not_met(
        self, practice: PracticeFact, answer: Answer
    ) -> None:
        asked = replace(builders.question(), practice=practice)

        assert assess(asked).finding(Criterion.PRACTICE_REQUIREMENTS).answer is answer
