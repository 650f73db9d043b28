"""Taking back what is in the EHR: amended there without overwriting anybody, else in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ccm_fhir.domain.writeback import DeliveryState, Disposition, ResourceKind, RungName
from ccm_fhir.services.change_time import VoidEntry, void_entry
from ccm_fhir.services.dispositions import dispositions_of_month
from ccm_fhir.services.hand_off import MarkKeyed, mark_keyed
from ccm_fhir.storage.vocabulary import Purpose
from tests.services.test_ladder_profiles import deliver_everything, nurse_at, practice_at
from tests.services.wire import Send, answers, the_answer_is_lost
from tests.world import NOVEMBER, Desk, Site

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

    from ccm_fhir.storage.deliveries import DeliveryRecord

NOTE = "Readings reviewed."
A_PROCEDURE = r"/fhir/Procedure/.+"


@pytest.fixture
def site(own_site: Site) -> Site:
    return own_site


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


def void(desk: Desk, entry_id: str) -> None:
    taken = VoidEntry(entry_id=entry_id, form_key=str(uuid4()), reason="Wrong patient.")
    void_entry(desk.site.world, desk.actor, taken, desk.site.clock())


def in_the_ehr(site: Site, delivery: DeliveryRecord) -> dict[str, Any]:
    kind, _, remote_id = delivery.remote_ref.partition("/")
    with site.ehr.backend() as client:
        return dict(client.read(kind, remote_id).json())


def amendments(found: tuple[DeliveryRecord, ...]) -> tuple[DeliveryRecord, ...]:
    return tuple(one for one in found if one.purpose is Purpose.AMENDMENT and not one.has_fallen)


def stands(site: Site, nurse: Desk) -> dict[str, Disposition]:
    return dispositions_of_month(site.world, site.practice_id, nurse.patient_id, NOVEMBER)


def test_a_voided_call_is_entered_in_error_in_the_ehr(site: Site, nurse: Desk) -> None:
    call = nurse.call(note=NOTE)
    before = {d.resource_type: d for d in deliver_everything(site, nurse.patient_id)}

    void(nurse, call)
    found = deliver_everything(site, nurse.patient_id)

    assert {one.state for one in amendments(found)} == {DeliveryState.SENT}
    assert all(one.lossy == () for one in amendments(found))
    for kind in (ResourceKind.ENCOUNTER, ResourceKind.PROCEDURE):
        stored = in_the_ehr(site, before[kind])
        assert stored["status"] == "entered-in-error"
        assert stored["identifier"][0]["value"] == before[kind].identifier
    assert in_the_ehr(site, before[ResourceKind.PROCEDURE])["note"] == [{"text": NOTE}]
    assert stands(site, nurse) == {call: Disposition.VOIDED}


def test_what_others_wrote_into_it_stays(site: Site, nurse: Desk) -> None:
    work = nurse.record()
    (delivery,) = deliver_everything(site, nurse.patient_id)
    _somebody_adds_a_category(site, delivery)

    void(nurse, work)
    deliver_everything(site, nurse.patient_id)

    stored = in_the_ehr(site, delivery)
    assert stored["status"] == "entered-in-error"
    assert stored["category"] == {"text": "Reviewed by somebody else"}


def test_who_changes_it_at_the_same_moment_is_not_overwritten(site: Site, nurse: Desk) -> None:
    work = nurse.record()
    (delivery,) = deliver_everything(site, nurse.patient_id)
    void(nurse, work)

    def overtaken(request: httpx2.Request, send: Send) -> httpx2.Response:
        _somebody_adds_a_category(site, delivery)
        return send(request)

    site.wire.fail("PUT", A_PROCEDURE, overtaken, times=1)
    found = deliver_everything(site, nurse.patient_id)

    (amended,) = amendments(found)
    assert (amended.state, amended.tries) == (DeliveryState.SENT, 2)
    stored = in_the_ehr(site, delivery)
    assert stored["status"] == "entered-in-error"
    assert stored["category"] == {"text": "Reviewed by somebody else"}


def _somebody_adds_a_category(site: Site, delivery: DeliveryRecord) -> None:
    import httpx2 as http  # noqa: PLC0415  # under another name than the type above

    with site.ehr.backend() as client:
        kind, _, remote_id = delivery.remote_ref.partition("/")
        stored = dict(client.read(kind, remote_id).json())
        stored["category"] = {"text": "Reviewed by somebody else"}
        answer = http.put(
            f"{site.ehr.base}/{delivery.remote_ref}",
            content=json.dumps(stored),
            headers={
                "Authorization": f"Bearer {_writing_token(site)}",
                "Content-Type": "application/fhir+json",
            },
        )
        assert answer.status_code == 200, answer.text


def _writing_token(site: Site) -> str:
    from ccm_fhir.services.ehr_access import system_token  # noqa: PLC0415
    from ccm_fhir.storage import ehrs  # noqa: PLC0415

    with site.world.db.read(site.practice_id) as session:
        ehr = ehrs.get(session, site.practice_id, site.ehr_id)
    return system_token(site.world, ehr).access_token


def test_an_amendment_whose_answer_is_lost_is_made_once(site: Site, nurse: Desk) -> None:
    work = nurse.record()
    deliver_everything(site, nurse.patient_id)
    void(nurse, work)
    site.wire.fail("PUT", A_PROCEDURE, the_answer_is_lost, times=1)

    (amended,) = amendments(deliver_everything(site, nurse.patient_id))

    assert amended.state is DeliveryState.SENT
    assert len(site.wire.sent("PUT", A_PROCEDURE)) == 1


def test_what_was_not_sent_yet_is_not_sent_any_more(site: Site, nurse: Desk) -> None:
    call = nurse.call()
    void(nurse, call)

    found = deliver_everything(site, nurse.patient_id)

    assert {one.last_problem for one in found} == {"taken_back"}
    assert site.wire.sent("POST", r"/fhir/(Encounter|Procedure)$") == []
    assert stands(site, nurse) == {call: Disposition.VOIDED}


@pytest.mark.parametrize("was_written", [True, False])
def test_what_is_in_doubt_is_settled_before_it_is_taken_back(
    site: Site, nurse: Desk, *, was_written: bool
) -> None:
    work = nurse.record()
    (delivery,) = site.deliveries(nurse.patient_id)
    fault = the_answer_is_lost if was_written else answers(500)
    site.wire.fail("POST", r"/fhir/Procedure$", fault, times=1)
    site.attempt(delivery.id)

    void(nurse, work)
    (amended,) = amendments(deliver_everything(site, nurse.patient_id))

    assert len(site.wire.sent("POST", r"/fhir/Procedure$")) == 1
    if was_written:
        assert amended.state is DeliveryState.SENT
        assert in_the_ehr(site, site.delivery(delivery.id))["status"] == "entered-in-error"
    else:
        assert (amended.state, amended.last_problem) == (
            DeliveryState.REJECTED,
            "nothing_to_take_back",
        )
        assert site.in_the_ehr(site.delivery(delivery.id)) == []


@pytest.mark.parametrize(
    ("profile", "rung", "state"),
    [
        ("epic", None, DeliveryState.SENT),
        ("canvas", None, DeliveryState.SENT),
        ("oracle-health", RungName.DOCUMENT, DeliveryState.SENT),
        ("athenahealth", RungName.HAND_OFF, DeliveryState.HELD),
    ],
)
def test_work_is_taken_back_at(
    profile: str, rung: RungName | None, state: DeliveryState, tmp_path: Path
) -> None:
    with practice_at(profile, tmp_path) as site:
        nurse = nurse_at(site)
        work = nurse.record(note=NOTE)
        (delivery,) = deliver_everything(site, nurse.patient_id)

        void(nurse, work)
        (amended,) = amendments(deliver_everything(site, nurse.patient_id))

        assert (amended.rung, amended.state) == (rung, state)
        if rung is None:
            assert in_the_ehr(site, delivery)["status"] == "entered-in-error"
        else:
            assert delivery.remote_ref in _words_of(amended)


def _words_of(amended: DeliveryRecord) -> str:
    import base64  # noqa: PLC0415

    body = json.loads(amended.body_json)
    if "content" not in body:
        return amended.body_json
    return base64.b64decode(body["content"][0]["attachment"]["data"]).decode()


def test_an_ehr_that_refuses_the_status_is_corrected_by_a_document(site: Site, nurse: Desk) -> None:
    work = nurse.record()
    deliver_everything(site, nurse.patient_id)
    void(nurse, work)
    site.wire.fail("PUT", A_PROCEDURE, answers(422))

    (correction,) = amendments(deliver_everything(site, nurse.patient_id))

    assert (correction.rung, correction.state) == (RungName.DOCUMENT, DeliveryState.SENT)
    assert "Wrong patient." in _words_of(correction)


def test_what_a_person_has_keyed_is_taken_back_by_hand(site: Site, nurse: Desk) -> None:
    work = nurse.record()
    site.wire.fail("POST", r"/fhir/[A-Z][A-Za-z]+$", answers(405))
    handed = next(d for d in deliver_everything(site, nurse.patient_id) if not d.has_fallen)
    marking = MarkKeyed(patient_id=nurse.patient_id, delivery_id=handed.id)
    mark_keyed(site.world, nurse.actor, marking, site.clock())

    void(nurse, work)

    (line,) = amendments(site.deliveries(nurse.patient_id))
    assert (line.rung, line.state) == (RungName.HAND_OFF, DeliveryState.HELD)
    assert "Wrong patient." in line.body_json
