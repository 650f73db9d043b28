"""From a practice's trading partner to the outer parts of its claim files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ccm_fhir.storage.billing import PartnerSaid
from ccm_fhir.x12.filing import (
    Assignment,
    Envelope,
    FiledClaim,
    Filing,
    FilingStatements,
    Payer,
    Submitter,
    TradingPartner,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """A file's control numbers and its moment, in the zone in which it is written."""

    number: int
    first_set_control: int
    created_at: datetime


def filing_of(said: PartnerSaid, numbering: Numbering, claims: tuple[FiledClaim, ...]) -> Filing:
    """Return the filing of some claims; the group's number is the interchange's."""
    return Filing(
        envelope=Envelope(
            sender=_end(said.submitter_qualifier, said.submitter_id),
            receiver=_end(said.receiver_qualifier, said.receiver_id),
            interchange_control=numbering.number,
            group_control=numbering.number,
            first_set_control=numbering.first_set_control,
            created_at=numbering.created_at,
            is_production=said.is_production,
        ),
        submitter=Submitter(
            name=said.submitter_name,
            id=said.submitter_id,
            contact_name=said.contact_name,
            phone=said.contact_phone,
        ),
        receiver=Payer(name=said.receiver_name, id=said.receiver_id),
        payer=Payer(name=said.payer_name, id=said.payer_id),
        statements=FilingStatements(
            has_provider_signature=said.has_provider_signature,
            assignment=Assignment(said.assignment),
            are_benefits_assigned=said.are_benefits_assigned,
            may_release_information=said.may_release_information,
        ),
        claims=claims,
    )


def _end(qualifier: str, name: str) -> TradingPartner:
    return TradingPartner(qualifier=qualifier, id=name, group_code=name)
