"""Primary keys: UUIDs of version 7, so that they sort by the time they were made."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from datetime import datetime

_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62
_VERSION = 7
_VARIANT = 0b10


def new_id(now: datetime) -> str:
    """Return a new id of a moment, to the millisecond, with 74 random bits (RFC 9562)."""
    milliseconds = int(now.timestamp() * 1000)
    high = milliseconds << 16 | _VERSION << _RANDOM_A_BITS | secrets.randbits(_RANDOM_A_BITS)
    low = _VARIANT << _RANDOM_B_BITS | secrets.randbits(_RANDOM_B_BITS)
    return str(UUID(int=high << 64 | low))


def new_opaque_id() -> str:
    """Return 128 random bits in hexadecimal, for ids that stand in a URL."""
    return secrets.token_hex(16)
