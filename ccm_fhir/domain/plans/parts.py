"""What a care plan of ours is made of: parts, each with its place in the list and its origin.

One value type for each kind of thing that a plan holds; which of CMS's twelve elements a part
serves is its ``element``. Everything is frozen: a changed plan is a further version.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.facts import EvidenceRef, Fact
from ccm_fhir.domain.rules import PlanElement


class Origin(Word):
    """Who first said a part."""

    CHART = "chart"
    TEMPLATE = "template"
    PERSON = "person"


class Source(Fact, frozen=True, kw_only=True):
    """Where a part comes from: resources of the chart, a template and its guidelines, or a person.

    ``citations`` are keys of the template's own sources.
    """

    origin: Origin = Origin.PERSON
    refs: tuple[EvidenceRef, ...] = ()
    template: str = ""
    citations: tuple[str, ...] = ()


class Wording(Fact, frozen=True, kw_only=True):
    """What the patient reads, in both languages; either may be empty until somebody writes it."""

    english: str = ""
    spanish: str = ""


class Performer(Word):
    """Who does an intervention, by role; the person's name stands beside it where it is known."""

    CARE_MANAGER = "care_manager"
    PRACTITIONER = "practitioner"
    PATIENT = "patient"
    CAREGIVER = "caregiver"
    SPECIALIST = "specialist"
    PHARMACIST = "pharmacist"
    SOCIAL_WORKER = "social_worker"
    COMMUNITY = "community"


class Bound(Word):
    """How a target is compared with what was measured."""

    AT_MOST = "at_most"
    BELOW = "below"
    AT_LEAST = "at_least"
    IN_WORDS = "in_words"


class Measure(Fact, frozen=True, kw_only=True):
    """What a goal is measured by.

    ``codes`` are ``system|code`` of Observations that show it; empty where people count it
    themselves. ``units`` are the spellings of ``unit`` in which a result is compared.
    """

    label: Wording
    unit: str = ""
    codes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


class Target(Fact, frozen=True, kw_only=True):
    """The value to be reached; ``words`` alone where the chart says it in its own way."""

    bound: Bound
    value: Decimal | None = None
    words: str = ""

    @property
    def is_said(self) -> bool:
        """Whether there is something to measure against."""
        return bool(self.words) if self.bound is Bound.IN_WORDS else self.value is not None


class Achievement(Word):
    """How people say that a goal stands."""

    IN_PROGRESS = "in_progress"
    ACHIEVED = "achieved"
    NOT_ACHIEVED = "not_achieved"
    DROPPED = "dropped"


class Part(Fact, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """One line of a plan.

    ``key`` is the same in every version (``goal:diabetes:a1c``); ``family`` the disease that it
    is for, empty where it is for the whole person. ``text`` is for the care team, ``patient``
    for the patient's copy.
    """

    key: str
    element: PlanElement
    text: str
    patient: Wording = Wording()
    family: str = ""
    source: Source = Source()


class Problem(Part, frozen=True, kw_only=True, tag=True):
    """A condition that the plan is for."""

    icd10cm: str = ""


class Goal(Part, frozen=True, kw_only=True, tag=True):
    """What is to be reached; measurable only with a measure, a target and a day.

    ``is_individual``: a guideline leaves the target to the clinician.
    """

    measure: Measure
    target: Target
    due_on: date | None = None
    achievement: Achievement = Achievement.IN_PROGRESS
    is_individual: bool = False

    @property
    def is_measurable(self) -> bool:
        """Whether somebody could say on its day that it was reached."""
        said = self.target.is_said and self.due_on is not None
        return said and bool(self.measure.label.english)

    @property
    def is_open(self) -> bool:
        """Whether it is still worked on."""
        return self.achievement is Achievement.IN_PROGRESS


class Intervention(Part, frozen=True, kw_only=True, tag=True):
    """What is done, by whom and how often; ``goals`` are the keys of the goals that it serves."""

    performer: Performer | None = None
    person: str = ""
    every: str = ""
    goals: tuple[str, ...] = ()


class Medicine(Part, frozen=True, kw_only=True, tag=True):
    """One medicine as the chart orders it."""


class Assessment(Part, frozen=True, kw_only=True, tag=True):
    """Something looked at: memory and function, the home, the caregiver.

    ``result`` is empty until it has been looked at; who does it is ``performer``.
    """

    result: str = ""
    assessed_on: date | None = None
    performer: Performer | None = None


class Urgency(Word):
    """What a patient does about a symptom."""

    WATCH = "watch"
    CALL = "call"
    EMERGENCY = "emergency"


class Statement(Part, frozen=True, kw_only=True, tag=True):
    """Anything else that the plan says; a symptom has its urgency."""

    urgency: Urgency | None = None


class Review(Part, frozen=True, kw_only=True, tag=True):
    """When the plan is looked at next, and by whom."""

    next_on: date | None = None
    performer: Performer | None = None


AnyPart = Problem | Goal | Intervention | Medicine | Assessment | Statement | Review


class TeamMember(Fact, frozen=True, kw_only=True):
    """Somebody of the care team; ``ref`` is ``Practitioner/1``, or empty."""

    name: str
    role: str = ""
    ref: str = ""


class Plan(Fact, frozen=True, kw_only=True):
    """A plan's content: its parts in the order in which they are shown, and who takes part."""

    parts: tuple[AnyPart, ...] = ()
    team: tuple[TeamMember, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The conditions that the plan is for."""
        return tuple(part for part in self.parts if isinstance(part, Problem))

    @property
    def goals(self) -> tuple[Goal, ...]:
        """The goals, reached ones too."""
        return tuple(part for part in self.parts if isinstance(part, Goal))

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What is done."""
        return tuple(part for part in self.parts if isinstance(part, Intervention))

    @property
    def medicines(self) -> tuple[Medicine, ...]:
        """The medicines that were taken up."""
        return tuple(part for part in self.parts if isinstance(part, Medicine))

    @property
    def next_review_on(self) -> date | None:
        """When it is looked at next by its own word; the earliest where there are several."""
        days = (part.next_on for part in self.parts if isinstance(part, Review))
        return min((day for day in days if day is not None), default=None)

    def part(self, key: str) -> AnyPart | None:
        """Return a part by its key."""
        return next((part for part in self.parts if part.key == key), None)

    def of(self, element: PlanElement) -> tuple[AnyPart, ...]:
        """Return the parts that serve one element."""
        return tuple(part for part in self.parts if part.element is element)
