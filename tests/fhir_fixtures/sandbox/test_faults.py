"""Faults over real HTTP: what is lost is lost, what is counted is true, and a seed repeats."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from ccm_fhir.fhir.client import identifier_query
from ccm_fhir.fhir.outcomes import Doubt, WriteKind
from fhir_fixtures.sandbox import profiles
from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.faults.dice import Dice, Fate
from fhir_fixtures.sandbox.faults.plan import FaultPlan, read_plan
from tests.fhir_fixtures.sandbox.conftest import ORIGIN, Practice
from tests.fhir_fixtures.sandbox.vendors import OURS, Site, procedure, running_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from random import Random

    from fhir_fixtures.sandbox.settings import SandboxSettings

NOTHING = FaultPlan()
NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    with running_site(faults=NOTHING) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    """Return the module's EHR with no fault at work and nothing counted."""
    running.faults("DELETE")
    return running


def use(site: Site, **plan: Any) -> None:  # noqa: ANN401
    assert "error" not in site.faults("PUT", json=plan)


def counters(site: Site) -> dict[str, Any]:
    counts: dict[str, Any] = site.faults()["counters"]
    return counts


def held(site: Site, value: str) -> int:
    """Return how many resources bear an identifier, whatever the index shows."""
    use(site)
    return len(site.client.find_by_identifier("Procedure", OURS, value))


def until(condition: Callable[[], bool]) -> None:
    given_up = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < given_up, "it did not come about"
        time.sleep(0.02)


# --- one fate at a time ---


def test_without_a_plan_nothing_happens_and_all_is_counted(site: Site) -> None:
    condition = identifier_query(OURS, "plain")

    first = site.client.create(procedure(site, "plain"), if_none_exist=condition)
    second = site.client.create(procedure(site, "plain"), if_none_exist=condition)

    assert (first.kind, second.kind) == (WriteKind.CREATED, WriteKind.EXISTED)
    assert counters(site) == {
        "requests": 2,
        "posts": 2,
        "created": 1,
        "existed": 1,
        "server_error": 0,
        "busy": 0,
        "lost_answer": 0,
        "late_commit": 0,
        "hidden": 0,
        "created_by_type": {"Procedure": 1},
    }


def test_a_server_error_comes_before_anything_is_written(site: Site) -> None:
    use(site, server_error_rate=1)

    outcome = site.client.create(procedure(site, "error"))

    assert (outcome.kind, outcome.status) == (WriteKind.UNCERTAIN, 500)
    assert (counters(site)["server_error"], counters(site)["created"]) == (1, 0)
    assert held(site, "error") == 0


def test_a_lost_answer_leaves_the_resource_behind(site: Site) -> None:
    use(site, lost_answer_rate=1)

    outcome = site.client.create(procedure(site, "lost"))

    assert (outcome.kind, outcome.doubt) == (WriteKind.UNCERTAIN, Doubt.NO_ANSWER)
    assert (counters(site)["lost_answer"], counters(site)["created"]) == (1, 1)
    assert held(site, "lost") == 1


def test_the_connection_is_cut_without_a_word(site: Site) -> None:
    use(site, lost_answer_rate=1)

    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        site.http("POST", "Procedure", json=procedure(site, "cut"))


def test_a_late_commit_is_not_there_at_first_and_then_it_is(site: Site) -> None:
    use(site, late_commit_rate=1, late_commit_seconds=0.3)

    outcome = site.client.create(procedure(site, "late"))
    at_first = counters(site)

    assert outcome.doubt is Doubt.NO_ANSWER
    assert (at_first["late_commit"], at_first["created"]) == (1, 0)
    until(lambda: counters(site)["created"] == 1)
    assert held(site, "late") == 1


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
def test_a_busy_server_says_when_to_come_back_in_either_form_or_not(site: Site, form: str) -> None:
    use(site, busy_rate=1, retry_after=form, retry_after_seconds=7)

    answer = site.http("POST", "Procedure", json=procedure(site, "busy"))

    assert answer.status_code == 429
    said = answer.headers.get("retry-after")
    if form == "seconds":
        assert said == "7"
    elif form == "date":
        wait = parsedate_to_datetime(said or "") - site.ehr.clock()
        assert wait == timedelta(seconds=8)
    else:
        assert said is None
    assert counters(site)["busy"] == 1
    assert held(site, "busy") == 0


def test_a_slow_server_outlasts_an_impatient_client(site: Site) -> None:
    use(site, latency_seconds=2, methods=[])

    with pytest.raises(httpx2.ReadTimeout):
        site.http("GET", f"Patient/{site.patient_id}", timeout=0.1)


def test_reads_and_other_types_are_spared_unless_they_are_named(site: Site) -> None:
    use(site, server_error_rate=1, types=["Claim"])
    assert site.http("POST", "Procedure", json=procedure(site, "spared")).status_code == 201
    assert site.http("POST", "Claim", json={}).status_code == 500

    use(site, server_error_rate=1)
    search = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"patient={site.patient_id}"
    assert site.http("GET", f"Patient/{site.patient_id}").status_code == 200
    assert site.http("POST", "Condition/_search", headers=search, content=body).status_code == 200

    use(site, server_error_rate=1, methods=["GET"])
    assert site.http("GET", f"Patient/{site.patient_id}").status_code == 500
    assert site.http("POST", "Condition/_search", headers=search, content=body).status_code == 500
    assert site.http("GET", "metadata").status_code == 200


# --- searches and conditions ---


def test_a_lagging_index_does_not_show_what_can_be_read(site: Site) -> None:
    use(site, index_lag_seconds=1)

    outcome = site.client.create(procedure(site, "lag"))
    at_once = site.http("GET", f"Procedure?identifier={OURS}|lag").json()

    assert "entry" not in at_once
    assert at_once.get("total", 0) == 0
    assert site.client.read("Procedure", outcome.resource_id).id == outcome.resource_id
    assert counters(site)["hidden"] == 1
    until(lambda: bool(site.client.find_by_identifier("Procedure", OURS, "lag")))


def test_a_condition_does_not_see_what_the_index_does_not_show(site: Site) -> None:
    use(site, index_lag_seconds=60)
    condition = identifier_query(OURS, "lag-twice")

    kinds = [
        site.client.create(procedure(site, "lag-twice"), if_none_exist=condition).kind
        for _ in range(2)
    ]

    assert kinds == [WriteKind.CREATED, WriteKind.CREATED]
    assert counters(site)["created"] == 2
    assert held(site, "lag-twice") == 2


def test_a_condition_that_is_ignored_writes_twice(site: Site) -> None:
    use(site, ignores_if_none_exist=True)
    condition = identifier_query(OURS, "ignored")

    kinds = [
        site.client.create(procedure(site, "ignored"), if_none_exist=condition).kind
        for _ in range(2)
    ]

    assert kinds == [WriteKind.CREATED, WriteKind.CREATED]
    assert held(site, "ignored") == 2


@pytest.mark.parametrize(("ignores", "number"), [(False, 1), (True, 2)])
def test_a_condition_inside_a_transaction_is_ignored_as_well(
    site: Site,
    ignores: bool,  # noqa: FBT001
    number: int,
) -> None:
    value = f"transaction-{ignores}"
    use(site, ignores_if_none_exist=ignores)
    request = {
        "method": "POST",
        "url": "Procedure",
        "ifNoneExist": identifier_query(OURS, value),
    }
    entry = {"resource": procedure(site, value), "request": request}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    answers = [site.http("POST", "", json=bundle).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert counters(site)["created"] == number
    assert held(site, value) == number


def test_a_race_doubles_what_is_asked_for_at_once_and_not_in_turn(site: Site) -> None:
    use(site, race_seconds=0.3)
    condition = identifier_query(OURS, "race")
    kinds = []

    def create() -> None:
        kinds.append(site.client.create(procedure(site, "race"), if_none_exist=condition).kind)

    both = [threading.Thread(target=create) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    doubled = counters(site)["created"]
    again = site.client.create(procedure(site, "race"), if_none_exist=condition)

    assert kinds == [WriteKind.CREATED, WriteKind.CREATED]
    assert doubled == 2
    assert again.kind is WriteKind.MULTIPLE


def test_in_turn_a_racy_condition_finds_what_is_there(site: Site) -> None:
    use(site, race_seconds=0.01)
    condition = identifier_query(OURS, "in-turn")

    outcomes = [
        site.client.create(procedure(site, "in-turn"), if_none_exist=condition) for _ in range(2)
    ]

    assert [each.kind for each in outcomes] == [WriteKind.CREATED, WriteKind.EXISTED]
    assert outcomes[0].resource_id == outcomes[1].resource_id
    assert counters(site)["existed"] == 1


def test_a_condition_whose_search_is_refused_is_refused(site: Site) -> None:
    use(site, race_seconds=0.01)

    answer = site.http(
        "POST",
        "Procedure",
        json=procedure(site),
        headers={"If-None-Exist": "identifier=x", "Authorization": "Bearer nobody"},
    )

    assert answer.status_code == 401


def test_a_vendor_that_heeds_no_condition_does_not_heed_it_under_a_lag_either() -> None:
    plan = FaultPlan(race_seconds=0.01)
    with running_site(profiles.load("epic"), faults=plan) as site:
        condition = identifier_query(OURS, "epic")
        kinds = [
            site.client.create(procedure(site, "epic"), if_none_exist=condition).kind
            for _ in range(2)
        ]

    assert kinds == [WriteKind.CREATED, WriteKind.CREATED]


# --- the same seed, the same fates ---


def statuses(site: Site, seed: int) -> list[int]:
    use(site, seed=seed, server_error_rate=0.3, busy_rate=0.3)
    bodies = [procedure(site, f"seed-{number}") for number in range(12)]
    return [site.http("POST", "Procedure", json=body).status_code for body in bodies]


def test_a_seed_repeats_over_http(site: Site) -> None:
    first, again, other = statuses(site, 7), statuses(site, 7), statuses(site, 8)

    assert first == again
    assert first != other
    assert set(first) == {201, 429, 500}


requests = st.lists(st.sampled_from("abcdef"), max_size=40)
plans = st.builds(
    FaultPlan,
    seed=st.integers(0, 1000),
    server_error_rate=st.floats(0, 0.25),
    busy_rate=st.floats(0, 0.25),
    lost_answer_rate=st.floats(0, 0.25),
    late_commit_rate=st.floats(0, 0.25),
)


@given(plan=plans, order=requests, shuffler=st.randoms(use_true_random=False))
def test_the_order_of_different_requests_does_not_change_their_fates(
    plan: FaultPlan, order: list[str], shuffler: Random
) -> None:
    def fates(asked: list[str]) -> Counter[tuple[str, int, Fate]]:
        dice, tries = Dice(), Counter[str]()
        met: Counter[tuple[str, int, Fate]] = Counter()
        for each in asked:
            tries[each] += 1
            met[each, tries[each], dice.fate(plan, each)] += 1
        return met

    mixed = list(order)
    shuffler.shuffle(mixed)

    assert fates(mixed) == fates(order)


def test_fates_come_about_as_often_as_the_plan_says() -> None:
    plan = FaultPlan(server_error_rate=0.05, lost_answer_rate=0.02, late_commit_rate=0.01)
    dice = Dice()

    met = Counter(dice.fate(plan, str(number)) for number in range(20_000))

    assert met[Fate.BUSY] == 0
    for fate, rate in (
        (Fate.SERVER_ERROR, 0.05),
        (Fate.LOST_ANSWER, 0.02),
        (Fate.LATE_COMMIT, 0.01),
    ):
        assert abs(met[fate] / 20_000 - rate) < 0.005


def test_a_rate_of_one_spares_nothing() -> None:
    dice = Dice()

    met = {dice.fate(FaultPlan(lost_answer_rate=1), str(number)) for number in range(500)}

    assert met == {Fate.LOST_ANSWER}


# --- plan and control ---


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        ({"busy_rate": 1.5}, "a rate is a number from 0 to 1"),
        ({"busy_rate": -0.1}, "a rate is a number from 0 to 1"),
        ({"busy_rate": 0.6, "lost_answer_rate": 0.6}, "the rates add up to more than 1"),
        ({"index_lag_seconds": -1}, "a time cannot be negative"),
        ({"busy": 0.1}, "unknown field `busy`"),
        ({"retry_after": "soon"}, "Invalid enum value 'soon'"),
    ],
)
def test_a_plan_that_means_nothing_is_refused_and_the_old_one_stays(
    site: Site, plan: dict[str, Any], complaint: str
) -> None:
    use(site, busy_rate=0.5)

    assert complaint in site.faults("PUT", json=plan)["error"]
    assert site.faults()["plan"]["busy_rate"] == 0.5


def test_a_plan_may_come_from_a_file_in_either_form(tmp_path: Path) -> None:
    toml, jsonfile = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text('seed = 3\nlost_answer_rate = 0.02\nmethods = ["POST"]\n')
    jsonfile.write_text('{"seed": 3, "lost_answer_rate": 0.02, "methods": ["POST"]}')

    assert read_plan(toml) == read_plan(jsonfile)
    assert read_plan(toml).seed == 3
    with pytest.raises(ValueError, match=r"absent\.toml cannot be read"):
        read_plan(tmp_path / "absent.toml")
    toml.write_text("lost = 1")
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        read_plan(toml)


def test_the_control_is_for_this_machine_alone(settings: SandboxSettings) -> None:
    app = create_app(replace(settings, fault_control=True), practice=Practice(), clock=lambda: NOW)
    far, near = (
        TestClient(app, base_url=ORIGIN, client=(host, 50000)) for host in ("192.0.2.7", "::1")
    )

    assert far.put("/faults", json={}).status_code == 404
    assert near.put("/faults", json={}).status_code == 200


def test_without_a_connection_to_cut_an_answer_is_lost_by_an_exception(
    settings: SandboxSettings,
) -> None:
    plan = FaultPlan(lost_answer_rate=1, methods=("GET",))
    app = create_app(replace(settings, faults=plan), practice=Practice(), clock=lambda: NOW)

    with TestClient(app, base_url=ORIGIN) as http, pytest.raises(ConnectionResetError):
        http.get("/fhir/Patient/one")


def test_the_control_is_shut_unless_it_is_asked_for() -> None:
    with running_site() as site, httpx2.Client(trust_env=False) as http:
        assert http.get(f"{site.ehr.origin}/faults").status_code == 404
        assert http.put(f"{site.ehr.origin}/faults", json={}).status_code == 404
