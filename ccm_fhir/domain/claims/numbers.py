"""The short numbers under which a claim and its lines come back from a payer.

A claim's identifier is a UUID of 36 characters; a professional claim file has room for 20
(837P CLM01). The number follows from the identifier, so that it can be found again at any time.
"""

from __future__ import annotations

import base64
import hashlib

CLAIM_NUMBER_LENGTH = 20
_BYTES = 12  # 96 bits, which base 32 writes in exactly 20 characters


def claim_number(identifier: str) -> str:
    """Return the number of a claim (CLM01, CLP01): capital letters and digits, no patient data."""
    digest = hashlib.sha256(identifier.encode()).digest()[:_BYTES]
    return base64.b32encode(digest).decode().rstrip("=")


def line_number(identifier: str, place: int) -> str:
    """Return the number of a line (REF*6R), the first line being place 1."""
    return f"{claim_number(identifier)}L{place}"


def claim_number_of_line(number: str) -> str:
    """Return the claim's part of a line's number; empty where it is none of ours."""
    claim, mark, place = number[:CLAIM_NUMBER_LENGTH], number[CLAIM_NUMBER_LENGTH:][:1], number[21:]
    is_ours = len(claim) == CLAIM_NUMBER_LENGTH and mark == "L" and place.isdigit()
    return claim if is_ours else ""
