"""How a rule recognises something in a chart: by code, by category, or by the words of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.rules.care_plan import Recognition

HOME = Recognition(
    codes=frozenset({"http://loinc.org|1-1", "|bare"}),
    categories=frozenset({"sdoh"}),
    words=("Home safety", "hous", "c++"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Look at HOME SAFETY", True),
        ("housing", True),
        ("Housing is cold", True),
        ("C++ at work", True),
        ("cc at work", False),
        ("a warehouse", False),
        ("at home", False),
        ("", False),
    ],
)
def test_words_are_found_at_a_words_beginning_in_any_letters(text: str, *, expected: bool) -> None:
    assert HOME.has_words(text) is expected


@given(st.text())
def test_nothing_is_recognised_by_words_where_there_are_none(text: str) -> None:
    assert not Recognition().has_words(text)


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("http://loinc.org", "1-1", True),
        ("http://loinc.org", "1-2", False),
        (None, "1-1", False),
        (None, "bare", True),
    ],
)
def test_a_code_is_recognised_with_its_system(
    system: str | None, code: str, *, expected: bool
) -> None:
    assert HOME.has_code(system, code) is expected


def test_one_category_of_several_is_enough() -> None:
    assert HOME.has_category(("vital-signs", "sdoh"))
    assert not HOME.has_category(("vital-signs",))
    assert not HOME.has_category(())
