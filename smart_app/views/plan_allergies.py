"""The chart's allergies in words: for the care team, and for the patient in either language."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.plans.allergies import Allergies, AllergyAnswer, name_of
from ccm_fhir.services.plan_contact import CopyLanguage
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import listed, sentence
from smart_app.views.tones import Tone

_STANDS = {
    AllergyAnswer.LISTED: "",
    AllergyAnswer.NONE_KNOWN: "Somebody recorded that in the chart.",
    AllergyAnswer.NONE_ON_RECORD: (
        "The chart’s list is empty, which does not say that there are none. Ask the patient, and "
        "record the answer in the EHR."
    ),
    AllergyAnswer.NOT_READ: "Nothing can be said of them here",
}
_TONES = {
    AllergyAnswer.LISTED: Tone.PLAIN,
    AllergyAnswer.NONE_KNOWN: Tone.GOOD,
    AllergyAnswer.NONE_ON_RECORD: Tone.OPEN,
    AllergyAnswer.NOT_READ: Tone.OPEN,
}
_MARKS = {
    AllergyAnswer.LISTED: "On record",
    AllergyAnswer.NONE_KNOWN: "No known allergies",
    AllergyAnswer.NONE_ON_RECORD: "None on record",
    AllergyAnswer.NOT_READ: "Not read",
}
_CONTRADICTED = "The chart also says that none is known; one of the two is to be put right there."
_FOR_PATIENTS = {
    CopyLanguage.ENGLISH: {
        AllergyAnswer.LISTED: "Tell us if this list is not right.",
        AllergyAnswer.NONE_KNOWN: "Your chart says that you have no known allergies.",
        AllergyAnswer.NONE_ON_RECORD: "Your chart lists none. Tell us if you have any.",
        AllergyAnswer.NOT_READ: "They are not listed here. Ask us for your list.",
    },
    CopyLanguage.SPANISH: {
        AllergyAnswer.LISTED: "Díganos si esta lista no es correcta.",
        AllergyAnswer.NONE_KNOWN: "Su historia dice que no se le conocen alergias.",
        AllergyAnswer.NONE_ON_RECORD: "En su historia no hay ninguna. Díganos si tiene alguna.",
        AllergyAnswer.NOT_READ: "No están en esta copia. Pídanos su lista.",
    },
}
_MAY_BE_MORE = {
    CopyLanguage.ENGLISH: "There may be more. Ask us for your whole list.",
    CopyLanguage.SPANISH: "Puede haber más. Pídanos la lista completa.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AllergyView:
    """One allergy with what it does."""

    name: str = field(repr=False)
    more: str = field(repr=False)
    is_high: bool
    evidence: EvidenceView


@dataclass(frozen=True, slots=True, kw_only=True)
class AllergiesView:
    """The list as the care team sees it."""

    word: str
    tone: Tone
    said: str
    listed: tuple[AllergyView, ...]


def allergies_view(found: Allergies, paths: dict[str, str]) -> AllergiesView:
    """Return the chart's allergies for the care team."""
    said = _STANDS[found.answer]
    if found.answer is AllergyAnswer.NOT_READ:
        said = sentence(f"{said}: {found.reason}" if found.reason else said)
    elif found.reason:
        said = sentence(f"There may be more, since part was not read: {found.reason}")
    if found.is_contradicted:
        said = f"{said} {_CONTRADICTED}".strip()
    return AllergiesView(
        word=_MARKS[found.answer],
        tone=_TONES[found.answer],
        said=said,
        listed=tuple(
            AllergyView(
                name=name_of(one),
                more=listed(one.reactions),
                is_high=one.criticality == "high",
                evidence=evidence(one.ref, paths),
            )
            for one in found.listed
        ),
    )


def for_the_patient(found: Allergies, language: CopyLanguage) -> tuple[tuple[str, ...], str]:
    """Return the names for a copy, and the sentence above them; never a silence as a finding."""
    note = _FOR_PATIENTS[language][found.answer]
    if found.answer is AllergyAnswer.LISTED and found.reason:
        note = _MAY_BE_MORE[language]
    return tuple(name_of(one) for one in found.listed), note
