"""Our words for what a consent record says."""

from __future__ import annotations

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode

DECISIONS: dict[ConsentDecision, str] = {
    ConsentDecision.GIVEN: "Consent given",
    ConsentDecision.DECLINED: "Declined",
    ConsentDecision.REVOKED: "Consent revoked",
    ConsentDecision.PAUSED: "Paused",
    ConsentDecision.RESUMED: "Taken up again",
    ConsentDecision.ELSEWHERE: "With another practice",
    ConsentDecision.ENTERED_IN_ERROR: "Taken back: entered in error",
}

CHOICES: dict[ConsentDecision, str] = {
    ConsentDecision.GIVEN: "Yes: the patient agrees",
    ConsentDecision.DECLINED: "No: the patient declines",
    ConsentDecision.PAUSED: "A pause: the consent stands, and no work is wanted for now",
    ConsentDecision.RESUMED: "The pause is over",
    ConsentDecision.ELSEWHERE: "Another practice manages the patient’s care",
}

MODES: dict[ConsentMode, str] = {
    ConsentMode.VERBAL: "Verbally, documented by this record",
    ConsentMode.WRITTEN: "In writing; the signed paper is kept by the practice",
}

MODES_SHORT: dict[ConsentMode, str] = {
    ConsentMode.VERBAL: "verbally",
    ConsentMode.WRITTEN: "in writing",
}

GIVERS: dict[ConsentGiver, str] = {
    ConsentGiver.PATIENT: "The patient",
    ConsentGiver.REPRESENTATIVE: "A representative of the patient",
}

STATEMENTS: dict[str, str] = {
    "availability": "Availability",
    "cost-sharing": "Cost sharing",
    "one-practitioner": "One practitioner a month",
    "right-to-stop": "Right to stop",
}

OTHER_LANGUAGE = "other"
LANGUAGES: dict[str, str] = {
    "en": "English",
    "es": "Spanish",
    "ar": "Arabic",
    "ase": "American Sign Language",
    "zh": "Chinese",
    "fr": "French",
    "ht": "Haitian Creole",
    "ko": "Korean",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "tl": "Tagalog",
    "vi": "Vietnamese",
}


def statement(code: str) -> str:
    """Return a statement's title; one that is new is told by its code."""
    return STATEMENTS.get(code, code.replace("-", " ").capitalize())


def language(tag: str) -> str:
    """Return a language's name; one that is not in the list is told by its tag."""
    return LANGUAGES.get(tag, tag)
