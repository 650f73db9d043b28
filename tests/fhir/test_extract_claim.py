from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from ccm_fhir.domain.codes import CPT, CoverageKind
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import ClaimFact, CoverageFact, EvidenceRef
from tests.fhir.charts import concept, day, everything, read

KINDS = ("Claim", "ExplanationOfBenefit")
MARCH = PartialDate(date(2026, 3, 1), date(2026, 3, 31))
PERIOD = {"start": "2026-03-01", "end": "2026-03-31"}


def item(code: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {"productOrService": concept(CPT, code), **members}


def coverages(kind: str, **members: Any) -> list[CoverageFact]:  # noqa: ANN401  # JSON
    whole = {"status": "active", "use": "claim", "billablePeriod": PERIOD, **members}
    return [fact for fact in everything(kind, **whole).also if isinstance(fact, CoverageFact)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_claim_is_read_once_for_each_of_its_days(kind: str) -> None:
    extracted = everything(
        kind,
        status="active",
        use="claim",
        provider={"reference": "Organization/o1"},
        identifier=[{"system": "https://theirs", "value": "9"}],
        billablePeriod=PERIOD,
        item=[
            item("99213", servicedDate="2026-03-20"),
            item("99490"),
            item("99439", servicedPeriod=PERIOD),
            item("36415", servicedPeriod={"start": "2026-03-20"}),
        ],
    )

    first = ClaimFact(
        ref=EvidenceRef(kind, "r1", "3"),
        status="active",
        use="claim",
        codes=("99213", "36415"),
        serviced_on=day("2026-03-20"),
        provider="Organization/o1",
        identifiers=("https://theirs|9",),
    )
    second = replace(first, codes=("99490", "99439"), serviced_on=MARCH)
    assert (extracted.fact, *extracted.also) == (first, second)


def test_a_claim_without_any_day_of_its_own_is_dated_by_its_items() -> None:
    fact = read("Claim", item=[item("99490"), item("99439", servicedDate="2026-03-20")])

    assert (fact.codes, fact.serviced_on) == (("99490", "99439"), day("2026-03-20"))


def test_a_claim_whose_day_cannot_be_read_is_dated_by_its_period() -> None:
    fact = read(
        "Claim", billablePeriod={"end": "2026-03-31"}, item=[item("1", servicedDate="soon")]
    )

    assert fact.serviced_on == day("2026-03-31")


def test_a_period_that_ends_before_it_starts_is_its_start() -> None:
    fact = read("Claim", billablePeriod={"start": "2026-03-20", "end": "2026-03-01"})

    assert fact.serviced_on == day("2026-03-20")


def test_a_provider_named_by_identifier_alone_is_kept() -> None:
    fact = read(
        "ExplanationOfBenefit",
        provider={"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"}},
    )

    assert fact.provider == "http://hl7.org/fhir/sid/us-npi|1"


# --- the coverage in a claim ----------------------------------------------------------------


def contained(**members: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "type": {"text": "Medicare Part B"},
        **members,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_coverage_in_a_claim_holds_on_the_claims_days_and_perhaps_on_others(kind: str) -> None:
    (fact,) = coverages(
        kind,
        contained=[contained(payor=[{"display": "CMS"}])],
        insurance=[{"coverage": {"reference": "#c", "display": "Medicare"}}],
    )

    assert fact.ref == EvidenceRef(kind, "r1", "3")
    assert (fact.kind, fact.status, fact.payor) == (CoverageKind.MEDICARE_PART_B, "active", "CMS")
    assert fact.starts_on is not None
    assert fact.ends_on is not None
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31)]
    assert [fact.starts_on.is_on_or_before(each) for each in days] == [None, True, True]
    days = [date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 30)]
    assert [fact.ends_on.is_on_or_before(each) for each in days] == [False, None, None]


def test_a_coverage_in_a_claim_keeps_its_own_period() -> None:
    (fact,) = coverages("Claim", contained=[contained(period={"start": "2020", "end": "2027"})])

    assert (fact.starts_on, fact.ends_on) == (day("2020"), day("2027"))


def test_an_insurance_that_is_only_named_is_judged_by_its_name() -> None:
    found = coverages(
        "Claim",
        insurance=[
            {"coverage": {"display": "Medicare"}},
            {"coverage": {"display": "Medicare"}},
            {"coverage": {"display": "Aetna"}},
            {"coverage": {"reference": "Coverage/1", "display": "Medicare Part B"}},
            {},
        ],
    )

    assert [(fact.payor, fact.kind) for fact in found] == [
        ("Medicare", CoverageKind.UNREADABLE),
        ("Aetna", CoverageKind.OTHER),
    ]


@pytest.mark.parametrize(
    "members",
    [
        {"status": "cancelled", "contained": [contained()]},
        {"use": "preauthorization", "contained": [contained()]},
        {"contained": [contained(beneficiary={"reference": "Patient/other"})]},
        {"contained": [contained(modifierExtension=[{"url": "urn:not"}])]},
        {"contained": [contained(type="broken")]},
        {"contained": [{"resourceType": "Patient", "id": "c"}, 7]},
    ],
)
def test_a_claim_that_proves_no_coverage_gives_none(members: dict[str, Any]) -> None:
    assert coverages("Claim", **members) == []


def test_a_coverage_in_a_claim_without_a_day_is_never_known_to_hold() -> None:
    (fact,) = coverages("Claim", contained=[contained()], billablePeriod={})

    assert fact.starts_on is not None
    assert fact.starts_on.is_on_or_before(date(2026, 3, 1)) is None
