"""The month page: every patient of the practice, and where each stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.npi import is_valid_npi
from ccm_fhir.errors import InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.choice_shapes import ChoiceShown
from ccm_fhir.services.coding_choice import in_force
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.month_locks import LOCKERS, lock_shown
from ccm_fhir.services.month_standing import StandingDetail
from ccm_fhir.services.patient_month import (
    MonthOverview,
    MonthReason,
    MonthRow,
    MonthState,
)
from ccm_fhir.services.practice_choice import shown
from ccm_fhir.services.refresh_month import (
    Viewer,
    ask_for_refresh,
    judge_stale,
    prepare,
    view_of,
    viewer_of,
)
from ccm_fhir.services.review import months_offered
from ccm_fhir.services.sessions import Visit
from ccm_fhir.storage import (
    audit,
    coding_choices,
    launches,
    patients,
    practices,
    standing_views,
    users,
)
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.crypto import hashed
from ccm_fhir.storage.launches import NewLaunch
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.standing_views import NOT_FRESH, StandingRecord, StateCount, View, Wanted

ROWS_A_PAGE = 50
JUDGED_AT_A_LOOK = 250
_REASON = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)?\Z", re.IGNORECASE)
_CLAIMED = (MonthState.SENT, MonthState.SIGNED, MonthState.PROBLEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFilter:
    """Which rows of a month are asked for; pages count from 1."""

    month: ServiceMonth
    state: MonthState | None = None
    page: int = 1
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read for the page, in one view of the database."""

    counts: dict[str, StateCount]
    records: tuple[StandingRecord, ...]
    reasons: tuple[MonthReason, ...]
    page: int
    pages: int


def overview(
    world: Installation, actor: Actor, wanted: MonthFilter, now: datetime
) -> MonthOverview:
    """Return one page of a month's patients, with counts over all of them.

    What has changed since it was last judged is judged first, up to so many; the rest is left to
    a workflow, and said to be open.

    Raises:
        InputError: the reason asked for is none.
    """
    if wanted.reason is not None and not _REASON.match(wanted.reason):
        raise InputError("reason", "not a reason that the page names")
    viewer = viewer_of(actor)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_month", None)
        view = view_of(world, session, viewer, wanted.month, now)
        prepare(session, viewer, view)
    judge_stale(world, viewer, view, now, JUDGED_AT_A_LOOK)
    with world.db.read(actor.practice_id) as session:
        practice = practices.get(session, actor.practice_id)
        found = _find(session, actor.practice_id, view, wanted)
        lock = lock_shown(session, practice, wanted.month)
        choice = _choice(session, practice, wanted.month)
    if NOT_FRESH in found.counts:
        _ask_for_the_rest(world, viewer, wanted.month, now)
    today = now.astimezone(practice.zone).date()
    amounts = {_state(name): one.amount_usd for name, one in found.counts.items()}
    return MonthOverview(
        month=wanted.month,
        months=months_offered(today),
        today=today,
        practice_name=practice.name,
        counts={_state(name): one.patients for name, one in found.counts.items()},
        total_usd=sum((amounts.get(state, Decimal(0)) for state in _CLAIMED), Decimal(0)),
        rows=tuple(_row(record) for record in found.records),
        state=wanted.state,
        page=found.page,
        pages=found.pages,
        choice=choice,
        amounts=amounts,
        reasons=found.reasons,
        reason=wanted.reason,
        lock=lock,
        may_lock=actor.may(*LOCKERS),
        may_sign=actor.may(Role.PRACTITIONER),
        without_npi=actor.may(Role.PRACTITIONER) and not is_valid_npi(actor.npi),
    )


def open_patient(world: Installation, visit: Visit, patient_id: str, session_token: str) -> str:
    """Open another patient of the practice beside the present one; return the new launch id.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(visit.actor.practice_id) as session:
        patient = patients.get(session, visit.actor.practice_id, patient_id)
        launch = launches.start(
            session,
            visit.actor.practice_id,
            NewLaunch(
                ehr_id=patient.ehr_id,
                user_id=visit.actor.user_id,
                session_id_hash=hashed(session_token),
                patient_id=patient.id,
                grant_id=visit.reading.grant_id,
                need_patient_banner=True,
                style_url=visit.style_url,
                scopes=" ".join(sorted(visit.reading.scopes)),
            ),
            world.clock(),
        )
        audit.append(
            session,
            world.audit_key,
            visit.actor.practice_id,
            AuditEntry(act="open_patient", user_id=visit.actor.user_id, patient_id=patient.id),
            world.clock(),
        )
        return launch.id


ORDER = (
    MonthState.BEING_JUDGED,
    MonthState.PROBLEM,
    MonthState.READY,
    MonthState.CORRECTING,
    MonthState.NEEDS_FIX,
    MonthState.HELD,
    MonthState.SHORT_OF_TIME,
    MonthState.SIGNED,
    MonthState.SENT,
    MonthState.VOIDED,
    MonthState.CHART_NOT_READ,
    MonthState.NOT_ELIGIBLE,
)
"""The states in the order of the list: what a person can do something about comes first."""


def reasons_shown(session: Session, practice_id: str, view: View) -> tuple[MonthReason, ...]:
    """Return every reason that holds somebody up, the most frequent first."""
    return tuple(
        MonthReason(
            code=one.code,
            owner=Role(one.owner) if one.owner in set(Role) else None,
            patients=one.patients,
            fix=one.fix,
            fixes=one.fixes,
        )
        for one in standing_views.reasons(session, practice_id, view)
    )


def _find(session: Session, practice_id: str, view: View, wanted: MonthFilter) -> _Found:
    chosen = Wanted(
        state=None if wanted.state is None else _name(wanted.state),
        reason=wanted.reason,
        order=tuple(_name(state) for state in ORDER),
        most=ROWS_A_PAGE,
    )
    rows = standing_views.count(session, practice_id, view, chosen)
    pages = max(1, -(-rows // ROWS_A_PAGE))
    page = min(max(1, wanted.page), pages)
    return _Found(
        counts=standing_views.counts(session, practice_id, view),
        records=standing_views.page(
            session, practice_id, view, replace(chosen, skip=(page - 1) * ROWS_A_PAGE)
        ),
        reasons=reasons_shown(session, practice_id, view),
        page=page,
        pages=pages,
    )


def _ask_for_the_rest(
    world: Installation, viewer: Viewer, month: ServiceMonth, now: datetime
) -> None:
    with world.db.write(viewer.practice_id) as session:
        ask_for_refresh(world, session, viewer, month, now)


def _choice(session: Session, practice: Practice, month: ServiceMonth) -> ChoiceShown:
    of_practice = tuple(
        one
        for one in coding_choices.bearing_on(session, practice.id, month)
        if one.patient_id is None
    )
    names = {user.id: user.name for user in users.list_all(session, practice.id)}
    return shown(in_force(of_practice, month), names, practice.zone)


def _row(record: StandingRecord) -> MonthRow:
    state = _state(record.state)
    if state is MonthState.BEING_JUDGED:
        return _blank(record)
    detail = msgspec.json.decode(record.detail_json, type=StandingDetail)
    return MonthRow(
        patient_id=record.patient_id,
        name=record.name,
        birth_date=record.birth_date_text,
        state=state,
        counted_seconds=record.counted_seconds,
        next_threshold_seconds=detail.next_threshold_seconds,
        reached=detail.reached,
        missing=detail.missing,
        total_usd=record.amount_usd if state in _CLAIMED else None,
        claim_state=detail.claim_state,
        claim_rung=detail.claim_rung,
        awaits_mdm=detail.awaits_mdm,
        expected_usd=None if state in _CLAIMED else record.amount_usd,
        problem=detail.problem,
        obstacles=detail.obstacles,
    )


def _blank(record: StandingRecord) -> MonthRow:
    return MonthRow(
        patient_id=record.patient_id,
        name=record.name,
        birth_date=record.birth_date_text,
        state=MonthState.BEING_JUDGED,
        counted_seconds=0,
        next_threshold_seconds=None,
        reached=(),
        missing=(),
        total_usd=None,
        claim_state=None,
    )


def _state(name: str) -> MonthState:
    return MonthState.BEING_JUDGED if name == NOT_FRESH else MonthState(name)


def _name(state: MonthState) -> str:
    return NOT_FRESH if state is MonthState.BEING_JUDGED else state.value
