"""Numbers that pass every format check."""

from __future__ import annotations

import re

import pytest

from fhir_fixtures.practice.identifiers import mbi, mrn, npi

LETTER = "[AC-HJKMNP-RT-Y]"
ALPHANUMERIC = "[0-9AC-HJKMNP-RT-Y]"
MBI = re.compile(
    f"[1-9]{LETTER}{ALPHANUMERIC}[0-9]{LETTER}{ALPHANUMERIC}[0-9]{LETTER}{LETTER}[0-9][0-9]"
)


def luhn_total(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total


@pytest.mark.parametrize("index", range(100))
def test_an_npi_passes_the_luhn_check_with_its_issuer_prefix(index: int) -> None:
    number = npi(index)

    assert re.fullmatch(r"[12]\d{9}", number)
    assert luhn_total("80840" + number) % 10 == 0


@pytest.mark.parametrize("index", [0, 1, 19, 20, 399, 400, 123_456, 999_999])
def test_a_medicare_number_has_the_shape_that_cms_publishes(index: int) -> None:
    assert MBI.fullmatch(mbi(index))


def test_no_two_patients_share_a_number() -> None:
    assert len({mbi(index) for index in range(50_000)}) == 50_000
    assert len({mrn(index) for index in range(50_000)}) == 50_000


def test_synthetic_medicare_numbers_can_be_told_from_their_ends() -> None:
    assert re.fullmatch(r"9XX\w{6}00", mbi(123_456))


def test_more_patients_than_numbers_is_an_error() -> None:
    with pytest.raises(ValueError, match="no more"):
        mbi(24_000_000 * 10)
