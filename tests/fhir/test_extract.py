from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import CPT, ICD10CM, SNOMED
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import (
    Coding,
    ConditionFact,
    ConsentFact,
    EncounterFact,
    EvidenceRef,
    PatientFact,
    ProcedureFact,
    Skipped,
)
from ccm_fhir.fhir.extract import Irrelevant, extract, extract_for
from ccm_fhir.fhir.readers import READERS
from tests.fhir.charts import CHART, CLINICAL, VERIFICATION, concept, day, read, resource
from tests.fhir.far_side import BASE

# --- conditions -----------------------------------------------------------------------------


def test_a_condition_keeps_its_codings_in_canonical_spelling() -> None:
    fact = read(
        "Condition",
        code={
            "text": "Diabetes",
            "coding": [
                {"system": "urn:oid:2.16.840.1.113883.6.90", "code": " E11.9 ", "display": "DM2"},
                {"system": "http://snomed.info/sct/", "code": "44054006"},
                {"system": "urn:x", "code": ""},
                {"display": "no code"},
            ],
        },
    )

    assert isinstance(fact, ConditionFact)
    assert fact.codings == (
        Coding(system=ICD10CM, code="E11.9", display="DM2"),
        Coding(system=SNOMED, code="44054006"),
    )
    assert fact.text == "Diabetes"
    assert fact.ref == EvidenceRef("Condition", "r1", "3")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, None),
        ({}, "unreadable"),
        ({"coding": []}, "unreadable"),
        ({"extension": [{"url": "urn:data-absent-reason"}]}, "unreadable"),
        (concept(CLINICAL, "active"), "active"),
        (concept(CLINICAL + "/", "active"), "active"),
        ({"text": "Active"}, "unreadable"),
        (concept("urn:vendor", "active"), "unreadable"),
        (concept("", "active"), "unreadable"),
        ({"coding": [{"system": CLINICAL}]}, "unreadable"),
        (
            {
                "coding": [
                    {"system": "urn:vendor", "code": "A"},
                    {"system": CLINICAL, "code": "resolved"},
                ]
            },
            "resolved",
        ),
        (
            {
                "coding": [
                    {"system": CLINICAL, "code": "active"},
                    {"system": CLINICAL, "code": "resolved"},
                ]
            },
            "unreadable",
        ),
        (concept(VERIFICATION, "confirmed"), "unreadable"),
    ],
)
def test_a_clinical_status_is_read_from_hl7_alone(status: object, expected: str | None) -> None:
    members = {} if status is None else {"clinicalStatus": status}

    assert read("Condition", **members).clinical_status == expected


def test_a_verification_status_is_read_from_its_own_system() -> None:
    fact = read("Condition", verificationStatus=concept(VERIFICATION, "refuted"))

    assert fact.verification_status == "refuted"


@pytest.mark.parametrize(
    ("members", "abatement", "has_abatement"),
    [
        ({}, None, False),
        ({"abatementDateTime": "2025-03"}, "2025-03", True),
        ({"abatementDateTime": "last spring"}, None, True),
        ({"abatementPeriod": {"start": "2025-01-02", "end": "2025-02-03"}}, "2025-01-02", True),
        ({"abatementPeriod": {"end": "2025-02-03"}}, "2025-02-03", True),
        ({"abatementPeriod": {}}, None, True),
        ({"abatementAge": {"value": 60, "unit": "a"}}, None, True),
        ({"abatementRange": {}}, None, True),
        ({"abatementString": "long ago"}, None, True),
        ({"abatementBoolean": True}, None, True),
        ({"abatementBoolean": False}, None, False),
    ],
)
def test_an_end_that_is_no_date_is_still_an_end(
    members: dict[str, Any],
    abatement: str | None,
    has_abatement: bool,  # noqa: FBT001
) -> None:
    fact = read("Condition", **members)

    assert fact.abatement == PartialDate.parse(abatement)
    assert fact.has_abatement is has_abatement


def test_a_condition_has_its_onset_its_record_and_its_categories() -> None:
    fact = read(
        "Condition",
        onsetPeriod={"start": "2019"},
        recordedDate="2020-05-06T10:00:00Z",
        category=[concept("urn:x", "problem-list-item"), concept("urn:y", "problem-list-item")],
    )

    assert fact.onset == day("2019")
    assert fact.recorded == day("2020-05-06")
    assert fact.categories == ("problem-list-item",)


def test_a_condition_with_a_modifier_is_kept_and_says_so() -> None:
    fact = read("Condition", modifierExtension=[{"url": "urn:not", "valueBoolean": True}])

    assert isinstance(fact, ConditionFact)
    assert fact.has_modifier is True


@pytest.mark.parametrize("resource_type", sorted(set(READERS) - {"Condition"}))
def test_any_other_resource_with_a_modifier_is_skipped(resource_type: str) -> None:
    fact = read(resource_type, modifierExtension=[{"url": "urn:not"}])

    assert isinstance(fact, Skipped)
    assert "modifier" in fact.reason


# --- patients -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "record"),
    [
        (None, ""),
        ([], ""),
        ([{"type": "seealso", "other": {"reference": "Patient/2"}}], ""),
        ([{"type": "replaces", "other": {"reference": "Patient/2"}}], ""),
        ([{"type": "replaced-by", "other": {"reference": f"{BASE}/Patient/2"}}], "Patient/2"),
        ([{"type": "replaced-by"}], "Patient"),
    ],
)
def test_a_patient_merged_into_another_record_names_it(links: object, record: str) -> None:
    fact = read("Patient", link=links)

    assert isinstance(fact, PatientFact)
    assert fact.replaced_by == record


def test_a_patient_has_a_name_and_two_identifiers() -> None:
    v2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
    fact = read(
        "Patient",
        name=[
            {"use": "old", "text": "Old Name"},
            {"use": "usual", "given": ["Nick"], "family": "Name"},
            {"use": "official", "given": ["Ann", None], "family": "Name", "suffix": ["Jr"]},
        ],
        identifier=[
            {"use": "old", "type": concept(v2, "MR"), "value": "mr-old"},
            {"type": concept(v2, "MR"), "value": "mr-past", "period": {"end": "2020"}},
            {"use": "usual", "type": concept(v2, "MR"), "value": "mr-1"},
            {"system": "https://hl7.org/fhir/sid/us-mbi", "value": "1EG4TE5MK72"},
            {"type": concept(v2, "SS"), "value": "ssn"},
        ],
        birthDate="1950-02",
        gender="female",
        communication=[
            {"language": {"coding": [{"code": "en"}]}},
            {"preferred": True, "language": {"text": "Spanish"}},
        ],
    )

    assert isinstance(fact, PatientFact)
    assert (fact.name, fact.mrn, fact.mbi) == ("Ann Name Jr", "mr-1", "1EG4TE5MK72")
    assert fact.birth_date == day("1950-02")
    assert (fact.gender, fact.language, fact.is_deceased) == ("female", "Spanish", False)


def test_a_medicare_number_is_known_by_its_type_too() -> None:
    identifier = {"type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MC")}

    assert read("Patient", identifier=[identifier | {"value": "1EG4"}]).mbi == "1EG4"


@pytest.mark.parametrize(
    ("members", "dead", "on"),
    [
        ({}, False, None),
        ({"deceasedBoolean": False}, False, None),
        ({"deceasedBoolean": True}, True, None),
        ({"deceasedDateTime": "2026-01"}, True, "2026-01"),
        ({"deceasedDateTime": "unclear"}, True, None),
    ],
)
def test_a_death_is_a_death_even_without_a_date(
    members: dict[str, Any],
    dead: bool,  # noqa: FBT001
    on: str | None,
) -> None:
    fact = read("Patient", **members)

    assert (fact.is_deceased, fact.died_on) == (dead, PartialDate.parse(on))


# --- consents -------------------------------------------------------------------------------

CCM = {"text": "Consent to chronic care management"}


@pytest.mark.parametrize(
    "members",
    [
        {"category": [CCM]},
        {"category": [{"coding": [{"display": "Chronic Care  Management services"}]}]},
        {"category": [concept("urn:ours", "ccm-services")]},
        {"scope": {"text": "CCM"}},
        {"policyRule": {"text": "CCM programme"}},
        {"policy": [{"uri": "https://practice.example/policies/chronic-care-management"}]},
        {"provision": {"code": [CCM]}},
        {"provision": {"purpose": [{"code": "CCM"}]}},
        {"provision": {"provision": [{"code": [concept(CPT, "99490")]}]}},
    ],
)
def test_a_consent_to_care_management_is_recognised(members: dict[str, Any]) -> None:
    assert read("Consent", **members).is_for_ccm is True


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"category": [{"text": "Consent to share records"}]},
        {"category": [concept(CPT, "99213")]},
        {"category": [concept("urn:x", "99490")]},
        {"scope": {"text": "accmulate"}},
    ],
)
def test_any_other_consent_is_not(members: dict[str, Any]) -> None:
    assert read("Consent", **members).is_for_ccm is False


def test_a_consent_has_dates_a_practice_and_the_statements_made() -> None:
    fact = read(
        "Consent",
        status="inactive",
        category=[CCM],
        dateTime="2026-01-02T09:00:00-05:00",
        organization=[{"reference": f"{BASE}/Organization/o1"}],
        provision={
            "type": "permit",
            "period": {"end": "2026-03-04"},
            "code": [concept("urn:s", "cost-sharing"), concept("urn:s", "right-to-stop")],
            "provision": [
                {"type": "permit", "code": [concept("urn:s", "availability")]},
                {"type": "deny", "code": [concept("urn:s", "research")]},
            ],
        },
    )

    assert isinstance(fact, ConsentFact)
    assert (fact.status, fact.organization) == ("inactive", "Organization/o1")
    assert (fact.given_on, fact.ends_on) == (day("2026-01-02"), day("2026-03-04"))
    assert fact.statements == ("cost-sharing", "right-to-stop", "availability")
    assert fact.is_refused is False


@pytest.mark.parametrize(
    "provision", [{"type": "deny"}, {"provision": [{"type": "deny", "code": [CCM]}]}]
)
def test_a_denial_is_a_refusal(provision: dict[str, Any]) -> None:
    assert read("Consent", category=[CCM], provision=provision).is_refused is True


# --- care -----------------------------------------------------------------------------------


def test_an_encounter_has_its_kind_its_time_and_its_people() -> None:
    fact = read(
        "Encounter",
        status="finished",
        **{"class": {"code": "AMB"}},
        type=[concept(CPT, "99214"), concept(SNOMED, "185317003")],
        period={"start": "2026-03-01T23:30:00-05:00", "end": "2026-03-01T23:59:59.123456789-05:00"},
        participant=[
            {"individual": {"reference": f"{BASE}/Practitioner/p1"}},
            {"individual": {"reference": "Practitioner/p1"}},
            {"individual": {"display": "nobody"}},
            {},
        ],
        serviceProvider={"reference": "https://other.example/Organization/o9"},
    )

    assert isinstance(fact, EncounterFact)
    assert (fact.status, fact.class_code) == ("finished", "AMB")
    assert [coding.code for coding in fact.types] == ["99214", "185317003"]
    assert fact.starts_at == datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert fact.ends_at is not None
    assert fact.starts_on == day("2026-03-01")
    assert fact.practitioners == ("Practitioner/p1",)
    assert fact.organization == "https://other.example/Organization/o9"


@pytest.mark.parametrize(
    "start", ["2026-03-01", "2026-03", "2026-03-01T10:00:00", "2026-03-01T25:00:00Z", "noon"]
)
def test_a_start_without_time_or_zone_is_no_instant(start: str) -> None:
    fact = read("Encounter", period={"start": start})

    assert fact.starts_at is None
    assert fact.starts_on == day(start)


def test_a_procedure_has_an_interval_and_our_identifiers() -> None:
    fact = read(
        "Procedure",
        status="completed",
        code=concept(SNOMED, "386230005"),
        identifier=[{"system": "https://ours", "value": "1"}, {"system": "https://ours"}],
        performedPeriod={"start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:22:00Z"},
    )

    assert isinstance(fact, ProcedureFact)
    assert fact.starts_at is not None
    assert fact.ends_at is not None
    assert fact.ends_at - fact.starts_at == timedelta(minutes=22)
    assert fact.identifiers == ("https://ours|1",)


# --- what cannot be read --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "resource_type", "reason"),
    [
        (b"", "", "not JSON"),
        (b"<html>canary</html>", "", "not JSON"),
        (b'{"resourceType":"Condition","id":"canary', "", "not JSON"),
        (b"\xff\xfe", "", "not JSON"),
        (b"[]", "", "not a JSON object"),
        (b'"canary"', "", "not a JSON object"),
        (b"{}", "", "names no resourceType"),
        (b'{"resourceType":"canary!"}', "", "names no resourceType"),
        (b'{"resourceType":7}', "", "resourceType is not of the type"),
        (b'{"resourceType":"Condition"}', "Condition", "no usable id"),
        (b'{"resourceType":"Condition","id":"canary name"}', "Condition", "no usable id"),
        (
            b'{"resourceType":"Condition","id":"1","code":{"coding":["canary"]}}',
            "Condition",
            "its code.coding[0] is not of the type",
        ),
        (
            b'{"resourceType":"Patient","id":"1","birthDate":19500101}',
            "Patient",
            "its birthDate is not of the type",
        ),
        (
            b'{"resourceType":"Encounter","id":"1","class":[{"code":"AMB"}]}',
            "Encounter",
            "its class is not of the type",
        ),
        (b'{"x":' + b"[" * 100_000, "", "not JSON"),
        (
            b'{"resourceType":"Consent","id":"1","provision":'
            + b'{"provision":[' * 5000
            + b"]}" * 5000
            + b"}",
            "",
            "not JSON",
        ),
    ],
)
def test_what_cannot_be_read_is_counted_with_a_reason_and_no_value(
    line: bytes, resource_type: str, reason: str
) -> None:
    fact = extract(line)

    assert isinstance(fact, Skipped)
    assert fact.resource_type == resource_type
    assert reason in fact.reason
    assert "canary" not in repr(fact)


def test_a_resource_that_no_rule_asks_about_is_irrelevant() -> None:
    assert extract(b'{"resourceType":"Device","id":"1"}') == Irrelevant("Device")


@pytest.mark.parametrize(
    ("reference", "patient"),
    [
        ("Patient/p1", "Patient/p1"),
        ("Patient/p1/_history/4", "Patient/p1"),
        (f"{BASE}/Patient/p1", "Patient/p1"),
        ("https://other.example/fhir/Patient/p1", "https://other.example/fhir/Patient/p1"),
        ("urn:uuid:5c1e", "urn:uuid:5c1e"),
        ("#p", "Condition/r1#p"),
    ],
)
def test_a_fact_comes_with_the_patient_it_speaks_of(reference: str, patient: str) -> None:
    line = json.dumps(resource("Condition", subject={"reference": reference})).encode()

    assert extract_for(line, BASE).patient == patient


def test_an_unreadable_resource_may_still_name_its_patient() -> None:
    line = json.dumps(resource("Condition", code=7)).encode()

    extracted = extract_for(line)

    assert isinstance(extracted.fact, Skipped)
    assert extracted.patient == "Patient/p1"


def test_a_patient_speaks_of_itself() -> None:
    assert extract_for(b'{"resourceType":"Patient","id":"p9"}').patient == "Patient/p9"


def test_facts_print_no_value() -> None:
    for whole in CHART:
        assert "canary" not in repr(extract_for(json.dumps(whole).encode(), BASE))
        assert "canary" not in repr(extract(json.dumps(whole).encode(), BASE))


# --- mutations ------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    below = [place for key, inner in pairs for place in _places(inner, (*path, key))]
    return [path, *below] if path else below


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    whole = json.loads(json.dumps(draw(st.sampled_from(CHART))))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(whole)
        *above, last = draw(st.sampled_from(places))
        holder = whole
        for key in above:
            holder = holder[key]
        holder[last] = draw(JSON)
    return json.dumps(whole).encode()


@given(mutated())
def test_no_mutated_resource_raises(line: bytes) -> None:
    extract_for(line, BASE)


@given(st.binary(max_size=60))
def test_no_bytes_raise(line: bytes) -> None:
    extract_for(line)


@given(st.sampled_from(CHART), st.integers(0, 400))
def test_no_cut_off_line_raises(whole: dict[str, Any], length: int) -> None:
    line = json.dumps(whole).encode()[:-1][:length]

    assert isinstance(extract(line), Skipped)
