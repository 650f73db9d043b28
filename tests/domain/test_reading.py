"""How hard a text is to read: the measures of two languages, and which lines are hardest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.plans.reading import (
    english_level,
    english_syllables,
    spanish_level,
    spanish_syllables,
)

HARD = (
    "Comprehensive pharmacological reconciliation necessitates interdisciplinary communication "
    "between participating organizations."
)
DIFICIL = (
    "La reconciliación farmacológica interdisciplinaria requiere comunicación institucional "
    "sistemática entre organizaciones participantes."
)


@pytest.mark.parametrize(
    ("word", "number"),
    [("cat", 1), ("table", 2), ("take", 1), ("medicine", 3), ("day", 1), ("the", 1), ("", 1)],
)
def test_english_syllables_are_groups_of_vowels(word: str, number: int) -> None:
    assert english_syllables(word) == number


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("que", 1),
        ("guía", 2),
        ("ahora", 3),
        ("país", 2),
        ("agua", 2),
        ("muy", 1),
        ("hoy", 1),
        ("cuidado", 3),
        ("leer", 2),
        ("presión", 2),
        ("cigüeña", 3),
        ("ayuda", 3),
        ("y", 1),
    ],
)
def test_spanish_syllables_part_strong_vowels_and_join_weak_ones(word: str, number: int) -> None:
    assert spanish_syllables(word) == number


def test_plain_english_is_plain_and_hard_english_is_told_by_its_line() -> None:
    easy = english_level(["We go home.", "The dog is big."])
    hard = english_level([HARD])

    assert easy.is_plain
    assert easy.hard == ()
    assert not hard.is_plain
    assert hard.hard == (HARD,)


def test_plain_spanish_is_plain_and_hard_spanish_is_told_by_its_line() -> None:
    easy = spanish_level(["Vamos a casa.", "El pan es bueno."])
    hard = spanish_level([DIFICIL])

    assert easy.is_plain
    assert not hard.is_plain
    assert hard.hard == (DIFICIL,)


def test_a_known_text_has_its_known_grade() -> None:
    # 10 words, 2 sentences, 10 syllables: 0.39 × 5 + 11.8 × 1 − 15.59 is below nothing.
    assert english_level(["The cat sat on mats. The dog ran to them."]).grade == Decimal("0.0")
    # 4 words, 1 sentence, 12 syllables: 0.39 × 4 + 11.8 × 3 − 15.59
    assert english_level(["Hospital hospital hospital hospital."]).grade == Decimal("21.4")


def test_where_there_is_no_text_there_is_no_grade() -> None:
    for level in (english_level([]), spanish_level(["", "123"])):
        assert level.grade is None
        assert not level.is_plain


@given(st.permutations(["We go home.", "Take it with food; rest.", HARD]))
def test_the_order_of_lines_does_not_matter(lines: list[str]) -> None:
    assert english_level(lines).grade == english_level(sorted(lines)).grade


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_text_is_measured_or_has_no_grade(lines: list[str]) -> None:
    for level in (english_level(lines), spanish_level(lines)):
        assert level.grade is None or level.grade >= 0
        assert set(level.hard) <= set(lines)
