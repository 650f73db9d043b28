from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.fhir.capability import Capability, ResourceCapability, parse_capability
from ccm_fhir.fhir.planning import (
    NotAsked,
    Planned,
    Search,
    plan_searches,
    takes_batches,
)
from ccm_fhir.fhir.scopes import launch_scopes, parse_scopes
from ccm_fhir.fhir.search_forms import FORMS
from tests.fhir.test_discovery import VENDORS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ON = date(2026, 11, 23)
ALL = frozenset({"patient/*.rs"})
OBSERVATION = "http://terminology.hl7.org/CodeSystem/observation-category"
CONDITION = "http://terminology.hl7.org/CodeSystem/condition-category"


def planned(
    capability: Capability | None = None, scopes: str = "patient/*.rs"
) -> tuple[Planned, ...]:
    return plan_searches(capability, parse_scopes(scopes), on=ON)


def asked(
    kind: str, capability: Capability | None = None, scopes: str = "patient/*.rs"
) -> list[str]:
    """Return the searches of a type, as a person reads them."""
    found = (each for each in planned(capability, scopes) if isinstance(each, Search))
    return [unquote(each.query("1")) for each in found if each.resource_type == kind]


def not_asked(
    kind: str, capability: Capability | None = None, scopes: str = "patient/*.rs"
) -> list[str]:
    found = (each for each in planned(capability, scopes) if isinstance(each, NotAsked))
    return [f"{each.part}: {each.reason}" for each in found if each.resource_type == kind]


def declaring(kind: str, *params: str, **members: Any) -> Capability:  # noqa: ANN401  # each its own
    """Return a server that declares one type with its search parameters."""
    resource = ResourceCapability(search_params=frozenset(params), **members)
    return Capability(digest="", resources={kind: resource})


# --- nine real servers ----------------------------------------------------------------------


@pytest.mark.needs("shared")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_real_server_is_asked_what_its_statement_allows(
    vendor: str, shared_data: Path, matches_golden: Callable[[str, object], None]
) -> None:
    capability = _statement(vendor, shared_data)
    plan = plan_searches(capability, parse_scopes(launch_scopes({"permission-v2"})), on=ON)
    searches = [each for each in plan if isinstance(each, Search)]

    matches_golden(
        f"searches/{vendor}",
        {
            "us_core": capability.us_core or "not told",
            "requests": 1 if takes_batches(capability) else 1 + len(searches),
            "in one batch": takes_batches(capability),
            "asked": [
                unquote(each.query("PATIENT"))
                + (" (else by patient alone)" if each.or_plain else "")
                for each in searches
            ],
            "not asked": {
                each.resource_type: each.reason for each in plan if isinstance(each, NotAsked)
            },
        },
    )


@pytest.mark.needs("shared")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_real_server_is_asked_by_declared_parameters_alone(
    vendor: str, shared_data: Path
) -> None:
    capability = _statement(vendor, shared_data)

    for search in planned(capability):
        if isinstance(search, Search):
            declared = capability.of(search.resource_type)
            assert "search-type" in declared.interactions
            names = {"patient", *(name for name, _ in search.pairs)}
            assert names <= declared.search_params | capability.common_search_params
            assert declared.required_params <= names


def _statement(vendor: str, shared_data: Path) -> Capability:
    return parse_capability((shared_data / "servers" / vendor / "metadata.json").read_bytes())


# --- forms ----------------------------------------------------------------------------------


def test_a_server_of_which_nothing_is_known_is_asked_plainly_and_legally() -> None:
    assert [unquote(each.query("1")) for each in planned() if isinstance(each, Search)] == [
        "Condition?patient=1",
        "Coverage?patient=1",
        "Consent?patient=1",
        "Encounter?patient=1",
        "CarePlan?patient=1&category=http://hl7.org/fhir/us/core/CodeSystem/careplan-category|assess-plan",
        "CareTeam?patient=1&status=active",
        "Goal?patient=1",
        "Procedure?patient=1",
        f"Observation?patient=1&category={OBSERVATION}|laboratory",
        f"Observation?patient=1&category={OBSERVATION}|vital-signs",
        f"Observation?patient=1&category={OBSERVATION}|survey",
        "MedicationRequest?patient=1&intent=order",
        "AllergyIntolerance?patient=1",
        "ServiceRequest?patient=1",
        "QuestionnaireResponse?patient=1",
        "DocumentReference?patient=1&type=http://loinc.org|59284-0",
        "DocumentReference?patient=1&type=http://loinc.org|18776-5",
        "Claim?patient=1",
        "ExplanationOfBenefit?patient=1",
    ]


def test_a_statement_without_resources_says_nothing() -> None:
    assert planned(Capability(digest="")) == planned(None)


@pytest.mark.parametrize(
    ("capability", "reason"),
    [
        (declaring("Patient"), "does not list it"),
        (declaring("Claim", interactions=frozenset({"read"})), "lists no search for it"),
        (declaring("Claim", "_id", "_count"), "lists no search by patient"),
    ],
)
def test_a_type_that_cannot_be_searched_by_patient_is_not_asked(
    capability: Capability, reason: str
) -> None:
    assert asked("Claim", capability) == []
    assert reason in not_asked("Claim", capability)[0]


def test_a_type_without_a_list_of_parameters_is_asked_plainly() -> None:
    capability = declaring("Goal", interactions=frozenset({"read", "search-type"}))

    assert asked("Goal", capability) == ["Goal?patient=1"]


def test_results_are_asked_for_two_years_back_where_a_date_is_declared() -> None:
    searches = asked("Observation", declaring("Observation", "patient", "category", "date"))

    assert len(searches) == 3
    assert all(search.endswith("&date=ge2024-11-23") for search in searches)


def test_a_server_that_wants_closed_ranges_gets_them() -> None:
    closed = frozenset({"date"})

    first, *_ = asked(
        "Observation", declaring("Observation", "patient", "category", "date", closed_ranges=closed)
    )

    assert first.endswith("&date=ge2024-11-23T00:00:00Z&date=le2026-11-24T23:59:59Z")


def test_a_form_whose_parameter_is_not_declared_is_asked_plainly() -> None:
    assert asked("CareTeam", declaring("CareTeam", "patient")) == ["CareTeam?patient=1"]
    assert asked("Observation", declaring("Observation", "patient")) == ["Observation?patient=1"]


def test_a_page_size_is_asked_for_where_it_is_declared() -> None:
    everywhere = Capability(
        digest="",
        common_search_params=frozenset({"_count"}),
        resources={"Goal": ResourceCapability(search_params=frozenset({"patient"}))},
    )

    assert asked("Goal", everywhere) == ["Goal?patient=1&_count=100"]


def test_a_server_that_demands_a_category_is_asked_for_each() -> None:
    demands = frozenset({"category"})

    assert asked(
        "Condition", declaring("Condition", "patient", "category", required_params=demands)
    ) == [
        f"Condition?patient=1&category={CONDITION}|problem-list-item",
        f"Condition?patient=1&category={CONDITION}|encounter-diagnosis",
        "Condition?patient=1&category=http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern",
    ]


def test_plans_without_a_category_are_looked_for_unless_one_is_demanded() -> None:
    demands = frozenset({"category"})

    def looks_again(capability: Capability) -> bool:
        (search,) = (
            each
            for each in planned(capability)
            if isinstance(each, Search) and each.resource_type == "CarePlan"
        )
        return search.or_plain

    assert looks_again(declaring("CarePlan", "patient", "category"))
    assert not looks_again(declaring("CarePlan", "patient"))
    assert not looks_again(declaring("CarePlan", "patient", "category", required_params=demands))


def test_a_fhir_store_is_asked_for_every_plan_at_once() -> None:
    store = Capability(
        digest="",
        system_interactions=frozenset({"transaction"}),
        resources={
            "CarePlan": ResourceCapability(search_params=frozenset({"patient", "category"}))
        },
    )

    assert asked("CarePlan", store) == ["CarePlan?patient=1"]


@pytest.mark.parametrize(("version", "parts"), [("3.1.1", 2), ("4.0.0", 3), ("7.0.0", 3), ("", 3)])
def test_assessments_are_asked_for_since_us_core_has_them(version: str, parts: int) -> None:
    plan = plan_searches(None, ALL, on=ON, us_core=version)

    assert sum(each.resource_type == "Observation" for each in plan) == parts


# --- scopes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "needed"),
    [
        ("patient/Patient.rs", "patient/Coverage.rs"),
        ("patient/Patient.read", "patient/Coverage.read"),
        ("patient/Coverage.r patient/Patient.rs", "patient/Coverage.rs"),
        ("patient/Coverage.write patient/Patient.read", "patient/Coverage.read"),
        ("", "patient/Coverage.rs"),
    ],
)
def test_a_type_without_a_scope_is_not_asked_and_the_scope_is_named(
    scopes: str, needed: str
) -> None:
    assert asked("Coverage", scopes=scopes) == []
    assert not_asked("Coverage", scopes=scopes) == [f": needs scope {needed}"]


@pytest.mark.parametrize(
    "scopes",
    [
        "patient/Coverage.rs",
        "patient/Coverage.read",
        "user/*.read",
        "system/*.s",
        "patient/*.cruds",
    ],
)
def test_any_scope_that_allows_searching_is_enough(scopes: str) -> None:
    assert asked("Coverage", scopes=scopes) == ["Coverage?patient=1"]


def test_a_granular_scope_leaves_its_categories_and_names_the_rest() -> None:
    scopes = f"patient/Observation.rs?category={OBSERVATION}|laboratory"

    assert asked("Observation", scopes=scopes) == [
        f"Observation?patient=1&category={OBSERVATION}|laboratory"
    ]
    assert not_asked("Observation", scopes=scopes) == [
        f"{part}: needs scope patient/Observation.rs?category={OBSERVATION}|{part}"
        for part in ("vital-signs", "survey")
    ]


def test_a_type_that_is_asked_as_a_whole_is_asked_by_the_granted_categories() -> None:
    scopes = (
        f"patient/Condition.rs?category={CONDITION}|problem-list-item "
        "patient/Condition.rs?category=encounter-diagnosis"
    )

    assert asked("Condition", scopes=scopes) == [
        f"Condition?patient=1&category={CONDITION}|problem-list-item",
        f"Condition?patient=1&category={CONDITION}|encounter-diagnosis",
    ]
    assert not_asked("Condition", scopes=scopes) == []


def test_a_granular_scope_by_something_else_narrows_the_search_and_leaves_a_gap() -> None:
    scopes = "patient/MedicationRequest.rs?status=active"

    assert asked("MedicationRequest", scopes=scopes) == [
        "MedicationRequest?patient=1&intent=order&status=active"
    ]
    (reason,) = not_asked("MedicationRequest", scopes=scopes)
    assert reason.endswith("needs scope patient/MedicationRequest.rs?intent=order")


def test_a_whole_scope_beside_a_granular_one_is_whole() -> None:
    scopes = f"patient/Observation.rs?category={OBSERVATION}|laboratory patient/Observation.rs"

    assert len(asked("Observation", scopes=scopes)) == 3


def test_batches_are_taken_where_the_server_says_so() -> None:
    assert takes_batches(Capability(digest="", system_interactions=frozenset({"batch"})))
    assert not takes_batches(Capability(digest="", system_interactions=frozenset({"transaction"})))
    assert not takes_batches(None)


# --- invariants -----------------------------------------------------------------------------

PARAMS = st.frozensets(
    st.sampled_from(["patient", "category", "date", "status", "intent", "type", "_count", "code"])
)
RESOURCES = st.builds(
    ResourceCapability,
    interactions=st.frozensets(st.sampled_from(["read", "search-type", "create"])),
    search_params=PARAMS,
    required_params=st.frozensets(st.sampled_from(["category"])),
    closed_ranges=st.frozensets(st.sampled_from(["date"])),
)
STATEMENTS = st.builds(
    Capability,
    digest=st.just(""),
    us_core=st.sampled_from(["", "3.1.1", "6.1.0", "7.0.0"]),
    system_interactions=st.frozensets(st.sampled_from(["batch", "transaction"])),
    common_search_params=st.frozensets(st.sampled_from(["_count", "_lastUpdated"])),
    resources=st.dictionaries(st.sampled_from(sorted(FORMS)), RESOURCES),
)
SCOPES = st.frozensets(
    st.sampled_from(
        [
            "patient/*.rs",
            "patient/*.read",
            "patient/Condition.rs",
            f"patient/Condition.rs?category={CONDITION}|problem-list-item",
            "patient/Observation.rs?category=laboratory",
            "patient/CarePlan.rs?category=x&status=active",
            "user/Coverage.read",
            "launch",
        ]
    )
)


@given(STATEMENTS, SCOPES)
def test_no_search_uses_a_parameter_that_the_server_does_not_declare(
    capability: Capability, scopes: frozenset[str]
) -> None:
    for search in plan_searches(capability, scopes, on=ON):
        declared = capability.of(search.resource_type).search_params
        if isinstance(search, Search) and declared and capability.resources:
            names = {"patient", *(name for name, _ in search.pairs)}
            assert names <= declared | capability.common_search_params


@given(STATEMENTS, SCOPES)
def test_every_type_is_asked_for_or_accounted_for(
    capability: Capability, scopes: frozenset[str]
) -> None:
    plan = plan_searches(capability, scopes, on=ON)

    assert {each.resource_type for each in plan} == set(FORMS)


@given(STATEMENTS, SCOPES)
def test_nothing_is_asked_for_without_a_scope(
    capability: Capability, scopes: frozenset[str]
) -> None:
    for search in plan_searches(capability, scopes, on=ON):
        if isinstance(search, Search):
            assert any(
                scope.startswith(
                    ("patient/*", f"patient/{search.resource_type}", f"user/{search.resource_type}")
                )
                for scope in scopes
            )


@given(STATEMENTS, SCOPES)
def test_the_same_question_gives_the_same_plan(
    capability: Capability, scopes: frozenset[str]
) -> None:
    assert plan_searches(capability, scopes, on=ON) == plan_searches(capability, scopes, on=ON)
