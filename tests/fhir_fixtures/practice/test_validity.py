"""Every resource is legal FHIR R4, in the eyes of several validators that are not ours."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import fhirkit
import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_fixtures.practice import generate
from fhir_fixtures.practice.ndjson import as_line
from tests.validators.harness import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCES = generate(seed=20261123, patients=120, as_of=date(2026, 11, 23)).resources

REQUIRED_BINDINGS = {
    ("CarePlan", "intent"): {"plan"},
    ("CarePlan", "status"): {"active"},
    ("CareTeam", "status"): {"active"},
    ("Claim", "status"): {"active"},
    ("Claim", "use"): {"claim"},
    ("Consent", "status"): {"active", "inactive"},
    ("Coverage", "status"): {"active"},
    ("DocumentReference", "status"): {"current"},
    ("Encounter", "status"): {"finished"},
    ("Goal", "lifecycleStatus"): {"active"},
    ("Location", "status"): {"active"},
    ("MedicationRequest", "intent"): {"order"},
    ("MedicationRequest", "status"): {"active"},
    ("Observation", "status"): {"final"},
    ("Patient", "gender"): {"female", "male"},
    ("Procedure", "status"): {"completed"},
    ("QuestionnaireResponse", "status"): {"completed"},
    ("ServiceRequest", "intent"): {"order"},
    ("ServiceRequest", "status"): {"active"},
}


def leaves(element: object) -> Iterator[object]:
    if isinstance(element, dict | list):
        yield element
        for value in element.values() if isinstance(element, dict) else element:
            yield from leaves(value)
    else:
        yield element


def test_the_r4b_models_accept_every_resource() -> None:
    for resource in RESOURCES:
        model = get_fhir_model_class(resource["resourceType"])

        model.model_validate(resource)


def test_fhirkit_finds_nothing() -> None:
    issues = Counter(
        (issue.severity, issue.path, issue.message)
        for resource in RESOURCES
        for issue in fhirkit.validate(resource)
    )

    assert not issues


@pytest.mark.needs("validators")
def test_no_validator_objects() -> None:
    assert problems(RESOURCES) == ()


def test_nothing_is_null_or_empty() -> None:
    for resource in RESOURCES:
        assert not [leaf for leaf in leaves(resource) if leaf in (None, "", [], {})]


def test_numbers_are_whole_so_that_every_machine_writes_them_alike() -> None:
    for resource in RESOURCES:
        assert not [leaf for leaf in leaves(resource) if isinstance(leaf, float)]


@pytest.mark.parametrize(("resource_type", "element"), sorted(REQUIRED_BINDINGS))
def test_codes_with_a_required_binding_are_in_it(resource_type: str, element: str) -> None:
    seen = {r[element] for r in RESOURCES if r["resourceType"] == resource_type}

    assert seen == REQUIRED_BINDINGS[resource_type, element]


def test_a_condition_entered_in_error_has_no_clinical_status() -> None:
    in_error = [r for r in RESOURCES if "entered-in-error" in json.dumps(r)]

    assert in_error
    assert not any("clinicalStatus" in condition for condition in in_error)


def test_only_resolved_conditions_have_an_end() -> None:
    for condition in (r for r in RESOURCES if r["resourceType"] == "Condition"):
        is_resolved = "resolved" in json.dumps(condition.get("clinicalStatus", {}))

        assert ("abatementDateTime" in condition) == is_resolved


def test_all_but_claim_and_consent_claim_a_us_core_profile() -> None:
    without = {r["resourceType"] for r in RESOURCES if "profile" not in r.get("meta", {})}

    assert without == {"Claim", "Consent"}


def test_cpt_codes_carry_no_descriptor() -> None:
    codings = [
        leaf
        for resource in RESOURCES
        for leaf in leaves(resource)
        if isinstance(leaf, dict) and leaf.get("system") == "http://www.ama-assn.org/go/cpt"
    ]

    assert codings
    assert not any("display" in coding for coding in codings)


def test_a_line_has_sorted_keys_and_no_blanks() -> None:
    assert as_line({"b": 1, "a": ["ü"]}) == '{"a":["ü"],"b":1}'
