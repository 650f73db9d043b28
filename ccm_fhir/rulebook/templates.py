"""Reads the care-plan templates; anything doubtful about a file is an error.

The words are this project's own and wait for a clinician's review: nothing of them is in a plan
before a person takes it in.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from ccm_fhir.domain.plans.parts import Measure, Wording
from ccm_fhir.domain.plans.templates import (
    GoalTemplate,
    ModelElement,
    PartKind,
    PartTemplate,
    PlanTemplate,
    PlanTemplates,
)
from ccm_fhir.domain.rules import Citation, PlanElement
from ccm_fhir.errors import RuleDataError
from ccm_fhir.rulebook.schema_templates import (
    GuidelineEntry,
    ModelFile,
    NamesFile,
    PartEntry,
    TemplateFile,
    Words,
)

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_MODEL = "chronic_care_model.toml"
_NAMES = "disease_names.toml"
_FOLDER = "care_plan_templates"
_ELEMENTS = {
    PartKind.GOAL: PlanElement.MEASURABLE_GOALS,
    PartKind.INTERVENTION: PlanElement.PLANNED_INTERVENTIONS,
    PartKind.REVIEW: PlanElement.PERIODIC_REVIEW,
    PartKind.STATEMENT: PlanElement.SYMPTOM_MANAGEMENT,
}
_File = TypeVar("_File", bound=BaseModel)


@cache
def load_templates() -> PlanTemplates:
    """Return the shipped templates, read once in a process.

    Raises:
        RuleDataError: a file breaks its schema, or two are for one disease.
    """
    return read_templates(files("ccm_fhir.rulebook") / "data")


def read_templates(folder: Traversable) -> PlanTemplates:
    """Read a folder of templates with the model beside it; the shipped one, or a test's."""
    found = sorted(
        (f for f in (folder / _FOLDER).iterdir() if f.name.endswith(".toml")), key=lambda f: f.name
    )
    templates = tuple(_template(file) for file in found)
    _refuse_two_of_one(templates)
    model = _read(folder / _MODEL, ModelFile)
    names = _read(folder / _NAMES, NamesFile).names
    return PlanTemplates(
        templates=templates,
        names={family: _wording(words) for family, words in names.items()},
        model=tuple(
            ModelElement(
                key=each.key,
                title=each.title,
                meaning=each.meaning,
                served_by=frozenset(each.served_by),
                by_the_app=each.by_the_app,
            )
            for each in model.elements
        ),
        model_citation=_citation("CHRONIC-CARE-MODEL", model),
    )


def _refuse_two_of_one(templates: tuple[PlanTemplate, ...]) -> None:
    seen: dict[str, str] = {}
    for template in templates:
        for family in (*sorted(template.families), *(["*"] if template.is_for_any_other else ())):
            if family in seen:
                raise RuleDataError(f"{template.key}.toml", f"{seen[family]} has {family} too")
            seen[family] = template.key


def _template(file: Traversable) -> PlanTemplate:
    read = _read(file, TemplateFile)
    if file.name != f"{read.key}.toml":
        raise RuleDataError(file.name, f"holds template {read.key}")
    return PlanTemplate(
        key=read.key,
        version=read.version,
        title=_wording(read.title),
        families=frozenset(read.families),
        is_for_any_other=read.any_other,
        citations=tuple(_citation(key, entry) for key, entry in read.sources.items()),
        parts=tuple(_part(entry, file.name) for entry in read.parts),
    )


def _part(entry: PartEntry, file: str) -> PartTemplate:
    element = entry.element or _ELEMENTS.get(entry.kind)
    if element is None:
        raise RuleDataError(file, f"{entry.key} does not say which element it serves")
    return PartTemplate(
        key=entry.key,
        kind=entry.kind,
        element=element,
        text=entry.text or entry.en,
        patient=_wording(entry),
        citations=entry.cited,
        goal=_goal(entry),
        performer=entry.performer,
        every=entry.every,
        goals=entry.goals,
        urgency=entry.urgency,
        due_in_months=entry.due_in_months,
    )


def _goal(entry: PartEntry) -> GoalTemplate | None:
    measure, bound = entry.measure, entry.bound
    if measure is None or bound is None:
        return None
    return GoalTemplate(
        measure=Measure(
            label=_wording(measure), unit=measure.unit, codes=measure.codes, units=measure.units
        ),
        bound=bound,
        value=entry.value,
        is_individual=entry.individual,
        due_in_months=entry.due_in_months,
    )


def _wording(words: Words) -> Wording:
    return Wording(english=words.en, spanish=words.es)


def _citation(key: str, entry: GuidelineEntry) -> Citation:
    return Citation(
        id=key,
        title=f"{entry.title}. {entry.body}, {entry.year}",
        where="as a whole",
        confidence=entry.confidence,
        url=entry.url,
    )


def _read(file: Traversable, model: type[_File]) -> _File:
    try:
        return model.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise RuleDataError(file.name, str(error)) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RuleDataError(file.name, f"{where}: {first['msg']}") from None
