"""The delivery recipe against a real EHR on a failing wire: one resource there, or a reason."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.services import deliver
from ccm_fhir.services.needs_person import retry
from ccm_fhir.storage import deliveries, ehrs, sending
from ccm_fhir.storage.sending import Intent
from tests.services.loopback_ehr import NOW
from tests.services.wire import (
    Fault,
    Send,
    answers,
    changed,
    nothing_is_sent,
    the_answer_is_lost,
    with_json,
    without_header,
)
from tests.world import DOCTOR, SETTLE_SECONDS, Desk, Site

if TYPE_CHECKING:
    import httpx2

    from ccm_fhir.storage.deliveries import DeliveryRecord
    from tests.services.wire import Send

PROCEDURE = r"/fhir/Procedure$"
CLAIM = r"/fhir/Claim$"
OUTCOME = {"resourceType": "OperationOutcome"}


@pytest.fixture
def site(own_site: Site) -> Site:
    return own_site


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


def planned_procedure(nurse: Desk) -> DeliveryRecord:
    nurse.record()
    nurse.site.wire.mend()
    return nurse.delivery(ResourceKind.PROCEDURE)


def planned_claim(site: Site) -> DeliveryRecord:
    """Plan a claim whose Procedure is in the EHR already."""
    site.launch().record()
    doctor = site.launch(user=DOCTOR)
    site.deliver_all(doctor.patient_id)
    doctor.sign()
    site.wire.mend()
    return doctor.delivery(ResourceKind.CLAIM)


def delivered(site: Site, delivery: DeliveryRecord) -> DeliveryRecord:
    (done,) = site.deliver(delivery.id)
    return done


def waits(site: Site, delivery: DeliveryRecord) -> float:
    wait = site.attempt(delivery.id).wait_seconds
    assert wait is not None
    return wait


def stores_and_answers(status: int, body: dict[str, Any]) -> Fault:
    return changed(lambda _: httpx2.Response(status, json=body))


ARRIVES: dict[str, tuple[str, str, Fault, int]] = {
    "nothing wrong": ("PUT", PROCEDURE, nothing_is_sent, 1),
    "the answer lost after the commit": ("POST", PROCEDURE, the_answer_is_lost, 1),
    "the answer lost twice": ("POST", PROCEDURE, the_answer_is_lost, 2),
    "no connection": ("POST", PROCEDURE, nothing_is_sent, 2),
    "500 before the commit": ("POST", PROCEDURE, answers(500, text="oops"), 2),
    "502 from a proxy after the commit": (
        "POST",
        PROCEDURE,
        stores_and_answers(502, {}),
        1,
    ),
    "503 with Retry-After": ("POST", PROCEDURE, answers(503, headers={"Retry-After": "3"}), 1),
    "429 with Retry-After": ("POST", PROCEDURE, answers(429, headers={"Retry-After": "3"}), 1),
    "409": ("POST", PROCEDURE, answers(409), 1),
    "200 with an error and nothing stored": (
        "POST",
        PROCEDURE,
        answers(200, body={**OUTCOME, "issue": [{"severity": "error", "code": "processing"}]}),
        1,
    ),
    "201 with an OperationOutcome and no Location": (
        "POST",
        PROCEDURE,
        stores_and_answers(
            201, {**OUTCOME, "issue": [{"severity": "information", "code": "informational"}]}
        ),
        1,
    ),
    "201 without Location or body": ("POST", PROCEDURE, changed(without_header("location")), 1),
    "HTML instead of an answer": ("POST", PROCEDURE, answers(200, text="<html></html>"), 1),
    "401 once at the search": ("GET", PROCEDURE, answers(401), 1),
    "401 once at the write": ("POST", PROCEDURE, answers(401), 1),
    "500 at every first search": ("GET", PROCEDURE, answers(500), 4),
    "no answer at every first search": ("GET", PROCEDURE, nothing_is_sent, 4),
    "HTML at the first search": ("GET", PROCEDURE, answers(200, text="<html></html>"), 1),
    "a search that ignores the identifier": (
        "GET",
        PROCEDURE,
        lambda request, send: send(_without_query(request)),
        9,
    ),
    "no token": ("POST", "/oauth/token", nothing_is_sent, 3),
    "a token refused": ("POST", "/oauth/token", answers(400, body={"error": "server_error"}), 1),
    "no answer at the read-back": ("GET", r"/fhir/Procedure/.+", nothing_is_sent, 4),
    "404 at the first read-back": ("GET", r"/fhir/Procedure/.+", answers(404), 1),
    "401 at the first read-back": ("GET", r"/fhir/Procedure/.+", answers(401), 1),
}


def _without_query(request: httpx2.Request) -> httpx2.Request:
    url = request.url.copy_with(query=b"_count=500")
    return httpx2.Request(request.method, url, headers=request.headers)


@pytest.mark.parametrize(("method", "path", "fault", "times"), ARRIVES.values(), ids=ARRIVES)
def test_a_procedure_arrives_exactly_once_in_spite_of(
    site: Site, nurse: Desk, method: str, path: str, fault: Fault, times: int
) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail(method, path, fault, times=times)

    done = delivered(site, delivery)

    assert (done.state, done.last_problem, done.lossy) == (DeliveryState.SENT, "", ())
    assert done.read_back_at is not None
    (stored,) = site.in_the_ehr(done)
    assert f"Procedure/{stored['id']}" == done.remote_ref


@pytest.mark.parametrize(
    "fault", [the_answer_is_lost, answers(500)], ids=["answer lost", "500 before the commit"]
)
def test_a_claim_arrives_exactly_once_on_each_database(each_own_site: Site, fault: Fault) -> None:
    delivery = planned_claim(each_own_site)
    each_own_site.wire.fail("POST", CLAIM, fault, times=1)

    done = delivered(each_own_site, delivery)

    assert done.state is DeliveryState.SENT
    assert len(each_own_site.in_the_ehr(done)) == 1


STOPS: dict[str, tuple[str, str, Fault, DeliveryState, str]] = {
    "403 for ever at the write": (
        "POST",
        PROCEDURE,
        answers(403),
        DeliveryState.REJECTED,
        "refused_403",
    ),
    "403 for ever at the search": (
        "GET",
        PROCEDURE,
        answers(403),
        DeliveryState.REJECTED,
        "refused_403",
    ),
    "422 with a reason": (
        "POST",
        PROCEDURE,
        answers(422, body={**OUTCOME, "issue": [{"severity": "error", "code": "business-rule"}]}),
        DeliveryState.REJECTED,
        "refused_business-rule",
    ),
    "412, more than one fits": (
        "POST",
        PROCEDURE,
        answers(412),
        DeliveryState.QUARANTINE,
        "duplicate",
    ),
    "500 for ever": ("POST", PROCEDURE, answers(500), DeliveryState.HELD, "too_many_tries"),
    "200 with an error for ever": (
        "POST",
        PROCEDURE,
        answers(200, body={**OUTCOME, "issue": [{"severity": "error", "code": "processing"}]}),
        DeliveryState.HELD,
        "too_many_tries",
    ),
}


@pytest.mark.parametrize(("method", "path", "fault", "state", "problem"), STOPS.values(), ids=STOPS)
def test_a_person_is_told_why_nothing_arrived_after(
    site: Site,
    nurse: Desk,
    method: str,
    path: str,
    fault: Fault,
    state: DeliveryState,
    problem: str,
) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail(method, path, fault)

    done = delivered(site, delivery)

    assert (done.state, done.last_problem) == (state, problem)
    assert site.in_the_ehr(done) == []
    ((shown,),) = (entry.deliveries for entry in nurse.review().entries)
    assert shown.problem.endswith(".")
    posts = len(site.wire.sent("POST", PROCEDURE))
    site.attempt(delivery.id)
    assert len(site.wire.sent("POST", PROCEDURE)) == posts


def test_a_delivery_is_tried_fifteen_times_and_no_more(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail("POST", PROCEDURE, answers(500))

    delivered(site, delivery)

    assert len(site.wire.sent("POST", PROCEDURE)) == deliver.MOST_TRIES


def test_a_person_who_tries_again_gives_a_fresh_set_of_tries_and_keeps_the_old_on_record(
    site: Site, nurse: Desk
) -> None:
    delivery, biller = planned_procedure(nurse), nurse.acting(role=Role.BILLER).actor
    site.wire.fail("POST", PROCEDURE, answers(500), times=2 * deliver.MOST_TRIES)

    held = []
    for _ in range(2):
        held.append(delivered(site, delivery))
        retry(site.world, biller, delivery.id)
    done = delivered(site, delivery)

    assert [(one.last_problem, one.tries) for one in held] == [
        ("too_many_tries", deliver.MOST_TRIES),
        ("too_many_tries", 2 * deliver.MOST_TRIES),
    ]
    assert (done.state, done.tries) == (DeliveryState.SENT, 2 * deliver.MOST_TRIES + 1)
    assert len(site.in_the_ehr(done)) == 1
    with site.world.db.read(site.practice_id) as session:
        steps = deliveries.events(session, site.practice_id, delivery.id)
    assert [step.event for step in steps].count("sending") == 2 * deliver.MOST_TRIES + 1
    assert [step.detail_code for step in steps].count("released") == 2


def test_a_delivery_that_goes_on_by_a_person_is_not_slowed_by_what_went_wrong_before(
    site: Site, nurse: Desk
) -> None:
    delivery, biller = planned_procedure(nurse), nurse.acting(role=Role.BILLER).actor
    site.wire.fail("POST", PROCEDURE, answers(500), times=deliver.MOST_TRIES)
    delivered(site, delivery)
    retry(site.world, biller, delivery.id)
    site.wire.fail("GET", PROCEDURE, nothing_is_sent)

    assert waits(site, delivery) == deliver.FIRST_WAIT_SECONDS


def test_what_arrived_with_the_last_try_is_found_and_not_held(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail("POST", PROCEDURE, answers(500), times=deliver.MOST_TRIES - 1)
    site.wire.fail("POST", PROCEDURE, the_answer_is_lost)

    assert delivered(site, delivery).state is DeliveryState.SENT


def test_an_ehr_that_is_away_is_asked_less_and_less_often(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail("GET", PROCEDURE, nothing_is_sent)

    asked = [waits(site, delivery) for _ in range(12)]

    assert asked == sorted(asked)
    assert asked[0] < 5
    assert asked[-1] == deliver.LONGEST_WAIT_SECONDS


def test_a_foreign_resource_answered_to_a_conditional_create_is_quarantined(
    site: Site, nurse: Desk
) -> None:
    delivery = planned_procedure(nurse)
    with site.ehr.backend() as client:
        foreign = client.search("Procedure", {"patient": "pt-ready"})[0]
    site.wire.fail(
        "POST",
        PROCEDURE,
        answers(200, headers={"Location": f"{site.ehr.base}/Procedure/{foreign.id}"}),
    )

    done = delivered(site, delivery)

    assert (done.state, done.last_problem) == (DeliveryState.QUARANTINE, "foreign_match")
    assert done.remote_id == ""


def test_what_the_ehr_holds_already_is_recognised_and_not_sent(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    with site.ehr.backend() as client:
        client.create(delivery.body_json.encode())

    done = delivered(site, delivery)

    assert done.state is DeliveryState.SENT
    assert site.wire.sent("POST", PROCEDURE) == []
    assert len(site.in_the_ehr(done)) == 1


@pytest.mark.parametrize("lost", [1, 2])
def test_an_ehr_that_ignores_the_condition_is_written_to_once_all_the_same(
    site: Site, nurse: Desk, lost: int
) -> None:
    delivery = planned_procedure(nurse)

    def unconditional(request: httpx2.Request, send: Send) -> httpx2.Response:
        del request.headers["if-none-exist"]
        return the_answer_is_lost(request, send)

    site.wire.fail("POST", PROCEDURE, unconditional, times=lost)

    done = delivered(site, delivery)

    assert done.state is DeliveryState.SENT
    assert len(site.in_the_ehr(done)) == 1


def test_what_the_ehr_holds_twice_is_quarantined(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    with site.ehr.backend() as client:
        client.create(delivery.body_json.encode())
        client.create(delivery.body_json.encode())

    done = delivered(site, delivery)

    assert (done.state, done.last_problem) == (DeliveryState.QUARANTINE, "duplicate")
    assert len(site.in_the_ehr(done)) == 2


def test_what_the_ehr_did_not_keep_is_shown(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)

    def forget(resource: dict[str, Any]) -> dict[str, Any]:
        del resource["performer"]
        resource["status"] = "unknown"
        return resource

    site.wire.fail("GET", r"/fhir/Procedure/.+", with_json(forget))

    done = delivered(site, delivery)

    assert done.state is DeliveryState.SENT
    assert set(done.lossy) == {"performer", "status"}
    ((shown,),) = (entry.deliveries for entry in nurse.review().entries)
    assert shown.problem == "The EHR did not keep: performer, status."


def test_what_the_ehr_took_and_no_longer_has_is_quarantined(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail("GET", r"/fhir/Procedure/.+", answers(410))

    done = delivered(site, delivery)

    assert (done.state, done.last_problem) == (DeliveryState.QUARANTINE, "vanished")


def test_a_read_back_that_is_never_allowed_is_given_up_after_a_day(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail("GET", r"/fhir/Procedure/.+", answers(403))

    (done,) = site.deliver(delivery.id, most=200)

    assert (done.state, done.read_back_at) == (DeliveryState.SENT, None)
    assert site.clock() >= NOW + timedelta(days=1)


def test_the_intent_is_committed_before_anything_is_sent(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    seen: list[tuple[DeliveryState, datetime | None, int]] = []

    def look(request: httpx2.Request, send: Send) -> httpx2.Response:
        now = site.delivery(delivery.id)
        seen.append((now.state, now.intent_at, now.tries))
        return send(request)

    site.wire.fail("POST", PROCEDURE, look)
    delivered(site, delivery)

    assert seen == [(DeliveryState.SENDING, NOW, 1)]


def test_every_write_is_conditional_on_our_identifier(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    delivered(site, delivery)

    (post,) = site.wire.sent("POST", PROCEDURE)

    assert delivery.identifier in post.headers["if-none-exist"]
    assert post.content == delivery.body_json.encode()


def test_nothing_is_searched_or_sent_before_the_index_has_settled(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail("POST", PROCEDURE, the_answer_is_lost, times=1)
    site.attempt(delivery.id)
    site.wire.requests.clear()

    site.clock.now = NOW + timedelta(seconds=SETTLE_SECONDS - 1)
    assert waits(site, delivery) == 1
    assert site.wire.requests == []
    site.clock.advance(seconds=1)
    site.attempt(delivery.id)

    assert len(site.wire.sent("GET", PROCEDURE)) == 1
    assert site.wire.sent("POST", PROCEDURE) == []
    assert site.delivery(delivery.id).state is DeliveryState.SENT


def test_a_retry_after_longer_than_the_settling_is_honoured(site: Site, nurse: Desk) -> None:
    delivery = planned_procedure(nurse)
    site.wire.fail("POST", PROCEDURE, answers(429, headers={"Retry-After": "600"}), times=1)

    assert waits(site, delivery) == 600


def test_a_delivery_found_half_sent_is_searched_before_anything_else(
    site: Site, nurse: Desk
) -> None:
    """As a process leaves it that is killed after the EHR's commit and before our record."""
    delivery = planned_procedure(nurse)
    with site.world.db.write() as session:
        sending.mark_intent(
            session, site.practice_id, Intent(delivery_id=delivery.id, tries=0), NOW
        )
    with site.ehr.backend() as client:
        client.create(delivery.body_json.encode())

    done = delivered(site, delivery)

    assert done.state is DeliveryState.SENT
    assert site.wire.sent("POST", PROCEDURE) == []
    assert len(site.in_the_ehr(done)) == 1


def test_two_senders_at_the_same_moment_write_once(each_own_site: Site) -> None:
    site = each_own_site
    delivery = planned_procedure(site.launch())

    with ThreadPoolExecutor(4) as senders:
        list(senders.map(lambda _: site.attempt(delivery.id), range(4)))
    done = delivered(site, delivery)

    assert done.state is DeliveryState.SENT
    assert len(site.in_the_ehr(done)) == 1


def test_a_procedure_waits_for_its_encounter_and_points_at_it(site: Site, nurse: Desk) -> None:
    nurse.call()
    procedure = nurse.delivery(ResourceKind.PROCEDURE)

    assert waits(site, procedure) == deliver.FIRST_WAIT_SECONDS
    assert site.wire.sent("POST", PROCEDURE) == []
    done = site.deliver_all(nurse.patient_id)

    (stored,) = site.in_the_ehr(done[ResourceKind.PROCEDURE])
    assert stored["encounter"] == {"reference": done[ResourceKind.ENCOUNTER].remote_ref}


def test_a_claim_waits_for_its_procedures_and_points_at_them(site: Site, nurse: Desk) -> None:
    nurse.call()
    doctor = site.launch(user=DOCTOR)
    doctor.sign()
    claim = doctor.delivery(ResourceKind.CLAIM)

    assert waits(site, claim) == deliver.FIRST_WAIT_SECONDS
    assert site.wire.sent("POST", CLAIM) == []
    done = site.deliver_all(nurse.patient_id)

    (stored,) = site.in_the_ehr(done[ResourceKind.CLAIM])
    told = json.dumps(stored, default=str)
    assert "urn:uuid" not in told
    assert done[ResourceKind.PROCEDURE].remote_ref in told
    assert done[ResourceKind.ENCOUNTER].remote_ref in told


def test_a_refused_procedure_holds_the_claim_and_says_why(site: Site, nurse: Desk) -> None:
    nurse.record()
    doctor = site.launch(user=DOCTOR)
    doctor.sign()
    site.wire.fail("POST", PROCEDURE, answers(422))

    done = site.deliver_all(nurse.patient_id)

    assert done[ResourceKind.PROCEDURE].state is DeliveryState.REJECTED
    assert done[ResourceKind.CLAIM].state is DeliveryState.HELD
    shown = doctor.review().claim
    assert shown is not None
    assert shown.delivery is not None
    assert shown.delivery.problem == ("The resource it refers to was refused; a person must look.")
    assert site.wire.sent("POST", CLAIM) == []


def test_a_held_claim_that_a_person_releases_is_searched_for_and_sent(
    site: Site, nurse: Desk
) -> None:
    nurse.record()
    doctor = site.launch(user=DOCTOR)
    doctor.sign()
    site.wire.fail("POST", PROCEDURE, answers(422), times=1)
    done = site.deliver_all(nurse.patient_id)

    for kind in (ResourceKind.PROCEDURE, ResourceKind.CLAIM):
        with site.world.db.write() as session:
            sending.release(session, site.practice_id, done[kind].id, site.clock())
    done = site.deliver_all(nurse.patient_id)

    assert done[ResourceKind.CLAIM].state is DeliveryState.SENT
    assert len(site.in_the_ehr(done[ResourceKind.CLAIM])) == 1


def without_conditional_create(site: Site, *, update_create: bool = False) -> None:
    """Let the EHR have declared that it does not notice a second copy."""
    with site.world.db.write() as session:
        ehr = ehrs.get(session, site.practice_id, site.ehr_id)
        assert ehr.capability_json is not None
        declared = msgspec.json.decode(ehr.capability_json, type=Capability)
        claim = msgspec.structs.replace(
            declared.of("Claim"), conditional_create=False, update_create=update_create
        )
        changed_one = msgspec.structs.replace(
            declared, resources={**declared.resources, "Claim": claim}
        )
        document = msgspec.json.encode(changed_one).decode()
        ehrs.record_capability(session, site.practice_id, site.ehr_id, document, site.clock())


@pytest.mark.parametrize("update_create", [False, True])
def test_an_uncertain_claim_is_held_where_the_ehr_would_not_notice_a_second_copy(
    site: Site, *, update_create: bool
) -> None:
    delivery = planned_claim(site)
    without_conditional_create(site, update_create=update_create)
    site.wire.fail("POST", CLAIM, answers(500), times=1)

    done = delivered(site, delivery)

    assert (done.state, done.last_problem) == (DeliveryState.HELD, "cannot_be_sure")
    assert len(site.wire.sent("POST", CLAIM)) == 1
    assert site.in_the_ehr(done) == []


def test_an_uncertain_claim_that_arrived_is_found_on_such_an_ehr(site: Site) -> None:
    delivery = planned_claim(site)
    without_conditional_create(site)
    site.wire.fail("POST", CLAIM, the_answer_is_lost, times=1)

    done = delivered(site, delivery)

    assert done.state is DeliveryState.SENT
    assert len(site.in_the_ehr(done)) == 1


def test_an_uncertain_claim_is_held_where_nothing_is_known_of_the_ehr(site: Site) -> None:
    delivery = planned_claim(site)

    def forgotten(request: httpx2.Request, send: Send) -> httpx2.Response:
        with site.world.db.write() as session:
            session.connection().exec_driver_sql("UPDATE ehr SET capability_json = NULL")
        return answers(500)(request, send)

    site.wire.fail("POST", CLAIM, forgotten, times=1)

    assert delivered(site, delivery).state is DeliveryState.HELD


def test_a_claim_for_an_ehr_that_was_never_read_goes_once_its_statement_is_read(
    site: Site,
) -> None:
    delivery = planned_claim(site)
    with site.world.db.write() as session:
        session.connection().exec_driver_sql("UPDATE ehr SET capability_json = NULL")
    site.wire.fail("POST", CLAIM, answers(500), times=1)

    done = delivered(site, delivery)

    assert done.state is DeliveryState.SENT
    assert len(site.in_the_ehr(done)) == 1


def test_a_claim_refused_after_a_doubtful_try_is_held_not_refused(site: Site) -> None:
    delivery = planned_claim(site)
    site.wire.fail("POST", CLAIM, answers(500), times=1)
    site.wire.fail("POST", CLAIM, answers(422))

    done = delivered(site, delivery)

    assert (done.state, done.last_problem) == (DeliveryState.HELD, "cannot_be_sure")


def test_a_delivery_without_a_key_of_ours_says_so_and_goes_on_once_there_is_one(
    site: Site, nurse: Desk
) -> None:
    delivery = planned_procedure(nurse)
    with site.world.db.write() as session:
        session.connection().exec_driver_sql("UPDATE signing_key SET retired_at = created_at")
    site.attempt(delivery.id)
    assert site.delivery(delivery.id).last_problem == "not_configured"

    with site.world.db.write() as session:
        session.connection().exec_driver_sql("UPDATE signing_key SET retired_at = NULL")

    assert delivered(site, delivery).state is DeliveryState.SENT
