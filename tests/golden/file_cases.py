"""Claims that are whole but for one thing each, as a file would hold them."""

from __future__ import annotations

from dataclasses import replace

from ccm_fhir.domain.claims import (
    ClaimDraft,
    Frequency,
    RelatedClaim,
)
from ccm_fhir.domain.codes import CoverageKind, Setting
from tests.claims import BILLING, PARTIES, STREET, SUBSCRIBER, draft
from tests.golden.draft_cases import EARLIER


def _by(**changes: object) -> ClaimDraft:
    return draft(parties=replace(PARTIES, **changes))  # type: ignore[arg-type]


def _practice(**changes: object) -> ClaimDraft:
    billing = replace(BILLING, **changes)  # type: ignore[arg-type]  # a test's shorthand
    return draft(parties=replace(PARTIES, billing=billing))


def _at(**changes: object) -> ClaimDraft:
    return _practice(address=replace(STREET, **changes))  # type: ignore[arg-type]


def _patient(**changes: object) -> ClaimDraft:
    subscriber = replace(SUBSCRIBER, **changes)  # type: ignore[arg-type]  # a test's shorthand
    return draft(parties=replace(PARTIES, subscriber=subscriber))


def _home(**changes: object) -> ClaimDraft:
    assert SUBSCRIBER.address is not None
    return _patient(address=replace(SUBSCRIBER.address, **changes))  # type: ignore[arg-type]


def _named(**changes: str) -> ClaimDraft:
    return _patient(name=replace(SUBSCRIBER.name, **changes))


def _doctor(**changes: str) -> ClaimDraft:
    assert PARTIES.practitioner_name is not None
    name = replace(PARTIES.practitioner_name, **changes)
    return draft(parties=replace(PARTIES, practitioner_name=name))


FILED: dict[str, ClaimDraft] = {
    "nothing": draft(),
    "a clinic": _by(setting=Setting.RHC_FQHC),
    "a Medicare Advantage plan": draft(coverage_kind=CoverageKind.MEDICARE_ADVANTAGE),
    "nothing of the practice": _by(billing=None),
    "the practice's name": _practice(name=" "),
    "the practice's tax number of eight digits": _practice(tax_id="12-345678"),
    "the practice's tax number of ten digits": _practice(tax_id="1234567890"),
    "the practice's tax number without its dash": _practice(tax_id="123456789"),
    "the practice's taxonomy code": _practice(taxonomy="261QP2300"),
    "the practice's short ZIP code": _at(postal_code="12207"),
    "the practice's long ZIP code without its dash": _at(postal_code=" 122070001 "),
    "the practice's street": _at(line=" "),
    "the practice's city": _at(city=" "),
    "the practice's state in full": _at(state="New York"),
    "the practice's state in small letters": _at(state="ny"),
    **{
        f"the practice is at {street}": _at(line=street)
        for street in ("P.O. Box 12", "po box 12", "Post Office Box 12", "Lockbox 12", "5 Boxwood")
    },
    "the practice's second line is a box": _at(line2="PO BOX 12"),
    "the practice is at no street, and in a box": _at(city="", line2="PO BOX 12"),
    "the practitioner's name": _by(practitioner_name=None),
    "the practitioner's family name": _doctor(family=" "),
    "the practitioner's given name": _doctor(given=""),
    "the practitioner's taxonomy code": _by(practitioner_taxonomy=""),
    "nothing of the patient": _by(subscriber=None),
    "the patient's Medicare number": _patient(mbi="1SG4TE5MK73"),
    "the patient's family name": _named(family=""),
    "the patient's given name": _named(given=" "),
    "the patient's date of birth": _patient(birth_date=None),
    "the patient's sex": _patient(gender="other"),
    "the patient's sex is not known to anybody": _patient(gender="unknown"),
    "the patient's sex is male": _patient(gender="male"),
    "the patient's address": _patient(address=None),
    "the patient's street": _home(line=" "),
    "the patient's city": _home(city=""),
    "the patient's state": _home(state=""),
    "the patient's ZIP code of four digits": _home(postal_code="1218"),
    "the patient's long ZIP code": _home(postal_code="12180-0001"),
    "a replacement without the payer's number": draft(
        frequency=Frequency.REPLACEMENT, related=RelatedClaim(identifier="earlier")
    ),
    "a void without what it takes back": draft(frequency=Frequency.VOID),
    "a replacement with the payer's number": draft(
        frequency=Frequency.REPLACEMENT, related=EARLIER
    ),
    "everything at once": draft(
        coverage_kind=CoverageKind.MEDICARE_ADVANTAGE,
        frequency=Frequency.VOID,
        parties=replace(
            PARTIES,
            setting=Setting.RHC_FQHC,
            billing=None,
            practitioner_name=None,
            practitioner_taxonomy="",
            subscriber=None,
        ),
    ),
}
