"""How an entry falls from rung to rung: on proof alone, once, never while it is in doubt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from sqlmodel import col, select

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import (
    Act,
    DeliveryState,
    Disposition,
    Override,
    Proof,
    ResourceKind,
    RungName,
    Verdict,
)
from ccm_fhir.errors import ConflictError, NotAllowedError
from ccm_fhir.services.dispositions import dispositions_of_month
from ccm_fhir.services.hand_off import MarkKeyed, hand_off_sheet, mark_keyed
from ccm_fhir.services.needs_person import send_another_way
from ccm_fhir.services.problems import sentence_for
from ccm_fhir.storage import write_facts
from ccm_fhir.storage.tables import EhrRow
from ccm_fhir.storage.vocabulary import Purpose
from ccm_fhir.storage.write_facts import NewOverride
from tests.services.test_deliver import OUTCOME, stores_and_answers
from tests.services.test_ladder_profiles import deliver_everything, rungs_of
from tests.services.wire import (
    Fault,
    answers,
    changed,
    nothing_is_sent,
    the_answer_is_lost,
    with_json,
)
from tests.world import NOVEMBER, Desk, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccm_fhir.storage.deliveries import DeliveryRecord

METADATA = r"/fhir/metadata$"
UTC_ZONE = ZoneInfo("UTC")
BASE = r"/fhir/?$"  # a transaction goes there; refused, the single writes follow
ENCOUNTER = r"/fhir/Encounter$"
PROCEDURE = r"/fhir/Procedure$"
OBSERVATION = r"/fhir/Observation$"
EVERYTHING = r"/fhir/[A-Z][A-Za-z]+$"
NOT_SUPPORTED = {**OUTCOME, "issue": [{"severity": "error", "code": "not-supported"}]}


@pytest.fixture
def site(own_site: Site) -> Site:
    return own_site


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


def live(found: tuple[DeliveryRecord, ...], entry_id: str) -> tuple[DeliveryRecord, ...]:
    return tuple(
        one
        for one in found
        if one.artefact_id == entry_id and one.purpose is Purpose.ARTEFACT and not one.has_fallen
    )


def proofs(site: Site) -> tuple[Proof, ...]:
    with site.world.db.read(site.practice_id) as session:
        return write_facts.proofs(session, site.practice_id, site.ehr_id)


def stands(site: Site, nurse: Desk) -> dict[str, Disposition]:
    return dispositions_of_month(site.world, site.practice_id, nurse.patient_id, NOVEMBER)


def test_a_refused_encounter_does_not_hold_its_procedure_for_ever(site: Site, nurse: Desk) -> None:
    call = nurse.call()
    site.wire.fail("POST", BASE, answers(400))
    site.wire.fail("POST", ENCOUNTER, answers(405))

    found = deliver_everything(site, nurse.patient_id)

    (alone,) = live(found, call)
    assert (alone.rung, alone.state) == (RungName.PROCEDURE, DeliveryState.SENT)
    assert "encounter" not in json.loads(alone.body_json)
    left = [one for one in found if one.has_fallen]
    assert {one.resource_type for one in left} == {ResourceKind.ENCOUNTER, ResourceKind.PROCEDURE}
    (refused,) = (one for one in left if one.resource_type is ResourceKind.ENCOUNTER)
    assert (refused.answer_status, refused.fell_to) == (405, RungName.PROCEDURE)
    assert len(refused.statement_sha256) == 64
    assert "405" in alone.rule
    assert stands(site, nurse) == {call: Disposition.ACCEPTED}
    assert len(site.wire.sent("POST", PROCEDURE)) == 1


def test_what_was_proved_once_is_not_tried_again(site: Site, nurse: Desk) -> None:
    nurse.call()
    site.wire.fail("POST", BASE, answers(400))
    site.wire.fail("POST", ENCOUNTER, answers(405))
    deliver_everything(site, nurse.patient_id)

    second = nurse.call(start_time=nurse.typed().start_time.replace(hour=11))

    assert rungs_of(site.deliveries(nurse.patient_id), second) == {RungName.PROCEDURE}
    verdicts = {proof.act: proof.verdict for proof in proofs(site)}
    assert verdicts == {
        Act(resource_type="Encounter"): Verdict.NOT_SUPPORTED,
        Act(resource_type="Procedure"): Verdict.SUPPORTED,
    }


@pytest.mark.parametrize(
    "refusal",
    [answers(404), answers(405), answers(400, body=NOT_SUPPORTED)],
    ids=["404", "405", "an outcome that says not-supported"],
)
def test_work_falls_to_the_next_rung_after(site: Site, nurse: Desk, refusal: Fault) -> None:
    work = nurse.record(note="Readings reviewed.")
    site.wire.fail("POST", PROCEDURE, refusal)

    found = deliver_everything(site, nurse.patient_id)

    (lower,) = live(found, work)
    assert (lower.rung, lower.state) == (RungName.OBSERVATION, DeliveryState.SENT)
    assert lower.lossy == ()
    assert stands(site, nurse) == {work: Disposition.ACCEPTED}


@pytest.mark.parametrize("status", [409, 412, 422, 429, 500, 503])
def test_nothing_falls_after(site: Site, nurse: Desk, status: int) -> None:
    work = nurse.record()
    site.wire.fail("POST", PROCEDURE, answers(status), times=1)

    site.deliver(*(one.id for one in site.deliveries(nurse.patient_id)))

    found = site.deliveries(nurse.patient_id)
    assert rungs_of(found, work) == {RungName.PROCEDURE}
    assert len(found) == 1
    assert all(proof.verdict is Verdict.SUPPORTED for proof in proofs(site))


def test_a_501_is_settled_and_searched_before_anything_falls(site: Site, nurse: Desk) -> None:
    work = nurse.record()
    site.wire.fail("POST", PROCEDURE, answers(501))
    (delivery,) = site.deliveries(nurse.patient_id)

    waited = site.attempt(delivery.id).wait_seconds

    assert waited is not None
    assert waited > 0
    assert site.delivery(delivery.id).state is DeliveryState.UNCERTAIN
    assert proofs(site) == ()
    found = deliver_everything(site, nurse.patient_id)
    assert rungs_of(found, work) == {RungName.OBSERVATION}
    assert len(site.wire.sent("POST", PROCEDURE)) == 1


def test_a_501_that_did_write_is_found_and_nothing_falls(site: Site, nurse: Desk) -> None:
    work = nurse.record()
    site.wire.fail("POST", PROCEDURE, stores_and_answers(501, {}), times=1)

    found = deliver_everything(site, nurse.patient_id)

    (one,) = live(found, work)
    assert (one.rung, one.state) == (RungName.PROCEDURE, DeliveryState.SENT)
    assert len(site.in_the_ehr(one)) == 1


def test_a_contact_whose_procedure_is_refused_stands_as_its_encounter(
    site: Site, nurse: Desk
) -> None:
    call = nurse.call(note="Readings reviewed.")
    site.wire.fail("POST", BASE, answers(400))
    site.wire.fail("POST", PROCEDURE, answers(405))

    found = deliver_everything(site, nurse.patient_id)

    (encounter,) = live(found, call)
    assert (encounter.resource_type, encounter.state) == (
        ResourceKind.ENCOUNTER,
        DeliveryState.SENT,
    )
    (words,) = (one for one in found if one.purpose is Purpose.WORDS)
    assert (words.rung, words.state) == (RungName.DOCUMENT, DeliveryState.SENT)
    assert stands(site, nurse) == {call: Disposition.ACCEPTED}


def test_a_note_that_the_ehr_drops_goes_once_more_as_a_document(site: Site, nurse: Desk) -> None:
    work = nurse.record(note="Readings reviewed.")

    def forget(resource: dict[str, Any]) -> dict[str, Any]:
        del resource["note"]
        return resource

    site.wire.fail("GET", r"/fhir/Procedure/.+", with_json(forget))

    found = deliver_everything(site, nurse.patient_id)

    (procedure,) = live(found, work)
    (words,) = (one for one in found if one.purpose is Purpose.WORDS)
    assert procedure.lossy == ("note",)
    assert words.of_delivery_id == procedure.id
    assert (words.rung, words.state) == (RungName.DOCUMENT, DeliveryState.SENT)
    assert stands(site, nurse) == {work: Disposition.ACCEPTED_LOSSY}


def test_a_dropped_element_without_words_sends_no_document(site: Site, nurse: Desk) -> None:
    nurse.record(note="Readings reviewed.")

    def forget(resource: dict[str, Any]) -> dict[str, Any]:
        del resource["performer"]
        return resource

    site.wire.fail("GET", r"/fhir/Procedure/.+", with_json(forget))

    assert len(deliver_everything(site, nurse.patient_id)) == 1


def test_where_nothing_is_taken_a_person_keys_it_and_signs_for_it(site: Site, nurse: Desk) -> None:
    work = nurse.record(note="Readings reviewed.")
    site.wire.fail("POST", EVERYTHING, answers(405))

    found = deliver_everything(site, nurse.patient_id)

    (handed,) = live(found, work)
    assert (handed.rung, handed.state) == (RungName.HAND_OFF, DeliveryState.HELD)
    assert {one.rung for one in found if one.has_fallen} == {
        RungName.PROCEDURE,
        RungName.OBSERVATION,
        RungName.QUESTIONNAIRE_RESPONSE,
        RungName.DOCUMENT,
    }
    assert stands(site, nurse) == {work: Disposition.PENDING}
    sheet = hand_off_sheet(site.world, nurse.actor, nurse.patient_id)
    (line,) = sheet.open_lines
    assert ("Note", "Readings reviewed.") in line.facts

    marking = MarkKeyed(patient_id=nurse.patient_id, delivery_id=handed.id, ehr_number="A-17")
    mark_keyed(site.world, nurse.actor, marking, site.clock())

    assert stands(site, nurse) == {work: Disposition.KEYED}
    sheet = hand_off_sheet(site.world, nurse.actor, nurse.patient_id)
    assert sheet.open_lines == ()
    keyed = sheet.lines[0].keyed
    assert keyed is not None
    assert (keyed.person, keyed.ehr_number) == (nurse.actor.name, "A-17")
    with pytest.raises(ConflictError):
        mark_keyed(site.world, nurse.actor, marking, site.clock())
    assert site.attempt(handed.id).wait_seconds is None


def test_only_who_works_on_the_patient_may_key(site: Site, nurse: Desk) -> None:
    analyst = nurse.acting(role=Role.ANALYST)

    with pytest.raises(NotAllowedError):
        hand_off_sheet(site.world, analyst.actor, nurse.patient_id)


def test_a_person_may_send_what_was_refused_on_the_next_way(site: Site, nurse: Desk) -> None:
    work, biller = nurse.record(), nurse.acting(role=Role.BILLER).actor
    site.wire.fail("POST", PROCEDURE, answers(422))
    (refused,) = deliver_everything(site, nurse.patient_id)
    assert refused.state is DeliveryState.REJECTED

    to = send_another_way(site.world, biller, refused.id)

    assert to is RungName.OBSERVATION
    found = deliver_everything(site, nurse.patient_id)
    assert rungs_of(found, work) == {RungName.OBSERVATION}
    assert stands(site, nurse) == {work: Disposition.ACCEPTED}
    with pytest.raises(ConflictError):
        send_another_way(site.world, biller, refused.id)


def test_a_scope_that_was_not_granted_moves_what_nobody_has_tried(site: Site, nurse: Desk) -> None:
    work = nurse.record()

    def without_procedure(response: httpx2.Response) -> httpx2.Response:
        body = response.json()
        kept = (one for one in body["scope"].split() if "Procedure.c" not in one)
        return httpx2.Response(response.status_code, json={**body, "scope": " ".join(kept)})

    site.wire.fail("POST", "/oauth/token", changed(without_procedure))
    found = deliver_everything(site, nurse.patient_id)

    assert rungs_of(found, work) == {RungName.OBSERVATION}
    assert site.wire.sent("POST", PROCEDURE) == []
    assert Act(resource_type="Procedure") not in {proof.act for proof in proofs(site)}


def _keeps_no_identifier(resource: dict[str, Any]) -> dict[str, Any]:
    for entry in resource.get("entry", [{"resource": resource}]):
        entry["resource"].pop("identifier", None)
    return resource


def _searches_no_identifier(site: Site) -> None:
    """Let the EHR be one that neither keeps our identifier nor searches by it."""

    def unheeding(request: httpx2.Request, send: Any) -> httpx2.Response:  # noqa: ANN401
        url = request.url.copy_with(query=b"patient=pt-ready&_count=500")
        answer = send(httpx2.Request(request.method, url, headers=request.headers))
        return with_json(_keeps_no_identifier)(request, lambda _: answer)

    site.wire.fail("GET", PROCEDURE, unheeding)


def test_a_lost_answer_is_found_by_its_fingerprint(site: Site, nurse: Desk) -> None:
    nurse.record()
    _searches_no_identifier(site)
    site.wire.fail("POST", PROCEDURE, the_answer_is_lost, times=1)

    (done,) = deliver_everything(site, nurse.patient_id)

    assert done.state is DeliveryState.SENT
    assert len(site.wire.sent("POST", PROCEDURE)) == 1
    assert len(site.in_the_ehr(done)) == 1


def test_several_of_one_fingerprint_are_a_persons_business(site: Site, nurse: Desk) -> None:
    nurse.record()
    (delivery,) = site.deliveries(nurse.patient_id)
    with site.ehr.backend() as client:
        client.create(delivery.body_json.encode())
    _searches_no_identifier(site)
    site.wire.fail("POST", PROCEDURE, the_answer_is_lost_unconditionally, times=1)

    (done,) = deliver_everything(site, nurse.patient_id)

    assert (done.state, done.last_problem) == (DeliveryState.QUARANTINE, "duplicate")


def the_answer_is_lost_unconditionally(request: httpx2.Request, send: Any) -> httpx2.Response:  # noqa: ANN401
    del request.headers["if-none-exist"]
    return the_answer_is_lost(request, send)


BAD_ANSWERS: dict[str, tuple[Fault, DeliveryState, str, Disposition]] = {
    "200 with an error in its outcome": (
        answers(200, body={**OUTCOME, "issue": [{"severity": "error", "code": "processing"}]}),
        DeliveryState.UNCERTAIN,
        "outcome_says_error",
        Disposition.SENT_UNKNOWN,
    ),
    "201 that names nothing": (
        stores_and_answers(201, {}),
        DeliveryState.UNCERTAIN,
        "no_id",
        Disposition.SENT_UNKNOWN,
    ),
    "201 whose body is of another id": (
        changed(
            lambda answer: httpx2.Response(
                201,
                headers={"Location": answer.headers["location"]},
                json={"resourceType": "Procedure", "id": "another"},
            )
        ),
        DeliveryState.UNCERTAIN,
        "no_id",
        Disposition.SENT_UNKNOWN,
    ),
}


@pytest.mark.parametrize(("fault", "state", "code", "stood"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_is_doubt_until_the_ehr_was_searched(
    site: Site, nurse: Desk, fault: Fault, state: DeliveryState, code: str, stood: Disposition
) -> None:
    work = nurse.record()
    site.wire.fail("POST", PROCEDURE, fault, times=1)
    (delivery,) = site.deliveries(nurse.patient_id)
    site.attempt(delivery.id)

    doubtful = site.delivery(delivery.id)
    assert (doubtful.state, doubtful.last_problem) == (state, code)
    assert stands(site, nurse) == {work: stood}
    ((shown,),) = (entry.deliveries for entry in nurse.review().entries)
    assert shown.problem.endswith(".")
    assert code not in shown.problem
    (done,) = deliver_everything(site, nurse.patient_id)
    assert stands(site, nurse) == {work: Disposition.ACCEPTED}
    assert len(site.in_the_ehr(done)) == 1


def test_an_altered_body_is_an_acceptance_with_losses(site: Site, nurse: Desk) -> None:
    work = nurse.record()

    def alter(resource: dict[str, Any]) -> dict[str, Any]:
        resource["performedPeriod"]["end"] = "2026-11-23T23:00:00-05:00"
        return resource

    site.wire.fail("GET", r"/fhir/Procedure/.+", with_json(alter))

    (done,) = deliver_everything(site, nurse.patient_id)

    assert done.lossy == ("performedPeriod.end",)
    assert stands(site, nurse) == {work: Disposition.ACCEPTED_LOSSY}


def forget_the_statement(site: Site) -> None:
    """Let the EHR be one whose CapabilityStatement could not be read when it was registered."""
    with site.world.db.write(site.practice_id) as session:
        row = session.exec(select(EhrRow).where(col(EhrRow.id) == site.ehr_id)).one()
        row.capability_json = row.capability_hash = row.capability_at = None


def test_a_statement_that_was_never_read_is_read_before_anything_is_sent(
    site: Site, nurse: Desk
) -> None:
    forget_the_statement(site)
    site.wire.requests.clear()
    call = nurse.call()
    assert {one.rung for one in site.deliveries(nurse.patient_id)} == {
        RungName.ENCOUNTER_AND_PROCEDURE
    }

    deliver_everything(site, nurse.patient_id)

    asked = [request.url.path for request in site.wire.requests if "/fhir" in request.url.path]
    assert asked[0].endswith("/metadata")
    assert len(site.wire.sent("GET", METADATA)) == 1
    assert stands(site, nurse) == {call: Disposition.ACCEPTED}


@pytest.mark.parametrize(
    "fault",
    [answers(503), answers(404), answers(200, body=OUTCOME), nothing_is_sent],
    ids=["503", "404", "no statement", "unreachable"],
)
def test_a_statement_that_cannot_be_read_lets_it_wait_and_demotes_nothing(
    site: Site, nurse: Desk, fault: Fault
) -> None:
    forget_the_statement(site)
    work = nurse.record()
    site.wire.fail("GET", METADATA, fault)
    (procedure,) = site.deliveries(nurse.patient_id)
    waits = []
    for _ in range(20):
        attempt = site.attempt(procedure.id)
        assert attempt.wait_seconds is not None
        waits.append(attempt.wait_seconds)
        site.clock.advance(seconds=attempt.wait_seconds)

    waiting = site.delivery(procedure.id)
    assert (waiting.state, waiting.tries) == (DeliveryState.PLANNED, 0)
    assert waiting.last_problem == "statement_unread"
    assert waits == sorted(waits)
    assert site.wire.sent("POST", PROCEDURE) == []
    assert stands(site, nurse) == {work: Disposition.PENDING}
    shown = sentence_for(waiting, UTC_ZONE)
    assert "read again by itself" in shown

    site.wire.mend()
    deliver_everything(site, nurse.patient_id)
    assert stands(site, nurse) == {work: Disposition.ACCEPTED}


def test_what_the_statement_then_does_not_declare_falls_by_it(site: Site, nurse: Desk) -> None:
    forget_the_statement(site)
    work = nurse.record()
    site.wire.fail("GET", METADATA, with_json(without_type("Procedure")))

    found = deliver_everything(site, nurse.patient_id)

    (lower,) = live(found, work)
    assert lower.rung is RungName.OBSERVATION
    assert "does not mention Procedure" in lower.rule
    assert site.wire.sent("POST", PROCEDURE) == []


def without_type(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def alter(statement: dict[str, Any]) -> dict[str, Any]:
        for rest in statement["rest"]:
            rest["resource"] = [one for one in rest["resource"] if one["type"] != name]
        return statement

    return alter


def test_a_signed_word_opens_the_rung_though_the_statement_was_never_read(
    site: Site, nurse: Desk
) -> None:
    forget_the_statement(site)
    signed = Override(
        act=Act(resource_type="Procedure"),
        is_supported=True,
        signed_by="Ada Admin",
        signed_at=site.clock(),
        reason="the vendor's letter",
    )
    with site.world.db.write(site.practice_id) as session:
        new = NewOverride(ehr_id=site.ehr_id, user_id=None, override=signed)
        write_facts.record_override(session, site.practice_id, new)
    work = nurse.record()
    site.wire.fail("GET", METADATA, answers(503))

    deliver_everything(site, nurse.patient_id)

    assert stands(site, nurse) == {work: Disposition.ACCEPTED}
    assert site.wire.sent("GET", METADATA) == []
