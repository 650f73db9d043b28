"""A draft: parts that were proposed, taken in, reworded or written by a person.

A proposal is nothing until somebody takes it in; only what is taken in is adopted.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ccm_fhir.domain.facts import Fact
from ccm_fhir.domain.plans.parts import AnyPart, Goal, Intervention, Origin, Plan, TeamMember


class DraftPart(Fact, frozen=True, kw_only=True):
    """One part of a draft; ``is_edited``: a person changed it, so the chart no longer does."""

    part: AnyPart
    is_included: bool = False
    is_edited: bool = False

    @property
    def lacks(self) -> str:
        """What it needs before it can be taken in, as a sentence; empty where nothing."""
        match self.part:
            case Goal() if not self.part.target.is_said:
                return "Set its target first: the guideline leaves it to the clinician."
            case Goal() if not self.part.is_measurable:
                return "Give it a measure and a day first."
            case Intervention() if self.part.performer is None:
                return "Say first who does it."
            case _ if not self.part.text:
                return "Write its text first."
            case _:
                return ""


class Draft(Fact, frozen=True, kw_only=True):
    """Everything proposed and taken in; ``based_on`` is the number of the version it changes."""

    parts: tuple[DraftPart, ...] = ()
    team: tuple[TeamMember, ...] = ()
    based_on: int = 0

    @property
    def plan(self) -> Plan:
        """What would be adopted."""
        return Plan(
            parts=tuple(each.part for each in self.parts if each.is_included), team=self.team
        )

    @property
    def unready(self) -> tuple[DraftPart, ...]:
        """Parts that were taken in and still lack something."""
        return tuple(each for each in self.parts if each.is_included and each.lacks)

    def find(self, key: str) -> DraftPart | None:
        """Return a part by its key."""
        return next((each for each in self.parts if each.part.key == key), None)


def draft_of(plan: Plan, number: int) -> Draft:
    """Return a draft that begins as an adopted version."""
    kept = tuple(DraftPart(part=part, is_included=True, is_edited=True) for part in plan.parts)
    return Draft(parts=kept, team=plan.team, based_on=number)


def merged(draft: Draft, proposals: Plan) -> Draft:
    """Return a draft with what the chart and the templates propose now.

    What a person took in or changed stays as it is. A proposal that nobody touched is taken
    from the new ones, or goes with what it rested on. The result does not depend on how often
    this is done.
    """
    proposed = {part.key: part for part in proposals.parts}
    kept = [
        each if _is_persons(each) else DraftPart(part=proposed[each.part.key])
        for each in draft.parts
        if _is_persons(each) or each.part.key in proposed
    ]
    known = {each.part.key for each in draft.parts}
    new = [DraftPart(part=part) for part in proposals.parts if part.key not in known]
    team = proposals.team or draft.team
    return msgspec.structs.replace(draft, parts=_in_order((*kept, *new), proposals), team=team)


def with_included(draft: Draft, keys: Iterable[str]) -> Draft:
    """Return the draft with the named parts taken in, those that lack something left out."""
    wanted = frozenset(keys)
    return msgspec.structs.replace(
        draft,
        parts=tuple(
            msgspec.structs.replace(each, is_included=True)
            if each.part.key in wanted and not each.lacks
            else each
            for each in draft.parts
        ),
    )


def with_part(draft: Draft, changed: DraftPart) -> Draft:
    """Return the draft with a part put in its place, or at the end where it is new."""
    if draft.find(changed.part.key) is None:
        return msgspec.structs.replace(draft, parts=(*draft.parts, changed))
    parts = (changed if each.part.key == changed.part.key else each for each in draft.parts)
    return msgspec.structs.replace(draft, parts=tuple(parts))


def without_part(draft: Draft, key: str) -> Draft:
    """Return the draft without a part that a person wrote; a proposal is left out instead."""
    found = draft.find(key)
    if found is None:
        return draft
    if found.part.source.origin is not Origin.PERSON:
        return with_part(draft, msgspec.structs.replace(found, is_included=False))
    left = tuple(each for each in draft.parts if each.part.key != key)
    return msgspec.structs.replace(draft, parts=left)


def _is_persons(each: DraftPart) -> bool:
    return each.is_included or each.is_edited or each.part.source.origin is Origin.PERSON


def _in_order(parts: tuple[DraftPart, ...], proposals: Plan) -> tuple[DraftPart, ...]:
    """Return the parts as the proposals order them; what only a person knows comes after."""
    order = {part.key: place for place, part in enumerate(proposals.parts)}
    last = len(order)
    return tuple(sorted(parts, key=lambda each: order.get(each.part.key, last)))
