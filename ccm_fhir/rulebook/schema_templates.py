"""The strict shape of the care-plan templates and of the Chronic Care Model's mapping."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from ccm_fhir.domain.plans.parts import Bound, Performer, Urgency
from ccm_fhir.domain.plans.templates import PartKind
from ccm_fhir.domain.rules import Confidence, PlanElement
from ccm_fhir.rulebook.schema import Strict
from ccm_fhir.rulebook.schema_chart import Bound as ExactValue
from ccm_fhir.rulebook.schema_chart import SystemCode

OWN = "OWN"
"""What a part cites that rests on no guideline: our own words, to be reviewed like the rest."""

_Words = Annotated[str, Field(min_length=1)]
_Key = Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]


class Words(Strict):
    """The same in both languages."""

    en: _Words
    es: _Words


class GuidelineEntry(Strict):
    """One public guideline."""

    title: _Words
    body: _Words
    year: int = Field(ge=1990, le=2100)
    url: str = Field(pattern=r"^https://")
    confidence: Confidence


class MeasureEntry(Words):
    """What a goal is measured by."""

    unit: str = ""
    units: tuple[str, ...] = ()
    codes: tuple[SystemCode, ...] = ()

    @model_validator(mode="after")
    def _results_have_units(self) -> Self:
        if self.codes and not self.units:
            raise ValueError("results are found by codes, and no unit of theirs is named")
        return self


class PartEntry(Words):
    """One proposed part; ``text`` is for the care team, and the English wording where absent."""

    kind: PartKind
    key: _Key
    element: PlanElement | None = None
    cited: tuple[str, ...] = Field(min_length=1)
    text: str = ""
    measure: MeasureEntry | None = None
    bound: Bound | None = None
    value: ExactValue | None = None
    individual: bool = False
    performer: Performer | None = None
    every: str = ""
    goals: tuple[str, ...] = ()
    urgency: Urgency | None = None
    due_in_months: int = Field(default=0, ge=0, le=24)

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Self:
        if (self.kind is PartKind.GOAL) != (self.measure is not None):
            raise ValueError("a goal, and nothing else, has a measure")
        if self.kind is PartKind.GOAL:
            self._is_measurable()
        if self.kind in {PartKind.INTERVENTION, PartKind.REVIEW} and self.performer is None:
            raise ValueError("nobody is named who does it")
        if self.kind is PartKind.REVIEW and not self.due_in_months:
            raise ValueError("a review says when")
        return self

    def _is_measurable(self) -> None:
        if self.bound in {None, Bound.IN_WORDS} or not self.due_in_months:
            raise ValueError("a goal has a bound and a time")
        if (self.value is None) != self.individual:
            raise ValueError("a goal has a value, or is individual and has none")


class TemplateFile(Strict):
    """One file of ``care_plan_templates``."""

    key: _Key
    version: _Words
    families: tuple[str, ...] = ()
    any_other: bool = False
    title: Words
    sources: dict[str, GuidelineEntry] = Field(default_factory=dict)
    parts: tuple[PartEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        goals = {part.key for part in self.parts if part.kind is PartKind.GOAL}
        keys = [(part.kind, part.key) for part in self.parts]
        if len(set(keys)) != len(keys):
            raise ValueError("two parts of one kind have the same key")
        for part in self.parts:
            unknown = set(part.cited) - set(self.sources) - {OWN}
            if unknown:
                raise ValueError(f"{part.key} cites {min(unknown)}, which is not listed")
            if not goals.issuperset(part.goals):
                raise ValueError(f"{part.key} serves a goal that is not there")
        return self

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.families and not any(OWN not in part.cited for part in self.parts):
            raise ValueError("no part cites a guideline")
        unused = set(self.sources) - {key for part in self.parts for key in part.cited}
        if unused:
            raise ValueError(f"{min(unused)} is listed and not cited")
        if self.families and not any(part.kind is PartKind.GOAL for part in self.parts):
            raise ValueError("a disease has no goal")
        return self


class NamesFile(Strict):
    """``disease_names.toml``."""

    names: dict[str, Words] = Field(min_length=1)


class ModelElementEntry(Strict):
    """One element of the Chronic Care Model."""

    key: _Key
    title: _Words
    meaning: _Words
    served_by: tuple[PlanElement, ...] = Field(min_length=1)
    by_the_app: _Words


class ModelFile(GuidelineEntry):
    """``chronic_care_model.toml``."""

    elements: tuple[ModelElementEntry, ...] = Field(min_length=6, max_length=6)
