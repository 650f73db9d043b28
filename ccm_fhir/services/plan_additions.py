"""What others wrote into a patient's plan in the EHR, and a person taking it into a draft."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.plans.additions import Addition, AdditionKind, Ours
from ccm_fhir.domain.plans.drafting import Draft, DraftPart, with_part
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_bodies import PLAN_KEY, TEAM_KEY
from ccm_fhir.services.plan_origins import Written, origins_of
from ccm_fhir.storage.plan_records import VersionRecord
from ccm_fhir.storage.practices import Practice

_NOT_YET = datetime.max.replace(tzinfo=UTC)


def ours_in_the_ehr(
    world: Installation,
    session: Session,
    practice: Practice,
    versions: tuple[VersionRecord, ...],
    own_refs: frozenset[str],
) -> Ours:
    """Return what we wrote of a plan, and when the EHR last had our word of each goal."""
    written = origins_of(world, session, practice, versions)
    goals = {
        each.origin.remote_ref: key
        for key, each in written.items()
        if key not in {PLAN_KEY, TEAM_KEY} and each.origin.remote_ref
    }
    plan = written.get(PLAN_KEY)
    return Ours(
        refs=own_refs,
        plans=frozenset() if plan is None else frozenset({plan.origin.remote_ref}) - {""},
        goals=goals,
        written_at={ref: _settled_at(written[key]) for ref, key in goals.items()},
    )


def _settled_at(written: Written) -> datetime:
    """Return when our last word was there; far ahead while it is on its way."""
    is_there = written.last.state is DeliveryState.SENT
    return written.last.updated_at if is_there else _NOT_YET


def with_additions(draft: Draft, found: tuple[Addition, ...], keys: frozenset[str]) -> Draft:
    """Return a draft with the named additions taken in; what lacks something stays out.

    A goal of ours that others changed takes their words; a goal or activity that they added is
    taken in as it is proposed.
    """
    for one in found:
        if one.part.key not in keys:
            continue
        known = draft.find(one.part.key)
        is_changed = one.kind is AdditionKind.GOAL_CHANGED
        part = one.part if known is None or is_changed else known.part
        taken = DraftPart(part=part, is_included=True, is_edited=True)
        draft = with_part(draft, msgspec.structs.replace(taken, is_included=not taken.lacks))
    return draft
