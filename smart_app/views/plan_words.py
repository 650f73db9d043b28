"""The care plan's words: tabs by need, who does what, the call script, and the patient's copy."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from ccm_fhir.domain.plans.changes import NewsKind
from ccm_fhir.domain.plans.diffing import ChangeKind
from ccm_fhir.domain.plans.parts import Achievement, Bound, Origin, Performer, Urgency
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.services.plan_contact import CopyGivenBy, CopyLanguage, OutreachOutcome
from smart_app.views.formats import day


class Tab(StrEnum):
    """The page's parts, by what somebody came to do."""

    GOALS = "goals"
    DOING = "doing"
    SYMPTOMS = "symptoms"
    MEDICINES = "medicines"
    HOME = "home"
    MONTH = "month"
    COPY = "copy"
    ADOPT = "adopt"


TABS: dict[Tab, str] = {
    Tab.GOALS: "Conditions and goals",
    Tab.DOING: "Who does what",
    Tab.SYMPTOMS: "Symptoms and outlook",
    Tab.MEDICINES: "Medicines",
    Tab.HOME: "Home and support",
    Tab.ADOPT: "Check and adopt",
    Tab.MONTH: "This month’s review",
    Tab.COPY: "Patient’s copy",
}

ELEMENTS_OF: dict[Tab, tuple[PlanElement, ...]] = {
    Tab.GOALS: (PlanElement.PROBLEM_LIST, PlanElement.MEASURABLE_GOALS),
    Tab.DOING: (
        PlanElement.PLANNED_INTERVENTIONS,
        PlanElement.COORDINATION,
        PlanElement.PERIODIC_REVIEW,
    ),
    Tab.SYMPTOMS: (PlanElement.EXPECTED_OUTCOME, PlanElement.SYMPTOM_MANAGEMENT),
    Tab.MEDICINES: (PlanElement.MEDICATION_MANAGEMENT,),
    Tab.HOME: (
        PlanElement.COGNITIVE_FUNCTIONAL_ASSESSMENT,
        PlanElement.ENVIRONMENTAL_EVALUATION,
        PlanElement.CAREGIVER_ASSESSMENT,
        PlanElement.COMMUNITY_SERVICES,
    ),
}
"""The tabs that are forms, and which elements of the plan each one holds."""

ELEMENTS: dict[PlanElement, str] = {
    PlanElement.PROBLEM_LIST: "Conditions",
    PlanElement.MEASURABLE_GOALS: "Goals",
    PlanElement.PLANNED_INTERVENTIONS: "What is done",
    PlanElement.COORDINATION: "With others outside the practice",
    PlanElement.PERIODIC_REVIEW: "When the plan is looked at again",
    PlanElement.EXPECTED_OUTCOME: "What to expect",
    PlanElement.SYMPTOM_MANAGEMENT: "Symptoms",
    PlanElement.MEDICATION_MANAGEMENT: "Medicines",
    PlanElement.COGNITIVE_FUNCTIONAL_ASSESSMENT: "Memory and daily tasks",
    PlanElement.ENVIRONMENTAL_EVALUATION: "Home and surroundings",
    PlanElement.CAREGIVER_ASSESSMENT: "Caregiver",
    PlanElement.COMMUNITY_SERVICES: "Community and social services",
}

PERFORMERS: dict[Performer, str] = {
    Performer.CARE_MANAGER: "Care manager",
    Performer.PRACTITIONER: "Billing practitioner",
    Performer.PATIENT: "Patient",
    Performer.CAREGIVER: "Caregiver",
    Performer.SPECIALIST: "Specialist",
    Performer.PHARMACIST: "Pharmacist",
    Performer.SOCIAL_WORKER: "Social worker",
    Performer.COMMUNITY: "Community service",
}

ACHIEVEMENTS: dict[Achievement, str] = {
    Achievement.IN_PROGRESS: "In progress",
    Achievement.ACHIEVED: "Reached",
    Achievement.NOT_ACHIEVED: "Not reached",
    Achievement.DROPPED: "Given up",
}

BOUNDS: dict[Bound, str] = {
    Bound.BELOW: "Below",
    Bound.AT_MOST: "At most",
    Bound.AT_LEAST: "At least",
    Bound.IN_WORDS: "Target, in words",
}

ORIGINS: dict[Origin, str] = {
    Origin.CHART: "From the chart",
    Origin.TEMPLATE: "Proposed",
    Origin.PERSON: "Written here",
}

URGENCIES: dict[Urgency, str] = {
    Urgency.WATCH: "Watch",
    Urgency.CALL: "Call us",
    Urgency.EMERGENCY: "Call 911",
}

NEWS: dict[NewsKind, str] = {
    NewsKind.CONDITION: "New condition",
    NewsKind.ADMISSION: "Hospital stay",
    NewsKind.EMERGENCY: "Emergency visit",
    NewsKind.RESULT: "Result",
    NewsKind.MEDICINE_STARTED: "Medicine started",
    NewsKind.MEDICINE_ENDED: "Medicine ended",
    NewsKind.GOAL_MISSED: "Goal not reached",
}

CHANGES: dict[ChangeKind, str] = {
    ChangeKind.ADDED: "Added",
    ChangeKind.REMOVED: "Taken out",
    ChangeKind.CHANGED: "Changed",
}

FIELDS: dict[str, str] = {
    "text": "Text",
    "patient": "Patient’s wording",
    "target": "Target",
    "due_on": "Due by",
    "performer": "Who does it",
    "every": "How often",
    "achievement": "How it stands",
    "next_on": "Next review",
    "result": "Result",
    "measure": "Measure",
    "goals": "Serves the goals",
    "person": "Person",
    "family": "For the disease",
}

WAYS: dict[CopyGivenBy, str] = {
    CopyGivenBy.IN_PERSON: "Handed over",
    CopyGivenBy.MAIL: "By mail",
    CopyGivenBy.PORTAL: "In the patient portal",
    CopyGivenBy.READ_ALOUD: "Read aloud, and offered on paper",
}

LANGUAGES: dict[CopyLanguage, str] = {
    CopyLanguage.ENGLISH: "English",
    CopyLanguage.SPANISH: "Spanish",
}

OUTCOMES: dict[OutreachOutcome, str] = {
    OutreachOutcome.REACHED: "Reached the patient",
    OutreachOutcome.NO_ANSWER: "No answer",
    OutreachOutcome.LEFT_MESSAGE: "Left a message",
    OutreachOutcome.WRONG_NUMBER: "Wrong number",
    OutreachOutcome.CALL_BACK: "Asked to call back",
}

CALL_SCRIPT: tuple[tuple[str, str], ...] = (
    (
        "How have you been since we last talked?",
        "¿Cómo ha estado desde la última vez que hablamos?",
    ),
    (
        "Have you been to a hospital or an emergency room?",
        "¿Ha ido al hospital o a la sala de urgencias?",
    ),
    (
        "Have your medicines changed? Did you miss any doses?",
        "¿Le cambiaron las medicinas? ¿Se le olvidó alguna dosis?",
    ),
    ("Do you have any new symptoms, or any falls?", "¿Tiene síntomas nuevos o se ha caído?"),
    ("How are you doing with your goals?", "¿Cómo va con sus metas?"),
    (
        "Do you need help with food, rides, your home or your bills?",
        "¿Necesita ayuda con comida, transporte, su casa o sus cuentas?",
    ),
    (
        "What matters most to you this month?",
        "¿Qué es lo más importante para usted este mes?",
    ),
)
"""What is asked each month, in both languages; our own words."""

_SPANISH_MONTHS = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)


def day_in(value: date, language: CopyLanguage) -> str:
    """Return a date as the patient's language writes it."""
    if language is CopyLanguage.ENGLISH:
        return day(value)
    return f"{value.day} de {_SPANISH_MONTHS[value.month - 1]} de {value.year}"
