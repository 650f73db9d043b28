"""Brings the stored standing of a month up to date: only what has changed is judged again.

The inputs are read in one view of the database, judged outside of any transaction, and kept only
where nothing has overtaken them meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.installation import REFRESH_MONTH, Installation
from ccm_fhir.services.month_basis import basis_of
from ccm_fhir.services.month_standing import (
    Standing,
    month_material,
    rows_of,
    standing_of,
)
from ccm_fhir.storage import practices, standings
from ccm_fhir.storage.standing_views import View
from ccm_fhir.storage.standings import NewStanding, Stale

BATCH = 250
EVERY = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whose view of a practice's months is meant; ``seen_as`` as ``storage.standings`` has it."""

    practice_id: str
    seen_as: str = ""


def viewer_of(actor: Actor) -> Viewer:
    """Return how somebody sees months: a practitioner as the one who would sign."""
    seen_as = actor.user_id if actor.may(Role.PRACTITIONER) else ""
    return Viewer(practice_id=actor.practice_id, seen_as=seen_as)


def view_of(
    world: Installation, session: Session, viewer: Viewer, month: ServiceMonth, now: datetime
) -> View:
    """Return a month as somebody sees it, judged by what holds today."""
    practice = practices.get(session, viewer.practice_id)
    today = now.astimezone(practice.zone).date()
    return View(month=month, seen_as=viewer.seen_as, basis=basis_of(world, month, today))


def prepare(session: Session, viewer: Viewer, view: View) -> None:
    """Let what was written since make rows stale, and give every patient a row."""
    zone = practices.get(session, viewer.practice_id).zone
    standings.take_marks(session, viewer.practice_id)
    standings.ensure(session, viewer.practice_id, view, zone)


def refresh(
    world: Installation, viewer: Viewer, month: ServiceMonth, now: datetime, most: int = EVERY
) -> int:
    """Judge what is stale in a view, at most so many; return how many were judged."""
    with world.db.write(viewer.practice_id) as session:
        view = view_of(world, session, viewer, month, now)
        prepare(session, viewer, view)
    return judge_stale(world, viewer, view, now, most)


def judge_stale(
    world: Installation, viewer: Viewer, view: View, now: datetime, most: int = EVERY
) -> int:
    """Judge what is stale already, at most so many; return how many were judged."""
    judged = 0
    while judged < most:
        answers = _judged(world, viewer, view, now, min(BATCH, most - judged))
        if not answers:
            break
        with world.db.write(viewer.practice_id) as session:
            standings.keep(session, viewer.practice_id, view, answers, world.clock())
        judged += len(answers)
    return judged


def refresh_some(
    world: Installation, practice_id: str, month: str, seen_as: str, now: datetime
) -> int:
    """Judge a batch, for a workflow; zero once nothing is left."""
    viewer = Viewer(practice_id=practice_id, seen_as=seen_as)
    return refresh(world, viewer, ServiceMonth.parse(month), now, BATCH)


def ask_for_refresh(
    world: Installation, session: Session, viewer: Viewer, month: ServiceMonth, now: datetime
) -> None:
    """Enqueue the judging of what is left; asked twice in one minute it runs once."""
    workflow_id = f"month-{viewer.practice_id}-{month}-{viewer.seen_as}-{now:%Y%m%d%H%M}"
    world.queue.enqueue(
        session, REFRESH_MONTH, workflow_id, viewer.practice_id, str(month), viewer.seen_as
    )


def _judged(
    world: Installation, viewer: Viewer, view: View, now: datetime, most: int
) -> list[NewStanding]:
    with world.db.read(viewer.practice_id) as session:
        wanted = standings.stale(session, viewer.practice_id, view, most)
        if not wanted:
            return []
        zone = practices.get(session, viewer.practice_id).zone
        today = now.astimezone(zone).date()
        held = month_material(session, viewer.practice_id, view.month, today)
        rows = {r.patient.id: r for r in rows_of(session, held, [w.patient_id for w in wanted])}
    return [
        _kept(one, standing_of(world, held, rows[one.patient_id], one.seen_as)) for one in wanted
    ]


def _kept(of: Stale, found: Standing) -> NewStanding:
    return NewStanding(
        of=of,
        state=found.state.value,
        counted_seconds=found.counted_seconds,
        amount_usd=found.amount_usd,
        detail_json=msgspec.json.encode(found.detail).decode(),
        reasons=tuple({reason.code: reason for reason in found.reasons}.values()),
    )
