"""CarePlan → its parts by reference, what is planned, and who takes part.

An activity is planned by reference (as in eCare Plan charts) or described in place. One that
says what must *not* be done is counted among the activities and not among the planned.
"""

from __future__ import annotations

from ccm_fhir.domain.facts import CarePlanFact, PlannedActivityFact
from ccm_fhir.fhir.shapes import (
    Anything,
    Concept,
    Container,
    Period,
    Reference,
    Shape,
    codes,
    codings,
    first_date,
    first_text,
    latest_date,
    shortened,
)
from ccm_fhir.fhir.source import Source


class NarrativeShape(Shape, frozen=True, kw_only=True):
    """Narrative."""

    status: str | None = None
    div: str | None = None


class ProgressShape(Shape, frozen=True, kw_only=True):
    """Annotation: when it was made."""

    time: str | None = None


class DetailShape(Shape, frozen=True, kw_only=True):
    """CarePlan.activity.detail."""

    kind: str | None = None
    status: str | None = None
    code: Concept | None = None
    description: str | None = None
    goal: list[Reference] | None = None
    performer: list[Reference] | None = None
    do_not_perform: bool | None = None
    scheduled_timing: Anything | None = None
    scheduled_period: Period | None = None
    scheduled_string: str | None = None


class ActivityShape(Shape, frozen=True, kw_only=True):
    """CarePlan.activity."""

    modifier_extension: list[Anything] | None = None
    reference: Reference | None = None
    detail: DetailShape | None = None
    progress: list[ProgressShape] | None = None


class CarePlanShape(Container, frozen=True, kw_only=True):
    """CarePlan."""

    subject: Reference | None = None
    status: str | None = None
    intent: str | None = None
    category: list[Concept] | None = None
    title: str | None = None
    period: Period | None = None
    created: str | None = None
    goal: list[Reference] | None = None
    activity: list[ActivityShape] | None = None
    addresses: list[Reference] | None = None
    care_team: list[Reference] | None = None
    supporting_info: list[Reference] | None = None
    author: Reference | None = None
    contributor: list[Reference] | None = None
    text: NarrativeShape | None = None


def care_plan_fact(shape: CarePlanShape, source: Source) -> CarePlanFact:
    """Return the CarePlan, its parts counted and named."""
    period = shape.period or Period()
    return CarePlanFact(
        ref=source.ref,
        status=shape.status or "",
        intent=shape.intent or "",
        categories=codes(shape.category),
        title=shortened(shape.title),
        established_on=first_date(period.start, shape.created),
        ends_on=first_date(period.end),
        updated_on=first_date(shape.last_updated),
        goals=len(shape.goal or ()),
        activities=len(shape.activity or ()),
        goal_refs=source.locals(shape.goal),
        planned=tuple(_planned(a, source) for a in shape.activity or () if not _is_denied(a)),
        addresses=source.locals(shape.addresses),
        care_teams=source.locals(shape.care_team),
        supporting=source.locals(shape.supporting_info),
        contributors=source.locals([*(shape.contributor or ()), shape.author]),
        has_care_team=bool(shape.care_team),
        has_text=_has_text(shape.text),
    )


def _is_denied(activity: ActivityShape) -> bool:
    prohibits = activity.detail is not None and activity.detail.do_not_perform is True
    return prohibits or bool(activity.modifier_extension)


def _planned(activity: ActivityShape, source: Source) -> PlannedActivityFact:
    detail = activity.detail or DetailShape()
    return PlannedActivityFact(
        ref=source.local(activity.reference),
        status=detail.status or "",
        kind=detail.kind or "",
        codings=codings(detail.code),
        text=shortened(detail.description) or first_text(detail.code) or _display(activity),
        goals=source.locals(detail.goal),
        performers=source.locals(detail.performer),
        is_scheduled=_is_scheduled(detail),
        progressed_on=latest_date(note.time for note in activity.progress or ()),
    )


def _display(activity: ActivityShape) -> str:
    return shortened(activity.reference.display) if activity.reference else ""


def _is_scheduled(detail: DetailShape) -> bool:
    period = detail.scheduled_period
    return bool(
        detail.scheduled_timing is not None
        or (period and (period.start or period.end))
        or (detail.scheduled_string or "").strip()
    )


def _has_text(narrative: NarrativeShape | None) -> bool:
    return narrative is not None and narrative.status != "empty" and bool(narrative.div)
