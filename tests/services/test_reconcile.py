"""Reconciling: every row of the ledger has one disposition, and what differs is found."""

from __future__ import annotations

import json
from datetime import time, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.writeback import DeliveryState, Disposition, ResourceKind, disposition_of
from ccm_fhir.fhir.outcomes import WriteKind
from ccm_fhir.services.approvals import AnswerApproval, answer_approval
from ccm_fhir.services.connections import disconnect
from ccm_fhir.services.dispositions import parts_of
from ccm_fhir.services.reconcile import Scope, latest_report, reconcile
from ccm_fhir.services.reconciled import Difference, Report
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.storage import turns
from ccm_fhir.storage.delivery_records import NewDelivery, delivery_of, row_of
from ccm_fhir.storage.vocabulary import ArtefactKind
from tests.services.loopback_ehr import NOW, Clock, Ehr, cast, running_ehr
from tests.services.wire import answers, nothing_is_sent, the_answer_is_lost
from tests.world import DOCTOR, NOVEMBER, Desk, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.storage.deliveries import DeliveryRecord

PROCEDURE = "/fhir/Procedure$"


@pytest.fixture
def ehr() -> Iterator[Ehr]:
    with running_ehr(cast(4), Clock()) as running:
        yield running


@pytest.fixture
def site(database_url: str, ehr: Ehr) -> Iterator[Site]:
    with open_site(database_url, ehr) as opened:
        yield opened


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


def compare(site: Site, **scope: object) -> Report:
    return reconcile(site.world, Scope(practice_id=site.practice_id, **scope))  # type: ignore[arg-type]


def count(report: Report, difference: Difference) -> int:
    return sum(found.difference is difference for found in report.differences)


def post_again(site: Site, delivery: DeliveryRecord, **changes: object) -> None:
    """Put a copy of what was delivered into the EHR, past this app."""
    (stored,) = site.in_the_ehr(delivery)
    stored.pop("id")
    with site.ehr.backend() as client:
        client.create(json.dumps({**stored, **changes}).encode())


def test_what_was_delivered_agrees_and_sums_to_the_ledger(site: Site, nurse: Desk) -> None:
    nurse.call()
    site.launch(user=DOCTOR).sign()
    site.deliver_all(nurse.patient_id)

    report = compare(site)

    assert report.agrees
    assert report.ledger == 2
    assert sum(report.dispositions.values()) == 2
    assert report.dispositions[Disposition.PENDING] == 0
    assert (report.compared, report.not_compared) == (3, 0)
    assert report.ledger_cents == sum(report.cents.values()) > 0
    assert latest_report(site.world, site.practice_id) == report


def test_a_practice_without_anything_agrees(site: Site) -> None:
    assert latest_report(site.world, site.practice_id) is None
    assert compare(site).agrees


def test_what_was_in_doubt_and_arrived_is_settled(site: Site, nurse: Desk) -> None:
    nurse.record()
    delivery = nurse.delivery(ResourceKind.PROCEDURE)
    site.wire.fail("POST", PROCEDURE, the_answer_is_lost, times=1)
    site.attempt(delivery.id)
    assert site.delivery(delivery.id).state is DeliveryState.UNCERTAIN

    report = compare(site)

    assert report.settled == 1
    assert site.delivery(delivery.id).state is DeliveryState.SENT
    assert report.dispositions[Disposition.PENDING] == 1
    site.deliver(delivery.id)
    assert compare(site).dispositions[Disposition.ACCEPTED] == 1


def test_what_was_in_doubt_and_is_not_there_stays_in_doubt(site: Site, nurse: Desk) -> None:
    nurse.record()
    delivery = nurse.delivery(ResourceKind.PROCEDURE)
    site.wire.fail("POST", PROCEDURE, answers(500), times=1)
    site.attempt(delivery.id)

    report = compare(site)

    assert report.settled == 0
    assert report.dispositions[Disposition.SENT_UNKNOWN] == 1
    assert site.in_the_ehr(delivery) == []


def test_what_the_ehr_no_longer_has_is_missing(site: Site, nurse: Desk) -> None:
    nurse.record()
    (delivery,) = site.deliver(nurse.delivery(ResourceKind.PROCEDURE).id)
    site.wire.fail("GET", PROCEDURE, answers(200, body={"resourceType": "Bundle"}))
    site.wire.fail("GET", f"/fhir/Procedure/{delivery.remote_id}$", answers(410))

    assert count(compare(site), Difference.MISSING) == 1


def test_what_the_ehr_has_twice_is_found_and_quarantined(site: Site, nurse: Desk) -> None:
    nurse.record()
    (delivery,) = site.deliver(nurse.delivery(ResourceKind.PROCEDURE).id)
    post_again(site, delivery)

    report = compare(site)

    assert count(report, Difference.DOUBLED) == 1
    assert site.delivery(delivery.id).state is DeliveryState.QUARANTINE
    assert report.dispositions[Disposition.QUARANTINE] == 1


def test_what_bears_our_system_and_is_nobodys_is_foreign(site: Site, nurse: Desk) -> None:
    nurse.record()
    (delivery,) = site.deliver(nurse.delivery(ResourceKind.PROCEDURE).id)
    forged = {"system": delivery.identifier_system, "value": "forged"}
    post_again(site, delivery, identifier=[forged])

    (found,) = compare(site).differences

    assert (found.difference, found.subject) == (Difference.FOREIGN, "forged")


def test_a_kind_that_we_know_no_delivery_of_is_looked_for_too(site: Site, nurse: Desk) -> None:
    """As after a database was put back: the EHR has what nobody here remembers."""
    nurse.record()
    (delivery,) = site.deliver(nurse.delivery(ResourceKind.PROCEDURE).id)
    system = site.world.identifier_system("encounter")
    forgotten = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR"},
        "subject": site.in_the_ehr(delivery)[0]["subject"],
        "identifier": [{"system": system, "value": "forgotten"}],
    }
    with site.ehr.backend() as client:
        assert client.create(json.dumps(forgotten).encode()).kind is WriteKind.CREATED

    (found,) = compare(site).differences

    assert (found.difference, found.resource_type, found.subject) == (
        Difference.FOREIGN,
        "Encounter",
        "forgotten",
    )


def test_time_that_waits_for_approval_or_was_refused_is_no_difference(
    site: Site, nurse: Desk
) -> None:
    first = nurse.record(minutes=180, start_time=time(8, 0))
    second = nurse.record(minutes=150, start_time=time(11, 30))
    doctor = site.launch(user=DOCTOR)
    said = AnswerApproval(entry_id=second, is_approved=False, note="Not what was done.")
    answer_approval(site.world, doctor.actor, said, site.clock())

    report = compare(site)

    assert report.agrees
    assert report.dispositions[Disposition.AWAITING_APPROVAL] == 1
    assert report.dispositions[Disposition.NOT_APPROVED] == 1
    said = AnswerApproval(entry_id=first, is_approved=True, note="")
    answer_approval(site.world, doctor.actor, said, site.clock())
    assert compare(site).dispositions[Disposition.PENDING] == 1


def test_what_is_open_for_a_day_is_named_and_what_nobody_brings_is_woken(
    site: Site, nurse: Desk
) -> None:
    nurse.record()
    delivery = nurse.delivery(ResourceKind.PROCEDURE)
    assert compare(site).woken == 0

    site.clock.advance(hours=25)
    report = compare(site)

    assert count(report, Difference.STALE) == 1
    assert report.woken == 1
    with site.world.db.read(site.practice_id) as session:
        turn = turns.find(session, site.practice_id, delivery.id)
    assert turn is not None
    assert turn.due_at == site.clock()
    assert compare(site).woken == 0


def test_an_entry_that_was_never_planned_is_named(site: Site, nurse: Desk) -> None:
    nurse.record()
    with site.world.db.write(site.practice_id) as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        else:
            connection.exec_driver_sql("DROP TRIGGER tr_delivery_event_no_delete")
        connection.exec_driver_sql("DELETE FROM delivery_event")
        connection.exec_driver_sql("DELETE FROM delivery")

    report = compare(site)

    assert report.dispositions[Disposition.UNPLANNED] == 1
    assert count(report, Difference.UNPLANNED) == 1


def test_an_ehr_that_gives_no_answer_is_named_and_nothing_is_concluded(
    site: Site, nurse: Desk
) -> None:
    nurse.record()
    (delivery,) = site.deliver(nurse.delivery(ResourceKind.PROCEDURE).id)
    site.wire.fail("GET", "/fhir/", nothing_is_sent)

    report = compare(site)

    assert report.unreachable == ("Sandbox EHR",)
    assert (report.compared, report.not_compared) == (0, 1)
    assert report.differences == ()
    assert site.delivery(delivery.id).state is DeliveryState.SENT


def test_an_ehr_that_cannot_be_searched_is_not_compared(site: Site, nurse: Desk) -> None:
    nurse.record()
    site.deliver(nurse.delivery(ResourceKind.PROCEDURE).id)
    site.wire.fail("GET", PROCEDURE, answers(400))

    report = compare(site)

    assert (report.unreachable, report.not_compared, report.agrees) == ((), 1, True)


def test_a_disconnected_ehr_is_not_asked(site: Site, nurse: Desk) -> None:
    nurse.record()
    disconnect(site.world, SetupHand(practice_id=site.practice_id, user_id=None), site.ehr_id)
    site.wire.requests.clear()
    site.clock.advance(hours=2)

    report = compare(site)

    assert (report.woken, site.wire.requests) == (0, [])


def test_a_month_is_compared_alone(site: Site, nurse: Desk) -> None:
    nurse.record()

    assert compare(site, month=NOVEMBER).ledger == 1
    assert compare(site, month=NOVEMBER.next()).ledger == 0


def record_in(state: DeliveryState, name: str) -> DeliveryRecord:
    new = NewDelivery(
        id=name,
        ehr_id="ehr",
        patient_id="patient",
        resource_type=ResourceKind.PROCEDURE,
        artefact_kind=ArtefactKind.TIME_ENTRY,
        artefact_id="entry",
        identifier_system="system",
        identifier=name,
        body_json="{}",
    )
    row = row_of("practice", new, NOW)
    row.state = state
    return delivery_of(row)


@given(states=st.lists(st.sampled_from(DeliveryState), max_size=3), data=st.data())
def test_however_its_deliveries_stand_a_row_has_one_disposition(
    states: list[DeliveryState], data: st.DataObject
) -> None:
    records = [record_in(state, str(number)) for number, state in enumerate(states)]
    keyed = data.draw(st.sets(st.sampled_from(["0", "1", "2"])))

    found = disposition_of(parts_of(records, keyed), is_voided=False)

    assert (found is Disposition.UNPLANNED) == (not states)
    order = list(reversed(records))
    assert disposition_of(parts_of(order, keyed), is_voided=False) is found


def test_a_report_is_old_only_by_its_own_moment(site: Site) -> None:
    first = compare(site)
    site.clock.advance(minutes=1)

    assert compare(site).at - first.at == timedelta(minutes=1)
