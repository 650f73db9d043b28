"""A hundred synthetic patients that nobody here made up, as bulk files: each resource is read."""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.facts import CarePlanFact, ClaimFact, CoverageFact, Fact, PatientFact
from ccm_fhir.fhir.bundles import Resource, read_resource
from ccm_fhir.fhir.charting import chart_of, whose
from ccm_fhir.fhir.extract import Irrelevant, extract, extract_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, tzinfo=UTC)
OF_NOBODY = {"Organization", "Practitioner"}

pytestmark = pytest.mark.needs("shared")


def lines(shared_data: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every line with its resource type."""
    for file in sorted((shared_data / "synthea100").glob("*.ndjson.gz")):
        with gzip.open(file) as opened:
            for line in opened:
                yield file.name.partition(".")[0], line.rstrip()


def test_every_resource_of_a_hundred_patients_is_read(shared_data: Path) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for kind, line in lines(shared_data):
        extracted = extract_for(line)
        counts[kind, type(extracted.fact).__name__] += 1
        assert isinstance(extracted.fact, Irrelevant if kind in OF_NOBODY else Fact)
        assert bool(extracted.patient) is (kind not in OF_NOBODY)

    assert counts == {
        ("CarePlan", "CarePlanFact"): 278,
        ("CareTeam", "CareTeamFact"): 278,
        ("Claim", "ClaimFact"): 6083,
        ("Condition", "ConditionFact"): 639,
        ("Encounter", "EncounterFact"): 3697,
        ("Organization", "Irrelevant"): 203,
        ("Patient", "PatientFact"): 100,
        ("Practitioner", "Irrelevant"): 203,
        ("Procedure", "ProcedureFact"): 2351,
    }


def test_every_resource_of_a_hundred_charts_is_accounted_for(shared_data: Path) -> None:
    by_patient: dict[str, list[Resource]] = defaultdict(list)
    for kind, line in lines(shared_data):
        if kind not in OF_NOBODY:
            by_patient[extract_for(line).patient].append(read_resource(line, kind))

    assert len(by_patient) == 100
    for resources in by_patient.values():
        (described,) = (each for each in resources if each.type == "Patient")
        patient = extract(described.raw)
        assert isinstance(patient, PatientFact)
        others = [each for each in resources if each is not described]

        chart = chart_of(whose(patient, described), others, (), base_url="", now=NOW)

        assert chart.skipped == ()
        groups = (
            chart.conditions,
            chart.encounters,
            chart.care_plans,
            chart.care_teams,
            chart.procedures,
            chart.claims,
        )
        read = {str(fact.ref) for group in groups for fact in group}
        assert read == {f"{each.type}/{each.id}" for each in others}


def test_a_coverage_that_only_claims_name_is_seen_and_never_fills_a_month(
    shared_data: Path,
) -> None:
    found: Counter[CoverageKind] = Counter()
    for kind, line in lines(shared_data):
        extracted = extract_for(line)
        for fact in extracted.also:
            assert isinstance(fact, CoverageFact | ClaimFact)
            if isinstance(fact, CoverageFact):
                assert kind == fact.ref.resource_type == "Claim"
                assert fact.ends_on is not None
                assert not fact.ends_on.is_exact
                found[fact.kind] += 1

    assert set(found) == {CoverageKind.MEDICAID, CoverageKind.OTHER, CoverageKind.UNREADABLE}


def test_a_plan_of_synthea_has_its_activities_and_what_it_addresses(shared_data: Path) -> None:
    plans = [extract(line) for kind, line in lines(shared_data) if kind == "CarePlan"]

    for plan in plans:
        assert isinstance(plan, CarePlanFact)
        assert plan.activities == len(plan.planned) > 0
        assert all(activity.text for activity in plan.planned)
    assert any(isinstance(plan, CarePlanFact) and plan.addresses for plan in plans)
