"""Setting up a practice: who it is, what it attests about itself, what it charges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ccm_fhir.domain.npi import is_valid_npi
from ccm_fhir.errors import InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import audit_command
from ccm_fhir.storage import fees, practices
from ccm_fhir.storage.practices import NewPractice, PracticeAttestation


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeDetails:
    """What an administrator says about a practice; ``organization_ref`` is the EHR's."""

    name: str
    time_zone: str
    npi: str
    organization_ref: str
    place_of_service: str = "11"
    charges_usd: Mapping[str, Decimal] = field(default_factory=dict)
    charges_from: date


def add_practice(world: Installation, details: PracticeDetails, now: datetime) -> str:
    """Add a practice and its charges, as a line of its trail; return its id.

    Raises:
        InputError: an NPI whose check digit fails, or an unknown time zone.
    """
    if not is_valid_npi(details.npi):
        raise InputError("npi", "ten digits with a valid check digit are needed")
    try:
        ZoneInfo(details.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError("time_zone", "not a zone of the IANA database") from None
    with world.db.write() as session:
        practice = practices.add(
            session,
            NewPractice(
                name=details.name,
                time_zone=details.time_zone,
                npi=details.npi,
                organization_ref=details.organization_ref,
                place_of_service=details.place_of_service,
                identifier_namespace=str(uuid4()),
            ),
            now,
        )
        audit_command(world, session, practice.id, "add_practice")
        for code, amount in details.charges_usd.items():
            fees.set_fee(session, practice.id, code, details.charges_from, amount)
    return practice.id


def attest_practice(world: Installation, practice_id: str, attested_on: date) -> None:
    """Record that the practice attests 24/7 access, a certified EHR and a designated member."""
    with world.db.write(practice_id) as session:
        audit_command(world, session, practice_id, f"attest_practice yyy {attested_on}")
        practices.attest(
            session,
            practice_id,
            PracticeAttestation(
                access_24_7=True,
                certified_ehr=True,
                designated_team_member=True,
                attested_on=attested_on,
            ),
        )
