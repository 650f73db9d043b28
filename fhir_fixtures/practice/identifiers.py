"""Numbers that pass every format check and belong to nobody.

Each is a pure function of a small index, so that a million patients get a million of them
without anyone remembering which were used.
"""

from __future__ import annotations

_NPI_ISSUER = "80840"  # ISO 7812: health applications, United States
_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"  # CMS leaves out S, L, O, I, B and Z
_DIGITS = "0123456789"


def npi(index: int) -> str:
    """Return a ten-digit NPI whose last digit is the Luhn check over the issuer and the rest."""
    base = f"1999999{index:02}"
    return base + str(_luhn_check_digit(_NPI_ISSUER + base))


def _luhn_check_digit(digits: str) -> int:
    doubled = (int(d) * 2 for d in reversed(digits[-1::-2]))
    kept = (int(d) for d in digits[-2::-2])
    total = sum(d - 9 if d > 9 else d for d in doubled) + sum(kept)  # noqa: PLR2004  # Luhn
    return -total % 10


def mbi(index: int) -> str:
    """Return a Medicare Beneficiary Identifier, C A AN N A AN N A A N N; all are 9XX…00.

    Raises:
        ValueError: when the index is beyond the 24 million numbers of this shape.
    """
    alphanumeric = _DIGITS + _MBI_LETTERS
    places = (_MBI_LETTERS, _MBI_LETTERS, _DIGITS, alphanumeric, _MBI_LETTERS, _DIGITS)
    drawn = []
    for alphabet in places:
        index, place = divmod(index, len(alphabet))
        drawn.append(alphabet[place])
    if index:
        msg = "no more synthetic Medicare numbers of this shape"
        raise ValueError(msg)
    return "9XX" + "".join(reversed(drawn)) + "00"


def mrn(index: int) -> str:
    """Return the practice's own record number."""
    return f"MRN{index:07}"
