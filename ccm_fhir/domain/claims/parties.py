"""Who is on a claim: the practice that bills, the practitioner who rendered, the patient.

What a FHIR Claim needs is always there; what only an 837P file needs is None until a person has
recorded it, and then an obstacle of the file, not of the claim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.domain.codes import Setting
from ccm_fhir.domain.npi import is_valid_npi

if TYPE_CHECKING:
    from datetime import date

_TAXONOMY = re.compile(r"[0-9A-Z]{9}X")
_PLACE_OF_SERVICE = re.compile(r"[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address in the United States."""

    line: str = field(repr=False)
    city: str = field(repr=False)
    state: str = field(repr=False)
    postal_code: str = field(repr=False)
    line2: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A person's name in its parts, as a payer holds it."""

    family: str = field(repr=False)
    given: str = field(repr=False)
    middle: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDetails:
    """What an 837P says of the practice beside its NPI; ``tax_id`` is its EIN, nine digits."""

    name: str
    tax_id: str = field(repr=False)
    taxonomy: str
    address: Address = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """The patient as Medicare knows them: with Medicare the patient is always the subscriber."""

    mbi: str = field(repr=False)
    name: PersonName = field(repr=False)
    birth_date: date | None = field(repr=False)
    gender: str = field(repr=False)
    address: Address | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimParties:
    """Who bills, who rendered, and where; references are FHIR's ``Type/id``.

    ``setting`` decides the form of the claim. Where it ``awaits_signer``, a draft only looks
    ahead: the practitioner's own numbers are not asked for, and ``practitioner_ref`` may be empty.
    The last three are what an 837P needs beside it.
    """

    patient_ref: str = field(repr=False)
    practice_ref: str
    practice_npi: str
    practitioner_ref: str
    practitioner_npi: str
    practitioner_taxonomy: str
    place_of_service: str
    setting: Setting = Setting.OFFICE
    awaits_signer: bool = False
    billing: BillingDetails | None = None
    practitioner_name: PersonName | None = None
    subscriber: Subscriber | None = None


def is_taxonomy_code(text: str) -> bool:
    """Whether a text has the form of a NUCC taxonomy code: nine characters and an X."""
    return _TAXONOMY.fullmatch(text) is not None


def party_obstacles(parties: ClaimParties) -> tuple[Obstacle, ...]:
    """Return what a claim of any form lacks of its parties."""
    found = []
    if not parties.awaits_signer and not is_valid_npi(parties.practitioner_npi):
        found.append(
            Obstacle(
                code="practitioner_npi_missing",
                owner="admin",
                fix="Record the billing practitioner's NPI; its check digit must hold.",
            )
        )
    if not is_valid_npi(parties.practice_npi):
        found.append(
            Obstacle(
                code="practice_npi_missing",
                owner="admin",
                fix="Record the practice's NPI; its check digit must hold.",
            )
        )
    taxonomy = "" if parties.awaits_signer else parties.practitioner_taxonomy
    if taxonomy and not is_taxonomy_code(taxonomy):
        found.append(
            Obstacle(
                code="practitioner_taxonomy_malformed",
                owner="admin",
                fix="Record the billing practitioner's NUCC taxonomy code: ten characters, the "
                "last of them X.",
            )
        )
    if not _PLACE_OF_SERVICE.fullmatch(parties.place_of_service):
        found.append(
            Obstacle(
                code="place_of_service_missing",
                owner="admin",
                fix="Record the two-digit place of service where the practitioner would "
                "ordinarily see the patient.",
            )
        )
    return tuple(found)
