"""What is laid beside the attestation of risk: counts that answer nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from ccm_fhir.domain.codes import SNOMED
from ccm_fhir.domain.eligibility import RiskEvidence, RiskSign, risk_evidence
from ccm_fhir.domain.facts import Coding, EncounterFact, EvidenceRef, ObservedComponentFact, Unread
from ccm_fhir.domain.rules import Recognition
from ccm_fhir.errors import NoRuleInForceError
from ccm_fhir.rulebook import load_rulebook
from tests import builders
from tests.builders import LOINC, NOVEMBER, chart, icd, medication, observed, on, stay, visit

if TYPE_CHECKING:
    from ccm_fhir.domain.facts import ChartFacts, ObservationFact

RULES = load_rulebook().of_month(NOVEMBER)


def evidence(facts: ChartFacts) -> RiskEvidence:
    return risk_evidence(facts, builders.eligibility(facts).families, NOVEMBER, RULES)


def sign(key: str, **changes: object) -> RiskSign:
    return next(s for s in evidence(chart(**changes)).signs if s.key == key)


def emergency(day: str, **changes: object) -> EncounterFact:
    fields: dict[str, object] = {
        "ref": EvidenceRef("Encounter", f"ed-{day}"),
        "status": "finished",
        "class_code": "EMER",
        "starts_on": on(day),
    }
    return EncounterFact(**(fields | changes))  # type: ignore[arg-type]


def pressure(systolic: str, diastolic: str, unit: str = "mm[Hg]") -> ObservationFact:
    def part(code: str, value: str) -> ObservedComponentFact:
        return ObservedComponentFact(
            codings=(Coding(system=LOINC, code=code),), value=Decimal(value), unit=unit
        )

    return observed("85354-9", components=(part("8480-6", systolic), part("8462-4", diastolic)))


def test_the_signs_come_in_one_order_and_are_counted() -> None:
    found = evidence(chart())

    assert [s.key for s in found.signs] == [
        "families",
        "admissions",
        "emergency_visits",
        "medications",
        "a1c",
        "blood_pressure",
        "egfr",
    ]
    assert (found.present, found.untold) == (0, 3)
    assert found.rule_version == "risk-evidence@2015-01-01"


def test_diseases_are_named_by_who_calls_them_chronic() -> None:
    found = sign("families", conditions=(icd("E11.9", 1), icd("I10", 2), icd("J44.9", 3)))

    assert (found.is_present, found.count) == (True, 3)
    assert "named by CMS" in found.reason
    assert len(found.evidence) == 3


def test_no_disease_is_told_as_none() -> None:
    assert sign("families", conditions=()).reason.startswith("No chronic diseases;")


@pytest.mark.parametrize(
    ("first", "count"),
    [("2025-12-01", 1), ("2025-11-30", 0), ("2026-11-30", 1), ("2026-12-01", 0)],
)
def test_admissions_are_counted_over_twelve_months_to_the_months_end(
    first: str, count: int
) -> None:
    found = sign("admissions", encounters=(visit(), stay(first, first)))

    assert (found.count, found.is_present) == (count, count >= 1)


def test_a_skilled_stay_is_no_admission() -> None:
    nursing = stay("2026-05-01", "2026-05-20", class_code="NONAC")

    assert sign("admissions", encounters=(nursing,)).count == 0


def test_emergency_visits_are_known_by_class_or_type() -> None:
    typed = emergency(
        "2026-04-01", class_code="AMB", types=(Coding(system=SNOMED, code="4525004"),)
    )
    found = sign("emergency_visits", encounters=(emergency("2026-03-01"), typed, visit()))

    assert found.count == 2
    assert found.reason.startswith("2 emergency visits in 12 months")


def test_an_emergency_visit_that_was_cancelled_is_none() -> None:
    assert (
        sign("emergency_visits", encounters=(emergency("2026-03-01", status="cancelled"),)).count
        == 0
    )


@pytest.mark.parametrize(("number", "is_present"), [(4, False), (5, True)])
def test_five_active_orders_are_a_sign(number: int, *, is_present: bool) -> None:
    orders = tuple(medication(n) for n in range(number))
    void = (medication(90, status="stopped"), medication(91, intent="proposal"))
    found = sign("medications", medications=(*orders, *void))

    assert (found.count, found.is_present) == (number, is_present)


@pytest.mark.parametrize(
    ("value", "unit", "is_present"),
    [("9.0", "%", False), ("9.1", "%", True), ("75", "mmol/mol", None)],
)
def test_a1c_is_compared_in_its_own_unit_alone(
    value: str, unit: str, *, is_present: bool | None
) -> None:
    found = sign("a1c", observations=(observed("4548-4", value, unit=unit),))

    assert found.is_present is is_present
    assert f"{value} {unit} on 2026-11-02" in found.reason
    assert ("not compared" in found.reason) is (is_present is None)


@pytest.mark.parametrize(
    ("value", "is_present"), [("59.9", True), ("60", False)], ids=["below", "at the bound"]
)
def test_a_filtration_rate_below_the_bound_is_a_sign(value: str, *, is_present: bool) -> None:
    low = observed("98979-8", value, unit="mL/min/{1.73_m2}")

    assert sign("egfr", observations=(low,)).is_present is is_present


@pytest.mark.parametrize(
    ("systolic", "diastolic", "is_present"),
    [("139", "89", False), ("140", "70", True), ("120", "90", True)],
)
def test_either_part_of_a_blood_pressure_is_a_sign(
    systolic: str, diastolic: str, *, is_present: bool
) -> None:
    found = sign("blood_pressure", observations=(pressure(systolic, diastolic),))

    assert found.is_present is is_present
    assert found.reason == (
        f"{systolic}/{diastolic} mm Hg on 2026-11-02. Shown as a sign: "
        "systolic 140 mm Hg or more or diastolic 90 mm Hg or more."
    )


def test_a_part_in_another_unit_leaves_the_pressure_untold_unless_the_other_is_high() -> None:
    assert sign("blood_pressure", observations=(pressure("15", "9", "kPa"),)).is_present is None


def test_the_latest_value_counts() -> None:
    ref, day = EvidenceRef("Observation", "old"), on("2026-02-01")
    old = observed("4548-4", "11.2", unit="%", ref=ref, taken_on=day)
    new = observed("4548-4", "7.0", unit="%")

    assert sign("a1c", observations=(new, old)).evidence == (new.ref,)


@pytest.mark.parametrize(
    "changes", [{"status": "preliminary"}, {"taken_on": None}, {"value": None}]
)
def test_a_value_that_is_not_final_dated_or_there_is_none(changes: dict[str, object]) -> None:
    found = sign("a1c", observations=(observed("4548-4", "9.9", unit="%"),))
    assert found.is_present

    fact = observed("4548-4", "9.9", unit="%")
    missing = sign("a1c", observations=(msgspec.structs.replace(fact, **changes),))
    assert (missing.is_present, missing.count) == (None, None)


@pytest.mark.parametrize(
    ("resource_type", "keys"),
    [
        ("Condition", {"families"}),
        ("Encounter", {"admissions", "emergency_visits"}),
        ("MedicationRequest", {"medications"}),
        ("Observation", {"a1c", "blood_pressure", "egfr"}),
    ],
)
def test_what_the_ehr_does_not_show_is_untold(resource_type: str, keys: set[str]) -> None:
    found = evidence(chart(unread=(Unread(resource_type, "needs a scope"),)))

    said = {s.key for s in found.signs if resource_type in s.reason}
    assert said == keys
    assert all(s.is_present is None for s in found.signs if s.key in keys)


@pytest.mark.parametrize("missing", ["risks", "charts"])
def test_a_rulebook_without_these_definitions_refuses(missing: str) -> None:
    book = replace(load_rulebook(), **{missing: ()})  # type: ignore[arg-type]

    with pytest.raises(NoRuleInForceError):
        risk_evidence(chart(), (), NOVEMBER, book.of_month(NOVEMBER))


def test_every_bound_is_told_in_words() -> None:
    assert RULES.risk is not None
    assert [measure.bound for measure in RULES.risk.measures] == [
        "above 9.0 %",
        "140 mm Hg or more",
        "90 mm Hg or more",
        "below 60 mL/min/1.73 m2",
    ]


def test_nothing_is_recognised_by_no_words() -> None:
    assert not Recognition().has_words("anything")
