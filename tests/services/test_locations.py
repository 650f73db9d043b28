"""Where a patient is seen: its place of service is the claim's, and no signed month moves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from ccm_fhir.services.locations import (
    LocationSaid,
    add_location,
    change_location,
    close_location,
    location_named,
    make_default,
    practice_locations,
    reopen_location,
)
from ccm_fhir.services.packet_facts import packet_facts
from ccm_fhir.services.patient_location import PlacePatient, place_patient
from ccm_fhir.services.setup_hand import SetupHand
from tests.world import DOCTOR, NOVEMBER, Desk, Site

if TYPE_CHECKING:
    from ccm_fhir.domain.dates import ServiceMonth

HOSPITAL = LocationSaid(
    name="Lakeview clinic", place_of_service="22", time_zone="America/Chicago", locality=""
)
DECEMBER = NOVEMBER.next()


def hand(site: Site) -> SetupHand:
    return SetupHand(practice_id=site.practice_id, user_id=None)


def add(site: Site, said: LocationSaid = HOSPITAL) -> str:
    return add_location(site.world, hand(site), said, site.clock())


def place(desk: Desk, location_id: str | None, month: ServiceMonth = NOVEMBER) -> None:
    request = PlacePatient(
        patient_id=desk.patient_id, month=month, location_id=location_id, form_key=str(uuid4())
    )
    place_patient(desk.site.world, desk.actor, request, desk.site.clock())


def claimed(desk: Desk) -> str:
    """Sign the month; return the place of service in the FHIR Claim."""
    desk.call()
    desk.sign()
    return desk.delivery(ResourceKind.CLAIM).body_json


def placed(body: str) -> str:
    (code,) = [one for one in ("11", "22") if f'"code":"{one}"' in body.replace(" ", "")]
    return code


def test_a_claim_bears_the_place_of_the_location_chosen_for_the_patient(each_site: Site) -> None:
    doctor = each_site.launch(user=DOCTOR)
    place(doctor, add(each_site))

    body = claimed(doctor)

    assert placed(body) == "22"
    review = doctor.review()
    assert review.claim is not None
    assert (review.claim.place_of_service, review.claim.location) == ("22", "Lakeview clinic")


def test_without_a_choice_the_default_of_the_day_of_signing_holds(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    location_id = add(site)
    assert doctor.review().placed.location.place_of_service == "11"

    make_default(site.world, hand(site), location_id)

    assert placed(claimed(doctor)) == "22"


def test_a_signed_month_keeps_its_place_whatever_is_said_later(site: Site) -> None:
    doctor = site.launch(user=DOCTOR)
    location_id = add(site)
    assert placed(claimed(doctor)) == "11"

    with pytest.raises(ConflictError, match="signed up to 2026-11"):
        place(doctor, location_id)
    place(doctor, location_id, DECEMBER)
    make_default(site.world, hand(site), location_id)

    claim = doctor.review().claim
    with site.world.db.read(site.practice_id) as session:
        facts = packet_facts(site.world, session, site.practice_id, doctor.patient_id, NOVEMBER)
    assert claim is not None
    assert claim.place_of_service == "11"
    assert facts.place_of_service == f"11 ({claim.location})"


def test_a_choice_holds_from_its_month_on_and_is_taken_back(site: Site) -> None:
    nurse = site.launch()
    location_id = add(site)
    place(nurse, location_id)
    place(nurse, None, DECEMBER)

    held = nurse.review().placed
    later = nurse.review(DECEMBER).placed

    assert (held.location.id, held.since, held.of_default) == (location_id, NOVEMBER, False)
    assert (later.location.place_of_service, later.since, later.of_default) == ("11", None, True)
    assert nurse.review(NOVEMBER.plus(-1)).placed.of_default


def test_an_analyst_places_nobody_and_a_foreign_location_is_none(site: Site) -> None:
    nurse = site.launch()

    with pytest.raises(NotAllowedError):
        place(nurse.acting(role=Role.ANALYST), add(site))
    with pytest.raises(NotFoundError):
        place(nurse, "0" * 32)


def test_a_location_with_patients_is_closed_only_once_they_are_seen_elsewhere(site: Site) -> None:
    nurse = site.launch()
    location_id = add(site)
    place(nurse, location_id)
    with pytest.raises(ConflictError, match="1 patient is seen at this location"):
        close_location(site.world, hand(site), location_id, site.clock())
    place(nurse, None)

    close_location(site.world, hand(site), location_id, site.clock())

    with pytest.raises(InputError, match="closed"):
        place(nurse, location_id)
    assert [one.id for one in nurse.review().placed.offered] == [site.practice_id]
    reopen_location(site.world, hand(site), location_id)
    place(nurse, location_id)


def test_the_last_location_cannot_be_closed(site: Site) -> None:
    with pytest.raises(ConflictError, match="make another the default"):
        close_location(site.world, hand(site), site.practice_id, site.clock())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 201),
        ("place_of_service", "98"),
        ("place_of_service", ""),
        ("place_of_service", "1１"),
        ("time_zone", "Harbor/Street"),
        ("time_zone", "../../etc/passwd"),
        ("locality", "10112"),
        ("locality", "99999-99"),
        ("locality", "1011٢-00"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field_and_changes_nothing(
    site: Site, field: str, value: str
) -> None:
    location_id = add(site)
    before = practice_locations(site.world, hand(site), site.clock()).locations
    said = {name: getattr(HOSPITAL, name) for name in LocationSaid.__slots__}
    wrong = LocationSaid(**{**said, "name": "Another", field: value})

    with pytest.raises(InputError) as added:
        add(site, wrong)
    with pytest.raises(InputError) as changed:
        change_location(site.world, hand(site), location_id, wrong, site.clock())

    assert (added.value.field, changed.value.field) == (field, field)
    assert practice_locations(site.world, hand(site), site.clock()).locations == before


def test_facility_and_clock_are_told_of_each_location(site: Site) -> None:
    add(site)

    first, other = practice_locations(site.world, hand(site), site.clock()).locations

    assert (first.is_facility, first.zone.key) == (False, "America/New_York")
    assert (other.is_facility, other.zone.key) == (True, "America/Chicago")
    assert location_named(site.world, hand(site), " lakeview  CLINIC").id == other.id
    with pytest.raises(InputError, match="Lakeview clinic"):
        location_named(site.world, hand(site), "Nowhere")


def test_the_month_begins_by_the_practices_clock_wherever_the_patient_is_seen(site: Site) -> None:
    nurse = site.launch()
    nurse.call()
    before = nurse.review()
    place(nurse, add(site))

    after = nurse.review()

    assert after.time_zone == "America/New_York"
    assert (after.entries, after.decision_hash) == (before.entries, before.decision_hash)
