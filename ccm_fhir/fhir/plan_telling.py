"""A care plan in lines: as a document or a sheet says it, where an EHR takes no CarePlan."""

from __future__ import annotations

from datetime import datetime

from ccm_fhir.domain.plans.parts import (
    AnyPart,
    Assessment,
    Bound,
    Goal,
    Intervention,
    Plan,
    Problem,
    Review,
)
from ccm_fhir.fhir.telling import Line, Telling

_TITLE = "Comprehensive care plan"
_PLAN_OF_CARE = ("18776-5", "Plan of care note")  # LOINC, as US Core searches for it
_BOUNDS = {Bound.BELOW: "below", Bound.AT_MOST: "at most", Bound.AT_LEAST: "at least"}


def plan_telling(plan: Plan, head: Telling) -> Telling:
    """Return a plan as lines under a heading's people and moments; every part is a line.

    Args:
        plan: the version.
        head: whose it is, who adopted it and when; its lines come first.
    """
    parts = (Line(link_id=p.key, label=_label(p), value=_said(p)) for p in plan.parts)
    team = (
        Line(link_id=f"team:{number}", label="Care team", value=_words(member.name, member.role))
        for number, member in enumerate(plan.team, start=1)
    )
    return Telling(
        title=_TITLE,
        questionnaire="",
        patient_ref=head.patient_ref,
        author_ref=head.author_ref,
        practice_ref=head.practice_ref,
        starts_at=head.starts_at,
        ends_at=head.ends_at,
        lines=(*head.lines, *parts, *team),
        document_type=_PLAN_OF_CARE,
    )


def plan_head(people: tuple[str, str, str], number: int, adopted_at: datetime) -> Telling:
    """Return the heading of a version; ``people`` are patient, author and practice by reference."""
    patient_ref, author_ref, practice_ref = people
    return Telling(
        title=_TITLE,
        questionnaire="",
        patient_ref=patient_ref,
        author_ref=author_ref,
        practice_ref=practice_ref,
        starts_at=adopted_at,
        ends_at=adopted_at,
        lines=(
            Line(link_id="version", label="Version", value=number),
            Line(link_id="adopted", label="Adopted", value=adopted_at),
        ),
    )


def _label(part: AnyPart) -> str:
    return part.element.value.replace("_", " ").capitalize()


def _said(part: AnyPart) -> str:
    match part:
        case Problem():
            return _words(part.text, part.icd10cm)
        case Goal():
            due = "" if part.due_on is None else f"by {part.due_on.isoformat()}"
            stands = part.achievement.value.replace("_", " ")
            return _words(part.text, _target(part), due, stands)
        case Intervention():
            performer = "" if part.performer is None else part.performer.value.replace("_", " ")
            return _words(part.text, part.person or performer, part.every)
        case Assessment():
            return _words(part.text, f"result: {part.result}" if part.result else "")
        case Review():
            return _words(part.text, f"next by {part.next_on}" if part.next_on else "")
        case _:
            return part.text


def _target(goal: Goal) -> str:
    if goal.target.value is None:
        return goal.target.words
    bound = _BOUNDS[goal.target.bound]
    label = goal.measure.label.english
    return f"{label} {bound} {goal.target.value} {goal.measure.unit}".strip()


def _words(*words: str) -> str:
    return "; ".join(word for word in words if word)
