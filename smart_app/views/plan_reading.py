"""How hard the patient's copy is to read, told to the care team before it goes out."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.plans.reading import MOST_GRADE, ReadingLevel, english_level, spanish_level
from ccm_fhir.services.care_plan import PlanDesk
from ccm_fhir.services.plan_contact import CopyLanguage, PrintedPlan
from smart_app.views.plan_copy import copy_view
from smart_app.views.plan_words import LANGUAGES
from smart_app.views.tones import Tone

_NAMES = frozenset({"allergies", "medicines", "conditions"})
_MEASURES = {
    CopyLanguage.ENGLISH: (english_level, "Flesch–Kincaid"),
    CopyLanguage.SPANISH: (spanish_level, "Fernández Huerta"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """One language's copy: its grade in words, and the lines that read hardest."""

    language: str
    lang: str
    word: str
    tone: Tone
    text: str
    hard: tuple[str, ...] = field(repr=False)


def reading_views(desk: PlanDesk) -> tuple[ReadingView, ...]:
    """Return how hard the copy of the version in force is to read, in each language."""
    if desk.standing is None:
        return ()
    printed = PrintedPlan(
        patient=desk.patient,
        practice_name=desk.practice_name,
        version=desk.standing.version,
        allergies=desk.allergies,
    )
    return tuple(_view(printed, language) for language in CopyLanguage)


def _view(printed: PrintedPlan, language: CopyLanguage) -> ReadingView:
    measure, name = _MEASURES[language]
    level = measure(_lines(printed, language))
    return ReadingView(
        language=LANGUAGES[language],
        lang=language.value,
        word="Plain" if level.is_plain else "Too hard",
        tone=Tone.GOOD if level.is_plain else Tone.OPEN,
        text=_said(level, name),
        hard=level.hard,
    )


def _lines(printed: PrintedPlan, language: CopyLanguage) -> tuple[str, ...]:
    """Return what of a copy is text in its language: no names of diseases, medicines, people."""
    copy = copy_view(printed, language)
    names = {copy.words[key] for key in _NAMES}
    return tuple(
        line.text
        for block in copy.blocks
        if block.title not in names
        for line in block.lines
        if not line.lang
    )


def _said(level: ReadingLevel, name: str) -> str:
    if level.grade is None:
        return "There is no text in this language yet."
    wanted = f"Patients are best served by grade {MOST_GRADE} or below."
    return f"School grade {level.grade} ({name}). {wanted}"
