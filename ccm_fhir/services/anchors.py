"""Where a chain stood at a moment, kept outside the database: what shows that its end was cut."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from ccm_fhir.errors import InputError


class ChainName(StrEnum):
    """Which of a practice's chains."""

    AUDIT = "audit"
    TIME = "time"


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one chain of a practice stood at a moment; older files name the audit trail only."""

    practice_id: str
    entries: int
    head: str
    at: datetime
    chain: ChainName = ChainName.AUDIT


def read_anchors(text: str) -> tuple[Anchor, ...]:
    """Read anchors as they were kept, one JSON object a line.

    Raises:
        InputError: a line is none.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return tuple(msgspec.json.decode(line, type=Anchor) for line in lines)
    except msgspec.MsgspecError:
        raise InputError("anchors", "a line is not what `ccm-fhir audit anchor` writes") from None


def anchors_of(anchors: Iterable[Anchor], chain: ChainName, practice_id: str) -> tuple[Anchor, ...]:
    """Return the anchors of one chain of one practice."""
    return tuple(one for one in anchors if (one.chain, one.practice_id) == (chain, practice_id))
