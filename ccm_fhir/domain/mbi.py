"""Medicare Beneficiary Identifiers: eleven characters, each place of a fixed kind.

CMS publishes the pattern in "Understanding the Medicare Beneficiary Identifier (MBI) Format"
(https://www.cms.gov/medicare/new-medicare-card/understanding-the-mbi-format.pdf): no check
digit, no dashes, and none of the letters S, L, O, I, B and Z.
"""

from __future__ import annotations

import re

_LETTER = "[AC-HJKMNP-RT-Y]"
_EITHER = "[0-9AC-HJKMNP-RT-Y]"
_PATTERN = re.compile(
    f"[1-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{_LETTER}[0-9][0-9]"
)


def is_well_formed_mbi(mbi: str) -> bool:
    """Whether a text follows CMS's pattern; whose it is, and whether it is current, it is not."""
    return _PATTERN.fullmatch(mbi) is not None


def plain_mbi(text: str) -> str:
    """Return an identifier as files carry it: without the card's dashes, in capital letters."""
    return text.strip().replace("-", "").replace(" ", "").upper()
