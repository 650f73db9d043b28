"""National Provider Identifiers: ten digits, the last of them a check digit."""

from __future__ import annotations

_LENGTH = 10
_PREFIX_SUM = 24  # what the constant prefix 80840 adds to the Luhn sum (45 CFR 162.406)
_NINE = 9


def is_valid_npi(npi: str) -> bool:
    """Whether a text is an NPI whose check digit holds."""
    if len(npi) != _LENGTH or not npi.isascii() or not npi.isdigit():
        return False
    total = _PREFIX_SUM
    for place, digit in enumerate(reversed(npi)):
        value = int(digit) * (1 + place % 2)
        total += value - _NINE if value > _NINE else value
    return total % _LENGTH == 0
