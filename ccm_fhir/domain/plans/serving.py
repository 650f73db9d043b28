"""Which parts of a plan serve each element of the Chronic Care Model."""

from __future__ import annotations

from ccm_fhir.domain.facts import Fact
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.domain.plans.templates import ModelElement, PlanTemplates


class Served(Fact, frozen=True, kw_only=True):
    """One element of the model; ``parts`` are the keys of what serves it in this plan."""

    key: str
    title: str
    meaning: str
    answer: Answer
    parts: tuple[str, ...]
    by_the_app: str


def served(plan: Plan, templates: PlanTemplates) -> tuple[Served, ...]:
    """Return each element of the model with what serves it; NOT_MET where no part does."""
    return tuple(_served(plan, element) for element in templates.model)


def _served(plan: Plan, element: ModelElement) -> Served:
    parts = tuple(part.key for part in plan.parts if part.element in element.served_by)
    return Served(
        key=element.key,
        title=element.title,
        meaning=element.meaning,
        answer=Answer.MET if parts else Answer.NOT_MET,
        parts=parts,
        by_the_app=element.by_the_app,
    )
