"""What a comprehensive care plan holds, by date, and how each element is recognised in a chart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.rules.sources import Cited, InForce


class PlanElement(Word):
    """The elements that CMS lists as typical of a comprehensive care plan."""

    PROBLEM_LIST = "problem_list"
    EXPECTED_OUTCOME = "expected_outcome"
    MEASURABLE_GOALS = "measurable_goals"
    COGNITIVE_FUNCTIONAL_ASSESSMENT = "cognitive_functional_assessment"
    SYMPTOM_MANAGEMENT = "symptom_management"
    PLANNED_INTERVENTIONS = "planned_interventions"
    MEDICATION_MANAGEMENT = "medication_management"
    ENVIRONMENTAL_EVALUATION = "environmental_evaluation"
    CAREGIVER_ASSESSMENT = "caregiver_assessment"
    COMMUNITY_SERVICES = "community_services"
    COORDINATION = "coordination"
    PERIODIC_REVIEW = "periodic_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How something is recognised in a chart.

    ``codes`` are ``system|code``; ``categories`` are bare category codes; ``references`` are
    resource types whose mere reference from a plan shows it; ``words`` are beginnings of words,
    the least certain way.
    """

    codes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Compile the words once, since every text of a chart is tried against them."""
        if self.words:
            joined = "|".join(re.escape(word.lower()) for word in self.words)
            object.__setattr__(self, "_pattern", re.compile(rf"\b(?:{joined})"))

    def has_code(self, system: str | None, code: str) -> bool:
        """Whether a coding is one of the codes."""
        return f"{system or ''}|{code}" in self.codes

    def has_category(self, categories: Iterable[str]) -> bool:
        """Whether one of a resource's categories is one of these."""
        return not self.categories.isdisjoint(categories)

    def has_words(self, text: str) -> bool:
        """Whether a text holds one of the words, from a word's beginning."""
        return self._pattern is not None and self._pattern.search(text.lower()) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRule:
    """One element: its name, what to do where it is missing, and where the list was read.

    ``cited`` is the source of the element itself, ``recognised`` of the ways to recognise it.
    """

    element: PlanElement
    title: str
    remedy: str
    recognition: Recognition
    cited: Cited
    recognised: Cited


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlanRule(InForce):
    """One version of what a comprehensive care plan holds; elements in the source's order."""

    version: str
    elements: tuple[ElementRule, ...]
    copy_given: Recognition
    plan_documents: Recognition
    cited: tuple[Cited, ...]
    not_modelled: tuple[str, ...] = ()

    @property
    def every_cited(self) -> tuple[Cited, ...]:
        """The sources of the list, of each element, and of how each is recognised."""
        of_elements = (c for each in self.elements for c in (each.cited, each.recognised))
        return (*self.cited, *of_elements)
