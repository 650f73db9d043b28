"""What a condition template proposes; the words are data, and clinicians must review them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.plans.parts import Bound, Measure, Performer, Urgency, Wording
from ccm_fhir.domain.rules import Citation, PlanElement


class PartKind(Word):
    """Which value type a proposed part becomes."""

    GOAL = "goal"
    INTERVENTION = "intervention"
    STATEMENT = "statement"
    ASSESSMENT = "assessment"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalTemplate:
    """How a proposed goal is measured; ``value`` is None where the clinician sets it."""

    measure: Measure
    bound: Bound
    value: Decimal | None
    is_individual: bool
    due_in_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTemplate:
    """One proposed part; ``goal`` is there for goals alone, ``goals`` for what serves them."""

    key: str
    kind: PartKind
    element: PlanElement
    text: str
    patient: Wording
    citations: tuple[str, ...]
    goal: GoalTemplate | None = None
    performer: Performer | None = None
    every: str = ""
    goals: tuple[str, ...] = ()
    urgency: Urgency | None = None
    due_in_months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTemplate:
    """What is proposed for a group of disease families; none of them: for everybody."""

    key: str
    version: str
    title: Wording
    families: frozenset[str]
    is_for_any_other: bool
    citations: tuple[Citation, ...]
    parts: tuple[PartTemplate, ...]

    def citation(self, key: str) -> Citation | None:
        """Return one of the template's sources."""
        return next((each for each in self.citations if each.id == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelElement:
    """One element of the Chronic Care Model, and which parts of a plan serve it.

    ``served_by`` are elements of the plan; ``by_the_app`` says in a sentence what serves it
    whatever the plan holds.
    """

    key: str
    title: str
    meaning: str
    served_by: frozenset[PlanElement]
    by_the_app: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTemplates:
    """Every template, what patients call each disease, and the model that they serve."""

    templates: tuple[PlanTemplate, ...]
    names: Mapping[str, Wording]
    model: tuple[ModelElement, ...]
    model_citation: Citation

    def for_family(self, family: str) -> PlanTemplate | None:
        """Return the template of a disease; the one for any other where it has none."""
        own = next((t for t in self.templates if family in t.families), None)
        return own or next((t for t in self.templates if t.is_for_any_other), None)

    def name_of(self, family: str) -> Wording:
        """Return what a patient calls a disease; empty where nobody has written it."""
        own = next((t.title for t in self.templates if family in t.families), Wording())
        return self.names.get(family, own)

    @property
    def for_everybody(self) -> tuple[PlanTemplate, ...]:
        """Templates that belong to no disease."""
        return tuple(t for t in self.templates if not t.families and not t.is_for_any_other)

    def find(self, key: str) -> PlanTemplate | None:
        """Return a template by its key."""
        return next((t for t in self.templates if t.key == key), None)
