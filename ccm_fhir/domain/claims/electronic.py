"""What an 837P file needs beyond a claim: names, addresses, tax number, the Medicare number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.claims.parties import is_taxonomy_code
from ccm_fhir.domain.claims.revisions import Frequency
from ccm_fhir.domain.codes import CoverageKind, Setting
from ccm_fhir.domain.mbi import is_well_formed_mbi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.domain.claims.draft import ClaimDraft
    from ccm_fhir.domain.claims.parties import Address, BillingDetails, Subscriber

GENDERS = {"male": "M", "female": "F", "unknown": "U"}
"""FHIR's administrative genders that an 837P can say (2010BA DMG03)."""

_TAX_ID = re.compile(r"[0-9]{9}")
_FULL_ZIP = re.compile(r"[0-9]{9}")
_ZIP = re.compile(r"[0-9]{5}([0-9]{4})?")
_STATE = re.compile(r"[A-Z]{2}")
_PO_BOX = re.compile(r"\b(P\.?\s*O\.?\s*BOX|POST OFFICE BOX|LOCK ?BOX)\b", re.IGNORECASE)


def plain_zip(postal_code: str) -> str:
    """Return a ZIP code as files carry it, without its dash."""
    return postal_code.replace("-", "").strip()


def electronic_obstacles(draft: ClaimDraft) -> tuple[Obstacle, ...]:
    """Return everything that a professional claim file would lack, in a fixed order."""
    parties = draft.parties
    return (
        *_payer(draft),
        *billing_obstacles(parties.billing),
        *_practitioner(draft),
        *_subscriber(parties.subscriber),
        *_correction(draft),
    )


def _payer(draft: ClaimDraft) -> Iterator[Obstacle]:
    if draft.parties.setting is Setting.RHC_FQHC:
        yield _admin(
            "institutional_claim_needed",
            "A rural health clinic or health center bills on an institutional claim (837I), not "
            "on this file (837P); key the month in from the superbill.",
        )
    if draft.coverage_kind is not CoverageKind.MEDICARE_PART_B:
        yield Obstacle(
            code="payer_not_part_b",
            owner="biller",
            fix="This file goes to Medicare Part B. A Medicare Advantage plan takes its claims "
            "itself; send it by the EHR, or key it in from the superbill.",
        )


def billing_obstacles(billing: BillingDetails | None) -> Iterator[Obstacle]:
    """Yield what a claim file lacks of the practice that bills."""
    if billing is None:
        yield _admin(
            "billing_details_missing",
            "Record the practice's legal name, tax number (EIN), NUCC taxonomy code and street "
            "address; a claim file needs them.",
        )
        return
    if not billing.name.strip():
        yield _admin("billing_name_missing", "Record the practice's legal name.")
    if not _TAX_ID.fullmatch(billing.tax_id.replace("-", "")):
        yield _admin("tax_id_malformed", "Record the practice's EIN: nine digits.")
    if not is_taxonomy_code(billing.taxonomy):
        yield _admin(
            "practice_taxonomy_missing",
            "Record the practice's NUCC taxonomy code: ten characters, the last of them X.",
        )
    yield from _billing_address(billing.address)


def _billing_address(address: Address) -> Iterator[Obstacle]:
    if not _is_whole(address) or not _FULL_ZIP.fullmatch(plain_zip(address.postal_code)):
        yield _admin(
            "billing_address_incomplete",
            "Record the practice's street, city, state (two letters) and nine-digit ZIP code.",
        )
    if _PO_BOX.search(f"{address.line} {address.line2}"):
        yield _admin(
            "billing_address_is_po_box",
            "A claim file takes a street address of the billing practice, no post office box.",
        )


def _practitioner(draft: ClaimDraft) -> Iterator[Obstacle]:
    name = draft.parties.practitioner_name
    if name is None or not name.family.strip() or not name.given.strip():
        yield _admin(
            "practitioner_name_missing",
            "Record the billing practitioner's family and given name in their parts; a claim file "
            "needs both.",
        )
    if not is_taxonomy_code(draft.parties.practitioner_taxonomy):
        yield _admin(
            "practitioner_taxonomy_malformed",
            "Record the billing practitioner's NUCC taxonomy code: ten characters, the last of "
            "them X.",
        )


def _subscriber(subscriber: Subscriber | None) -> Iterator[Obstacle]:
    if subscriber is None:
        yield _biller(
            "subscriber_missing",
            "A claim file says who the patient is, and the chart was read without that; read it "
            "again.",
        )
        return
    if not is_well_formed_mbi(subscriber.mbi):
        yield _biller(
            "mbi_malformed",
            "Record the patient's Medicare number (MBI) in the EHR as it is on the card: eleven "
            "characters in CMS's pattern.",
        )
    if not subscriber.name.family.strip() or not subscriber.name.given.strip():
        yield _biller(
            "subscriber_name_missing",
            "Record the patient's family and given name in their parts in the EHR.",
        )
    if subscriber.birth_date is None:
        yield _biller("birth_date_missing", "Record the patient's whole date of birth in the EHR.")
    if subscriber.gender not in GENDERS:
        yield _biller(
            "gender_missing",
            "Record the patient's sex as Medicare has it; a claim file knows male, female and "
            "unknown.",
        )
    if subscriber.address is None or not _is_whole(subscriber.address):
        yield _biller(
            "subscriber_address_incomplete",
            "Record the patient's street, city, state (two letters) and ZIP code in the EHR.",
        )


def _correction(draft: ClaimDraft) -> Iterator[Obstacle]:
    number = draft.related.payer_control_number if draft.related else ""
    if draft.frequency is not Frequency.ORIGINAL and not number:
        yield _biller(
            "payer_control_number_missing",
            "A replacement or void names the payer's own number of the earlier claim; it is in "
            "the remittance.",
        )


def _is_whole(address: Address) -> bool:
    return (
        bool(address.line.strip())
        and bool(address.city.strip())
        and _STATE.fullmatch(address.state) is not None
        and _ZIP.fullmatch(plain_zip(address.postal_code)) is not None
    )


def _admin(code: str, fix: str) -> Obstacle:
    return Obstacle(code=code, owner="admin", fix=fix)


def _biller(code: str, fix: str) -> Obstacle:
    return Obstacle(code=code, owner="biller", fix=fix)
