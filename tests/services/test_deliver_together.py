"""A contact in one transaction: both or neither, and the single writes take over where it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from ccm_fhir.domain.writeback import DeliveryState, ResourceKind
from tests.services.wire import Fault, answers, the_answer_is_lost
from tests.world import Desk, Site

if TYPE_CHECKING:
    from ccm_fhir.storage.deliveries import DeliveryRecord

BASE = r"/fhir/?$"
SINGLE = r"/fhir/(Encounter|Procedure)$"


@pytest.fixture
def site(own_site: Site) -> Site:
    return own_site


@pytest.fixture
def nurse(site: Site) -> Desk:
    return site.launch()


def delivered(site: Site, nurse: Desk) -> dict[ResourceKind, DeliveryRecord]:
    site.wire.requests.clear()
    ids = [one.id for one in site.deliveries(nurse.patient_id)]
    return {one.resource_type: one for one in site.deliver(*ids, most=200)}


def both_are_there_once(site: Site, done: dict[ResourceKind, DeliveryRecord]) -> None:
    assert {one.state for one in done.values()} == {DeliveryState.SENT}
    assert all(one.lossy == () for one in done.values())
    for one in done.values():
        assert len(site.in_the_ehr(one)) == 1
    (stored,) = site.in_the_ehr(done[ResourceKind.PROCEDURE])
    assert stored["encounter"]["reference"].endswith(done[ResourceKind.ENCOUNTER].remote_ref)


def test_a_contact_goes_as_one_transaction(site: Site, nurse: Desk) -> None:
    nurse.call(note="Readings reviewed.")

    done = delivered(site, nurse)

    both_are_there_once(site, done)
    assert len(site.wire.sent("POST", BASE)) == 1
    assert site.wire.sent("POST", SINGLE) == []


@pytest.mark.parametrize(
    "fault",
    [the_answer_is_lost, answers(500), answers(503), answers(429), answers(200, body={})],
    ids=["the answer lost", "500", "503", "429", "200 that says nothing"],
)
def test_what_is_in_doubt_is_searched_part_by_part(site: Site, nurse: Desk, fault: Fault) -> None:
    nurse.call()
    site.wire.fail("POST", BASE, fault, times=1)

    done = delivered(site, nurse)

    both_are_there_once(site, done)
    assert len(site.wire.sent("POST", BASE)) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422])
def test_a_refused_bundle_is_sent_in_single_writes(site: Site, nurse: Desk, status: int) -> None:
    nurse.call()
    site.wire.fail("POST", BASE, answers(status), times=1)

    done = delivered(site, nurse)

    both_are_there_once(site, done)
    assert len(site.wire.sent("POST", SINGLE)) == 2


def test_a_token_revoked_within_a_transaction_leaves_neither_half_in_doubt(
    site: Site, nurse: Desk
) -> None:
    nurse.call()
    contact, work = map(nurse.delivery, (ResourceKind.ENCOUNTER, ResourceKind.PROCEDURE))

    def revoked(*_: object) -> httpx2.Response:
        site.wire.fail("POST", r"/token$", answers(401, body={"error": "invalid_client"}))
        return httpx2.Response(401, json={"resourceType": "OperationOutcome"})

    site.wire.fail("POST", BASE, revoked, times=1)
    site.attempt(contact.id)

    for one in (contact, work):
        kept = site.delivery(one.id)
        assert (kept.state, kept.last_problem) == (DeliveryState.PLANNED, "bundle_refused")
    site.wire.mend()
    site.clock.advance(hours=1)
    both_are_there_once(site, delivered(site, nurse))


def test_the_single_writes_of_a_refused_bundle_bear_the_same_identifiers(
    site: Site, nurse: Desk
) -> None:
    nurse.call()
    planned = {one.identifier for one in site.deliveries(nurse.patient_id)}
    site.wire.fail("POST", BASE, answers(400), times=1)

    done = delivered(site, nurse)

    assert {one.identifier for one in done.values()} == planned
