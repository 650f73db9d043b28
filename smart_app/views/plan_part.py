"""One part of a draft as a form shows it: taken in or not, its words, and where it is from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ccm_fhir.domain.plans.drafting import DraftPart
from ccm_fhir.domain.plans.parts import (
    Assessment,
    Bound,
    Goal,
    Intervention,
    Origin,
    Performer,
    Review,
    Statement,
)
from ccm_fhir.services.care_plan import PlanDesk
from ccm_fhir.services.edit_plan import EditProblem
from smart_app.views import plan_words as words
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.forms import ChoiceView
from smart_app.views.plan_additions import added_tag
from smart_app.views.wording import CONFIDENCES

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineView:
    """One guideline that a proposal was drawn from."""

    title: str
    url: str
    sure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One part; a field that its kind does not have is None. ``values`` are as last typed."""

    id: str
    key: str
    text: str = field(repr=False)
    tag: str
    about: str
    doer: str
    is_included: bool
    is_own: bool
    origin: str
    guidelines: tuple[GuidelineView, ...]
    evidence: tuple[EvidenceView, ...]
    english: str = field(repr=False)
    spanish: str = field(repr=False)
    measure: str
    bound: str
    unit: str
    target: str | None = field(repr=False)
    is_number: bool
    due_on: str | None
    achievements: tuple[ChoiceView, ...]
    performers: tuple[ChoiceView, ...]
    every: str | None = field(repr=False)
    result: str | None = field(repr=False)
    next_on: str | None
    problems: dict[str, str]
    lacks: str


def part_view(each: DraftPart, desk: PlanDesk, problems: tuple[EditProblem, ...]) -> PartView:
    """Return a part of the draft; a field that could not be taken shows what was typed."""
    part, mine = each.part, {p.name: p for p in problems if p.key == each.part.key}
    typed = {name: problem.typed for name, problem in mine.items()}
    goal = part if isinstance(part, Goal) else None
    return PartView(
        id=part_id(part.key),
        key=part.key,
        text=typed.get("text", part.text),
        tag=_tag(each, desk),
        about=desk.family_labels.get(part.family, ""),
        doer=_doer(each),
        is_included=each.is_included,
        is_own=_is_own(each),
        origin=words.ORIGINS[part.source.origin],
        guidelines=_guidelines(each, desk),
        evidence=tuple(evidence(ref, desk.paths) for ref in part.source.refs),
        english=part.patient.english,
        spanish=part.patient.spanish,
        measure="" if goal is None else goal.measure.label.english,
        bound="" if goal is None else words.BOUNDS[goal.target.bound],
        unit="" if goal is None else goal.measure.unit,
        target=None if goal is None else typed.get("target", _target(goal)),
        is_number=goal is not None and goal.target.bound is not Bound.IN_WORDS,
        due_on=None if goal is None else typed.get("due_on", str(goal.due_on or "")),
        achievements=() if goal is None else _achievements(goal),
        performers=_performers(each),
        every=part.every if isinstance(part, Intervention) else None,
        result=part.result if isinstance(part, Assessment) else None,
        next_on=str(part.next_on or "") if isinstance(part, Review) else None,
        problems={name: problem.problem for name, problem in mine.items()},
        lacks=each.lacks,
    )


def part_id(key: str) -> str:
    """Return a part's key as an element's id."""
    return f"part-{_NOT_IN_AN_ID.sub('-', key)}"


def _tag(each: DraftPart, desk: PlanDesk) -> str:
    part = each.part
    if isinstance(part, Statement) and part.urgency is not None:
        return words.URGENCIES[part.urgency]
    standing = None if desk.standing is None else desk.standing.version.plan.part(part.key)
    is_reworded = each.is_edited and part != standing and not _is_own(each)
    return added_tag(part.key, desk) or ("Changed by you" if is_reworded else "")


def _doer(each: DraftPart) -> str:
    """Return who does it and how often, as far as it is said; empty for what nobody does."""
    part = each.part
    if not isinstance(part, Intervention | Assessment | Review):
        return ""
    named = (part.person if isinstance(part, Intervention) else "") or (
        "" if part.performer is None else words.PERFORMERS[part.performer]
    )
    often = part.every if isinstance(part, Intervention) else ""
    return ", ".join(said for said in (named, often) if said)


def _is_own(each: DraftPart) -> bool:
    return each.part.source.origin is Origin.PERSON


def _target(goal: Goal) -> str:
    if goal.target.bound is Bound.IN_WORDS:
        return goal.target.words
    return "" if goal.target.value is None else str(goal.target.value)


def _achievements(goal: Goal) -> tuple[ChoiceView, ...]:
    return tuple(
        ChoiceView(value=one.value, label=label, is_chosen=one is goal.achievement)
        for one, label in words.ACHIEVEMENTS.items()
    )


def _performers(each: DraftPart) -> tuple[ChoiceView, ...]:
    if not isinstance(each.part, Intervention | Assessment | Review):
        return ()
    return performers(each.part.performer)


def performers(chosen: Performer | None) -> tuple[ChoiceView, ...]:
    """Return who may do something."""
    return tuple(
        ChoiceView(value=one.value, label=label, is_chosen=one is chosen)
        for one, label in words.PERFORMERS.items()
    )


def _guidelines(each: DraftPart, desk: PlanDesk) -> tuple[GuidelineView, ...]:
    source = each.part.source
    template = desk.templates.find(source.template.partition("@")[0])
    if template is None:
        return ()
    found = (template.citation(key) for key in source.citations)
    return tuple(
        GuidelineView(title=one.title, url=one.url, sure=CONFIDENCES[one.confidence])
        for one in found
        if one is not None
    )
