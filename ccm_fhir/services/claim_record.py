"""What is kept of a claim draft beside the frozen resource."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from ccm_fhir.domain.claims import ClaimDraft


class StoredLine(msgspec.Struct, frozen=True):
    """One line of a stored claim."""

    code: str
    units: int
    charge_usd: Decimal


class StoredClaim(msgspec.Struct, frozen=True):
    """A stored claim's lines, date and place of service; releases before kept no place."""

    serviced_on: date
    lines: tuple[StoredLine, ...]
    place_of_service: str = ""
    location: str = ""


def stored(draft: ClaimDraft, location: str) -> str:
    """Return a draft's lines as JSON, with the name of the location that its place is of."""
    kept = StoredClaim(
        serviced_on=draft.lines[0].serviced_on,
        lines=tuple(StoredLine(line.code, line.units, line.charge_usd) for line in draft.lines),
        place_of_service=draft.parties.place_of_service,
        location=location,
    )
    return msgspec.json.encode(kept).decode()
