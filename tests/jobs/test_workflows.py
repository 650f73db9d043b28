"""The workflows on the real engine: what they deliver and read, and what cannot stop them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from ccm_fhir import jobs
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.engine import Durable, WorkflowState
from ccm_fhir.jobs import given_up
from ccm_fhir.jobs.workflows import MOST_FAULTS
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.panel import ask_for_panel
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.reconcile import Scope, reconcile
from ccm_fhir.storage.database import Database
from tests.services.loopback_ehr import Clock, Ehr, cast, running_ehr
from tests.services.wire import Send, answers, nothing_is_sent
from tests.world import DOCTOR, NOVEMBER, Desk, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2
    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session
    from sqlmodel import Session as Transaction

PATIENCE_SECONDS = 30.0
PROCEDURE = "/fhir/Procedure$"


class Hasty(Durable):
    """The real engine, but what is delayed comes at once while the test's clock runs on."""

    clock = Clock()

    def enqueue(
        self,
        transaction: Session | Connection,
        workflow: str,
        workflow_id: str,
        *ids: str,
        delay_seconds: float = 0.0,
    ) -> None:
        self.clock.advance(seconds=delay_seconds)
        super().enqueue(transaction, workflow, workflow_id, *ids)


@pytest.fixture
def ehr() -> Iterator[Ehr]:
    with running_ehr(cast(4), Clock()) as running:
        yield running


@contextmanager
def at_work(database_url: str, ehr: Ehr) -> Iterator[tuple[Site, Durable]]:
    engine = Hasty(database_url, poll_seconds=0.05)
    engine.clock = ehr.clock
    with open_site(database_url, ehr, queue=engine) as site:
        jobs.register(engine, site.world, site.clock)
        with engine:
            yield site, engine


def finished(engine: Durable, site: Site, desk: Desk, kind: ResourceKind) -> DeliveryState:
    delivery = desk.delivery(kind)
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if site.delivery(delivery.id).read_back_at is not None:
            break
        engine.enqueuer.wait("nothing", 0.05)
    return site.delivery(delivery.id).state


def broken(_request: httpx2.Request, _send: Send) -> httpx2.Response:
    message = "a fault of our own, which nobody foresaw"
    raise RuntimeError(message)


def test_what_is_recorded_and_signed_arrives_by_itself(database_url: str, ehr: Ehr) -> None:
    with at_work(database_url, ehr) as (site, engine):
        nurse, doctor = site.launch(), site.launch(user=DOCTOR)
        nurse.call()
        doctor.sign()

        assert finished(engine, site, doctor, ResourceKind.CLAIM) is DeliveryState.SENT
        assert set(doctor.states().values()) == {DeliveryState.SENT}
        assert len(site.in_the_ehr(doctor.delivery(ResourceKind.CLAIM))) == 1


def test_an_ehr_that_is_down_at_the_first_attempt_is_written_to_later(
    sqlite_url: str, ehr: Ehr
) -> None:
    with at_work(sqlite_url, ehr) as (site, engine):
        nurse = site.launch()
        site.wire.fail("GET", PROCEDURE, nothing_is_sent, times=12)
        nurse.record()

        assert finished(engine, site, nurse, ResourceKind.PROCEDURE) is DeliveryState.SENT


def test_a_delivery_outlives_a_fault_of_our_own(sqlite_url: str, ehr: Ehr) -> None:
    with at_work(sqlite_url, ehr) as (site, engine):
        nurse = site.launch()
        site.wire.fail("GET", PROCEDURE, broken, times=2)
        nurse.record()

        assert finished(engine, site, nurse, ResourceKind.PROCEDURE) is DeliveryState.SENT
        assert len(site.in_the_ehr(nurse.delivery(ResourceKind.PROCEDURE))) == 1


class Away(Database):
    """The site's own database, but so many transactions find it away."""

    def __init__(self, real: Database, times: int) -> None:
        super().__init__(real.url, real.engine, real.reader_engine)
        self.left = times

    @contextmanager
    def write(self, practice_id: str = "") -> Iterator[Transaction]:
        if self.left:
            self.left -= 1
            raise OperationalError("BEGIN", {}, ConnectionError("away"))
        with super().write(practice_id) as session:
            yield session


def test_a_delivery_outlives_a_database_that_is_away_when_it_asks_for_another_turn(
    sqlite_url: str, ehr: Ehr
) -> None:
    engine = Hasty(sqlite_url, poll_seconds=0.05)
    engine.clock = ehr.clock
    with open_site(sqlite_url, ehr, queue=engine) as site:
        away = Away(site.world.db, times=3)  # the try itself, and asking for the next turn twice
        jobs.register(engine, replace(site.world, db=away), site.clock)
        nurse = site.launch()
        nurse.record()
        with engine:
            assert finished(engine, site, nurse, ResourceKind.PROCEDURE) is DeliveryState.SENT
        assert away.left == 0
        assert engine.enqueuer.ids_in(WorkflowState.ERROR) == ()


def test_a_fault_that_does_not_go_away_ends_in_a_state_that_is_watched(
    sqlite_url: str, ehr: Ehr
) -> None:
    with at_work(sqlite_url, ehr) as (site, engine):
        nurse = site.launch()
        site.wire.mend()
        site.wire.fail("GET", PROCEDURE, broken)
        nurse.record()
        delivery = nurse.delivery(ResourceKind.PROCEDURE)

        last = f"deliver-{delivery.id}-{MOST_FAULTS}"
        assert engine.enqueuer.wait(last, PATIENCE_SECONDS) is WorkflowState.ERROR
        assert len(site.wire.sent("GET", PROCEDURE)) == MOST_FAULTS + 1
        assert given_up(site.world, engine.enqueuer) == (delivery.id,)

        site.wire.mend()
        site.clock.advance(seconds=3600)
        report = reconcile(site.world, Scope(practice_id=site.practice_id))
        assert report.woken == 1
        assert finished(engine, site, nurse, ResourceKind.PROCEDURE) is DeliveryState.SENT
        assert given_up(site.world, engine.enqueuer) == ()


def test_the_panel_is_read_though_one_patient_cannot_be(database_url: str, ehr: Ehr) -> None:
    with at_work(database_url, ehr) as (site, engine):
        desk = site.launch()
        site.wire.refuse_batches()
        site.wire.fail("GET", "/fhir/Patient/pt-almost", broken)
        site.wire.fail("GET", "/fhir/Patient/pt-exactly", answers(500))

        ask_for_panel(site.world, site.practice_id, site.ehr_id, site.clock())
        asked = f"panel-{site.ehr_id}-{site.clock():%Y%m%d%H%M}"
        assert engine.enqueuer.wait(asked, PATIENCE_SECONDS) is WorkflowState.SUCCESS

        page = overview(site.world, desk.actor, MonthFilter(month=NOVEMBER), site.clock())
        assert page.counts == {MonthState.SHORT_OF_TIME: 2, MonthState.CHART_NOT_READ: 2}
