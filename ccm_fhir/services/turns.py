"""A delivery's turn: one attempt where it may begin now, else the moment of the next turn.

What waits (for a server, for what it refers to, for a person) holds no place in the engine: its
workflow ends, and the next turn is asked for in the same transaction that writes down when. One
chain of turns is left of however many: an older turn ends without doing anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import Session

from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.failpoints import failpoint
from ccm_fhir.services.deliver import Attempt, attempt_delivery
from ccm_fhir.services.ehr_door import EhrDoor
from ccm_fhir.services.installation import DELIVER, Installation
from ccm_fhir.storage import deliveries, ehrs, sending, turns
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.sending import Problem
from ccm_fhir.storage.turns import Wait

DISCONNECTED = "disconnected"
QUEUED = "queued"
BEFORE_IT = "before_it"
FAULT = "fault"
LOOK_AGAIN_SECONDS = 900.0  # in case nobody wakes what waits for something else
_UNAUTHORIZED = "unauthorized"
_JITTER = 0.2
_OPEN = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.UNCERTAIN})
_STOPPED = frozenset({DeliveryState.REJECTED, DeliveryState.QUARANTINE, DeliveryState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Which delivery, and which of its turns; ``faults`` counts faults of our own in a row."""

    practice_id: str
    delivery_id: str
    number: int = turns.FIRST
    faults: int = 0


def take_turn(world: Installation, turn: Turn) -> bool:
    """Do the next thing for a delivery; True where there is more to do at once."""
    with world.db.read(turn.practice_id) as session:
        if not turns.is_newest(session, turn.practice_id, turn.delivery_id, turn.number):
            return False
        newest = turns.find(session, turn.practice_id, turn.delivery_id)
        record = deliveries.get(session, turn.practice_id, turn.delivery_id)
        before = deliveries.dependencies(session, turn.practice_id, turn.delivery_id)
        ehr = ehrs.get(session, turn.practice_id, record.ehr_id)
    if record.state in _STOPPED:
        return False
    if not ehr.is_active:
        return _park(world, turn, record)
    if _waits_for(record, before):
        return _wait_for_what_comes_before(world, turn)
    has_queued = newest is not None and newest.reason == QUEUED
    held = EhrDoor(world, ehr).admit(has_queued=has_queued)
    if held is not None:
        return _later(world, turn, (held - world.clock()).total_seconds(), QUEUED)
    return _tried(world, turn, ehr, attempt_delivery(world, turn.practice_id, turn.delivery_id))


def after_a_fault(world: Installation, turn: Turn, seconds: float) -> None:
    """Ask for another turn after a fault of our own, such as a database that was away."""
    _later(world, replace(turn, faults=turn.faults + 1), seconds, FAULT)


def wake(world: Installation, session: Session, practice_id: str, delivery_id: str) -> None:
    """Give a delivery a turn now, in the caller's transaction, whatever it waits for."""
    now = world.clock()
    woken = turns.wake(session, practice_id, delivery_id, Wait(due_at=now, reason=""))
    _enqueue(
        world,
        session,
        Turn(practice_id=practice_id, delivery_id=delivery_id, number=woken.number),
    )


def _tried(world: Installation, turn: Turn, ehr: Ehr, attempt: Attempt) -> bool:
    failpoint("C8")
    if attempt.state not in _OPEN:
        _wake_what_waits(world, turn)
    if attempt.wait_seconds is None:
        return False
    if attempt.wait_seconds <= 0:
        return True
    with world.db.read(turn.practice_id) as session:
        problem = deliveries.get(session, turn.practice_id, turn.delivery_id).last_problem
    if problem == _UNAUTHORIZED:
        EhrDoor(world, ehr).refuse()
    spread = 1 + _JITTER * world.patience.jitter()
    return _later(world, turn, attempt.wait_seconds * spread, problem)


def _waits_for(record: DeliveryRecord, before: tuple[DeliveryRecord, ...]) -> bool:
    """Whether what it refers to is still on its way; if some of it was refused, it is looked at."""
    if record.state is not DeliveryState.PLANNED or any(d.state in _STOPPED for d in before):
        return False
    return any(d.state in _OPEN for d in before)


def _wait_for_what_comes_before(world: Installation, turn: Turn) -> bool:
    _later(world, turn, LOOK_AGAIN_SECONDS, BEFORE_IT)
    with world.db.write(turn.practice_id) as session:
        # Looked at once more, now that whoever sends it can see that this one waits.
        record = deliveries.get(session, turn.practice_id, turn.delivery_id)
        before = deliveries.dependencies(session, turn.practice_id, turn.delivery_id)
        if not _waits_for(record, before):
            wake(world, session, turn.practice_id, turn.delivery_id)
    return False


def _wake_what_waits(world: Installation, turn: Turn) -> None:
    """Wake what waits for a delivery; who begins to wait after this look looks again itself."""
    with world.db.read(turn.practice_id) as session:
        if not turns.waiting_for(session, turn.practice_id, turn.delivery_id):
            return
    now = world.clock()
    with world.db.write(turn.practice_id) as session:
        for other in turns.waiting_for(session, turn.practice_id, turn.delivery_id):
            asleep = turns.find(session, turn.practice_id, other)
            is_asleep = asleep is not None and asleep.due_at is not None and asleep.due_at > now
            before = deliveries.dependencies(session, turn.practice_id, other)
            if is_asleep and not any(d.state in _OPEN for d in before):
                wake(world, session, turn.practice_id, other)


def _park(world: Installation, turn: Turn, record: DeliveryRecord) -> bool:
    """Let a delivery wait for its EHR to be connected again, and say so on it."""
    with world.db.write(turn.practice_id) as session:
        record = sending.claim_for_sending(
            session, turn.practice_id, turn.delivery_id, world.clock()
        )
        if record.state in _OPEN and record.last_problem != DISCONNECTED:
            problem = Problem(delivery_id=record.id, code=DISCONNECTED)
            sending.mark_postponed(session, turn.practice_id, problem, world.clock())
        wait = Wait(due_at=None, reason=DISCONNECTED)
        turns.follow(session, turn.practice_id, turn.delivery_id, turn.number, wait)
    return False


def _later(world: Installation, turn: Turn, seconds: float, reason: str) -> bool:
    due_at = world.clock() + timedelta(seconds=seconds)
    with world.db.write(turn.practice_id) as session:
        following = turns.follow(
            session,
            turn.practice_id,
            turn.delivery_id,
            turn.number,
            Wait(due_at=due_at, reason=reason),
        )
        if following is not None:
            _enqueue(world, session, replace(turn, number=following.number), seconds)
    return False


def _enqueue(world: Installation, session: Session, turn: Turn, seconds: float = 0.0) -> None:
    world.queue.enqueue(
        session,
        DELIVER,
        f"deliver-{turn.delivery_id}-{turn.number}",
        turn.practice_id,
        turn.delivery_id,
        str(turn.number),
        str(turn.faults),
        delay_seconds=seconds,
    )
