"""A month's close for whoever runs it by command: the same states and reasons as the page.

It judges what has changed and reads; it never signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.month import ORDER, reasons_shown
from ccm_fhir.services.month_standing import StandingDetail
from ccm_fhir.services.patient_month import MonthReason, MonthState
from ccm_fhir.services.refresh_month import Viewer, refresh, view_of
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import month_locks, standing_views, standings
from ccm_fhir.storage.standing_views import NOT_FRESH, Wanted

OPEN = frozenset({MonthState.NEEDS_FIX, MonthState.PROBLEM, MonthState.CHART_NOT_READ})
"""The states in which somebody has something to mend."""

_EVERY = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLine:
    """How many patients are in a state, and what is or would be charged for them."""

    state: MonthState
    patients: int
    amount_usd: Decimal


class ClosedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One patient-month for machines: our ids, codes and numbers, no names."""

    patient_id: str
    month: str
    state: str
    codes: tuple[tuple[str, int], ...]
    counted_seconds: int
    amount_usd: Decimal | None
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseReport:
    """A month as it stands; ``is_open`` where somebody has something to mend."""

    month: ServiceMonth
    states: tuple[StateLine, ...]
    reasons: tuple[MonthReason, ...]
    rows: tuple[ClosedRow, ...]
    judged: int
    is_locked: bool

    @property
    def is_open(self) -> bool:
        """Whether some patient is in a state that somebody can mend."""
        return any(line.state in OPEN and line.patients for line in self.states)


def close_report(
    world: Installation, hand: SetupHand, month: ServiceMonth, now: datetime, *, anew: bool = False
) -> CloseReport:
    """Return where every patient of a month stands; ``anew`` judges all of them again.

    The reading is audited.
    """
    viewer = Viewer(practice_id=hand.practice_id)
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, "close_month")
        if anew:
            standings.forget(session, hand.practice_id, month)
    judged = refresh(world, viewer, month, now)
    order = tuple(NOT_FRESH if s is MonthState.BEING_JUDGED else s.value for s in ORDER)
    with world.db.read(hand.practice_id) as session:
        view = view_of(world, session, viewer, month, now)
        counts = standing_views.counts(session, hand.practice_id, view)
        records = standing_views.page(
            session, hand.practice_id, view, Wanted(order=order, most=_EVERY)
        )
        reasons = standing_views.reasons_of(session, hand.practice_id, view)
        shown = reasons_shown(session, hand.practice_id, view)
        locked = month_locks.of_practice(month_locks.of_month(session, hand.practice_id, month))
    return CloseReport(
        month=month,
        states=tuple(
            StateLine(
                state=state,
                patients=counts[name].patients,
                amount_usd=counts[name].amount_usd,
            )
            for state, name in zip(ORDER, order, strict=True)
            if name in counts
        ),
        reasons=shown,
        rows=tuple(_row(month, one, reasons.get(one.patient_id, ())) for one in records),
        judged=judged,
        is_locked=locked is not None,
    )


def _row(
    month: ServiceMonth,
    record: standing_views.StandingRecord,
    reasons: tuple[tuple[str, str], ...],
) -> ClosedRow:
    is_fresh = record.state != NOT_FRESH
    detail = (
        msgspec.json.decode(record.detail_json, type=StandingDetail)
        if is_fresh
        else StandingDetail()
    )
    return ClosedRow(
        patient_id=record.patient_id,
        month=str(month),
        state=record.state if is_fresh else MonthState.BEING_JUDGED.value,
        codes=detail.reached,
        counted_seconds=record.counted_seconds if is_fresh else 0,
        amount_usd=record.amount_usd if is_fresh else None,
        reasons=reasons,
    )
