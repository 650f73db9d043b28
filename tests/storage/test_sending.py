"""Deliveries: planned once, intended before they are sent, and never sent twice by mistake."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage import deliveries, sending
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.sending import Intent, Problem, ReadBack, Receipt
from tests.storage.makers import delivery

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.database import Database
    from ccm_fhir.storage.deliveries import DeliveryRecord, NewDelivery
    from tests.storage.conftest import Tenant

    Mark = Callable[[Session, str, Problem, datetime], DeliveryRecord]

STATES = tuple(DeliveryState)


class Desk:
    """Shorthand: each call is a transaction of its own, as in a delivery."""

    def __init__(self, database: Database, ours: Tenant, now: datetime) -> None:
        self.database, self.ours, self.now = database, ours, now

    def plan(self, new: NewDelivery | None = None) -> DeliveryRecord:
        with self.database.write() as session:
            return deliveries.plan(
                session, self.ours.practice_id, new or delivery(self.ours), self.now
            )

    def claim(self, delivery_id: str) -> DeliveryRecord:
        with self.database.write() as session:
            return sending.claim_for_sending(session, self.ours.practice_id, delivery_id, self.now)

    def intend(self, record: DeliveryRecord) -> DeliveryRecord:
        wish = Intent(delivery_id=record.id, tries=record.tries)
        with self.database.write() as session:
            return sending.mark_intent(session, self.ours.practice_id, wish, self.now)

    def mark(self, act: Mark, record: DeliveryRecord, code: str = "why") -> DeliveryRecord:
        problem = Problem(delivery_id=record.id, code=code)
        with self.database.write() as session:
            return act(session, self.ours.practice_id, problem, self.now)

    def release(self, record: DeliveryRecord) -> DeliveryRecord:
        with self.database.write() as session:
            return sending.release(session, self.ours.practice_id, record.id, self.now)

    def sent(self, record: DeliveryRecord, remote_id: str = "77") -> DeliveryRecord:
        receipt = Receipt(delivery_id=record.id, remote_id=remote_id, remote_version="1")
        with self.database.write() as session:
            return sending.mark_sent(session, self.ours.practice_id, receipt, self.now)

    def events(self, record: DeliveryRecord) -> list[str]:
        with self.database.read() as session:
            steps = deliveries.events(session, self.ours.practice_id, record.id)
        return [step.event for step in steps]

    def in_state(self, state: DeliveryState) -> DeliveryRecord:
        """Return a delivery that has come to a state by allowed steps."""
        planned = self.plan()
        if state is DeliveryState.PLANNED:
            return planned
        intended = self.intend(planned)
        if state is DeliveryState.SENDING:
            return intended
        if state is DeliveryState.SENT:
            return self.sent(intended)
        return self.mark(MARKS[state], intended)


@pytest.fixture
def desk(database: Database, ours: Tenant, now: datetime) -> Desk:
    return Desk(database, ours, now)


def test_a_planned_delivery_is_read_as_it_was_planned(desk: Desk) -> None:
    planned = desk.plan()

    assert planned.state is DeliveryState.PLANNED
    assert (planned.tries, planned.intent_at, planned.remote_ref) == (0, None, "")
    assert len(planned.body_hash) == 64
    with desk.database.read() as session:
        assert deliveries.get(session, desk.ours.practice_id, planned.id) == planned
        assert deliveries.unfinished(session, desk.ours.practice_id) == (planned,)


def test_planning_the_same_again_gives_what_is_there_as_it_stands(desk: Desk, ours: Tenant) -> None:
    sent = desk.sent(desk.intend(desk.plan()))

    assert desk.plan(delivery(ours)) == sent


@pytest.mark.parametrize(
    "changes", [{"body_json": "{}"}, {"artefact_id": "other"}, {"identifier_system": "other"}]
)
def test_an_identifier_cannot_be_planned_for_something_else(
    desk: Desk, ours: Tenant, changes: dict[str, str]
) -> None:
    desk.plan()

    with pytest.raises(ConflictError):
        desk.plan(delivery(ours, **changes))


def pair(ours: Tenant, body: str = "urn:uuid:{}") -> tuple[NewDelivery, NewDelivery]:
    """Return an Encounter and the Procedure that points at it, under new ids."""
    first = delivery(ours, identifier="encounter-1", resource_type=ResourceKind.ENCOUNTER)
    second = delivery(ours, body_json=body.format(first.id), depends_on=(first.id,))
    return first, second


def test_what_depends_on_others_is_planned_anew_as_the_same(desk: Desk, ours: Tenant) -> None:
    before = [desk.plan(new) for new in pair(ours)]

    assert [desk.plan(new) for new in pair(ours)] == before
    with pytest.raises(ConflictError):
        desk.plan(pair(ours, body="altered urn:uuid:{}")[1])


def test_dependencies_are_told_in_the_order_in_which_they_are_named(
    desk: Desk, ours: Tenant, now: datetime
) -> None:
    first = desk.plan(delivery(ours, identifier="i-1"))
    second = desk.plan(delivery(ours, identifier="i-2"))
    last = desk.plan(delivery(ours, identifier="i-3", depends_on=(second.id, first.id)))

    with desk.database.read() as session:
        named = deliveries.dependencies(session, ours.practice_id, last.id)

    assert [record.id for record in named] == [second.id, first.id]
    with pytest.raises(NotFoundError):
        desk.plan(delivery(ours, identifier="i-4", depends_on=(new_id(now),)))


def test_the_usual_way_is_intent_then_sent_then_read_back(desk: Desk) -> None:
    intended = desk.intend(desk.claim(desk.plan().id))
    sent = desk.sent(intended)
    with desk.database.write() as session:
        back = sending.mark_read_back(
            session,
            desk.ours.practice_id,
            ReadBack(delivery_id=sent.id, remote_hash="h", lossy=("Procedure.note",)),
            desk.now,
        )

    assert (intended.state, intended.tries, intended.intent_at) == ("sending", 1, desk.now)
    assert (back.state, back.remote_ref) == ("sent", "Procedure/77")
    assert (back.read_back_at, back.lossy) == (desk.now, ("Procedure.note",))
    assert desk.events(back) == ["planned", "sending", "sent", "read_back"]


def test_of_two_senders_with_the_same_reading_one_goes_on(desk: Desk) -> None:
    read = desk.plan()
    outcomes: list[str] = []

    def send() -> None:
        try:
            desk.intend(read)
            outcomes.append("goes on")
        except ConflictError:
            outcomes.append("stops")

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["goes on", "stops", "stops", "stops"]


def test_a_delivery_found_sending_is_uncertain(desk: Desk) -> None:
    left = desk.intend(desk.plan())

    found = desk.claim(left.id)

    assert (found.state, found.last_problem) == ("uncertain", "found_sending")
    assert (found.intent_at, found.tries) == (left.intent_at, 1)


def test_an_overtaken_sender_may_still_report_what_it_sent(desk: Desk) -> None:
    left = desk.intend(desk.plan())
    desk.claim(left.id)

    assert desk.sent(left).state is DeliveryState.SENT


def test_a_try_that_surely_wrote_nothing_leaves_no_trace_of_doubt(desk: Desk) -> None:
    postponed = desk.mark(sending.mark_postponed, desk.intend(desk.plan()), "unauthorised")

    assert (postponed.state, postponed.intent_at) == ("planned", None)
    assert postponed.last_problem == "unauthorised"


def test_a_try_that_wrote_nothing_does_not_settle_an_earlier_doubt(desk: Desk) -> None:
    uncertain = desk.in_state(DeliveryState.UNCERTAIN)

    postponed = desk.mark(sending.mark_postponed, desk.intend(uncertain))

    assert postponed.state is DeliveryState.UNCERTAIN
    assert postponed.intent_at is not None


def test_a_planned_delivery_that_could_not_begin_stays_planned_and_says_why(desk: Desk) -> None:
    postponed = desk.mark(sending.mark_postponed, desk.plan(), "unreachable")

    assert (postponed.state, postponed.last_problem) == ("planned", "unreachable")
    assert desk.events(postponed) == ["planned", "planned"]


def test_a_released_delivery_that_could_not_begin_stays_released(desk: Desk) -> None:
    held = desk.mark(sending.mark_held, desk.in_state(DeliveryState.UNCERTAIN))
    released = desk.release(held)

    postponed = desk.mark(sending.mark_postponed, released)

    assert postponed.state is DeliveryState.PLANNED
    assert postponed.intent_at is not None


@pytest.mark.parametrize(
    "state",
    [
        DeliveryState.SENT,
        DeliveryState.REJECTED,
        DeliveryState.QUARANTINE,
        DeliveryState.HELD,
    ],
)
def test_what_is_settled_cannot_be_postponed_back_into_the_queue(
    desk: Desk, state: DeliveryState
) -> None:
    settled = desk.in_state(state)

    with pytest.raises(ConflictError):
        desk.mark(sending.mark_postponed, settled)


def test_a_released_delivery_is_still_searched_for_first(desk: Desk) -> None:
    released = desk.release(desk.in_state(DeliveryState.HELD))

    assert released.state is DeliveryState.PLANNED
    assert released.intent_at is not None


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.UNCERTAIN])
def test_only_what_is_held_or_rejected_can_be_released(desk: Desk, state: DeliveryState) -> None:
    record = desk.in_state(state)

    with pytest.raises(ConflictError):
        desk.release(record)


def test_reporting_the_same_remote_id_twice_changes_nothing(desk: Desk) -> None:
    sent = desk.sent(desk.intend(desk.plan()))

    assert desk.sent(sent) == sent
    with pytest.raises(ConflictError):
        desk.sent(sent, remote_id="78")
    assert desk.claim(sent.id) == sent


def test_only_what_was_sent_can_be_read_back(desk: Desk) -> None:
    planned = desk.plan()

    with pytest.raises(ConflictError), desk.database.write() as session:
        sending.mark_read_back(
            session,
            desk.ours.practice_id,
            ReadBack(delivery_id=planned.id, remote_hash="h"),
            desk.now,
        )


MARKS: dict[DeliveryState, Mark] = {
    DeliveryState.UNCERTAIN: sending.mark_uncertain,
    DeliveryState.REJECTED: sending.mark_rejected,
    DeliveryState.QUARANTINE: sending.mark_quarantined,
    DeliveryState.HELD: sending.mark_held,
}


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", [*MARKS, DeliveryState.SENDING, DeliveryState.SENT])
def test_a_delivery_moves_only_along_the_allowed_ways(
    desk: Desk, before: DeliveryState, after: DeliveryState
) -> None:
    record = desk.in_state(before)

    def move() -> DeliveryRecord:
        if after is DeliveryState.SENDING:
            return desk.intend(record)
        if after is DeliveryState.SENT:
            return desk.sent(record, remote_id="another")
        return desk.mark(MARKS[after], record)

    if after in sending.TRANSITIONS[before]:
        assert move().state is after
    else:
        with pytest.raises(ConflictError):
            move()
        with desk.database.read() as session:
            assert deliveries.get(session, desk.ours.practice_id, record.id) == record


def test_every_state_has_its_ways_written_down() -> None:
    assert set(sending.TRANSITIONS) == set(DeliveryState)


@pytest.mark.proves("S14")
def test_a_delivery_of_another_practice_is_as_absent(desk: Desk, theirs: Tenant) -> None:
    planned = desk.plan()

    with pytest.raises(NotFoundError), desk.database.write() as session:
        sending.claim_for_sending(session, theirs.practice_id, planned.id, desk.now)


def test_a_delivery_prints_neither_body_nor_remote_id(desk: Desk) -> None:
    printed = repr(desk.sent(desk.intend(desk.plan()), remote_id="remote-canary"))

    assert "resourceType" not in printed
    assert "remote-canary" not in printed
