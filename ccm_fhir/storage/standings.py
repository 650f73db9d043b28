"""Where patient-months stand, as last judged: derived rows that know when they are stale.

Triggers leave a mark of whatever is written that a judgement rests on. ``take_marks`` turns marks
into stale rows; ``keep`` takes a new answer only for the generation that was judged, so that what
changed meanwhile stays stale. Everything here can be thrown away and made again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import bindparam, delete, insert, literal, null, update
from sqlalchemy import select as sa_select
from sqlmodel import col, exists, or_, select

from ccm_fhir.domain.codes import PerformerKind
from ccm_fhir.storage.ledger import touches
from ccm_fhir.storage.money import to_cents
from ccm_fhir.storage.standing_views import View, is_fresh, is_of_practice, is_visible
from ccm_fhir.storage.tables import (
    MdmAttestationRow,
    MonthChangeRow,
    MonthReasonRow,
    MonthStandingRow,
    PatientRow,
    PracticeRow,
    Row,
    TimeEntryRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement, Table
    from sqlmodel import Session

    from ccm_fhir.domain.dates import ServiceMonth

T = TypeVar("T")

_CHUNK = 500
_WHOLE_PRACTICE = ""
_UNJUDGED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A patient-month to be judged, and which generation of it."""

    patient_id: str
    seen_as: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonKept:
    """One reason: its code, who can mend it (a role's word, or nobody) and how."""

    code: str
    owner: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStanding:
    """A judged patient-month, for the generation that was judged."""

    of: Stale
    state: str
    counted_seconds: int
    amount_usd: Decimal | None
    detail_json: str = field(repr=False)
    reasons: tuple[ReasonKept, ...]


def take_marks(session: Session, practice_id: str) -> None:
    """Make stale whatever marks speak of, and take the marks away."""
    _lock(session, practice_id)
    marks = session.exec(
        select(MonthChangeRow.id, MonthChangeRow.patient_id).where(
            col(MonthChangeRow.practice_id) == practice_id
        )
    ).all()
    patients = {patient_id for _, patient_id in marks}
    if _WHOLE_PRACTICE in patients:
        _make_stale(session, practice_id)
    else:
        for some in _chunks(sorted(patients)):
            _make_stale(session, practice_id, col(MonthStandingRow.patient_id).in_(some))
    for ids in _chunks(sorted(mark_id for mark_id, _ in marks)):
        session.execute(
            delete(MonthChangeRow).where(
                col(MonthChangeRow.practice_id) == practice_id, col(MonthChangeRow.id).in_(ids)
            )
        )


def forget(session: Session, practice_id: str, month: ServiceMonth) -> None:
    """Throw a month's derived rows away; they are made again when somebody asks."""
    _lock(session, practice_id)
    _drop(session, MonthReasonRow, practice_id, str(month))
    _drop(session, MonthStandingRow, practice_id, str(month))


def ensure(session: Session, practice_id: str, view: View, zone: ZoneInfo) -> None:
    """Give every patient a row in a view, still to be judged.

    A practitioner has rows of their own only where the answer depends on who signs: of patients
    with a practitioner's time in the month, or with an attested decision making.
    """
    _lock(session, practice_id)
    _add_missing(session, practice_id, view.month, _UNJUDGED)
    if not view.seen_as:
        return
    own_time = exists().where(
        col(TimeEntryRow.practice_id) == practice_id,
        col(TimeEntryRow.patient_id) == col(PatientRow.id),
        col(TimeEntryRow.performer) == PerformerKind.BILLING_PRACTITIONER,
        touches(view.month.starts_at(zone), view.month.ends_at(zone)),
    )
    attested = exists().where(
        col(MdmAttestationRow.practice_id) == practice_id,
        col(MdmAttestationRow.patient_id) == col(PatientRow.id),
        col(MdmAttestationRow.month) == str(view.month),
    )
    _add_missing(session, practice_id, view.month, view.seen_as, or_(own_time, attested))


def stale(session: Session, practice_id: str, view: View, most: int) -> tuple[Stale, ...]:
    """Return so many patient-months of a view that have to be judged."""
    rows = session.exec(
        select(MonthStandingRow.patient_id, MonthStandingRow.seen_as, MonthStandingRow.generation)
        .where(is_visible(practice_id, view), ~is_fresh(view))
        .order_by(col(MonthStandingRow.patient_id))
        .limit(most)
    )
    return tuple(
        Stale(patient_id=patient_id, seen_as=seen_as, generation=generation)
        for patient_id, seen_as, generation in rows
    )


def keep(
    session: Session, practice_id: str, view: View, judged: Sequence[NewStanding], now: datetime
) -> None:
    """Keep answers, but for those that something has overtaken since they were asked for."""
    _lock(session, practice_id)
    for some in _chunks(judged):
        held = _generations(session, practice_id, view.month, some)
        current = [one for one in some if held.get(_key(one)) == one.of.generation]
        if current:
            _write(session, practice_id, view, current, now)


def _write(
    session: Session, practice_id: str, view: View, some: Sequence[NewStanding], now: datetime
) -> None:
    connection, standing = session.connection(), Row.metadata.tables["month_standing"]
    reason = Row.metadata.tables["month_reason"]
    place = {"b_practice": practice_id, "b_month": str(view.month)}
    keys = [{**place, "b_seen_as": one.of.seen_as, "b_patient": one.of.patient_id} for one in some]
    connection.execute(delete(reason).where(*_is_key(reason)), keys)
    values = [
        {
            **key,
            "is_stale": False,
            "basis": view.basis,
            "judged_at": now,
            "state": one.state,
            "counted_seconds": one.counted_seconds,
            "amount_cents": None if one.amount_usd is None else to_cents(one.amount_usd),
            "detail_json": one.detail_json,
        }
        for key, one in zip(keys, some, strict=True)
    ]
    kept: dict[str, Any] = {
        name: bindparam(name) for name in values[0] if not name.startswith("b_")
    }
    connection.execute(update(standing).where(*_is_key(standing)).values(kept), values)
    reasons = [
        {
            "practice_id": practice_id,
            "month": str(view.month),
            "seen_as": one.of.seen_as,
            "patient_id": one.of.patient_id,
            "code": found.code,
            "owner": found.owner,
            "fix": found.fix,
        }
        for one in some
        for found in one.reasons
    ]
    if reasons:
        connection.execute(insert(reason), reasons)


def _is_key(table: Table) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.practice_id == bindparam("b_practice"),
        table.c.month == bindparam("b_month"),
        table.c.seen_as == bindparam("b_seen_as"),
        table.c.patient_id == bindparam("b_patient"),
    )


def _generations(
    session: Session, practice_id: str, month: ServiceMonth, some: Sequence[NewStanding]
) -> dict[tuple[str, str], int]:
    rows = session.exec(
        select(
            MonthStandingRow.patient_id, MonthStandingRow.seen_as, MonthStandingRow.generation
        ).where(
            *is_of_practice(practice_id, month),
            col(MonthStandingRow.patient_id).in_([one.of.patient_id for one in some]),
        )
    )
    return {(patient_id, seen_as): generation for patient_id, seen_as, generation in rows}


def _key(one: NewStanding) -> tuple[str, str]:
    return one.of.patient_id, one.of.seen_as


def _add_missing(
    session: Session,
    practice_id: str,
    month: ServiceMonth,
    seen_as: str,
    *conditions: ColumnElement[bool],
) -> None:
    standing = Row.metadata.tables["month_standing"]
    has_one = exists().where(
        *is_of_practice(practice_id, month),
        col(MonthStandingRow.seen_as) == seen_as,
        col(MonthStandingRow.patient_id) == col(PatientRow.id),
    )
    blank = {
        "practice_id": literal(practice_id),
        "month": literal(str(month)),
        "seen_as": literal(seen_as),
        "patient_id": col(PatientRow.id),
        "generation": literal(0),
        "is_stale": literal(value=True),
        "basis": literal(_UNJUDGED),
        "judged_at": null(),
        "state": literal(_UNJUDGED),
        "counted_seconds": literal(0),
        "amount_cents": null(),
        "detail_json": literal(_UNJUDGED),
    }
    found = sa_select(*blank.values()).where(
        col(PatientRow.practice_id) == practice_id, ~has_one, *conditions
    )
    session.execute(insert(standing).from_select(list(blank), found))


def _make_stale(session: Session, practice_id: str, *conditions: ColumnElement[bool]) -> None:
    generation = col(MonthStandingRow.generation)
    session.execute(
        update(MonthStandingRow)
        .where(col(MonthStandingRow.practice_id) == practice_id, *conditions)
        .values(is_stale=True, generation=generation + 1)
        .execution_options(synchronize_session=False)
    )


def _drop(
    session: Session,
    kind: type[MonthReasonRow | MonthStandingRow],
    practice_id: str,
    month: str,
) -> None:
    session.execute(
        delete(kind)
        .where(col(kind.practice_id) == practice_id, col(kind.month) == month)
        .execution_options(synchronize_session=False)
    )


def _lock(session: Session, practice_id: str) -> None:
    """Let those who refresh one practice's rows wait for each other."""
    session.exec(
        select(PracticeRow.id)
        .where(col(PracticeRow.id) == practice_id)
        .with_for_update(key_share=True)
    ).one_or_none()


def _chunks(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), _CHUNK):
        yield things[start : start + _CHUNK]
