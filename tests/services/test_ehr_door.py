"""The door to an EHR: requests keep to its quota, and its pleas hold for every process."""

from __future__ import annotations

import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from ccm_fhir.domain.pacing import FAILURES, Circuit, PauseReason, circuit, slots
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.errors import EhrHttpError, EhrPausedError
from ccm_fhir.services import ehr_door
from ccm_fhir.services.connections import reconnect, set_quota
from ccm_fhir.services.deliver_pacing import paused_until
from ccm_fhir.services.ehr_access import system_client
from ccm_fhir.services.ehr_door import EhrDoor, quota_of
from ccm_fhir.services.problems import sentence_for
from ccm_fhir.services.request_slots import RequestSlots
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.services.turns import Turn, take_turn
from ccm_fhir.services.user_tokens import user_client
from ccm_fhir.storage import deliveries, ehrs, paces, turns
from fhir_fixtures.sandbox.profiles import load
from tests.services.loopback_ehr import Clock, Ehr, RealClock, cast, running_ehr
from tests.services.wire import Fault, Send, answers, nothing_is_sent
from tests.world import Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import httpx2

    from ccm_fhir.domain.pacing import Pace
    from ccm_fhir.services.installation import Installation

PATIENT = "/fhir/Patient"


class Later:
    """Sleeps by moving the test's clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)


@pytest.fixture
def ehr() -> Iterator[Ehr]:
    with running_ehr(cast(2), Clock()) as running:
        yield running


@contextmanager
def paced(database_url: str, ehr: Ehr, **slots: object) -> Iterator[Site]:
    """Open a site whose requests are paced; without real sleeping unless the clock is real."""
    sleep = time.sleep if isinstance(ehr.clock, RealClock) else Later(ehr.clock)
    with open_site(database_url, ehr) as opened:
        world = replace(opened.world, slots=RequestSlots(**{"sleep": sleep, **slots}))  # type: ignore[arg-type]
        yield replace(opened, world=world)


def door(site: Site, world: Installation | None = None) -> EhrDoor:
    with site.world.db.read(site.practice_id) as session:
        return EhrDoor(world or site.world, ehrs.get(session, site.practice_id, site.ehr_id))


def pace_of(site: Site) -> Pace:
    with site.world.db.read(site.practice_id) as session:
        return paces.find(session, site.practice_id, site.ehr_id)


def most_in_a_second(moments: list[float]) -> int:
    ordered = sorted(moments)
    return max(bisect_left(ordered, first + 1.0) - n for n, first in enumerate(ordered))


def test_two_processes_together_never_pass_the_quota_in_any_second(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quota holds for the moments given; a busy machine may send later than that, not earlier.

    What is sent too late may fall together with what is sent in time, which no clock can mend.
    """
    quota = 30
    given: list[float] = []
    arrived: list[float] = []

    def telling(*asked: Any) -> tuple[tuple[datetime, ...], Pace]:  # noqa: ANN401  # passed on
        moments, pace = slots(*asked)
        given.extend(moment.timestamp() for moment in moments)
        return moments, pace

    monkeypatch.setattr(ehr_door, "slots", telling)
    with (
        running_ehr(cast(1), RealClock()) as ehr,
        paced(database_url, ehr, per_minute=quota * 60) as site,
    ):
        another = replace(site.world, slots=RequestSlots(per_minute=quota * 60))

        def ask(world: Installation) -> None:
            client = system_client(world, site.practice_id, site.ehr_id)
            for _ in range(15):
                client.search("Patient", {"_count": "1", "identifier": "none|such"})
                arrived.append(ehr.clock().timestamp())

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(ask, [site.world, another] * 4))

    assert len(arrived) == 120
    assert most_in_a_second(given) <= quota
    assert all(late >= due for late, due in zip(sorted(arrived), sorted(given), strict=False))


def test_a_plea_holds_for_every_request_to_the_ehr_until_it_is_over(
    database_url: str, ehr: Ehr
) -> None:
    with paced(database_url, ehr) as site:
        another = replace(site.world, slots=RequestSlots(sleep=Later(site.clock)))
        site.wire.fail("GET", PATIENT, answers(429, headers={"Retry-After": "120"}), times=1)
        client = system_client(site.world, site.practice_id, site.ehr_id)

        with pytest.raises(EhrPausedError) as paused:
            client.search("Patient", {"_count": "1"})
        asked = len(site.wire.sent("GET", PATIENT))
        with pytest.raises(EhrPausedError):
            system_client(another, site.practice_id, site.ehr_id).search("Patient", {})

        assert 100 < paused.value.seconds <= 120
        assert asked == 1
        assert len(site.wire.sent("GET", PATIENT)) == asked
        site.clock.advance(seconds=121)
        system_client(another, site.practice_id, site.ehr_id).search("Patient", {"_count": "1"})


def test_an_ehr_that_gives_no_answer_is_probed_once_by_whoever_comes_first(
    database_url: str, ehr: Ehr
) -> None:
    with paced(database_url, ehr) as site:
        for _ in range(FAILURES):
            door(site).after(None)
        assert circuit(pace_of(site), site.clock()) is Circuit.OPEN
        held = door(site).admit(has_queued=False)
        assert held == pace_of(site).paused_until
        assert held is not None

        site.clock.now = held
        another = replace(site.world, slots=RequestSlots())

        assert door(site).admit(has_queued=False) is None
        assert door(site, another).admit(has_queued=False) is not None
        door(site).after(200)
        assert door(site, another).admit(has_queued=False) is None
        assert circuit(pace_of(site), site.clock()) is Circuit.CLOSED


def test_a_person_is_not_kept_from_an_ehr_that_may_be_back(sqlite_url: str, ehr: Ehr) -> None:
    with paced(sqlite_url, ehr) as site:
        desk = site.launch()
        for _ in range(FAILURES):
            door(site).after(None)
        client = user_client(site.world, site.practice_id, desk.visit.reading.grant_id or "")

        client.search("Patient", {"_id": "pt-ready"})

        assert circuit(pace_of(site), site.clock()) is Circuit.CLOSED


def test_a_refusal_is_an_answer_and_opens_nothing(sqlite_url: str, ehr: Ehr) -> None:
    with paced(sqlite_url, ehr) as site:
        site.wire.fail("GET", PATIENT, answers(403))
        client = system_client(site.world, site.practice_id, site.ehr_id)
        for _ in range(2 * FAILURES):
            with pytest.raises(EhrHttpError):
                client.search("Patient", {"_count": "1"})

        assert pace_of(site).failures == 0


def take(site: Site, delivery_id: str) -> turns.Turn | None:
    """Take a delivery's newest turn to its end; return the next one."""

    def newest() -> turns.Turn | None:
        with site.world.db.read(site.practice_id) as session:
            return turns.find(session, site.practice_id, delivery_id)

    found = newest()
    number = turns.FIRST if found is None else found.number
    turn = Turn(practice_id=site.practice_id, delivery_id=delivery_id, number=number)
    while take_turn(site.world, turn):
        pass
    return newest()


def test_a_silent_ehr_is_not_asked_for_each_delivery_that_waits(sqlite_url: str, ehr: Ehr) -> None:
    with paced(sqlite_url, ehr) as site:
        nurse = site.launch()
        nurse.record()
        site.wire.fail("GET", "/fhir/Procedure$", nothing_is_sent)
        procedure = nurse.delivery(ResourceKind.PROCEDURE)
        for _ in range(FAILURES):
            door(site).after(None)

        turn = take(site, procedure.id)

        assert site.wire.sent("GET", "/fhir/Procedure$") == []
        assert turn is not None
        assert turn.due_at == pace_of(site).paused_until
        assert site.delivery(procedure.id).last_problem == ""


def steps_of(site: Site, delivery_id: str) -> list[tuple[str, str]]:
    with site.world.db.read(site.practice_id) as session:
        found = deliveries.events(session, site.practice_id, delivery_id)
    return [(step.event, step.detail_code) for step in found]


def pleads_for(site: Site, seconds: int) -> Fault:
    """Answer a search, and let the EHR plead for rest with it: what comes next does not leave."""

    def fault(request: httpx2.Request, send: Send) -> httpx2.Response:
        answer = send(request)
        door(site).after(429, float(seconds))
        return answer

    return fault


def told(site: Site, delivery_id: str) -> str:
    return sentence_for(site.delivery(delivery_id), ZoneInfo("America/New_York"))


def test_an_ehr_that_is_left_alone_is_no_try_and_says_until_when(
    database_url: str, ehr: Ehr
) -> None:
    with paced(database_url, ehr) as site:
        nurse = site.launch()
        nurse.record()
        procedure = nurse.delivery(ResourceKind.PROCEDURE)
        site.wire.fail("GET", "/fhir/Procedure$", pleads_for(site, 300), times=1)

        turn = take(site, procedure.id)

        waiting = site.delivery(procedure.id)
        assert (waiting.state, waiting.tries) == (DeliveryState.PLANNED, 0)
        assert steps_of(site, procedure.id)[-2][0] == "sending"
        event, code = steps_of(site, procedure.id)[-1]
        until = paused_until(code)
        assert event == "unsent"
        assert until is not None
        assert 200 < (until - site.clock()).total_seconds() <= 400
        assert turn is not None
        assert turn.due_at is not None
        assert turn.due_at >= until
        local = until.astimezone(ZoneInfo("America/New_York"))
        assert f"left alone until {local:%H:%M on %Y-%m-%d}" in told(site, procedure.id)
        assert site.wire.sent("POST", "/fhir/Procedure$") == []

        site.clock.now = turn.due_at
        take(site, procedure.id)

        done = site.delivery(procedure.id)
        assert (done.state, done.tries) == (DeliveryState.SENT, 1)
        assert len(site.in_the_ehr(procedure)) == 1


def test_a_pause_before_the_search_is_no_server_error(sqlite_url: str, ehr: Ehr) -> None:
    with paced(sqlite_url, ehr) as site:
        nurse = site.launch()
        nurse.record()
        procedure = nurse.delivery(ResourceKind.PROCEDURE)
        door(site).after(429, 300.0)

        waited = site.attempt(procedure.id).wait_seconds

        waiting = site.delivery(procedure.id)
        assert waiting.tries == 0
        assert paused_until(waiting.last_problem) is not None
        assert waited is not None
        assert waited > 200


def test_both_parts_of_a_contact_wait_where_nothing_may_leave(sqlite_url: str, ehr: Ehr) -> None:
    with paced(sqlite_url, ehr) as site:
        nurse = site.launch()
        nurse.call()
        encounter = nurse.delivery(ResourceKind.ENCOUNTER)
        site.wire.fail("GET", "/fhir/Encounter$", pleads_for(site, 300), times=1)

        site.attempt(encounter.id)

        both = [site.delivery(one.id) for one in site.deliveries(nurse.patient_id)]
        assert {(one.state, one.tries) for one in both} == {(DeliveryState.PLANNED, 0)}
        assert all(paused_until(one.last_problem) for one in both)
        site.clock.advance(seconds=1000)
        site.deliver(*(one.id for one in both))
        assert all(len(site.in_the_ehr(one)) == 1 for one in both)


def test_what_is_in_doubt_stays_so_while_the_ehr_is_left_alone(sqlite_url: str, ehr: Ehr) -> None:
    with paced(sqlite_url, ehr) as site:
        nurse = site.launch()
        nurse.record()
        procedure = nurse.delivery(ResourceKind.PROCEDURE)
        site.wire.fail("POST", "/fhir/Procedure$", nothing_is_sent, times=1)
        site.attempt(procedure.id)
        assert site.delivery(procedure.id).state is DeliveryState.UNCERTAIN
        site.clock.advance(seconds=1000)
        site.wire.fail("GET", "/fhir/Procedure$", pleads_for(site, 300), times=1)

        site.attempt(procedure.id)

        waiting = site.delivery(procedure.id)
        assert (waiting.state, waiting.tries) == (DeliveryState.UNCERTAIN, 1)
        assert paused_until(waiting.last_problem) is not None


def test_a_revoked_token_is_named_stops_the_ehr_and_loses_nothing(
    sqlite_url: str, ehr: Ehr
) -> None:
    with paced(sqlite_url, ehr) as site:
        nurse = site.launch()
        nurse.call()
        encounter = nurse.delivery(ResourceKind.ENCOUNTER)
        site.wire.fail("POST", "/token$", answers(401, body={"error": "invalid_client"}))

        take(site, encounter.id)

        waiting = site.delivery(encounter.id)
        assert (waiting.state, waiting.last_problem) == (DeliveryState.PLANNED, "unauthorized")
        assert pace_of(site).reason is PauseReason.UNAUTHORIZED
        asked = len(site.wire.sent("POST", "/token$"))
        take(site, encounter.id)
        assert len(site.wire.sent("POST", "/token$")) == asked

        site.wire.mend()
        reconnect(site.world, SetupHand(practice_id=site.practice_id, user_id=None), site.ehr_id)
        take(site, encounter.id)

        assert site.delivery(encounter.id).state is DeliveryState.SENT
        assert len(site.in_the_ehr(encounter)) == 1


def test_a_token_that_is_revoked_between_search_and_create_writes_nothing_twice(
    sqlite_url: str, ehr: Ehr
) -> None:
    with paced(sqlite_url, ehr) as site:
        nurse = site.launch()
        nurse.record()
        procedure = nurse.delivery(ResourceKind.PROCEDURE)
        # Twice: the client itself renews its token once, and sends again.
        site.wire.fail("POST", "/fhir/Procedure$", answers(401), times=2)
        take(site, procedure.id)
        assert site.delivery(procedure.id).last_problem == "unauthorized"

        site.clock.advance(seconds=1000)
        take(site, procedure.id)

        assert site.delivery(procedure.id).state is DeliveryState.SENT
        assert len(site.in_the_ehr(procedure)) == 1


def test_an_ehr_has_its_published_quota_or_the_one_that_was_set(sqlite_url: str) -> None:
    like_ecw = load("eclinicalworks")
    with (
        running_ehr(cast(1), Clock(), like=lambda s: replace(s, profile=like_ecw)) as ecw,
        paced(sqlite_url, ecw) as site,
    ):
        assert quota_of(site.world, door(site).ehr) == 250
        set_quota(
            site.world, SetupHand(practice_id=site.practice_id, user_id=None), site.ehr_id, 60
        )
        assert pace_of(site).per_minute == 60
