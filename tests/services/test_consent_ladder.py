"""Consents recorded here go to the EHR along their ladder, and are taken back there, too."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.domain.writeback import DeliveryState, ResourceKind, RungName
from ccm_fhir.services.record_consent import (
    ConsentError,
    DecidedConsent,
    record_consent,
    take_back_consent,
)
from ccm_fhir.storage import deliveries
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose
from tests.services.test_ladder_profiles import nurse_at, practice_at
from tests.services.wire import answers

if TYPE_CHECKING:
    from pathlib import Path

    from ccm_fhir.storage.deliveries import DeliveryRecord
    from tests.world import Desk, Site

STATEMENTS = frozenset({"availability", "cost-sharing", "one-practitioner", "right-to-stop"})


def agree(desk: Desk, **changes: Any) -> str:  # noqa: ANN401
    usual: dict[str, Any] = {
        "patient_id": desk.patient_id,
        "form_key": str(uuid4()),
        "decision": ConsentDecision.GIVEN,
        "decided_on": date(2026, 11, 20),
        "told": STATEMENTS,
        "mode": ConsentMode.VERBAL,
        "language": "en",
        "given_by": ConsentGiver.PATIENT,
        "note": "Asked by telephone.",
    }
    decided = DecidedConsent(**{**usual, **changes})
    return record_consent(desk.site.world, desk.actor, decided, desk.site.clock())


def consents_told(site: Site, record_id: str) -> tuple[DeliveryRecord, ...]:
    """Deliver everything of a consent until nothing new is planned; return it all."""
    known: frozenset[str] = frozenset()
    while True:
        with site.world.db.read(site.practice_id) as session:
            found = deliveries.of_artefact(
                session, site.practice_id, ArtefactKind.CONSENT, record_id
            )
        if {one.id for one in found} <= known:
            return found
        known = frozenset(one.id for one in found)
        site.deliver(*known, most=200)


def live(found: tuple[DeliveryRecord, ...]) -> DeliveryRecord:
    (one,) = (d for d in found if d.purpose is Purpose.ARTEFACT and not d.has_fallen)
    return one


@pytest.mark.parametrize(
    ("profile", "rung", "state"),
    [
        ("full", RungName.CONSENT, DeliveryState.SENT),
        ("canvas", RungName.CONSENT, DeliveryState.SENT),
        ("epic", RungName.QUESTIONNAIRE_RESPONSE, DeliveryState.SENT),
        ("oracle-health", RungName.DOCUMENT, DeliveryState.SENT),
        ("nextgen", RungName.HAND_OFF, DeliveryState.HELD),
    ],
)
def test_a_consent_reaches_its_rung_at(
    profile: str, rung: RungName, state: DeliveryState, tmp_path: Path
) -> None:
    with practice_at(profile, tmp_path) as site:
        nurse = nurse_at(site)
        record_id = agree(nurse)

        told = live(consents_told(site, record_id))

        assert (told.rung, told.state) == (rung, state), told.last_problem
        assert "Asked by telephone." in told.body_json or rung in {
            RungName.DOCUMENT,
            RungName.CONSENT,
        }


def test_a_refused_consent_falls_and_says_the_same(own_site: Site) -> None:
    nurse = own_site.launch()
    own_site.wire.fail("POST", r"/fhir/Consent$", answers(405))

    told = live(consents_told(own_site, agree(nurse)))

    assert told.resource_type is ResourceKind.QUESTIONNAIRE_RESPONSE
    said = {i["linkId"]: i["answer"][0] for i in json.loads(told.body_json)["item"]}
    assert said["decided-on"] == {"valueString": "2026-11-20"}
    assert said["mode"] == {"valueString": "verbal"}
    assert set(said["statements"]["valueString"].split(", ")) == STATEMENTS


def test_a_record_that_was_taken_back_is_entered_in_error_in_the_ehr(own_site: Site) -> None:
    nurse = own_site.launch()
    record_id = agree(nurse)
    told = live(consents_told(own_site, record_id))
    error = ConsentError(
        patient_id=nurse.patient_id,
        record_id=record_id,
        form_key=str(uuid4()),
        reason="Another patient's words.",
    )

    take_back_consent(own_site.world, nurse.actor, error, own_site.clock())
    consents_told(own_site, record_id)

    (stored,) = own_site.ehr.holds("Consent", told.identifier)
    assert stored["status"] == "entered-in-error"


def test_a_consent_recorded_here_is_read_again_as_what_it_is(own_site: Site) -> None:
    nurse = own_site.launch()
    told = live(consents_told(own_site, agree(nurse)))

    (stored,) = own_site.ehr.holds("Consent", told.identifier)

    assert stored["status"] == "active"
    assert told.lossy == ()
    desk = own_site.launch()
    assert desk.review().findings
