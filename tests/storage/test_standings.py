"""Where months stand: stale when what they rest on changes, and never fresh by mistake."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from ccm_fhir.domain.codes import PerformerKind
from ccm_fhir.domain.facts import EvidenceRef, PatientFact
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage import (
    charts,
    claims,
    coding_choices,
    condition_reviews,
    consents,
    deliveries,
    fees,
    ledger,
    mdm_attestations,
    month_locks,
    patients,
    sign_offs,
    standing_views,
    standings,
)
from ccm_fhir.storage.standing_views import NOT_FRESH, View, Wanted
from ccm_fhir.storage.standings import NewStanding, ReasonKept, Stale
from ccm_fhir.storage.tables import DeliveryRow, MonthChangeRow
from ccm_fhir.storage.vocabulary import LockAct
from tests.storage.makers import (
    NOVEMBER,
    chart,
    choice,
    claim,
    condition_review,
    consent,
    delivery,
    entry,
    mdm,
    month_lock,
    sign_off,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

ZONE = ZoneInfo("America/New_York")
VIEW = View(month=NOVEMBER, seen_as="", basis="the law of today")
READY, NO_CONSENT = "ready", ReasonKept(code="consent.consent_missing", owner="", fix="Ask.")


def answer(of: Stale, *reasons: ReasonKept, state: str = READY) -> NewStanding:
    return NewStanding(
        of=of,
        state=state,
        counted_seconds=1320,
        amount_usd=Decimal("95.00"),
        detail_json="{}",
        reasons=reasons,
    )


def judge_all(database: Database, ours: Tenant, now: datetime, view: View = VIEW) -> int:
    """Judge whatever is stale in a view, all alike; return how many that were."""
    with database.write() as session:
        standings.take_marks(session, ours.practice_id)
        standings.ensure(session, ours.practice_id, view, ZONE)
        waiting = standings.stale(session, ours.practice_id, view, 100)
        judged = [answer(one, NO_CONSENT) for one in waiting]
        standings.keep(session, ours.practice_id, view, judged, now)
    return len(waiting)


def counts(database: Database, ours: Tenant, view: View = VIEW) -> dict[str, int]:
    with database.read() as session:
        found = standing_views.counts(session, ours.practice_id, view)
    return {state: one.patients for state, one in found.items()}


WRITES: dict[str, Callable[[Session, Tenant, datetime], object]] = {
    "a chart": lambda s, t, n: charts.record(s, t.practice_id, chart(t, n), n),
    "time": lambda s, t, n: ledger.record(s, b"key", t.practice_id, entry(t), n),
    "a consent": lambda s, t, n: consents.record(s, t.practice_id, consent(t), n),
    "a review": lambda s, t, n: condition_reviews.record(s, t.practice_id, condition_review(t), n),
    "a choice": lambda s, t, n: coding_choices.record(s, t.practice_id, choice(t), n),
    "decision making": lambda s, t, n: mdm_attestations.record(s, t.practice_id, mdm(t), n),
    "a signature": lambda s, t, n: sign_offs.record(s, t.practice_id, sign_off(t), n),
    "a lock": lambda s, t, n: month_locks.record(s, t.practice_id, month_lock(t), n),
    "a delivery": lambda s, t, n: deliveries.plan(s, t.practice_id, delivery(t), n),
    "a fee": lambda s, t, _: fees.set_fee(
        s, t.practice_id, "99490", NOVEMBER.first_day, Decimal("90.00")
    ),
    "the patient": lambda s, t, _: patients.record_chart_problem(
        s, t.practice_id, t.patient_id, "it timed out"
    ),
}


@pytest.mark.parametrize("what", WRITES)
def test_whatever_is_written_makes_the_answer_stale_at_once(
    database: Database, ours: Tenant, now: datetime, what: str
) -> None:
    assert judge_all(database, ours, now) == 1
    assert counts(database, ours) == {READY: 1}

    with database.write() as session:
        WRITES[what](session, ours, now)

    assert counts(database, ours) == {NOT_FRESH: 1}
    assert judge_all(database, ours, now) == 1
    assert counts(database, ours) == {READY: 1}


def test_a_delivery_that_moves_on_makes_the_answer_stale(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with database.write() as session:
        planned = deliveries.plan(session, ours.practice_id, delivery(ours), now)
    judge_all(database, ours, now)
    with database.write() as session:
        row = session.exec(select(DeliveryRow).where(DeliveryRow.id == planned.id)).one()
        row.state = DeliveryState.SENT

    assert counts(database, ours) == {NOT_FRESH: 1}


def test_what_another_practice_writes_leaves_ours_as_it_is(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    judge_all(database, ours, now)
    judge_all(database, theirs, now)
    with database.write() as session:
        ledger.record(session, b"key", theirs.practice_id, entry(theirs), now)

    assert counts(database, ours) == {READY: 1}
    assert counts(database, theirs) == {NOT_FRESH: 1}


def test_an_answer_by_another_law_is_no_answer(
    database: Database, ours: Tenant, now: datetime
) -> None:
    judge_all(database, ours, now)

    tomorrow = View(month=NOVEMBER, seen_as="", basis="the law of tomorrow")

    assert counts(database, ours, tomorrow) == {NOT_FRESH: 1}


def test_an_answer_overtaken_by_a_write_is_not_kept(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with database.write() as session:
        standings.ensure(session, ours.practice_id, VIEW, ZONE)
        (slow,) = standings.stale(session, ours.practice_id, VIEW, 10)
    with database.write() as session:
        ledger.record(session, b"key", ours.practice_id, entry(ours), now)
        standings.take_marks(session, ours.practice_id)
        standings.keep(session, ours.practice_id, VIEW, [answer(slow, NO_CONSENT)], now)

    assert counts(database, ours) == {NOT_FRESH: 1}
    with database.read() as session:
        assert standing_views.reasons(session, ours.practice_id, VIEW) == ()
        assert session.exec(select(MonthChangeRow)).all() == []


def test_a_practitioner_has_rows_of_their_own_only_where_it_depends_on_who_signs(
    database: Database, ours: Tenant, now: datetime
) -> None:
    doctors = View(month=NOVEMBER, seen_as=ours.doctor_id, basis=VIEW.basis)
    with database.write() as session:
        ledger.record(session, b"key", ours.practice_id, entry(ours), now)
    judge_all(database, ours, now, doctors)
    assert judge_all(database, ours, now) == 0
    with database.write() as session:
        own = entry(
            ours,
            "form-2",
            user_id=ours.doctor_id,
            performer=PerformerKind.BILLING_PRACTITIONER,
        )
        ledger.record(session, b"key", ours.practice_id, own, now)

    assert judge_all(database, ours, now, doctors) == 1
    assert counts(database, ours, doctors) == {READY: 1}
    assert counts(database, ours) == {NOT_FRESH: 1}


def test_rows_come_in_order_and_by_reason(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write() as session:
        for number in range(3):
            fact = PatientFact(ref=EvidenceRef("Patient", f"f{number}"), name=f"Name {number}")
            patients.upsert(session, ours.practice_id, ours.ehr_id, fact, now)
        standings.take_marks(session, ours.practice_id)
        standings.ensure(session, ours.practice_id, VIEW, ZONE)
        first, second, *others = standings.stale(session, ours.practice_id, VIEW, 10)
        judged = [
            answer(first, NO_CONSENT, state="needs_fix"),
            answer(second, NO_CONSENT, state="needs_fix"),
            *(answer(one) for one in others),
        ]
        standings.keep(session, ours.practice_id, VIEW, judged, now)

    with database.read() as session:
        wanted = Wanted(order=("needs_fix", READY), most=3)
        rows = standing_views.page(session, ours.practice_id, VIEW, wanted)
        (reason,) = standing_views.reasons(session, ours.practice_id, VIEW)
        held_up = Wanted(reason=NO_CONSENT.code)
        assert [row.state for row in rows] == ["needs_fix", "needs_fix", READY]
        assert standing_views.count(session, ours.practice_id, VIEW, wanted) == 4
        assert standing_views.count(session, ours.practice_id, VIEW, held_up) == 2
        assert (reason.patients, reason.fix, reason.fixes) == (2, "Ask.", 1)


def test_a_lock_holds_until_it_is_unlocked_and_both_stay(
    database: Database, ours: Tenant, now: datetime
) -> None:
    with database.write() as session:
        first = month_locks.record(session, ours.practice_id, month_lock(ours), now)
        again = month_locks.record(session, ours.practice_id, month_lock(ours), now)
        own = month_lock(ours, "lock-2", patient_id=ours.patient_id)
        month_locks.record(session, ours.practice_id, own, now)
        undone = month_lock(ours, "lock-3", act=LockAct.UNLOCK)
        month_locks.record(session, ours.practice_id, undone, now)
        with pytest.raises(ConflictError):
            month_locks.record(session, ours.practice_id, month_lock(ours, reason="else"), now)
        acts = month_locks.of_month(session, ours.practice_id, NOVEMBER)

    assert first == again
    assert [act.sequence for act in acts] == [1, 2, 3]
    assert set(month_locks.in_force(acts)) == {ours.patient_id}
    assert month_locks.of_practice(acts) is None


def test_a_lock_of_another_practices_patient_is_refused(
    database: Database, ours: Tenant, theirs: Tenant, now: datetime
) -> None:
    foreign = month_lock(ours, patient_id=theirs.patient_id)

    with pytest.raises(NotFoundError), database.write() as session:
        month_locks.record(session, ours.practice_id, foreign, now)


def test_claims_are_watched_too(database: Database, ours: Tenant, now: datetime) -> None:
    with database.write() as session:
        signed = sign_offs.record(session, ours.practice_id, sign_off(ours), now)
    judge_all(database, ours, now)
    with database.write() as session:
        claims.record(session, ours.practice_id, claim(ours, signed.id), now)

    assert counts(database, ours) == {NOT_FRESH: 1}
