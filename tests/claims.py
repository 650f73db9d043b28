"""Builders of claims: a draft in which nothing is wrong, and all that surrounds it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from ccm_fhir.domain.claims import (
    Address,
    BillingDetails,
    ClaimDraft,
    ClaimLine,
    ClaimParties,
    PersonName,
    ScrubFacts,
    Subscriber,
)
from ccm_fhir.domain.decision import Programme
from ccm_fhir.rulebook import load_rulebook
from tests import builders
from tests.builders import NOVEMBER

IDENTIFIER = "5f0f7f4e-6f6c-5c07-9d2b-3a3f2f1e0d9c"
MBI = "1EG4TE5MK73"  # the example on CMS's own page
_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
MBI_PLACES = (
    "123456789",
    _LETTERS,
    _LETTERS + "0123456789",
    "0123456789",
    _LETTERS,
    _LETTERS + "0123456789",
    "0123456789",
    _LETTERS,
    _LETTERS,
    "0123456789",
    "0123456789",
)
STREET = Address(
    line="12 Example Street", city="ALBANY", state="NY", postal_code="12207-0001", line2="Suite 3"
)
BILLING = BillingDetails(
    name="Example Family Medicine",
    tax_id="12-3456789",
    taxonomy="261QP2300X",
    address=STREET,
)
SUBSCRIBER = Subscriber(
    mbi=MBI,
    name=PersonName(family="Synthetic", given="Maria", middle="Q"),
    birth_date=date(1948, 3, 9),
    gender="female",
    address=Address(line="7 Invented Road", city="Troy", state="NY", postal_code="12180"),
)
PARTIES = ClaimParties(
    patient_ref="Patient/p1",
    practice_ref=builders.ORGANIZATION,
    practice_npi="1999999018",
    practitioner_ref="Practitioner/doctor",
    practitioner_npi="1234567893",
    practitioner_taxonomy="207Q00000X",
    place_of_service="11",
    billing=BILLING,
    practitioner_name=PersonName(family="Invented", given="Ada"),
    subscriber=SUBSCRIBER,
)


def line(code: str = "99490", units: int = 1, **changes: object) -> ClaimLine:
    """Return a line of the tenth of November that points at both diagnoses."""
    made = ClaimLine(
        code=code,
        units=units,
        unit_charge_usd=Decimal("90.00"),
        serviced_on=date(2026, 11, 10),
        pointers=(1, 2),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def draft(**changes: object) -> ClaimDraft:
    """Return a clean draft of November's claim."""
    made = ClaimDraft(
        programme=Programme.CCM,
        month=NOVEMBER,
        revision=1,
        parties=PARTIES,
        coverage_ref="Coverage/medicare_part_b",
        diagnoses=("E11.9", "I10"),
        lines=(line(), line("99439", 2, unit_charge_usd=Decimal("70.50"))),
        counted_seconds=62 * 60,
        consent_ref="Consent/consent",
        care_plan_ref="CarePlan/plan",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def known(**changes: object) -> ScrubFacts:
    """Return what is known on the first of December, with nothing against the claim."""
    made = ScrubFacts(
        rules=load_rulebook().of_month(NOVEMBER),
        filed_on=date(2026, 12, 1),
        coverages=(builders.coverage(),),
        practitioner_refs=frozenset({PARTIES.practitioner_ref}),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand
