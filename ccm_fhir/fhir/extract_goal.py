"""Goal → what is to be reached, how it is measured and by when; CareTeam → who takes part."""

from __future__ import annotations

from ccm_fhir.domain.facts import CareTeamFact, CareTeamMemberFact, GoalFact
from ccm_fhir.fhir.shapes import (
    Anything,
    Concept,
    Quantity,
    Reference,
    Resource,
    Shape,
    codes,
    codings,
    first_date,
    first_text,
    latest_date,
    shortened,
)
from ccm_fhir.fhir.source import Source


class TargetShape(Shape, frozen=True, kw_only=True):
    """Goal.target; a value of any kind makes it one that can be measured."""

    measure: Concept | None = None
    detail_quantity: Quantity | None = None
    detail_range: Anything | None = None
    detail_codeable_concept: Concept | None = None
    detail_string: str | None = None
    detail_boolean: bool | None = None
    detail_integer: int | None = None
    detail_ratio: Anything | None = None
    due_date: str | None = None


class GoalShape(Resource, frozen=True, kw_only=True):
    """Goal."""

    subject: Reference | None = None
    lifecycle_status: str | None = None
    achievement_status: Concept | None = None
    description: Concept | None = None
    addresses: list[Reference] | None = None
    start_date: str | None = None
    target: list[TargetShape] | None = None
    status_date: str | None = None
    expressed_by: Reference | None = None


class MemberShape(Shape, frozen=True, kw_only=True):
    """CareTeam.participant."""

    role: list[Concept] | None = None
    member: Reference | None = None
    on_behalf_of: Reference | None = None


class CareTeamShape(Resource, frozen=True, kw_only=True):
    """CareTeam."""

    subject: Reference | None = None
    status: str | None = None
    participant: list[MemberShape] | None = None


def goal_fact(shape: GoalShape, source: Source) -> GoalFact:
    """Return the Goal.

    It is due when its last target is; it changed when its status did, else when the server
    last changed the resource.
    """
    targets = shape.target or ()
    achieved = codes([shape.achievement_status] if shape.achievement_status else ())
    return GoalFact(
        ref=source.ref,
        lifecycle_status=shape.lifecycle_status or "",
        achievement_status=achieved[0] if len(achieved) == 1 else "",
        text=first_text(shape.description),
        codings=codings(shape.description),
        addresses=source.locals(shape.addresses),
        starts_on=first_date(shape.start_date),
        due_on=latest_date(target.due_date for target in targets),
        is_measurable=any(_is_measurable(target) for target in targets),
        changed_on=first_date(shape.status_date, shape.last_updated),
        target=shortened("; ".join(said for target in targets if (said := _said(target)))),
        stated_by=_stated_by(shape.expressed_by, source),
    )


def _said(target: TargetShape) -> str:
    """Return a target in words; empty where it says none that can be put so."""
    value = target.detail_quantity
    if value is not None and value.value is not None:
        unit = value.unit or value.code or ""
        stated = f"{value.comparator or ''} {value.value} {unit}".strip()
    else:
        stated = (target.detail_string or "").strip() or first_text(target.detail_codeable_concept)
        if not stated and target.detail_integer is not None:
            stated = str(target.detail_integer)
    named = first_text(target.measure)
    return f"{named}: {stated}" if named and stated else stated


def _stated_by(who: Reference | None, source: Source) -> str:
    return shortened(who.display if who else "") or source.local(who)


def _is_measurable(target: TargetShape) -> bool:
    """Whether it says what is measured, or the value to be reached."""
    stated = (
        target.detail_quantity,
        target.detail_range,
        target.detail_boolean,
        target.detail_integer,
        target.detail_ratio,
    )
    named = (target.measure, target.detail_codeable_concept)
    return (
        any(value is not None for value in stated)
        or any(concept is not None and bool(concept.coding or concept.text) for concept in named)
        or bool((target.detail_string or "").strip())
    )


def care_team_fact(shape: CareTeamShape, source: Source) -> CareTeamFact:
    """Return the CareTeam with everyone that it names."""
    return CareTeamFact(
        ref=source.ref,
        status=shape.status or "",
        members=tuple(_member(one, source) for one in shape.participant or ()),
    )


def _member(shape: MemberShape, source: Source) -> CareTeamMemberFact:
    """Return a member; the words are the display of who, and roles that are words alone."""
    roles = tuple(shape.role or ())
    words = [shape.member.display if shape.member else None]
    words += [role.text for role in roles if not role.coding]
    return CareTeamMemberFact(
        member=source.local(shape.member),
        roles=codings(*roles),
        text=shortened(", ".join(word for word in words if word)),
        on_behalf_of=source.local(shape.on_behalf_of),
    )
