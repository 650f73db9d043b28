"""A signed month's claim as charges: a ChargeItem a billed line, each a delivery of its own.

The lines go one after another, so that where the first is refused surely none of the others is in
the EHR, and the claim may take another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from uuid import UUID, uuid5

from ccm_fhir.domain.claims import ClaimDraft, Frequency
from ccm_fhir.domain.writeback import CHARGES, ResourceKind, RungName
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.write_charge import (
    BillCodes,
    charge_items,
    charge_operations,
    transaction_id,
)
from ccm_fhir.fhir.write_claim import ClaimEnvelope
from ccm_fhir.fhir.write_time import OurIdentifier, month_encounter
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.tellable import Piece
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.practices import Practice

_NO_CORRECTION = (
    "A charge cannot say that it replaces or voids an earlier claim; the charge that is there is "
    "credited in the EHR, and a new claim made."
)


def charge_pieces(
    draft: ClaimDraft, envelope: ClaimEnvelope, work: tuple[str, ...]
) -> tuple[Piece, ...]:
    """Return a ChargeItem a line; ``work`` are the deliveries that it names."""
    return tuple(
        Piece(
            kind=ResourceKind.CHARGE_ITEM,
            ours=_named(body),
            body=body,
            depends_on=work,
        )
        for body in charge_items(draft, envelope)
    )


def operation_pieces(
    world: Installation,
    draft: ClaimDraft,
    envelope: ClaimEnvelope,
    codes: BillCodes,
    work: tuple[str, ...],
) -> tuple[Piece, ...]:
    """Return the request of one ``ChargeItem/$create`` a line; ours is its ``transactionId``.

    The EHR keeps no identifier of ours on a charge, so that only this names it.
    """
    system = world.identifier_system(ResourceKind.CHARGE_ITEM.lower())
    return tuple(
        Piece(
            kind=ResourceKind.CHARGE_ITEM,
            ours=OurIdentifier(system=system, value=transaction_id(body)),
            body=body,
            depends_on=work,
        )
        for body in charge_operations(draft, envelope, codes)
    )


def month_anchor(
    world: Installation, practice: Practice, claim: ClaimRecord, draft: ClaimDraft
) -> Piece:
    """Return the month's own Encounter, for charges that need one as their context.

    It has one identifier, however often the claim comes back to this way.
    """
    kind = ResourceKind.ENCOUNTER
    value = uuid5(UUID(practice.identifier_namespace), f"v1|{kind.value}|{claim.id}|month")
    ours = OurIdentifier(system=world.identifier_system(kind.lower()), value=str(value))
    body = month_encounter(draft, ours, practice.zone)
    return Piece(kind=kind, ours=ours, body=body, depends_on=())


def lacking_for_charges(frequency: Frequency) -> Mapping[RungName, str]:
    """Return which ways of charging such a claim cannot take, each with the sentence why."""
    return {} if frequency is Frequency.ORIGINAL else dict.fromkeys(CHARGES, _NO_CORRECTION)


def _named(body: Json) -> OurIdentifier:
    (ours,) = cast("list[Json]", body["identifier"])
    return OurIdentifier(system=str(ours["system"]), value=str(ours["value"]))
