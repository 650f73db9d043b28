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
    """A stored claim's lines and date of service."""

    serviced_on: date
    lines: tuple[StoredLine, ...]


def stored(draft: ClaimDraft) -> str:
    """Return a draft's lines as JSON."""
    kept = StoredClaim(
        serviced_on=draft.lines[0].serviced_on,
        lines=tuple(StoredLine(line.code, line.units, line.charge_usd) for line in draft.lines),
    )
    return msgspec.json.encode(kept).decode()
