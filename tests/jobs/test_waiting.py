"""What waits holds no place in the engine, is looked at again, and by one workflow alone."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import time as clock_time
from typing import TYPE_CHECKING

import pytest

from ccm_fhir import jobs
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.engine import Durable, WorkflowState
from ccm_fhir.services.connections import disconnect, reconnect
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.services.turns import LOOK_AGAIN_SECONDS, Turn, take_turn
from ccm_fhir.storage import turns
from tests.services.loopback_ehr import Clock, Ehr, cast, running_ehr
from tests.services.wire import answers
from tests.world import Desk, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAITING = 200
PLACES = 8
PATIENCE_SECONDS = 90.0
PROCEDURE = "/fhir/Procedure$"


@pytest.fixture
def ehr() -> Iterator[Ehr]:
    with running_ehr(cast(2), Clock()) as running:
        yield running


@contextmanager
def at_work(database_url: str, ehr: Ehr) -> Iterator[tuple[Site, Durable]]:
    engine = Durable(database_url, poll_seconds=0.05, concurrency=PLACES)
    with open_site(database_url, ehr, queue=engine) as site:
        jobs.register(engine, site.world, site.clock)
        with engine:
            yield site, engine


def wait_until(engine: Durable, so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not so():
        assert time.monotonic() < until, "it did not come"
        engine.enqueuer.wait("nothing", 0.1)


def states(desk: Desk) -> list[DeliveryState]:
    return [d.state for d in desk.site.deliveries(desk.patient_id)]


def test_two_hundred_that_wait_do_not_stop_the_next(database_url: str, ehr: Ehr) -> None:
    with at_work(database_url, ehr) as (site, engine):
        nurse = site.launch()
        site.wire.fail("POST", PROCEDURE, answers(500), times=WAITING)
        for number in range(WAITING):
            start = clock_time(8 + number // 60, number % 60)
            nurse.record(start_time=start, minutes=1)
        wait_until(engine, lambda: states(nurse).count(DeliveryState.UNCERTAIN) == WAITING)
        wait_until(engine, lambda: len(engine.enqueuer.ids_in(WorkflowState.DELAYED)) == WAITING)
        assert engine.enqueuer.ids_in(WorkflowState.PENDING) == ()

        entry = nurse.record(start_time=clock_time(14, 0), minutes=1)

        wait_until(engine, lambda: DeliveryState.SENT in states(nurse))
        (sent,) = (d for d in site.deliveries(nurse.patient_id) if d.state is DeliveryState.SENT)
        assert sent.artefact_id == entry
        assert states(nurse).count(DeliveryState.UNCERTAIN) == WAITING


@pytest.fixture
def site(sqlite_url: str, ehr: Ehr) -> Iterator[Site]:
    with open_site(sqlite_url, ehr) as opened:
        yield opened


def turn_of(site: Site, delivery_id: str) -> turns.Turn | None:
    with site.world.db.read(site.practice_id) as session:
        return turns.find(session, site.practice_id, delivery_id)


def take(site: Site, delivery_id: str) -> None:
    """Take a delivery's newest turn, as its workflow does, until it has nothing to do at once."""
    found = turn_of(site, delivery_id)
    number = turns.FIRST if found is None else found.number
    turn = Turn(practice_id=site.practice_id, delivery_id=delivery_id, number=number)
    while take_turn(site.world, turn):
        pass


def test_a_procedure_waits_for_its_encounter_and_is_woken_by_it(site: Site) -> None:
    nurse = site.launch()
    nurse.call()
    encounter = nurse.delivery(ResourceKind.ENCOUNTER)
    procedure = nurse.delivery(ResourceKind.PROCEDURE)

    take(site, procedure.id)
    waits = turn_of(site, procedure.id)
    take(site, encounter.id)
    woken = turn_of(site, procedure.id)
    take(site, procedure.id)

    assert waits is not None
    assert waits.reason == "before_it"
    assert waits.due_at is not None
    assert (waits.due_at - site.clock()).total_seconds() == LOOK_AGAIN_SECONDS
    assert woken is not None
    assert (woken.number, woken.due_at) == (2, site.clock())
    assert site.delivery(procedure.id).state is DeliveryState.SENT


def test_an_older_turn_does_nothing(site: Site) -> None:
    nurse = site.launch()
    nurse.record()
    procedure = nurse.delivery(ResourceKind.PROCEDURE)
    site.wire.fail("POST", PROCEDURE, answers(500), times=1)
    take(site, procedure.id)
    asked = len(site.wire.requests)

    old = Turn(practice_id=site.practice_id, delivery_id=procedure.id)

    assert take_turn(site.world, old) is False
    assert len(site.wire.requests) == asked


def test_a_delivery_to_a_disconnected_ehr_says_so_and_goes_on_once_it_is_connected(
    site: Site,
) -> None:
    nurse = site.launch()
    nurse.record()
    procedure = nurse.delivery(ResourceKind.PROCEDURE)
    hand = SetupHand(practice_id=site.practice_id, user_id=None)

    disconnect(site.world, hand, site.ehr_id)
    site.wire.requests.clear()
    take(site, procedure.id)
    parked, turn = site.delivery(procedure.id), turn_of(site, procedure.id)

    assert (parked.state, parked.last_problem) == (DeliveryState.PLANNED, "disconnected")
    assert turn is not None
    assert (turn.due_at, turn.reason) == (None, "disconnected")
    assert site.wire.requests == []

    assert reconnect(site.world, hand, site.ehr_id) == 1
    take(site, procedure.id)

    assert site.delivery(procedure.id).state is DeliveryState.SENT


def test_a_try_that_was_in_doubt_stays_so_while_the_ehr_is_off(site: Site) -> None:
    nurse = site.launch()
    nurse.record()
    procedure = nurse.delivery(ResourceKind.PROCEDURE)
    hand = SetupHand(practice_id=site.practice_id, user_id=None)
    site.wire.fail("POST", PROCEDURE, answers(500), times=1)
    take(site, procedure.id)

    disconnect(site.world, hand, site.ehr_id)
    take(site, procedure.id)
    assert site.delivery(procedure.id).state is DeliveryState.UNCERTAIN
    reconnect(site.world, hand, site.ehr_id)
    site.clock.advance(seconds=site.world.settle_seconds)
    take(site, procedure.id)

    assert site.delivery(procedure.id).state is DeliveryState.SENT
    assert len(site.in_the_ehr(procedure)) == 1
