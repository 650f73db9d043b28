"""Each member of the cast shows what the table of demo patients says."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.terminology.load import load_chronic_table
from fhir_fixtures.practice import catalogue, generate
from fhir_fixtures.practice.catalogue import Disease

if TYPE_CHECKING:
    from fhir_fixtures.practice import Resource

AS_OF = date(2026, 11, 23)
PRACTICE = generate(seed=20261123, patients=40, as_of=AS_OF)
DISEASES = {d.icd10cm: d for d in vars(catalogue).values() if isinstance(d, Disease)}
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"


def chart(family_name: str, resource_type: str) -> list[Resource]:
    name = f"pt-{family_name}"
    return [
        r
        for r in PRACTICE.resources
        if r["resourceType"] == resource_type
        and (r["id"] == name or r["id"].startswith(f"{name}-"))
    ]


def only(family_name: str, resource_type: str) -> Resource:
    (resource,) = chart(family_name, resource_type)
    return resource


def families(family_name: str) -> set[str]:
    """Return the distinct diseases among active, confirmed, ICD-10-CM coded Conditions."""
    return {
        DISEASES[coding["code"]].family
        for condition in chart(family_name, "Condition")
        if "active" in json.dumps(condition.get("clinicalStatus"))
        and "confirmed" in json.dumps(condition["verificationStatus"])
        for coding in condition["code"].get("coding", [])
        if coding["system"] == ICD10CM
    } - {""}


def plans(family_name: str) -> set[str]:
    return {
        c["value"]
        for coverage in chart(family_name, "Coverage")
        for c in coverage.get("class", [])
        if c["type"]["coding"][0]["code"] == "plan"
    }


@pytest.mark.parametrize("disease", DISEASES.values(), ids=lambda d: d.icd10cm)
def test_a_catalogued_code_belongs_to_the_family_it_names(disease: Disease) -> None:
    table = load_chronic_table()

    meaning = table.icd10cm_meaning(disease.icd10cm)

    assert meaning is not None
    assert (meaning.family, meaning.chronic == "chronic") == (disease.family, bool(disease.family))
    if disease.snomed:
        assert table.snomed_meaning(disease.snomed) == meaning


def test_the_ready_patient_comes_first_and_lacks_nothing() -> None:
    assert PRACTICE.cast[0].patient_id == "pt-ready"
    assert families("ready") == {"diabetes", "hypertension", "hyperlipidemia"}
    assert plans("ready") == {"Part A", "Part B"}
    assert len(only("ready", "Consent")["provision"]["code"]) == 4
    plan = only("ready", "CarePlan")
    assert all(plan[part] for part in ("addresses", "goal", "activity", "careTeam"))
    assert not [e for e in PRACTICE.time_log if e.patient_id == "pt-ready"]


def test_the_initiating_visit_lies_within_the_year_before_consent() -> None:
    (visit,) = (e for e in chart("ready", "Encounter") if e["class"]["code"] == "AMB")
    seen_on = date.fromisoformat(visit["period"]["start"][:10])
    consent_on = date.fromisoformat(only("ready", "Consent")["dateTime"])

    assert visit["type"][0]["coding"][0]["code"] == "99214"
    assert timedelta(0) < consent_on - seen_on < timedelta(days=365)


def test_three_months_of_work_stand_behind_the_ready_patient() -> None:
    months = {p["performedPeriod"]["start"][:7] for p in chart("ready", "Procedure")}

    assert months == {"2026-08", "2026-09", "2026-10"}
    assert len(chart("ready", "Claim")) == 3


@pytest.mark.parametrize(
    ("family_name", "expected"),
    [
        ("onecondition", {"hypertension"}),
        ("samedisease", {"diabetes"}),
        ("textonly", set()),
        ("snomedonly", set()),
        ("refuted", {"hypertension"}),
        ("heartpair", {"hypertension", "heart_failure"}),
    ],
)
def test_conditions_add_up_to_the_families_shown(family_name: str, expected: set[str]) -> None:
    assert families(family_name) == expected


def test_snomed_only_conditions_carry_no_other_code() -> None:
    systems = {
        coding["system"] for c in chart("snomedonly", "Condition") for coding in c["code"]["coding"]
    }

    assert systems == {SNOMED}


def test_text_only_conditions_carry_words_alone() -> None:
    assert all(set(c["code"]) == {"text"} for c in chart("textonly", "Condition"))


def test_a_provisional_condition_says_so() -> None:
    statuses = [
        c["verificationStatus"]["coding"][0]["code"] for c in chart("provisional", "Condition")
    ]

    assert statuses == ["confirmed", "provisional"]


@pytest.mark.parametrize(
    ("family_name", "expected"),
    [
        ("nopartb", {"Part A"}),
        ("advantage", {"H9999-001"}),
        ("commercial", {"EXAMPLE-PPO"}),
        ("qmb", {"Part A", "Part B", "QMB"}),
        ("whichpart", set()),
    ],
)
def test_coverage_names_the_plan(family_name: str, expected: set[str]) -> None:
    assert plans(family_name) == expected


def test_a_patient_without_medicare_has_no_medicare_number() -> None:
    systems = {i["system"] for i in only("commercial", "Patient")["identifier"]}

    assert "http://hl7.org/fhir/sid/us-mbi" not in systems


def test_no_consent_means_no_resource() -> None:
    assert chart("noconsent", "Consent") == []


def test_a_revoked_consent_is_inactive_from_a_day_before_the_month() -> None:
    consent = only("revoked", "Consent")

    assert consent["status"] == "inactive"
    assert consent["provision"]["period"]["end"] < "2026-11-01"


def test_consent_dated_only_by_year_names_the_current_year() -> None:
    assert only("yearonly", "Consent")["dateTime"] == "2026"


def test_consent_to_another_practice_names_that_practice() -> None:
    organizations = only("otherpractice", "Consent")["organization"]

    assert organizations == [{"reference": "Organization/org-riverside"}]


def test_half_told_consent_records_two_statements() -> None:
    codes = only("halftold", "Consent")["provision"]["code"]

    assert [c["coding"][0]["code"] for c in codes] == ["availability", "right-to-stop"]


def test_a_stale_visit_is_over_a_year_before_consent() -> None:
    seen_on = date.fromisoformat(only("stalevisit", "Encounter")["period"]["start"][:10])
    consent_on = date.fromisoformat(only("stalevisit", "Consent")["dateTime"])

    assert consent_on - seen_on > timedelta(days=425)


def test_no_visit_means_no_encounter() -> None:
    assert chart("novisit", "Encounter") == []


def test_no_plan_means_no_care_plan() -> None:
    assert chart("noplan", "CarePlan") == []


def test_a_partial_plan_lacks_goals_and_team() -> None:
    plan = only("partialplan", "CarePlan")

    assert not {"goal", "careTeam"} & set(plan)
    assert chart("partialplan", "Goal") == chart("partialplan", "CareTeam") == []


def test_another_practice_has_claimed_this_month() -> None:
    claims = chart("elsewhere", "Claim")

    elsewhere = [c for c in claims if c["provider"]["reference"] == "Organization/org-riverside"]

    assert [c["item"][0]["servicedDate"][:7] for c in elsewhere] == ["2026-11"]


def test_the_deceased_died_before_this_month_and_medicare_with_them() -> None:
    died_on = only("deceased", "Patient")["deceasedDateTime"]

    assert died_on < "2026-11-01"
    assert {c["period"]["end"] for c in chart("deceased", "Coverage")} == {died_on}


def test_the_spanish_speaker_prefers_spanish() -> None:
    (spoken,) = only("almost", "Patient")["communication"]

    assert (spoken["language"]["coding"][0]["code"], spoken["preferred"]) == ("es", True)


def test_a_stay_in_hospital_is_an_inpatient_encounter_at_the_hospital() -> None:
    (stay,) = (e for e in chart("sixtyfive", "Encounter") if e["class"]["code"] == "IMP")

    assert stay["serviceProvider"] == {"reference": "Organization/org-general-hospital"}
