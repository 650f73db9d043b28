"""Claim → its codes and dates, so that what was billed elsewhere is seen."""

from __future__ import annotations

from ccm_fhir.domain.facts import ClaimFact
from ccm_fhir.fhir.shapes import (
    Concept,
    Identifier,
    Period,
    Reference,
    Resource,
    Shape,
    codes,
    first_date,
    identifier_values,
)
from ccm_fhir.fhir.source import Source


class ItemShape(Shape, frozen=True, kw_only=True):
    """Claim.item."""

    product_or_service: Concept | None = None
    serviced_date: str | None = None
    serviced_period: Period | None = None


class ClaimShape(Resource, frozen=True, kw_only=True):
    """Claim."""

    patient: Reference | None = None
    status: str | None = None
    use: str | None = None
    identifier: list[Identifier] | None = None
    provider: Reference | None = None
    billable_period: Period | None = None
    item: list[ItemShape] | None = None


def claim_fact(shape: ClaimShape, source: Source) -> ClaimFact:
    """Return the Claim; its date is that of the first dated item, else of the claim."""
    items = shape.item or ()
    billable = shape.billable_period or Period()
    serviced = (
        date
        for item in items
        for date in (
            item.serviced_date,
            item.serviced_period.start if item.serviced_period else None,
        )
    )
    return ClaimFact(
        ref=source.ref,
        status=shape.status or "",
        use=shape.use or "",
        codes=codes(item.product_or_service for item in items if item.product_or_service),
        serviced_on=first_date(*serviced, billable.start, billable.end),
        provider=source.local(shape.provider),
        identifiers=identifier_values(shape.identifier),
    )
