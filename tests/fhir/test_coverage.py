from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import CoverageFact
from ccm_fhir.fhir.extract import extract
from ccm_fhir.fhir.medicare import hint_of_text, settle
from tests.fhir.charts import SOPT, concept, resource
from tests.fhir.far_side import BASE

B, A = CoverageKind.MEDICARE_PART_B, CoverageKind.MEDICARE_PART_A
ADVANTAGE, MEDICAID = CoverageKind.MEDICARE_ADVANTAGE, CoverageKind.MEDICAID
QMB, OTHER, UNREADABLE = CoverageKind.QMB, CoverageKind.OTHER, CoverageKind.UNREADABLE
X12 = "https://x12.org/codes/claim-filing-indicator-codes"
X12_OID = "urn:oid:2.16.840.1.113883.6.255.1336"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def coverage(**members: Any) -> CoverageFact:  # noqa: ANN401  # JSON
    fact = extract(json.dumps(resource("Coverage", **members)).encode(), BASE)
    assert isinstance(fact, CoverageFact)
    return fact


def plan(name: str, *, group: str = "") -> dict[str, Any]:
    classes = [{"type": concept("urn:c", "plan"), "value": name}]
    return {"class": [*classes, *([{"value": group}] if group else [])]}


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"type": concept(X12, "MB")}, B),
        ({"type": concept(X12, "MA")}, A),
        ({"type": concept(X12_OID, "HN")}, ADVANTAGE),
        ({"type": concept(X12_OID, "QM")}, QMB),
        ({"type": concept(X12, "MC")}, MEDICAID),
        ({"type": concept(X12, "CI")}, OTHER),
        ({"type": concept(X12_OID, "MP")}, UNREADABLE),
        ({"type": concept("urn:local", "MB")}, UNREADABLE),
        ({"type": concept("urn:local", "MA")}, UNREADABLE),
        ({"type": concept(SOPT, "1")}, UNREADABLE),
        ({"type": concept(SOPT, "121")}, UNREADABLE),
        ({"type": concept("urn:oid:2.16.840.1.113883.3.221.5", "112")}, ADVANTAGE),
        ({"type": concept(SOPT, "141")}, ADVANTAGE),
        ({"type": concept(SOPT, "122")}, OTHER),
        ({"type": concept(SOPT, "22")}, MEDICAID),
        ({"type": concept(SOPT, "512")}, OTHER),
        ({"type": concept(SOPT, "121"), **plan("Part B", group="Medicare")}, B),
        ({"type": concept(SOPT, "121"), **plan("Part A", group="Medicare")}, A),
        ({"type": concept(SOPT, "121"), **plan("Medicare Parts A & B")}, B),
        ({"type": concept(SOPT, "112"), **plan("H9999-001")}, ADVANTAGE),
        ({"type": concept(SOPT, "22"), **plan("QMB", group="Medicaid")}, QMB),
        ({"type": concept(ACT, "SUBPOL"), "payor": [{"display": "Medicare"}]}, UNREADABLE),
        ({"type": concept(ACT, "MCPOL"), "payor": [{"display": "Aetna"}]}, OTHER),
        ({"type": concept(ACT, "MCPOL")}, UNREADABLE),
        ({"payor": [{"display": "Medicare Part B - Noridian"}]}, B),
        ({"payor": [{"display": "Noridian Healthcare Solutions"}]}, UNREADABLE),
        ({"payor": [{"display": "Humana Medicare Advantage HMO"}]}, ADVANTAGE),
        ({"payor": [{"display": "Blue Cross"}]}, OTHER),
        ({"payor": [{"display": "Medicare"}], "type": {"text": "Traditional"}}, UNREADABLE),
        ({"type": {"text": "Medicare Supplement (Medigap)"}}, OTHER),
        ({"type": {"text": "Medicare Part D"}}, OTHER),
        ({"type": {"text": "Original Medicare, no Part B"}}, UNREADABLE),
        ({"type": concept(X12, "MB"), **plan("Humana Medicare Advantage")}, UNREADABLE),
        ({"type": concept(SOPT, "5"), **plan("Medicare Part B")}, UNREADABLE),
        ({}, UNREADABLE),
        ({"payor": [{"reference": "Organization/o1"}]}, UNREADABLE),
    ],
)
def test_a_coverage_is_of_the_kind_that_it_states(
    members: dict[str, Any], kind: CoverageKind
) -> None:
    assert coverage(**members).kind is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MEDICARE PART B", B),
        ("Medicare B", B),
        ("Medicare Part A and Part B", B),
        ("Medicare Part A, hospital insurance", A),
        ("Medicare A/B", B),
        ("Medicare Part C", ADVANTAGE),
        ("AARP MedicareComplete (Medicare PPO)", ADVANTAGE),
        ("Dual D-SNP plan", ADVANTAGE),
        ("Qualified Medicare Beneficiary", QMB),
        ("Medi-Cal", MEDICAID),
        ("Centers for Medicare & Medicaid Services", UNREADABLE),
        ("CMS", UNREADABLE),
        ("Medicare", UNREADABLE),
        ("part-time benefits", OTHER),
        ("Self pay", OTHER),
    ],
)
def test_a_name_says_what_it_says(text: str, kind: CoverageKind) -> None:
    assert settle([hint_of_text(text)]) is kind


def test_a_contained_payor_is_named() -> None:
    fact = coverage(
        payor=[{"reference": "#o"}],
        contained=[{"resourceType": "Organization", "id": "o", "name": "Medicare Part B"}],
        status="active",
        period={"start": "2015-02-01", "end": "2026"},
    )

    assert (fact.payor, fact.kind, fact.status) == ("Medicare Part B", B, "active")
    assert fact.starts_on == PartialDate.parse("2015-02-01")
    assert fact.ends_on == PartialDate.parse("2026")


@given(st.lists(st.sampled_from(["Medicare", "Aetna", "Medicaid", "PPO", "", "CMS"])))
def test_without_the_word_part_b_nothing_becomes_part_b(texts: list[str]) -> None:
    assert settle([hint_of_text(text) for text in texts]) is not B


@given(st.permutations(["Medicare Part A", "Medicare Part B", "Medicare", "Medigap", "QMB"]))
def test_the_order_of_what_is_said_is_irrelevant(texts: list[str]) -> None:
    assert settle([hint_of_text(text) for text in texts]) is UNREADABLE
