"""A signed month where the EHR takes no Claim: a charge sheet, or a superbill that is keyed in."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind, RungName
from ccm_fhir.errors import ConflictError
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.services.claim_record import draft_of
from ccm_fhir.services.hand_off import MarkKeyed, hand_off_sheet, mark_keyed
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.needs_person import needs_person, send_another_way
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.storage import claims, deliveries, ehrs
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose
from tests.services.wire import answers, the_answer_is_lost
from tests.world import DOCTOR, NOVEMBER, SETTLE_SECONDS, Desk, Site

if TYPE_CHECKING:
    from ccm_fhir.domain.claims import ClaimParties
    from ccm_fhir.storage.claims import ClaimRecord
    from ccm_fhir.storage.deliveries import DeliveryRecord

CLAIM = r"/fhir/Claim$"
DOCUMENT = r"/fhir/DocumentReference$"


def without(site: Site, *types: str) -> None:
    """Let the EHR have declared that it creates none of these."""
    with site.world.db.write() as session:
        ehr = ehrs.get(session, site.practice_id, site.ehr_id)
        declared = msgspec.json.decode(ehr.capability_json or "", type=Capability)
        kept = {name: one for name, one in declared.resources.items() if name not in types}
        document = msgspec.json.encode(msgspec.structs.replace(declared, resources=kept)).decode()
        ehrs.record_capability(session, site.practice_id, site.ehr_id, document, site.clock())


def worked(site: Site) -> Desk:
    """Record enough time, bring it to the EHR, and open the month as the physician."""
    nurse = site.launch()
    nurse.record()
    doctor = site.launch(user=DOCTOR)
    site.deliver_all(doctor.patient_id)
    return doctor


def claim_of(desk: Desk) -> ClaimRecord:
    with desk.site.world.db.read(desk.site.practice_id) as session:
        found = claims.find_latest(session, desk.site.practice_id, desk.patient_id, NOVEMBER)
    assert found is not None
    return found


def told(desk: Desk) -> tuple[DeliveryRecord, ...]:
    """Deliver the claim until nothing new is planned; return every delivery of it."""
    site, claim, known = desk.site, claim_of(desk), frozenset[str]()
    while True:
        with site.world.db.read(site.practice_id) as session:
            found = deliveries.of_artefact(session, site.practice_id, ArtefactKind.CLAIM, claim.id)
        if {one.id for one in found} <= known:
            return found
        known = frozenset(one.id for one in found)
        site.deliver(*known, most=200)


def live(desk: Desk) -> DeliveryRecord:
    (one,) = (d for d in told(desk) if not d.has_fallen and d.purpose is Purpose.ARTEFACT)
    return one


def ways(desk: Desk) -> dict[RungName | None, DeliveryState]:
    return {d.rung: d.state for d in told(desk) if d.purpose is Purpose.ARTEFACT}


def notices(desk: Desk) -> list[DeliveryRecord]:
    return [one for one in told(desk) if one.purpose is Purpose.NOTICE]


def claim_parties(desk: Desk) -> ClaimParties:
    draft = draft_of(claim_of(desk))
    assert draft is not None
    return draft.parties


def claimed_rows(desk: Desk) -> list[tuple[MonthState, RungName | None]]:
    shown = overview(desk.site.world, desk.actor, MonthFilter(month=NOVEMBER), desk.site.clock())
    return [(row.state, row.claim_rung) for row in shown.rows if row.total_usd]


def stored_document(site: Site, delivery: DeliveryRecord) -> dict[str, Any]:
    (stored,) = site.in_the_ehr(delivery)
    return stored


def attached(document: dict[str, Any], content_type: str) -> bytes:
    (found,) = (
        content["attachment"]["data"]
        for content in document["content"]
        if content["attachment"]["contentType"] == content_type
    )
    return base64.b64decode(found)


def test_where_the_ehr_takes_claims_it_is_a_claim(own_site: Site) -> None:
    doctor = worked(own_site)
    doctor.sign()

    one = live(doctor)

    assert (one.rung, one.state) == (RungName.CLAIM, DeliveryState.SENT)
    assert "best there is" in one.rule


def test_where_it_declares_no_claim_a_charge_sheet_says_all_of_it(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem")
    doctor.sign()

    one = live(doctor)

    assert (one.rung, one.state) == (RungName.DOCUMENT, DeliveryState.SENT)
    document = stored_document(own_site, one)
    text = attached(document, "text/plain").decode()
    inside = json.loads(attached(document, "application/fhir+json"))
    claim = claim_of(doctor)
    assert f"Claim number: {claim_number(claim.identifier)}" in text
    assert "99490" in text
    assert inside["resourceType"] == "Claim"
    assert inside["identifier"][0]["value"] == claim.identifier
    assert inside["procedure"][0]["procedureReference"]["reference"].startswith("Procedure/")
    assert inside["total"]["value"] == float(claim.total_usd)


def test_a_task_tells_the_biller_of_the_charge_sheet(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem")
    doctor.sign()

    sheet, (task,) = live(doctor), notices(doctor)

    (stored,) = own_site.in_the_ehr(task)
    assert (task.resource_type, task.state) == (ResourceKind.TASK, DeliveryState.SENT)
    assert stored["focus"] == {"reference": sheet.remote_ref}
    assert stored["for"] == {"reference": claim_parties(doctor).patient_ref}


def test_where_no_task_is_taken_a_message_tells_of_it(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem", "Task")
    doctor.sign()

    (message,) = notices(doctor)

    assert (message.resource_type, message.state) == (
        ResourceKind.COMMUNICATION,
        DeliveryState.SENT,
    )


def test_a_refused_notice_troubles_nobody(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem")
    own_site.wire.fail("POST", r"/fhir/Task$", answers(422))
    doctor.sign()

    (task,) = notices(doctor)

    assert task.state is DeliveryState.REJECTED
    assert live(doctor).state is DeliveryState.SENT
    assert needs_person(own_site.world, doctor.actor).stopped == ()
    assert claimed_rows(doctor) == [(MonthState.SENT, RungName.DOCUMENT)]


def test_no_sheet_no_notice(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem", "DocumentReference")
    doctor.sign()

    assert notices(doctor) == []


def test_where_it_takes_no_document_either_a_superbill_is_keyed_in(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem", "DocumentReference")
    doctor.sign()

    one = live(doctor)
    sheet = hand_off_sheet(own_site.world, doctor.actor, doctor.patient_id)

    assert (one.rung, one.state) == (RungName.HAND_OFF, DeliveryState.HELD)
    (line,) = sheet.open_lines
    facts = dict(line.facts)
    assert line.title == "Superbill: chronic care management, 2026-11"
    assert facts["Line 1"].startswith("99490, units 1")
    assert facts["Total"] == f"{claim_of(doctor).total_usd:.2f} USD"
    assert [s.resource_type for s in needs_person(own_site.world, doctor.actor).stopped] == [
        "Sheet"
    ]


def test_a_superbill_counts_as_sent_when_a_person_says_it_was_keyed(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem", "DocumentReference")
    doctor.sign()
    one = live(doctor)
    before = claimed_rows(doctor)

    keyed = MarkKeyed(patient_id=doctor.patient_id, delivery_id=one.id, ehr_number="C-1041")
    mark_keyed(own_site.world, doctor.actor, keyed, own_site.clock())

    after = claimed_rows(doctor)
    assert before == [(MonthState.SIGNED, RungName.HAND_OFF)]
    assert after == [(MonthState.SENT, RungName.HAND_OFF)]


def test_a_claim_refused_as_not_offered_falls_once_and_is_proved(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "ChargeItem")
    own_site.wire.fail("POST", CLAIM, answers(405))
    doctor.sign()

    found = told(doctor)

    assert {d.rung: (d.state, d.has_fallen) for d in found if d.rung} == {
        RungName.CLAIM: (DeliveryState.REJECTED, True),
        RungName.DOCUMENT: (DeliveryState.SENT, False),
    }
    assert len(own_site.wire.sent("POST", CLAIM)) == 1


def test_a_claim_whose_answer_was_lost_never_falls(own_site: Site) -> None:
    doctor = worked(own_site)
    own_site.wire.fail("POST", CLAIM, the_answer_is_lost, times=1)
    own_site.wire.fail("POST", CLAIM, answers(405))
    doctor.sign()

    found = told(doctor)

    assert [(d.rung, d.state) for d in found] == [(RungName.CLAIM, DeliveryState.SENT)]


def test_an_uncertain_charge_sheet_is_not_sent_twice_where_a_copy_would_pass(
    own_site: Site,
) -> None:
    """What a biller keys in from a document would be keyed in from its copy, too."""
    doctor = worked(own_site)
    without(own_site, "Claim", "ChargeItem")
    with own_site.world.db.write() as session:
        ehr = ehrs.get(session, own_site.practice_id, own_site.ehr_id)
        declared = msgspec.json.decode(ehr.capability_json or "", type=Capability)
        plain = msgspec.structs.replace(declared.of("DocumentReference"), conditional_create=False)
        changed = msgspec.structs.replace(
            declared, resources={**declared.resources, "DocumentReference": plain}
        )
        document = msgspec.json.encode(changed).decode()
        ehrs.record_capability(
            session, own_site.practice_id, own_site.ehr_id, document, own_site.clock()
        )
    own_site.wire.fail("POST", DOCUMENT, answers(500), times=1)
    doctor.sign()

    one = live(doctor)

    assert (one.state, one.last_problem) == (DeliveryState.HELD, "cannot_be_sure")
    assert len(own_site.wire.sent("POST", DOCUMENT)) == 1


def test_a_biller_sends_a_refused_claim_another_way(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "ChargeItem")
    own_site.wire.fail("POST", CLAIM, answers(422))
    doctor.sign()
    refused = live(doctor)
    biller = doctor.acting(role=Role.BILLER)

    to = send_another_way(own_site.world, biller.actor, refused.id)

    assert refused.state is DeliveryState.REJECTED
    assert to is RungName.DOCUMENT
    assert ways(doctor) == {
        RungName.CLAIM: DeliveryState.REJECTED,
        RungName.DOCUMENT: DeliveryState.SENT,
    }


def test_a_held_claim_that_may_be_there_goes_no_other_way(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "ChargeItem")
    own_site.wire.fail("POST", CLAIM, answers(422))
    doctor.sign()
    refused = live(doctor)
    send_another_way(own_site.world, doctor.actor, refused.id)

    with pytest.raises(ConflictError):
        send_another_way(own_site.world, doctor.actor, refused.id)

    assert live(doctor).rung is RungName.DOCUMENT


def test_a_fall_days_later_says_what_was_signed(own_site: Site) -> None:
    doctor = worked(own_site)
    without(own_site, "ChargeItem")
    own_site.wire.fail("POST", CLAIM, answers(422))
    doctor.sign()
    refused = live(doctor)
    own_site.clock.advance(seconds=timedelta(days=3).total_seconds() + SETTLE_SECONDS)

    send_another_way(own_site.world, doctor.actor, refused.id)

    inside = json.loads(attached(stored_document(own_site, live(doctor)), "application/fhir+json"))
    body = json.loads(refused.body_json)
    for member in ("created", "diagnosis", "total", "careTeam", "insurance", "supportingInfo"):
        assert inside[member] == body[member]


def test_work_that_fell_after_the_signature_is_not_named_and_holds_nothing_up(
    own_site: Site,
) -> None:
    nurse = own_site.launch()
    nurse.call(minutes=25)
    own_site.wire.refuse_batches()
    own_site.wire.fail("POST", r"/fhir/Procedure$", answers(405))
    doctor = own_site.launch(user=DOCTOR)
    doctor.sign()
    for _ in range(3):
        own_site.deliver_all(doctor.patient_id)

    one = live(doctor)

    (stored,) = own_site.in_the_ehr(one)
    assert (one.rung, one.state) == (RungName.CLAIM, DeliveryState.SENT)
    assert "procedure" not in stored
    assert [
        (item.get("procedureSequence"), item["encounter"][0]["reference"].partition("/")[0])
        for item in stored["item"]
    ] == [(None, "Encounter")]


def test_the_draft_that_was_kept_is_the_draft_that_was_signed(own_site: Site) -> None:
    doctor = worked(own_site)
    doctor.sign()

    draft = draft_of(claim_of(doctor))

    assert draft is not None
    body = json.loads(doctor.delivery(ResourceKind.CLAIM).body_json)
    assert draft.diagnoses == tuple(
        d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in body["diagnosis"]
    )
    assert draft.coverage_ref == body["insurance"][0]["coverage"]["reference"]
    assert draft.parties.practitioner_ref == body["careTeam"][0]["provider"]["reference"]
    assert [line.pointers for line in draft.lines] == [
        tuple(item["diagnosisSequence"]) for item in body["item"]
    ]
