from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.facts import (
    Coding,
    EvidenceRef,
    ObservationFact,
    ObservedComponentFact,
    Skipped,
)
from ccm_fhir.fhir.extract import extract
from tests.fhir.charts import concept, day, read, resource

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def written(value: str) -> Any:  # noqa: ANN401  # each test knows its fact
    """Return the Observation whose value is written just so."""
    whole = json.dumps(resource("Observation", valueQuantity={"value": "@", "unit": "%"}))
    return extract(whole.replace('"@"', value).encode())


def test_a_laboratory_result_has_its_exact_value() -> None:
    whole = json.dumps(
        resource(
            "Observation",
            status="final",
            category=[concept("urn:c", "laboratory")],
            code=concept(LOINC, "4548-4"),
            effectiveDateTime="2026-01-05T10:00:00Z",
            valueQuantity={"value": 7.2, "unit": "percent", "system": UCUM, "code": "%"},
        )
    ).replace("7.2", "7.20")

    fact = extract(whole.encode())

    assert fact == ObservationFact(
        ref=EvidenceRef("Observation", "r1", "3"),
        status="final",
        codings=(Coding(system=LOINC, code="4548-4"),),
        categories=("laboratory",),
        taken_on=day("2026-01-05"),
        value=Decimal("7.20"),
        unit="%",
    )
    assert str(fact.value) == "7.20"


def test_a_panel_gives_its_parts_and_no_value() -> None:
    fact = read(
        "Observation",
        code=concept(LOINC, "85354-9"),
        component=[
            {
                "code": concept(LOINC, "8480-6"),
                "valueQuantity": {"value": 152, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
            },
            {"code": concept(LOINC, "8462-4"), "dataAbsentReason": {"text": "not taken"}},
            {"code": concept(LOINC, "1"), "modifierExtension": [{"url": "urn:not"}]},
        ],
    )

    assert fact.value is None
    assert fact.components == (
        ObservedComponentFact(
            codings=(Coding(system=LOINC, code="8480-6"),), value=Decimal(152), unit="mm[Hg]"
        ),
        ObservedComponentFact(codings=(Coding(system=LOINC, code="8462-4"),)),
    )


@pytest.mark.parametrize(
    ("members", "value", "text"),
    [
        ({"valueInteger": 12}, Decimal(12), ""),
        ({"valueInteger": 10**50}, None, ""),
        ({"valueBoolean": False}, None, "false"),
        ({"valueString": " poor "}, None, "poor"),
        ({"valueCodeableConcept": {"text": "Former smoker"}}, None, "Former smoker"),
        ({"valueCodeableConcept": concept("urn:x", "LA1")}, None, "LA1"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2, "unit": "mg"}}}, None, "1–2 mg"),
        ({"valueDateTime": "2026"}, None, "2026"),
        ({"valueQuantity": {"value": 60, "comparator": ">", "unit": "mL"}}, None, "> 60 mL"),
        ({"dataAbsentReason": {"text": "unknown"}}, None, ""),
    ],
)
def test_a_value_of_another_kind_is_words(
    members: dict[str, Any], value: Decimal | None, text: str
) -> None:
    fact = read("Observation", **members)

    assert (fact.value, fact.text) == (value, text)


@pytest.mark.parametrize(
    ("members", "taken"),
    [
        ({"effectiveInstant": "2026-01-05T10:00:00Z"}, "2026-01-05"),
        ({"effectivePeriod": {"start": "2026-01-01", "end": "2026-01-31"}}, "2026-01-31"),
        ({"effectivePeriod": {"start": "2026-01-01"}}, "2026-01-01"),
        ({"issued": "2026-01-09T10:00:00Z"}, ""),
    ],
)
def test_an_observation_is_dated_by_when_it_was_taken(members: dict[str, Any], taken: str) -> None:
    assert read("Observation", **members).taken_on == day(taken)


@pytest.mark.parametrize(
    "value", ['"NaN"', '"Infinity"', "1e999999999", "1e400", "9" * 60, '"1e-99999"']
)
def test_a_number_that_is_no_measurement_is_no_value(value: str) -> None:
    fact = written(value)

    assert isinstance(fact, ObservationFact)
    assert fact.value is None


@pytest.mark.parametrize("value", ["true", '"high"', "{}", "[7]"])
def test_a_value_of_the_wrong_type_makes_it_unreadable(value: str) -> None:
    assert isinstance(written(value), Skipped)


@given(st.decimals(min_value=-1000, max_value=1000, places=3))
def test_a_value_is_never_rounded(value: Decimal) -> None:
    assert str(written(f"{value:f}").value) == f"{value:f}"
