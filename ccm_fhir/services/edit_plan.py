"""Working on a draft and adopting it: nothing is in a plan before a person takes it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import msgspec

from ccm_fhir.domain.plans.drafting import (
    Draft,
    DraftPart,
    with_included,
    with_part,
    without_part,
)
from ccm_fhir.domain.plans.parts import (
    Achievement,
    AnyPart,
    Assessment,
    Bound,
    Goal,
    Intervention,
    Measure,
    Performer,
    Plan,
    Review,
    Statement,
    Target,
    TeamMember,
    Wording,
)
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.care_plan import EDITORS, current_draft, draft_and_additions
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_additions import with_additions
from ccm_fhir.services.send_plan import send_version
from ccm_fhir.storage import patients, plans, practices
from ccm_fhir.storage.plan_records import NewVersion, VersionRecord

LONGEST_TEXT = 2000
MOST_PARTS = 400
_LARGEST = Decimal(100_000)
_W = TypeVar("_W", Achievement, Performer)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEdit:
    """One part of a form as it was sent; ``fields`` hold what the person could change."""

    key: str
    is_included: bool
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditProblem:
    """A field that could not be taken; everything else of the form was."""

    key: str
    name: str
    problem: str
    typed: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPart:
    """A part that a person writes: where it belongs and what it says."""

    form_key: str
    element: PlanElement
    text: str = field(repr=False)
    english: str = field(default="", repr=False)
    spanish: str = field(default="", repr=False)
    performer: str = ""
    target: str = ""
    due_on: str = ""


def save_edits(
    world: Installation,
    actor: Actor,
    patient_id: str,
    edits: tuple[PartEdit, ...],
    now: datetime,
) -> tuple[EditProblem, ...]:
    """Save what a form says of its parts; return the fields that could not be taken.

    Raises:
        NotAllowedError: the person writes no plans.
    """
    found: list[EditProblem] = []

    def change(draft: Draft) -> Draft:
        for edit in edits:
            known = draft.find(edit.key)
            if known is not None:
                changed, problems = _edited(known, edit)
                found.extend(problems)
                draft = with_part(draft, changed)
        return draft

    _change(world, actor, patient_id, now, change)
    return tuple(found)


def include_all(
    world: Installation, actor: Actor, patient_id: str, keys: frozenset[str], now: datetime
) -> None:
    """Take in every named part that lacks nothing: a person's click on a whole section.

    Raises:
        NotAllowedError: the person writes no plans.
    """
    _change(world, actor, patient_id, now, lambda draft: with_included(draft, keys))


def include_addition(
    world: Installation, actor: Actor, patient_id: str, key: str, now: datetime
) -> None:
    """Take what somebody wrote into our plan in the EHR into the person's draft, by its key.

    Raises:
        NotAllowedError: the person writes no plans.
        ConflictError: it is not there any more.
        InputError: it lacks something; it is in the draft, and the message says what.
    """
    actor.must_be("writing a care plan", *EDITORS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "draft_care_plan", patient_id)
        draft, found = draft_and_additions(world, session, actor, patient_id, now)
        if all(one.part.key != key for one in found):
            raise ConflictError("It is not in the EHR’s plan any more; look at the page again.")
        draft = with_additions(draft, found, frozenset({key}))
        owner = (patient_id, actor.user_id)
        plans.save_draft(session, actor.practice_id, owner, draft, now)
    taken = draft.find(key)
    if taken is not None and taken.lacks:
        raise InputError("added", f"{taken.part.text}: {taken.lacks} Its tab has the fields.")


def add_own_part(
    world: Installation, actor: Actor, patient_id: str, own: OwnPart, now: datetime
) -> None:
    """Add a part that a person wrote, and take it in; the same form adds it once.

    Raises:
        NotAllowedError: the person writes no plans.
        InputError: it says nothing, or a field of it cannot be used.
    """
    part = _own_part(own, f"own:{own.form_key}")

    def change(draft: Draft) -> Draft:
        if len(draft.parts) >= MOST_PARTS:
            raise InputError("text", "The plan has too many parts; take one out first.")
        return with_part(draft, DraftPart(part=part, is_included=True, is_edited=True))

    _change(world, actor, patient_id, now, change)


def remove_part(
    world: Installation, actor: Actor, patient_id: str, key: str, now: datetime
) -> None:
    """Throw away a part that a person wrote, or leave a proposal out.

    Raises:
        NotAllowedError: the person writes no plans.
    """
    _change(world, actor, patient_id, now, lambda draft: without_part(draft, key))


def restart_draft(world: Installation, actor: Actor, patient_id: str) -> None:
    """Throw the person's draft away; the next one begins with the version in force.

    Raises:
        NotAllowedError: the person writes no plans.
    """
    actor.must_be("writing a care plan", *EDITORS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "restart_care_plan", patient_id)
        plans.drop_draft(session, actor.practice_id, patient_id, actor.user_id)


def adopt_draft(
    world: Installation, actor: Actor, patient_id: str, form_key: str, now: datetime
) -> VersionRecord:
    """Adopt the person's draft as the next version; it dates from the practice's day.

    Raises:
        NotAllowedError: the person writes no plans.
        InputError: nothing was taken in, or something of it lacks what it needs.
        ConflictError: somebody else adopted a version meanwhile.
    """
    actor.must_be("adopting a care plan", *EDITORS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "adopt_care_plan", patient_id)
        patients.get(session, actor.practice_id, patient_id)
        before = plans.version_of_form(session, actor.practice_id, form_key)
        if before is not None:
            return before
        draft = current_draft(world, session, actor, patient_id, now)
        _refuse_unready(draft)
        zone = practices.get(session, actor.practice_id).zone
        new = NewVersion(
            patient_id=patient_id,
            number=draft.based_on + 1,
            plan=with_team(draft.plan, actor),
            adopted_on=now.astimezone(zone).date(),
            adopted_by=actor.user_id,
            form_key=form_key,
        )
        kept = plans.adopt(session, actor.practice_id, new, now)
        plans.drop_draft(session, actor.practice_id, patient_id, actor.user_id)
        send_version(world, session, actor.practice_id, kept, now)
        return kept


def with_team(plan: Plan, actor: Actor) -> Plan:
    """Return the plan with whoever adopts it in its team, beside those whom the chart names."""
    if any(member.ref == actor.fhir_user for member in plan.team):
        return plan
    me = TeamMember(name=actor.name, role=actor.title, ref=actor.fhir_user)
    return msgspec.structs.replace(plan, team=(*plan.team, me))


def _change(
    world: Installation,
    actor: Actor,
    patient_id: str,
    now: datetime,
    change: Callable[[Draft], Draft],
) -> None:
    actor.must_be("writing a care plan", *EDITORS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "draft_care_plan", patient_id)
        draft = change(current_draft(world, session, actor, patient_id, now))
        owner = (patient_id, actor.user_id)
        plans.save_draft(session, actor.practice_id, owner, draft, now)


def _refuse_unready(draft: Draft) -> None:
    if not draft.plan.parts:
        raise InputError("adopt", "Take something into the plan first.")
    for each in draft.unready:
        raise InputError(f"part-{each.part.key}", f"{each.part.text}: {each.lacks}")


def _edited(known: DraftPart, edit: PartEdit) -> tuple[DraftPart, list[EditProblem]]:
    problems: list[EditProblem] = []
    part: AnyPart = known.part
    for name, typed in edit.fields.items():
        try:
            part = _with_field(part, name, typed.strip())
        except InputError as problem:
            problems.append(
                EditProblem(key=edit.key, name=name, problem=problem.problem, typed=typed)
            )
    changed = DraftPart(
        part=part,
        is_included=edit.is_included,
        is_edited=known.is_edited or part != known.part,
    )
    if changed.is_included and changed.lacks:
        problems.append(EditProblem(key=edit.key, name="in", problem=changed.lacks, typed=""))
        changed = msgspec.structs.replace(changed, is_included=False)
    return changed, problems


def _with_field(part: AnyPart, name: str, typed: str) -> AnyPart:
    """Return a part with one field as typed; a field that its kind does not have is passed over."""
    if len(typed) > LONGEST_TEXT:
        raise InputError(name, f"Keep it under {LONGEST_TEXT} characters.")
    match name:
        case "text":
            if not typed:
                raise InputError(name, "It cannot be empty; leave the part out instead.")
            return msgspec.structs.replace(part, text=typed)
        case "english" | "spanish":
            patient = msgspec.structs.replace(part.patient, **{name: typed})
            return msgspec.structs.replace(part, patient=patient)
        case _:
            return _with_own_field(part, name, typed)


def _with_own_field(part: AnyPart, name: str, typed: str) -> AnyPart:
    match part, name:
        case Goal(), "target":
            changed: object = _target(part.target, typed)
        case (Goal(), "due_on") | (Review(), "next_on"):
            changed = _day(name, typed)
        case Goal(), "achievement":
            changed = _word(Achievement, name, typed)
        case (Intervention(), "every") | (Assessment(), "result"):
            changed = typed
        case Intervention() | Assessment() | Review(), "performer":
            changed = _word(Performer, name, typed) if typed else None
        case _:
            return part
    return msgspec.structs.replace(part, **{name: changed})


def _target(before: Target, typed: str) -> Target:
    if before.bound is Bound.IN_WORDS:
        return msgspec.structs.replace(before, words=typed)
    return msgspec.structs.replace(before, value=_number(typed) if typed else None)


def _number(typed: str) -> Decimal:
    try:
        value = Decimal(typed)
    except InvalidOperation:
        raise InputError("target", "Write a number, such as 8 or 7.5.") from None
    if not value.is_finite() or abs(value) > _LARGEST:
        raise InputError("target", "Write a number that somebody could measure.")
    return value


def _day(name: str, typed: str) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise InputError(name, "Give the day as year, month and day.") from None


def _word(kind: type[_W], name: str, typed: str) -> _W:
    try:
        return kind(typed)
    except ValueError:
        raise InputError(name, "Choose one of those on offer.") from None


def _own_part(own: OwnPart, key: str) -> AnyPart:
    text = own.text.strip()
    if not text:
        raise InputError("text", "Write what the plan should say.")
    if max(len(own.text), len(own.english), len(own.spanish)) > LONGEST_TEXT:
        raise InputError("text", f"Keep it under {LONGEST_TEXT} characters.")
    patient = Wording(english=own.english.strip(), spanish=own.spanish.strip())
    performer = _word(Performer, "performer", own.performer) if own.performer else None
    match own.element:
        case PlanElement.MEASURABLE_GOALS:
            return Goal(
                key=key,
                element=own.element,
                text=text,
                patient=patient,
                measure=Measure(label=Wording(english=text)),
                target=Target(bound=Bound.IN_WORDS, words=own.target.strip()),
                due_on=_day("due_on", own.due_on),
            )
        case PlanElement.PLANNED_INTERVENTIONS:
            return Intervention(
                key=key, element=own.element, text=text, patient=patient, performer=performer
            )
        case _:
            return Statement(key=key, element=own.element, text=text, patient=patient)
