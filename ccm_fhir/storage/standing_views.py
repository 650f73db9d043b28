"""Reading where a month stands: counts, reasons and pages, without judging anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, and_, case, func
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import col, exists, or_

from ccm_fhir.storage.money import to_usd
from ccm_fhir.storage.tables import (
    MonthChangeRow,
    MonthReasonRow,
    MonthStandingRow,
    PatientRow,
)

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.dates import ServiceMonth

NOT_FRESH = ""
S = TypeVar("S", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A month as somebody sees it; ``seen_as`` is a practitioner's user id, or empty.

    ``basis`` names the law, the tables and the code by which it is judged now.
    """

    month: ServiceMonth
    seen_as: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows are asked for, in what order; a state of ``NOT_FRESH`` asks for those to judge.

    ``order`` lists the states in the order they are shown in.
    """

    state: str | None = None
    reason: str | None = None
    order: tuple[str, ...] = ()
    skip: int = 0
    most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """How many patients are in a state, and what is or would be claimed for them."""

    patients: int
    amount_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many patients a reason holds up; ``fixes`` is how many ways to mend it are named."""

    code: str
    owner: str
    patients: int
    fix: str
    fixes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRecord:
    """One patient's row; ``state`` is ``NOT_FRESH`` where it has to be judged again."""

    patient_id: str
    name: str = field(repr=False)
    birth_date_text: str = field(repr=False)
    state: str
    counted_seconds: int
    amount_usd: Decimal | None
    detail_json: str = field(repr=False)
    judged_at: datetime | None


def counts(session: Session, practice_id: str, view: View) -> dict[str, StateCount]:
    """Return how many patients are in each state; ``NOT_FRESH`` are those to be judged."""
    state = _state(view)
    rows = session.execute(
        sa_select(
            state, func.count(), func.coalesce(func.sum(col(MonthStandingRow.amount_cents)), 0)
        )
        .where(is_visible(practice_id, view))
        .group_by(state)
    )
    return {
        found: StateCount(patients=patients, amount_usd=to_usd(int(cents)))
        for found, patients, cents in rows
    }


def reasons(session: Session, practice_id: str, view: View) -> tuple[ReasonCount, ...]:
    """Return every reason of a month, the most frequent first."""
    rows = session.execute(
        sa_select(
            col(MonthReasonRow.code),
            func.min(col(MonthReasonRow.owner)),
            func.count(),
            func.min(col(MonthReasonRow.fix)),
            func.count(col(MonthReasonRow.fix).distinct()),
        )
        .join(MonthStandingRow, _is_reason_of())
        .where(is_visible(practice_id, view), is_fresh(view))
        .group_by(col(MonthReasonRow.code))
        .order_by(func.count().desc(), col(MonthReasonRow.code))
    )
    return tuple(
        ReasonCount(code=code, owner=owner, patients=patients, fix=fix, fixes=fixes)
        for code, owner, patients, fix, fixes in rows
    )


def count(session: Session, practice_id: str, view: View, wanted: Wanted) -> int:
    """Return how many rows are asked for, on all pages."""
    asked = _chosen(sa_select(func.count()), practice_id, view, wanted)
    return int(session.execute(asked).scalar_one())


def page(
    session: Session, practice_id: str, view: View, wanted: Wanted
) -> tuple[StandingRecord, ...]:
    """Return the rows asked for: by state, then those with the most time, then by name."""
    state = _state(view)
    places = {name: at for at, name in enumerate(wanted.order)}
    place = (case(places, value=state, else_=len(places)),) if places else ()
    asked = sa_select(
        col(MonthStandingRow.patient_id),
        col(PatientRow.name),
        col(PatientRow.birth_date_text),
        state,
        col(MonthStandingRow.counted_seconds),
        col(MonthStandingRow.amount_cents),
        col(MonthStandingRow.detail_json),
        col(MonthStandingRow.judged_at),
    ).join(
        PatientRow,
        and_(
            col(PatientRow.practice_id) == col(MonthStandingRow.practice_id),
            col(PatientRow.id) == col(MonthStandingRow.patient_id),
        ),
    )
    rows = session.execute(
        _chosen(asked, practice_id, view, wanted)
        .order_by(
            *place,
            col(MonthStandingRow.counted_seconds).desc(),
            col(PatientRow.name),
            col(PatientRow.id),
        )
        .offset(wanted.skip)
        .limit(wanted.most)
    )
    return tuple(
        StandingRecord(
            patient_id=row[0],
            name=row[1],
            birth_date_text=row[2],
            state=row[3],
            counted_seconds=row[4],
            amount_usd=None if row[5] is None else to_usd(row[5]),
            detail_json=row[6],
            judged_at=row[7],
        )
        for row in rows
    )


def reasons_of(
    session: Session, practice_id: str, view: View
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return each fresh patient's reasons, as code and owner."""
    rows = session.execute(
        sa_select(
            col(MonthReasonRow.patient_id), col(MonthReasonRow.code), col(MonthReasonRow.owner)
        )
        .join(MonthStandingRow, _is_reason_of())
        .where(is_visible(practice_id, view), is_fresh(view))
        .order_by(col(MonthReasonRow.patient_id), col(MonthReasonRow.code))
    )
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for patient_id, code, owner in rows:
        found[patient_id] = (*found.get(patient_id, ()), (code, owner))
    return found


def is_of_practice(practice_id: str, month: ServiceMonth) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a row is of a practice's month."""
    return (
        col(MonthStandingRow.practice_id) == practice_id,
        col(MonthStandingRow.month) == str(month),
    )


def is_visible(practice_id: str, view: View) -> ColumnElement[bool]:
    """Return the condition that a row is the one that somebody sees of its patient."""
    seen_as = col(MonthStandingRow.seen_as)
    visible = seen_as == ""
    if view.seen_as:
        own = aliased(MonthStandingRow)
        has_own = exists().where(
            col(own.practice_id) == practice_id,
            col(own.month) == str(view.month),
            col(own.seen_as) == view.seen_as,
            col(own.patient_id) == col(MonthStandingRow.patient_id),
        )
        visible = or_(seen_as == view.seen_as, and_(visible, ~has_own))
    return and_(*is_of_practice(practice_id, view.month), visible)


def is_fresh(view: View) -> ColumnElement[bool]:
    """Return the condition that a row still says what a new judgement would say."""
    marked = exists().where(
        col(MonthChangeRow.practice_id) == col(MonthStandingRow.practice_id),
        col(MonthChangeRow.patient_id).in_(["", col(MonthStandingRow.patient_id)]),
    )
    is_stale = col(MonthStandingRow.is_stale)
    return and_(~is_stale, col(MonthStandingRow.basis) == view.basis, ~marked)


def _state(view: View) -> ColumnElement[str]:
    return case((is_fresh(view), col(MonthStandingRow.state)), else_=NOT_FRESH)


def _chosen(asked: S, practice_id: str, view: View, wanted: Wanted) -> S:
    chosen = asked.where(is_visible(practice_id, view))
    if wanted.state is not None:
        chosen = chosen.where(_state(view) == wanted.state)
    if wanted.reason is not None:
        has_reason = exists().where(_is_reason_of(), col(MonthReasonRow.code) == wanted.reason)
        chosen = chosen.where(is_fresh(view), has_reason)
    return chosen


def _is_reason_of() -> ColumnElement[bool]:
    return and_(
        col(MonthReasonRow.practice_id) == col(MonthStandingRow.practice_id),
        col(MonthReasonRow.month) == col(MonthStandingRow.month),
        col(MonthReasonRow.seen_as) == col(MonthStandingRow.seen_as),
        col(MonthReasonRow.patient_id) == col(MonthStandingRow.patient_id),
    )
