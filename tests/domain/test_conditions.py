"""Single Conditions and whole patients: each trap that real charts set, and what holds for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import (
    ICD9CM,
    ICD10,
    ICD10CA,
    ICD10CM,
    ICD10GM,
    SNOMED,
    canonical_system,
)
from ccm_fhir.domain.conditions import (
    UNREADABLE,
    Chronic,
    ConditionVerdict,
    DistinctFamilies,
    SiteAnswer,
    Tier,
    classify,
    distinct_families,
    normalise,
    two_distinct_families,
)
from ccm_fhir.domain.facts import Coding, ConditionFact, EvidenceRef
from ccm_fhir.domain.findings import Answer
from ccm_fhir.terminology import load_chronic_table
from tests.builders import icd, on

TABLE = load_chronic_table()
AS_OF = date(2026, 11, 30)
CHRONIC, NOT_CHRONIC, REVIEW = Chronic.CHRONIC, Chronic.NOT_CHRONIC, Chronic.REVIEW
UNMAPPED = "368581000119106"
"""A valid SNOMED CT concept that the shipped map does not hold."""


def coded(*codings: tuple[str | None, str], text: str = "", **changes: object) -> ConditionFact:
    """Return an active, confirmed problem with codings of any systems."""
    fact = ConditionFact(
        ref=EvidenceRef("Condition", "c1"),
        codings=tuple(Coding(system=system, code=code) for system, code in codings),
        text=text,
        clinical_status="active",
        verification_status="confirmed",
        categories=("problem-list-item",),
    )
    return msgspec.structs.replace(fact, **changes)


def judged(condition: ConditionFact) -> ConditionVerdict:
    return classify(condition, TABLE, AS_OF)


def outcome(condition: ConditionFact) -> tuple[Chronic, str]:
    verdict = judged(condition)
    return verdict.chronic, verdict.family


def patient(*codes: str, more: Iterable[ConditionFact] = ()) -> DistinctFamilies:
    """Return the answer for a patient with active, confirmed ICD-10-CM codes."""
    facts = (*(icd(code, number) for number, code in enumerate(codes)), *more)
    verdicts = tuple(judged(fact) for fact in facts)
    return two_distinct_families(verdicts, distinct_families(verdicts, TABLE), TABLE)


# --- Statuses ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["entered-in-error", "refuted"])
def test_a_condition_that_was_never_true_is_left_out_with_its_reason(status: str) -> None:
    verdict = judged(icd("E11.9", verification_status=status, clinical_status=None))

    assert (verdict.chronic, verdict.family) == (NOT_CHRONIC, "")
    assert status in verdict.why


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed", UNREADABLE])
def test_what_is_not_confirmed_is_listed_and_not_counted(status: str) -> None:
    assert outcome(icd("E11.9", verification_status=status)) == (REVIEW, "diabetes")


def test_an_absent_verification_status_counts_and_is_said() -> None:
    verdict = judged(icd("E11.9", verification_status=None))

    assert verdict.chronic is CHRONIC
    assert "taken as confirmed" in verdict.why


@pytest.mark.parametrize("status", ["active", "recurrence", "relapse", None])
def test_an_active_status_counts_and_so_does_an_absent_one(status: str | None) -> None:
    assert outcome(icd("E11.9", clinical_status=status)) == (CHRONIC, "diabetes")


@pytest.mark.parametrize("status", ["inactive", "remission", UNREADABLE, "dormant"])
def test_an_inactive_or_unreadable_status_is_for_review(status: str) -> None:
    assert outcome(icd("E11.9", clinical_status=status)) == (REVIEW, "diabetes")


def test_an_inactive_condition_that_is_not_chronic_stays_out() -> None:
    assert outcome(icd("J06.9", clinical_status="inactive")) == (NOT_CHRONIC, "")


def test_a_resolved_condition_is_out() -> None:
    assert outcome(icd("J45.909", clinical_status="resolved")) == (NOT_CHRONIC, "")


def test_an_end_in_the_past_without_a_status_is_out() -> None:
    ended = icd("J45.909", clinical_status=None, abatement=on("2019-04-01"), has_abatement=True)

    assert outcome(ended) == (NOT_CHRONIC, "")


def test_an_undated_end_without_a_status_is_out() -> None:
    assert outcome(icd("J45.909", clinical_status=None, has_abatement=True)) == (NOT_CHRONIC, "")


def test_an_end_in_the_past_of_an_active_condition_is_a_contradiction() -> None:
    verdict = judged(icd("J45.909", abatement=on("2019-04-01"), has_abatement=True))

    assert verdict.chronic is REVIEW
    assert "active and yet ended" in verdict.why


@pytest.mark.parametrize("status", ["active", None])
def test_an_end_in_the_future_leaves_it_active(status: str | None) -> None:
    ending = icd("J45.909", clinical_status=status, abatement=on("2027-01-01"), has_abatement=True)

    assert outcome(ending) == (CHRONIC, "asthma")


@pytest.mark.parametrize("status", ["active", None])
def test_an_end_dated_only_by_this_year_is_for_review(status: str | None) -> None:
    ending = icd("J45.909", clinical_status=status, abatement=on("2026"), has_abatement=True)

    assert outcome(ending) == (REVIEW, "asthma")


def test_a_modifier_extension_may_negate_and_is_for_review() -> None:
    assert outcome(icd("E11.9", has_modifier=True)) == (REVIEW, "diabetes")


def test_a_health_concern_is_no_diagnosis() -> None:
    assert outcome(icd("I10", categories=("health-concern",))) == (REVIEW, "hypertension")


def test_a_health_concern_that_is_on_the_problem_list_too_is_a_diagnosis() -> None:
    both = ("health-concern", "problem-list-item")

    assert outcome(icd("I10", categories=both)) == (CHRONIC, "hypertension")


@pytest.mark.parametrize("categories", [(), ("encounter-diagnosis",), ("Medical History",)])
def test_any_other_category_counts(categories: tuple[str, ...]) -> None:
    assert outcome(icd("I10", categories=categories)) == (CHRONIC, "hypertension")


def test_a_single_old_encounter_diagnosis_is_weak_evidence_and_counts() -> None:
    old = icd("I10", categories=("encounter-diagnosis",), recorded=on("2024-10-31"))
    verdict = judged(old)
    family = distinct_families((verdict,), TABLE)[0]

    assert (verdict.chronic, verdict.is_stale, family.is_weak) == (CHRONIC, True, True)
    assert "weak evidence" in verdict.why


def test_an_encounter_diagnosis_of_the_last_24_months_is_not_weak() -> None:
    recent = icd("I10", categories=("encounter-diagnosis",), recorded=on("2024-11-02"))

    assert not judged(recent).is_stale


def test_a_second_encounter_makes_old_evidence_strong() -> None:
    seen = {"categories": ("encounter-diagnosis",), "recorded": on("2021-03-01")}
    verdicts = tuple(judged(icd("I10", n, **seen)) for n in (1, 2))

    assert not distinct_families(verdicts, TABLE)[0].is_weak


# --- Codes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["e119", " E11.9 ", "E11.9.", "E11 .9", "E11.9X", "E119"])
def test_a_code_is_read_however_it_is_spelt_and_shown_as_it_is_written(spelling: str) -> None:
    verdict = judged(icd(spelling))

    assert (verdict.chronic, verdict.icd10cm) == (CHRONIC, "E11.9")


def test_a_filler_x_is_taken_off_and_said() -> None:
    assert "filler X" in judged(icd("I10.X")).why


def test_a_placeholder_x_is_part_of_the_code() -> None:
    verdict = judged(icd("M1A.9XX0"))

    assert (verdict.family, verdict.icd10cm) == ("gout", "M1A.9XX0")
    assert "filler" not in verdict.why


@pytest.mark.parametrize(
    "code", ["ZZZ.99", "E11.9, I10", "E11.9 I10", "G40 A01", "I10/E11.9", "2", "é11.9", "E" * 40]
)
def test_an_unknown_code_or_two_in_one_string_is_for_review(code: str) -> None:
    assert outcome(icd(code)) == (REVIEW, "")


@pytest.mark.parametrize("code", ["", "   "])
def test_an_empty_code_is_for_review(code: str) -> None:
    assert outcome(icd(code)) == (REVIEW, "")


def test_a_parent_whose_codes_agree_counts_and_is_not_for_a_claim() -> None:
    verdict = judged(icd("K50.0"))

    assert (verdict.chronic, verdict.family, verdict.is_billable) == (
        CHRONIC,
        "crohns_disease",
        False,
    )
    assert "not billable" in verdict.why


def test_a_parent_whose_codes_disagree_is_for_review() -> None:
    assert outcome(icd("F32")) == (REVIEW, "depression")


def test_a_code_on_which_the_sources_disagree_is_for_review_and_says_so() -> None:
    verdict = judged(icd("F43.21"))

    assert (verdict.chronic, verdict.family) == (REVIEW, "depression")
    assert "The sources disagree" in verdict.why


def test_a_concept_that_the_map_leaves_to_a_clinician_is_for_review_and_says_so() -> None:
    meaning = TABLE.snomed_meaning(" 162864005 ")
    verdict = judged(coded((SNOMED, "162864005")))

    assert meaning is not None
    assert (verdict.chronic, verdict.family) == (meaning.chronic, meaning.family)
    assert "The shipped map leaves" in verdict.why


@pytest.mark.parametrize("code", ["N18.3", "G20", "G35"])
def test_a_code_that_was_split_or_retired_still_counts(code: str) -> None:
    assert judged(icd(code)).chronic is CHRONIC


def test_remission_inside_the_code_is_still_the_disease() -> None:
    assert outcome(icd("C91.11")) == (CHRONIC, "leukemia")


@pytest.mark.parametrize("code", ["J44.1", "I50.23"])
def test_an_acute_turn_of_a_chronic_disease_is_chronic(code: str) -> None:
    assert judged(icd(code)).chronic is CHRONIC


@pytest.mark.parametrize("code", ["Z87.891", "Z80.1", "Z79.4", "Z13.1", "Z68.41", "Z91.14"])
def test_history_family_drugs_screening_and_risk_never_count(code: str) -> None:
    assert outcome(icd(code)) == (NOT_CHRONIC, "")


@pytest.mark.parametrize("code", ["Z85.3", "Z85.46", "Z94.0", "Z99.2", "Z99.81"])
def test_a_status_that_suggests_a_disease_is_for_review(code: str) -> None:
    assert judged(icd(code)).chronic is REVIEW


def test_asymptomatic_hiv_counts_though_it_is_a_z_code() -> None:
    assert outcome(icd("Z21")) == (CHRONIC, "hiv")


@pytest.mark.parametrize(
    ("code", "family", "hint"),
    [
        ("E11.22", "diabetes", "Chronic kidney disease"),
        ("I11.0", "hypertension", "Heart failure and cardiomyopathy"),
        ("I12.9", "hypertension", "Chronic kidney disease"),
        ("I13.0", "hypertension", "Heart failure and cardiomyopathy, Chronic kidney disease"),
    ],
)
def test_a_combination_code_is_one_family_and_a_hint(code: str, family: str, hint: str) -> None:
    verdict = judged(icd(code))

    assert verdict.family == family
    assert f"It also speaks of {hint}, which counts by a code of its own." in verdict.why


@pytest.mark.parametrize(
    ("code", "tier"),
    [("E11.9", Tier.CMS_NAMED), ("N18.30", Tier.CCW), ("E66.811", Tier.CCIR), ("J06.9", None)],
)
def test_a_condition_says_who_calls_it_chronic(code: str, tier: Tier | None) -> None:
    assert judged(icd(code)).tier is tier


def test_pancreatic_cancer_is_cancer_though_no_family_of_ours_names_it() -> None:
    verdict = judged(icd("C25.9"))

    assert (verdict.family.startswith("ccsr:NEO"), verdict.tier) == (True, Tier.CMS_NAMED)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("urn:oid:2.16.840.1.113883.6.90", "I10"),
        ("2.16.840.1.113883.6.90", "I10"),
        ("https://hl7.org/fhir/sid/icd-10-cm", "I10"),
        ("http://hl7.org/fhir/sid/icd-10-cm/", "I10"),
        ("http://terminology.hl7.org/CodeSystem/icd10CM", "I10"),
        ("2.16.840.1.113883.6.103", "401.9"),
        ("urn:oid:2.16.840.1.113883.6.2", "4019"),
        ("http://snomed.info/sct/731000124108", "59621000"),
        ("https://snomed.info/sct", "59621000"),
    ],
)
def test_a_system_in_another_spelling_is_the_same_system(system: str, code: str) -> None:
    assert outcome(coded((canonical_system(system), code))) == (CHRONIC, "hypertension")


def test_an_icd9_code_that_names_no_one_disease_is_for_review() -> None:
    chronic = next(
        code for code, m in TABLE.icd9cm.items() if m.chronic is CHRONIC and not m.family
    )

    assert outcome(coded((ICD9CM, chronic))) == (REVIEW, "")


@pytest.mark.parametrize("system", [ICD10, ICD10CA, ICD10GM])
def test_another_countrys_icd10_is_for_review_with_a_suggestion(system: str) -> None:
    verdict = judged(coded((system, "E11.9")))

    assert (verdict.chronic, verdict.family, verdict.icd10cm) == (REVIEW, "diabetes", "")
    assert "It may be Diabetes mellitus." in verdict.why


def test_a_site_may_say_that_its_icd10_is_icd10cm() -> None:
    table = load_chronic_table(assume_icd10_is_cm=True)
    verdict = classify(coded((ICD10, "E11.9")), table, AS_OF)

    assert (verdict.chronic, verdict.icd10cm) == (CHRONIC, "E11.9")
    assert "this site's setting" in verdict.why


@pytest.mark.parametrize(
    ("system", "code"),
    [(None, "E11.9"), ("urn:oid:1.2.3", "E11.9"), (SNOMED, "E11.9"), ("urn:x", "44054006")],
)
def test_a_code_under_no_or_a_wrong_system_is_suggested_and_not_counted(
    system: str | None, code: str
) -> None:
    assert outcome(coded((system, code))) == (REVIEW, "diabetes")


def test_a_snomed_code_under_icd10cm_is_suggested_and_not_counted() -> None:
    assert outcome(coded((ICD10CM, "44054006"))) == (REVIEW, "diabetes")


def test_icd10cm_decides_beside_a_snomed_code_that_nobody_knows() -> None:
    assert outcome(coded((SNOMED, UNMAPPED), (ICD10CM, "E11.40"))) == (CHRONIC, "diabetes")


def test_an_unknown_icd10cm_code_is_not_saved_by_a_known_snomed_code() -> None:
    assert outcome(coded((ICD10CM, "E99.9"), (SNOMED, "44054006"))) == (REVIEW, "diabetes")


def test_codings_of_two_diseases_are_for_review() -> None:
    verdict = judged(coded((ICD10CM, "I10"), (ICD10CM, "E11.9")))

    assert (verdict.chronic, verdict.family) == (REVIEW, "")
    assert set(verdict.possible) == {"hypertension", "diabetes"}


def test_a_chronic_and_an_acute_coding_are_for_review() -> None:
    assert outcome(coded((SNOMED, "444814009"), (ICD10CM, "J32.9"))) == (
        REVIEW,
        "chronic_sinusitis",
    )


def test_two_acute_codings_are_not_chronic_whatever_they_name() -> None:
    assert outcome(coded((SNOMED, "444814009"), (ICD10CM, "J06.9"))) == (NOT_CHRONIC, "")


def test_of_two_codes_of_one_disease_the_billable_and_specific_one_is_reported() -> None:
    assert judged(coded((ICD10CM, "E11"), (ICD10CM, "E11.65"))).icd10cm == "E11.65"


@pytest.mark.parametrize("text", ["No history of diabetes", "FH: hypertension", "rule out COPD"])
def test_text_alone_is_never_counted(text: str) -> None:
    assert outcome(coded(text=text)) == (REVIEW, "")


def test_text_that_contradicts_the_code_is_said_and_the_code_wins() -> None:
    verdict = judged(coded((ICD10CM, "E11.9"), text="Essential hypertension"))

    assert (verdict.chronic, verdict.family) == (CHRONIC, "diabetes")
    assert "Its text names Hypertension" in verdict.why


# --- The site's terminology server -----------------------------------------------------------


def placed(answer: SiteAnswer) -> ConditionVerdict:
    table = replace(TABLE, site_answers={UNMAPPED: answer})
    return classify(coded((SNOMED, UNMAPPED)), table, AS_OF)


def test_a_concept_outside_the_map_is_for_review() -> None:
    assert outcome(coded((SNOMED, UNMAPPED))) == (REVIEW, "")


def test_a_concept_that_the_sites_server_translates_counts_and_says_so() -> None:
    verdict = placed(SiteAnswer(icd10cm="e11.40"))

    assert (verdict.chronic, verdict.family, verdict.icd10cm) == (CHRONIC, "diabetes", "")
    assert "The site's terminology server maps it to ICD-10-CM E11.40." in verdict.why


def test_a_translation_into_an_acute_code_is_not_chronic() -> None:
    assert placed(SiteAnswer(icd10cm="J06.9")).chronic is NOT_CHRONIC


def test_a_translation_into_an_unknown_code_stays_for_review() -> None:
    assert placed(SiteAnswer(icd10cm="E99.99")).chronic is REVIEW


def test_a_concept_under_a_sites_root_counts_in_its_family() -> None:
    verdict = placed(SiteAnswer(family="copd"))

    assert (verdict.chronic, verdict.family, verdict.tier) == (CHRONIC, "copd", Tier.CMS_NAMED)


@pytest.mark.parametrize(("family", "tier"), [("hypothyroidism", Tier.CCW), ("gout", Tier.CCIR)])
def test_a_sites_root_has_no_more_confidence_than_who_names_its_family(
    family: str, tier: Tier
) -> None:
    verdict = placed(SiteAnswer(family=family))

    assert (verdict.chronic, verdict.family, verdict.tier) == (CHRONIC, family, tier)


def test_a_root_of_a_family_that_is_gone_stays_for_review() -> None:
    assert placed(SiteAnswer(family="no_such_family")).chronic is REVIEW


# --- Patients --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "answer"),
    [
        (("E11.9", "I10"), Answer.MET),
        (("I11.0", "I50.22"), Answer.MET),
        (("I12.9", "N18.30"), Answer.MET),
        (("C50.911", "C61"), Answer.MET),
        (("E11.9", "E11.65"), Answer.NOT_MET),
        (("G30.9", "F02.80"), Answer.NOT_MET),
        (("C50.911", "C79.51"), Answer.NOT_MET),
        (("C25.9", "C78.7"), Answer.NOT_MET),
        (("C79.51",), Answer.NOT_MET),
        (("M06.9", "M17.11"), Answer.UNKNOWN),
        (("F33.1", "F31.9"), Answer.UNKNOWN),
        (("M06.9", "M17.11", "I10"), Answer.MET),
        (("E55.9", "J30.9"), Answer.UNKNOWN),
        (("I10", "E66.811"), Answer.UNKNOWN),
        (("I10", "E11.9", "E66.811"), Answer.MET),
        ((), Answer.NOT_MET),
    ],
)
def test_a_patient_has_two_diseases_or_not(codes: tuple[str, ...], answer: Answer) -> None:
    assert patient(*codes).answer is answer


def test_a_metastasis_beside_its_primary_is_not_listed_as_a_disease() -> None:
    found = patient("C50.911", "C79.51", "I10")

    assert [each.family for each in found.families] == ["cancer_breast", "hypertension"]
    assert "metastasis" in found.why


def test_gout_from_a_failing_kidney_and_kidney_disease_share_the_warehouses_name() -> None:
    found = patient("M10.30", "N18.30")

    assert (found.answer, "Chronic kidney disease" in found.why) == (Answer.UNKNOWN, True)


def test_a_doubtful_condition_of_a_disease_already_counted_adds_nothing() -> None:
    provisional = icd("E11.65", 9, verification_status="provisional")

    assert patient("E11.9", more=[provisional]).answer is Answer.NOT_MET


def test_a_doubtful_condition_of_another_disease_may_be_the_second() -> None:
    found = patient("E11.9", more=[icd("I10", 9, verification_status="provisional")])

    assert (found.answer, len(found.in_doubt)) == (Answer.UNKNOWN, 1)


def test_one_condition_coded_as_two_diseases_may_be_two() -> None:
    assert patient(more=[coded((ICD10CM, "I10"), (ICD10CM, "E11.9"))]).answer is Answer.UNKNOWN


def test_a_condition_that_could_not_be_read_may_be_the_second_disease() -> None:
    verdicts = (judged(icd("I10")),)
    families = distinct_families(verdicts, TABLE)

    found = two_distinct_families(verdicts, families, TABLE, unreadable=1)

    assert found.answer is Answer.UNKNOWN


def test_the_sentence_of_a_patient_names_what_is_missing_and_what_would_change_it() -> None:
    assert patient("I10").why == (
        "1 distinct chronic condition: Hypertension (incl. hypertensive heart/kidney disease); "
        "2 are needed. A diagnosis missing from the chart would change it."
    )


def test_a_family_that_stands_on_one_old_encounter_is_named() -> None:
    old = icd("I10", 9, categories=("encounter-diagnosis",), recorded=on("2020-01-01"))

    assert "One old encounter diagnosis" in patient("E11.9", more=[old]).why


def test_a_family_is_reported_by_a_billable_code_if_it_has_one() -> None:
    verdicts = tuple(judged(icd(code, n)) for n, code in enumerate(("M1A.9XX", "M10.9")))

    assert distinct_families(verdicts, TABLE)[0].icd10cm == "M10.9"


# --- What holds for everything ---------------------------------------------------------------

SYSTEMS = st.sampled_from([ICD10CM, ICD9CM, SNOMED, ICD10, ICD10CA, None, "urn:oid:1.2.3", "x"])
KNOWN = st.sampled_from(
    [*list(TABLE.icd10cm)[::700], *list(TABLE.icd9cm)[::500], *list(TABLE.snomed)[::20]]
)
CODINGS = st.lists(
    st.builds(Coding, system=SYSTEMS, code=KNOWN | st.text(max_size=12)), max_size=4
).map(tuple)
STATUSES = st.sampled_from([None, "active", "resolved", "inactive", UNREADABLE, "nonsense"])
CONDITIONS = st.builds(
    ConditionFact,
    ref=st.integers(0, 50).map(lambda n: EvidenceRef("Condition", f"c{n}")),
    codings=CODINGS,
    text=st.text(max_size=20),
    clinical_status=STATUSES,
    verification_status=st.sampled_from([None, "confirmed", "refuted", "provisional", "odd"]),
    categories=st.lists(st.sampled_from(["problem-list-item", "health-concern"])).map(tuple),
    has_abatement=st.booleans(),
    has_modifier=st.booleans(),
)


@given(CONDITIONS)
def test_any_condition_has_an_answer_and_says_why(condition: ConditionFact) -> None:
    verdict = judged(condition)

    assert verdict.why.endswith(".")
    assert (verdict.chronic is CHRONIC) <= bool(verdict.family and verdict.tier)
    assert (verdict.chronic is NOT_CHRONIC) <= (verdict.family == "")


@given(SYSTEMS, st.text(max_size=12))
def test_a_code_that_no_table_knows_is_never_counted_and_never_dropped(
    system: str | None, code: str
) -> None:
    bare = normalise(code)
    spellings = (bare, bare.rstrip("X"), code.strip())
    tables = (TABLE.icd10cm, TABLE.icd9cm, TABLE.snomed)
    assume(not any(spelling in table for spelling in spellings for table in tables))

    assert judged(coded((system, code))).chronic is REVIEW


@given(st.text(max_size=12))
def test_normalising_twice_is_normalising_once(code: str) -> None:
    assert normalise(normalise(code)) == normalise(code)


@given(st.lists(CONDITIONS, max_size=6))
def test_the_order_of_conditions_and_of_codings_does_not_matter(
    conditions: list[ConditionFact],
) -> None:
    turned = [
        msgspec.structs.replace(each, codings=tuple(reversed(each.codings)))
        for each in reversed(conditions)
    ]

    one, other = (_answered(each) for each in (conditions, turned))

    assert one == other


@given(st.lists(CONDITIONS, max_size=6))
def test_there_are_never_more_families_than_chronic_conditions(
    conditions: list[ConditionFact],
) -> None:
    verdicts = tuple(judged(each) for each in conditions)
    chronic = [each for each in verdicts if each.chronic is CHRONIC]

    assert len(distinct_families(verdicts, TABLE)) <= len(chronic)


@given(st.lists(CONDITIONS, max_size=6))
def test_a_patient_is_never_met_without_two_families_that_cms_or_its_warehouse_names(
    conditions: list[ConditionFact],
) -> None:
    verdicts = tuple(judged(each) for each in conditions)
    found = two_distinct_families(verdicts, distinct_families(verdicts, TABLE), TABLE)
    named = [each for each in found.families if each.tier in {Tier.CMS_NAMED, Tier.CCW}]

    assert (found.answer is Answer.MET) <= (len(named) >= 2)
    assert (found.answer is Answer.NOT_MET) <= (len(found.families) < 2)


def _answered(conditions: list[ConditionFact]) -> tuple[object, ...]:
    verdicts = tuple(judged(each) for each in conditions)
    found = two_distinct_families(verdicts, distinct_families(verdicts, TABLE), TABLE)
    outcomes = sorted((v.ref, v.chronic, v.family, v.icd10cm) for v in verdicts)
    return found.answer, {each.family for each in found.families}, outcomes


def test_somebodys_own_long_words_change_no_code_and_are_not_kept() -> None:
    table = replace(TABLE)
    long = coded(("http://hl7.org/fhir/sid/icd-10-cm", "E11.9"), text="as told " * 20)

    said = classify(long, table, AS_OF)

    assert (said.chronic, said.family) == (CHRONIC, "diabetes")
    assert not table.decided


def test_what_was_decided_before_is_let_go_when_it_is_too_much_to_keep() -> None:
    table = replace(TABLE)
    table.decided.update(dict.fromkeys(range(20_000)))

    said = classify(coded(("http://hl7.org/fhir/sid/icd-10-cm", "E11.9")), table, AS_OF)

    assert (said.chronic, said.family) == (CHRONIC, "diabetes")
    assert len(table.decided) == 1
