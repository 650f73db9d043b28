"""How hard a text is to read, by school grade: for the care team, before a copy goes out.

English by the Flesch–Kincaid grade. Spanish by Fernández Huerta's ease of reading in its corrected
form, 206.84 − 60 syllables a word − 1.02 words a sentence, and the grades of its own scale. Names
of medicines, people and places are no text to be measured; leave them out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from ccm_fhir.domain.facts import Fact

MOST_GRADE = 8
"""What the patient's copy should not be above; our own choice, as plain-language guides advise."""

_SHORTEST_HARD_LINE = 8
_SWING = 3  # one sentence by itself measures more wildly than a page
_ENDS = re.compile(r"[.!?:;](?:\s|$)")
_WORDS = re.compile(r"[a-záéíóúüñ']+")
_STRONG = frozenset("aeoáéíóú")
_EASES = (
    (Decimal(90), 4),
    (Decimal(80), 5),
    (Decimal(70), 6),
    (Decimal(60), 8),
    (Decimal(50), 11),
    (Decimal(30), 13),
)
_HARDEST = 16
_TENTH = Decimal("0.1")


class ReadingLevel(Fact, frozen=True, kw_only=True):
    """A text's grade, and those of its lines that are hardest; ``grade`` None: there is no text."""

    grade: Decimal | None
    hard: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether somebody with eight years of school can read it."""
        return self.grade is not None and self.grade <= MOST_GRADE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """How a language counts syllables, and what its measure makes of words and sentences."""

    syllables: Callable[[str], int]
    grade: Callable[[Decimal, Decimal], Decimal]


def english_level(lines: Iterable[str]) -> ReadingLevel:
    """Return how hard lines are to read; each is at least a sentence of its own."""
    return _level(tuple(lines), _ENGLISH)


def spanish_level(lines: Iterable[str]) -> ReadingLevel:
    """Return how hard lines are to read; each is at least a sentence of its own."""
    return _level(tuple(lines), _SPANISH)


def english_syllables(word: str) -> int:
    """Return about how many syllables a word has: groups of vowels, a silent e left out."""
    groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith("e") and not word.endswith("le") and groups > 1:
        groups -= 1
    return max(groups, 1)


def spanish_syllables(word: str) -> int:
    """Return how many syllables a word has: i, u and a last y join a neighbour, others do not."""
    groups: list[str] = re.findall(r"(?:[aeiouáéíóúü]|y$)+", word)
    return max(sum(max(sum(c in _STRONG for c in group), 1) for group in groups), 1)


def _level(lines: tuple[str, ...], language: _Language) -> ReadingLevel:
    said = tuple(line for line in lines if _words(line))
    if not said:
        return ReadingLevel(grade=None)
    hard = (line for line in said if _is_hard(line, language))
    return ReadingLevel(grade=_grade(said, language), hard=tuple(dict.fromkeys(hard)))


def _is_hard(line: str, language: _Language) -> bool:
    is_long = len(_words(line)) >= _SHORTEST_HARD_LINE
    return is_long and _grade((line,), language) > MOST_GRADE + _SWING


def _grade(lines: tuple[str, ...], language: _Language) -> Decimal:
    words = [word for line in lines for word in _words(line)]
    sentences = sum(max(len(_ENDS.findall(line)), 1) for line in lines)
    syllables = sum(language.syllables(word) for word in words)
    number = Decimal(len(words))
    return language.grade(number / sentences, syllables / number).quantize(_TENTH)


def _words(line: str) -> list[str]:
    found: list[str] = _WORDS.findall(line.lower())
    return found


def _flesch_kincaid(words_a_sentence: Decimal, syllables_a_word: Decimal) -> Decimal:
    grade = (
        Decimal("0.39") * words_a_sentence + Decimal("11.8") * syllables_a_word - Decimal("15.59")
    )
    return max(grade, Decimal(0))


def _fernandez_huerta(words_a_sentence: Decimal, syllables_a_word: Decimal) -> Decimal:
    """Return the grade in whose band the ease of reading lies, the band's higher one."""
    ease = Decimal("206.84") - 60 * syllables_a_word - Decimal("1.02") * words_a_sentence
    return Decimal(next((grade for least, grade in _EASES if ease >= least), _HARDEST))


_ENGLISH = _Language(syllables=english_syllables, grade=_flesch_kincaid)
_SPANISH = _Language(syllables=spanish_syllables, grade=_fernandez_huerta)
