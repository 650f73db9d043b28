"""What others wrote into our plan in the EHR, in words: what, by whom, and whether it is taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.plans.additions import Addition, AdditionKind
from ccm_fhir.services.care_plan import PlanDesk
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import listed, sentence

_WORDS = {
    AdditionKind.GOAL: "Goal added in the EHR",
    AdditionKind.ACTIVITY: "Activity added in the EHR",
    AdditionKind.GOAL_CHANGED: "Goal changed in the EHR",
}
_NOBODY = "somebody whom the EHR does not name"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionView:
    """One thing that others wrote; ``is_taken`` where the reader's draft has it already."""

    key: str
    kind: str
    text: str = field(repr=False)
    by: str = field(repr=False)
    on: str
    is_taken: bool
    evidence: tuple[EvidenceView, ...]


def addition_views(desk: PlanDesk) -> tuple[AdditionView, ...]:
    """Return everything that others wrote and that the plan in force does not have."""
    return tuple(_view(one, desk) for one in desk.additions)


def added_tag(key: str, desk: PlanDesk) -> str:
    """Return whose addition a proposed part is; empty where it is no addition."""
    found = (
        one
        for one in desk.additions
        if one.part.key == key and one.kind is not AdditionKind.GOAL_CHANGED
    )
    one = next(found, None)
    return "" if one is None else f"Added in the EHR by {_by(one, desk)}"


def _view(one: Addition, desk: PlanDesk) -> AdditionView:
    known = desk.draft.find(one.part.key)
    changes = sentence(f"{listed(one.changes)} there now") if one.changes else ""
    planned = desk.standing.version.plan.part(one.part.key) if desk.standing else None
    text = one.part.text if planned is None else f"{planned.text}: {changes}"
    return AdditionView(
        key=one.part.key,
        kind=_WORDS[one.kind],
        text=sentence(text),
        by=_by(one, desk),
        on="" if one.on is None else str(one.on),
        is_taken=known is not None and known.is_included and known.part == one.part,
        evidence=() if one.ref is None else (evidence(one.ref, desk.paths),),
    )


def _by(one: Addition, desk: PlanDesk) -> str:
    if not one.by:
        return _NOBODY
    names = {member.ref: member.name for member in desk.draft.team if member.ref}
    if one.by in names:
        return names[one.by]
    if one.by.startswith("Patient/"):
        return "the patient"
    return _NOBODY if "/" in one.by else one.by
