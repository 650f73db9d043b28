"""Proof that the validators see what they are for, and leave good resources alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.parts import VALIDATORS
from tests.validators.harness import FALSE_POSITIVES, FalsePositive, problems
from tests.validators.samples import CLAIM, ENCOUNTER, PROCEDURE, SAMPLES, altered, without

if TYPE_CHECKING:
    from pathlib import Path

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "claim status out of its value set": (altered(CLAIM, "status", "bogus"), "status"),
    "claim use out of its value set": (altered(CLAIM, "use", "bill"), "use"),
    "procedure status out of its value set": (altered(PROCEDURE, "status", "done"), "status"),
    "encounter status out of its value set": (altered(ENCOUNTER, "status", "done"), "status"),
    "claim without insurance": (without(CLAIM, "insurance"), "insurance"),
    "procedure without subject": (without(PROCEDURE, "subject"), "subject"),
    "encounter without class": (without(ENCOUNTER, "class"), "class"),
    "created as a number": (altered(CLAIM, "created", 20261102), "created"),
    "amount as a string": (altered(CLAIM, "total.value", "75.00"), "total.value"),
    "code as a number": (altered(ENCOUNTER, "class.code", 5), "class.code"),
    "reference as a string": (altered(ENCOUNTER, "subject", "Patient/1"), "subject"),
    "element that FHIR does not have": (altered(CLAIM, "invoice", 1), "invoice"),
    "patient who is a practitioner": (
        altered(CLAIM, "patient.reference", "Practitioner/x"),
        "patient",
    ),
    "two kinds of one choice": (altered(PROCEDURE, "performedString", "x"), "performedString"),
    "word for a date": (altered(ENCOUNTER, "period.start", "yesterday"), "period.start"),
    "time without its zone": (
        altered(ENCOUNTER, "period.start", "2026-10-05T09:00:00"),
        "period.start",
    ),
    "empty list": (altered(ENCOUNTER, "participant", []), "participant"),
    "note without text": (altered(PROCEDURE, "note.0.text", ""), "note"),
    "sequence of zero": (altered(CLAIM, "insurance.0.sequence", 0), "sequence"),
    "unknown resource type": (altered(ENCOUNTER, "resourceType", "Encountr"), ""),
    "diagnosis pointer to nothing": (
        altered(CLAIM, "item.0.diagnosisSequence", [1, 9]),
        "diagnosisSequence",
    ),
}


@pytest.mark.needs("validators")
def test_good_resources_draw_no_objection() -> None:
    assert problems(SAMPLES) == ()


@pytest.mark.needs("validators")
def test_every_broken_resource_is_caught_where_it_is_broken() -> None:
    found = problems([resource for resource, _ in BROKEN.values()])

    missed = [
        name
        for index, (name, (_, path)) in enumerate(BROKEN.items())
        if not any(p.index == index and path in p.path for p in found)
    ]
    assert missed == []


@pytest.mark.needs("validators")
def test_each_validator_catches_something() -> None:
    found = problems([resource for resource, _ in BROKEN.values()])

    seen = {problem.validator for problem in found}
    assert seen >= {"medplum", "fhir.js", "fhirkit", "fhir.resources", "pointers"}


@pytest.mark.needs("validators")
@pytest.mark.needs("shared")
def test_us_core_is_held_against_resources_that_name_it(shared_data: Path) -> None:
    assert (shared_data / "fhir-packages").is_dir()
    encounter = without(ENCOUNTER, "type")  # base FHIR does not ask for it, US Core does

    (problem,) = problems([encounter])

    assert (problem.validator, problem.path) == ("us-core", "Encounter.type")
    assert problems([without(encounter, "meta")]) == ()


@pytest.mark.needs("validators")
def test_a_known_false_positive_is_left_out() -> None:
    claim = altered(CLAIM, "use", "bill")
    known = FalsePositive(
        validator="fhir.js", path=r"Claim\.use", message="not found", reason="an example"
    )

    assert problems([claim]) != ()
    assert problems([claim], known=[known]) == ()


def test_every_false_positive_is_reasoned() -> None:
    assert all(len(known.reason) > 20 for known in FALSE_POSITIVES)


def test_the_npm_lock_names_no_download_address() -> None:
    lock = json.loads((VALIDATORS / "package-lock.json").read_text(encoding="utf-8"))

    assert not any("resolved" in package for package in lock["packages"].values())
