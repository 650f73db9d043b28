"""One judgement, two roads: a chart by search and a population by files give the same answers."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from carebundle import generate_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from ccm_fhir.domain.eligibility import assess
from ccm_fhir.domain.facts import PatientFact, Unread
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.fhir.bundles import Resource, latest_of_each, read_resource
from ccm_fhir.fhir.charting import chart_of, whose
from ccm_fhir.fhir.extract import extract_for
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.records import ASKED_FOR
from ccm_fhir.population.results import Result, ResultFinding, result_of
from fhir_fixtures.practice import generate
from tests.population.exports import (
    AS_OF,
    ASKING,
    HL7,
    ICD10CM,
    Json,
    by_file,
    concept,
    line,
    swept,
    swept_folder,
)

JUDGE = judge_for(ASKING)
SNOMED = "http://snomed.info/sct"
CPT = "http://www.ama-assn.org/go/cpt"


def by_chart(lines: Iterable[bytes]) -> dict[str, Result]:
    """Judge each patient by the road of the chart screen: its resources, then ``assess``."""
    resources = latest_of_each(read_resource(each, "") for each in lines if each.strip())
    kinds = {resource.type for resource in resources}
    kinds |= {"Claim"} if "ExplanationOfBenefit" in kinds else set()
    unread = [Unread(kind, "the export holds none") for kind in ASKED_FOR if kind not in kinds]
    theirs: dict[str, list[Resource]] = {}
    for resource in resources:
        theirs.setdefault(extract_for(resource.raw).patient, []).append(resource)
    found = {}
    for name, chart in theirs.items():
        ordered = sorted(chart, key=lambda each: (each.type, each.id))
        result = judged(name, ordered, unread)
        if result is not None:
            found[name] = result
    return found


def judged(name: str, chart: list[Resource], unread: list[Unread]) -> Result | None:
    themselves = next((each for each in chart if each.type == "Patient"), None)
    if themselves is None:
        return None
    person = extract_for(themselves.raw).fact
    assert isinstance(person, PatientFact)
    others = (each for each in chart if each.type != "Patient")
    facts = chart_of(whose(person, themselves), others, unread, base_url="", now=ASKING.read_at)
    question = JUDGE.question(facts)
    screened = JUDGE.screen(facts)
    whole = assess(question).findings
    for short, full in zip(screened.findings, whole, strict=True):
        if short.criterion is not Criterion.CARE_PLAN:
            assert short == full
        else:
            assert (short.answer, short.code, short.reason) == (
                full.answer,
                full.code,
                full.reason,
            )
    return result_of(name, screened)


def comparable(result: Result) -> tuple[object, ...]:
    return (
        result.patient,
        result.outcome,
        result.families,
        result.evidence,
        result.missing,
        tuple(map(answered, result.findings)),
    )


def answered(finding: ResultFinding) -> tuple[object, ...]:
    return (
        finding.criterion,
        finding.answer,
        finding.code,
        finding.reason,
        tuple(finding.evidence),
    )


def assert_same(folder: Path, resources: list[Json]) -> None:
    chart = by_chart(line(resource) for resource in resources)
    sweep = swept(folder, by_file(resources)).results
    assert {n: comparable(r) for n, r in sweep.items()} == {
        n: comparable(r) for n, r in chart.items()
    }
    assert sweep


def test_the_demo_s_patients_are_judged_alike(tmp_path: Path) -> None:
    practice = generate(seed=3, patients=120, as_of=AS_OF)
    assert_same(tmp_path, list(practice.resources))


def test_charts_nobody_here_wrote_are_judged_alike(tmp_path: Path) -> None:
    resources: list[Json] = []
    for seed in range(30):
        bundle = json.loads(generate_bundle(seed=seed).model_dump_json(exclude_none=True))
        resources += [named_within(entry["resource"], seed) for entry in bundle["entry"]]
    assert_same(tmp_path, resources)


def named_within(resource: Json, seed: int) -> Json:
    """Return a bundle's resource under an id of its own, its patient referred to by id."""
    resource = {**resource, "id": f"s{seed}-{resource.get('id', 'x')}"}
    for member in ("subject", "patient", "beneficiary"):
        if member in resource:
            resource[member] = {"reference": f"Patient/{patient_of(resource[member], seed)}"}
    return resource


def patient_of(reference: Json, seed: int) -> str:
    told = str(reference.get("reference", ""))
    return f"s{seed}-{told.rpartition('/')[2].rpartition(':')[2]}"


@pytest.mark.needs("shared")
def test_synthea_s_patients_are_judged_alike(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "synthea100"
    lines = [
        each
        for path in sorted(folder.glob("*.ndjson.gz"))
        for each in gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    ]
    chart = by_chart(lines)
    sweep = swept_folder(folder, tmp_path).results
    assert {n: comparable(r) for n, r in sweep.items()} == {
        n: comparable(r) for n, r in chart.items()
    }
    assert len(sweep) >= 100


CODES = st.sampled_from(
    [
        concept(ICD10CM, "I10"),
        concept(ICD10CM, "E11.9"),
        concept(ICD10CM, "E11.65"),
        concept(ICD10CM, "M06.9"),
        concept(ICD10CM, "M17.11"),
        concept(ICD10CM, "K21.9"),
        concept(ICD10CM, "J06.9"),
        concept(ICD10CM, "C50.911"),
        concept(ICD10CM, "C79.51"),
        concept(ICD10CM, "F32.A"),
        concept(ICD10CM, "I10.X"),
        concept(ICD10CM, "ZZZ"),
        concept("http://hl7.org/fhir/sid/icd-10", "I10"),
        concept(SNOMED, "44054006"),
        concept(SNOMED, "1"),
        {"coding": [*concept(ICD10CM, "I10")["coding"], *concept(SNOMED, "59621000")["coding"]]},
        {"coding": [*concept(ICD10CM, "J06.9")["coding"], *concept(SNOMED, "59621000")["coding"]]},
        {"coding": [*concept(ICD10CM, "J06.9")["coding"], {"system": SNOMED}]},
        {"coding": [*concept(ICD10CM, "J06.9")["coding"], *concept("urn:x", "1")["coding"]]},
        {"text": "Asthma"},
        {"text": "pain"},
        {},
    ]
)
DAYS = st.sampled_from(
    [
        *("2015", "2024-11-02", "2025-10-31", "2025-11-01", "2026-02", "2026-11-01"),
        *("2026-11-30", "2026-12-01", "2027-01-01", "never"),
    ]
)
MAYBE_DAY = st.none() | DAYS
CLINICAL = st.sampled_from(["active", "resolved", "remission", "relapse", "odd", None])
VERIFIED = st.sampled_from(["confirmed", "refuted", "provisional", "entered-in-error", None])
VERSIONS = st.sampled_from(
    [
        None,
        {"versionId": "1"},
        {"versionId": "2"},
        {"lastUpdated": "2026-01-01T00:00:00Z"},
        {"versionId": "3", "lastUpdated": "2026-02-01T00:00:00+02:00"},
        {"versionId": "W/odd"},
    ]
)
NAMES = st.sampled_from(
    ["Patient/a", "Patient/b", "Patient/gone", "urn:uuid:other", "Patient/a/_history/1"]
)


@st.composite
def conditions(draw: st.DrawFn) -> Json:
    made: Json = {
        "resourceType": "Condition",
        "id": draw(st.sampled_from(["c1", "c2", "c3", "c4", "bad id"])),
        "meta": draw(VERSIONS),
        "subject": {"reference": draw(NAMES)},
        "code": draw(CODES),
        "abatementDateTime": draw(MAYBE_DAY),
        "recordedDate": draw(MAYBE_DAY),
        "onsetDateTime": draw(st.none() | DAYS | st.just(7)),
        "category": draw(
            st.sampled_from(
                [
                    None,
                    [concept(f"{HL7}/condition-category", "encounter-diagnosis")],
                    [concept("x", "health-concern")],
                ]
            )
        ),
        "modifierExtension": draw(st.none() | st.just([{"url": "x"}])),
    }
    clinical, verified = draw(CLINICAL), draw(VERIFIED)
    if clinical:
        made["clinicalStatus"] = concept(f"{HL7}/condition-clinical", clinical)
    if verified:
        made["verificationStatus"] = concept(f"{HL7}/condition-ver-status", verified)
    return made


@st.composite
def encounters(draw: st.DrawFn) -> Json:
    return {
        "resourceType": "Encounter",
        "id": draw(st.sampled_from(["e1", "e2", "e3"])),
        "meta": draw(VERSIONS),
        "status": draw(st.sampled_from(["finished", "in-progress", "planned", None])),
        "class": {"code": draw(st.sampled_from(["AMB", "IMP", "NONAC", "VR"]))},
        "type": [draw(st.sampled_from([concept(CPT, "99213"), concept(CPT, "99348"), {}]))],
        "subject": {"reference": draw(NAMES)},
        "period": {"start": draw(MAYBE_DAY), "end": draw(MAYBE_DAY)},
    }


@st.composite
def coverages(draw: st.DrawFn) -> Json:
    words = st.sampled_from(["Medicare Part B", "Medicare Part A", "Medicare", "Aetna", "QMB"])
    return {
        "resourceType": "Coverage",
        "id": draw(st.sampled_from(["v1", "v2"])),
        "meta": draw(VERSIONS),
        "status": draw(st.sampled_from(["active", "cancelled", None])),
        "type": {"text": draw(words)},
        "beneficiary": {"reference": draw(NAMES)},
        "period": {"start": draw(MAYBE_DAY), "end": draw(MAYBE_DAY)},
    }


@st.composite
def consents(draw: st.DrawFn) -> Json:
    return {
        "resourceType": "Consent",
        "id": draw(st.sampled_from(["s1", "s2"])),
        "meta": draw(VERSIONS),
        "status": draw(st.sampled_from(["active", "inactive", "rejected", "draft"])),
        "category": [{"text": draw(st.sampled_from(["Chronic care management", "Privacy"]))}],
        "patient": {"reference": draw(NAMES)},
        "dateTime": draw(MAYBE_DAY),
        "provision": {
            "type": draw(st.sampled_from(["permit", "deny", None])),
            "period": {"end": draw(MAYBE_DAY)},
        },
    }


@st.composite
def claims(draw: st.DrawFn) -> Json:
    code = draw(st.sampled_from(["99490", "G0181", "99213", "99495"]))
    return {
        "resourceType": draw(st.sampled_from(["Claim", "ExplanationOfBenefit"])),
        "id": draw(st.sampled_from(["m1", "m2"])),
        "meta": draw(VERSIONS),
        "status": draw(st.sampled_from(["active", "cancelled"])),
        "use": "claim",
        "patient": {"reference": draw(NAMES)},
        "item": [{"servicedDate": draw(MAYBE_DAY), "productOrService": concept(CPT, code)}],
        "insurance": [{"coverage": {"display": "Medicare Part B"}}],
    }


@st.composite
def people(draw: st.DrawFn, name: str) -> Json:
    return {
        "resourceType": "Patient",
        "id": name,
        "meta": draw(VERSIONS),
        "deceasedDateTime": draw(st.none() | st.none() | DAYS),
    }


OTHERS = st.sampled_from(
    [
        {
            "resourceType": "CarePlan",
            "id": "p1",
            "status": "active",
            "subject": {"reference": "Patient/a"},
            "period": {"start": "2026-01-01"},
            "addresses": [{"reference": "Condition/c1"}],
            "goal": [{"reference": "Goal/g1"}],
            "careTeam": [{"reference": "CareTeam/t1"}],
            "activity": [{"reference": {"reference": "ServiceRequest/r1"}}],
        },
        {
            "resourceType": "Goal",
            "id": "g1",
            "lifecycleStatus": "rejected",
            "subject": {"reference": "Patient/a"},
        },
        {
            "resourceType": "CareTeam",
            "id": "t1",
            "status": "inactive",
            "subject": {"reference": "Patient/a"},
        },
        {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "subject": {"reference": "Patient/a"},
            "code": concept("http://loinc.org", "4548-4"),
            "valueQuantity": {"value": 9.1},
        },
        {"resourceType": "Device", "id": "d1", "patient": {"reference": "Patient/a"}},
    ]
)
CHARTS = st.tuples(
    people("a"),
    people("b"),
    st.lists(
        st.one_of(conditions(), encounters(), coverages(), consents(), claims(), OTHERS),
        max_size=12,
    ),
)


@given(CHARTS)
@settings(max_examples=300, deadline=None)
def test_any_chart_is_judged_alike_by_both_roads(chart: tuple[Json, Json, list[Json]]) -> None:
    one, other, rest = chart
    resources = [without_nulls(each) for each in (one, other, *rest)]
    with tempfile.TemporaryDirectory() as folder:
        assert_same(Path(folder), resources)


def without_nulls(resource: Json) -> Json:
    """Return a resource as servers write it: what is not there is not named."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in resource.items()
        if value is not None
    }


def test_the_day_asked_about_decides_the_month() -> None:
    assert (JUDGE.month.first_day, JUDGE.month.last_day) == (date(2026, 11, 1), date(2026, 11, 30))
