"""The billing practitioner's inbox: months whose complex care waits for their word.

Each month is shown with the work that was done in it. Nothing is proposed and nothing is chosen:
the answer is the practitioner's (``attest_mdm``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.attest_mdm import asks_plan_revision
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.month_locks import LockShown, lock_shown
from ccm_fhir.services.month_reasons import MDM_OPEN
from ccm_fhir.services.month_standing import MonthMaterial, month_material, rows_of, standing_of
from ccm_fhir.services.refresh_month import judge_stale, prepare, view_of, viewer_of
from ccm_fhir.storage import practices, standing_views, users
from ccm_fhir.storage.months import MonthRow
from ccm_fhir.storage.standing_views import Wanted

ITEMS_A_PAGE = 10
JUDGED_AT_A_LOOK = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDone:
    """One entry of the month's time, at the practice's clock."""

    started_at: datetime
    seconds: int
    person: str
    activity: Activity
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MdmItem:
    """One patient's month that waits; ``is_anothers``: somebody else's word does not count here."""

    patient_id: str
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    counted_seconds: int
    conditions: tuple[str, ...] = field(repr=False)
    work: tuple[WorkDone, ...]
    is_anothers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MdmInbox:
    """A page of what waits for one practitioner; ``being_judged`` are not looked at yet."""

    month: ServiceMonth
    practice_name: str
    items: tuple[MdmItem, ...]
    waiting: int
    being_judged: int
    page: int
    pages: int
    asks_plan_revision: bool
    lock: LockShown | None


def mdm_inbox(
    world: Installation, actor: Actor, month: ServiceMonth, page: int, now: datetime
) -> MdmInbox:
    """Return a page of the months that wait for this practitioner's word.

    Raises:
        NotAllowedError: only the billing practitioner attests.
    """
    actor.must_be("attesting medical decision making", Role.PRACTITIONER)
    viewer = viewer_of(actor)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_mdm_inbox", None)
        view = view_of(world, session, viewer, month, now)
        prepare(session, viewer, view)
    judge_stale(world, viewer, view, now, JUDGED_AT_A_LOOK)
    wanted = Wanted(reason=MDM_OPEN)
    with world.db.read(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        waiting = standing_views.count(session, actor.practice_id, view, wanted)
        pages = max(1, -(-waiting // ITEMS_A_PAGE))
        page = min(max(1, page), pages)
        chosen = Wanted(reason=MDM_OPEN, skip=(page - 1) * ITEMS_A_PAGE, most=ITEMS_A_PAGE)
        records = standing_views.page(session, actor.practice_id, view, chosen)
        today = now.astimezone(practice.zone).date()
        held = month_material(session, actor.practice_id, month, today)
        ids = [record.patient_id for record in records]
        items = _items(world, session, actor, held, ids)
        stale = standing_views.counts(session, actor.practice_id, view).get(
            standing_views.NOT_FRESH
        )
        lock = lock_shown(session, practice, month)
    return MdmInbox(
        month=month,
        practice_name=practice.name,
        items=items,
        waiting=waiting,
        being_judged=stale.patients if stale else 0,
        page=page,
        pages=pages,
        asks_plan_revision=asks_plan_revision(world.rulebook, month) if items else False,
        lock=lock,
    )


def _items(
    world: Installation, session: Session, actor: Actor, held: MonthMaterial, ids: list[str]
) -> tuple[MdmItem, ...]:
    names = {user.id: user.name for user in users.list_all(session, actor.practice_id)}
    return tuple(
        _item(world, held, row, actor, names)
        for row in sorted(rows_of(session, held, ids), key=lambda row: ids.index(row.patient.id))
    )


def _item(
    world: Installation, held: MonthMaterial, row: MonthRow, actor: Actor, names: dict[str, str]
) -> MdmItem:
    judged = standing_of(world, held, row, actor.user_id)
    said = held.mdm.get(row.patient.id)
    families: tuple[str, ...] = ()
    if judged.judgement is not None:
        families = tuple(f.label for f in judged.judgement.eligibility.families)
    return MdmItem(
        patient_id=row.patient.id,
        name=row.patient.name,
        birth_date=row.patient.birth_date_text,
        counted_seconds=judged.counted_seconds,
        conditions=families,
        work=tuple(
            WorkDone(
                started_at=entry.started_at.astimezone(held.practice.zone),
                seconds=int((entry.ended_at - entry.started_at).total_seconds()),
                person=names.get(entry.user_id, ""),
                activity=entry.activity,
                note=entry.note,
            )
            for entry in row.entries
        ),
        is_anothers=said is not None and said.user_id != actor.user_id,
    )
