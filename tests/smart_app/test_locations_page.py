"""Setting up locations through the page's own forms, and choosing one for a patient."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.pricing import (
    Payment,
    PriceUnknown,
    national_nonfacility_amount,
    to_cents,
)
from ccm_fhir.domain.rules import LocalityId
from ccm_fhir.services.practice_prices import allowed_here
from ccm_fhir.storage import audit, locations
from ccm_fhir.storage.locations import Location
from tests.smart_app.front import NOW, Browser, Front, Page

ANNEX = {"name": "Elm Street annex", "place_of_service": "22", "time_zone": "", "locality": ""}
WORDS = {
    "add_location",
    "change_location",
    "default_location",
    "close_location",
    "reopen_location",
    "place_patient",
}


@pytest.fixture
def admin(front: Front) -> Browser:
    return front.sign_in(Role.ADMIN)


def page(browser: Browser) -> str:
    answer = browser.get(f"{browser.path}/practice/locations?month=2026-11")
    assert answer.status_code == 200
    return answer.text


def post(browser: Browser, act: str, fields: dict[str, str]) -> tuple[int, str]:
    hidden = Page(page(browser)).forms[f"{browser.path}/practice/locations/add"]
    answer = browser.post(f"{browser.path}/practice/locations/{act}", {**hidden, **fields})
    return answer.status_code, answer.headers.get("location", answer.text)


def every(front: Front) -> tuple[Location, ...]:
    with front.world.db.read(front.practice_id) as session:
        return locations.of_practice(session, front.practice_id)


def shown(browser: Browser) -> str:
    return browser.get(f"{browser.path}?month=2026-11").text


def acts(front: Front) -> list[str]:
    with front.world.db.read(front.practice_id) as session:
        lines = audit.records(session, front.practice_id, after=0, most=1000)
    return [line.act for line in lines if line.act.split()[0] in WORDS]


def test_a_location_is_added_changed_made_the_default_and_closed_each_with_one_line(
    front: Front, admin: Browser
) -> None:
    for _ in range(2):  # a double click
        assert post(admin, "add", ANNEX)[0] == 303
    first, annex = every(front)
    changed = {**ANNEX, "location_id": annex.id, "locality": "10112-00"}
    for _ in range(2):
        assert post(admin, "change", changed)[0] == 303
        assert post(admin, "default", {"location_id": annex.id})[0] == 303
        assert post(admin, "close", {"location_id": first.id})[0] == 303
    assert post(admin, "reopen", {"location_id": first.id})[0] == 303

    assert acts(front) == [
        "add_location",
        f"change_location {annex.id} locality",
        f"default_location {annex.id}",
        f"close_location {first.id}",
        f"reopen_location {first.id}",
    ]
    assert [(one.name, one.is_default) for one in every(front)] == [
        ("Elm Street annex", True),
        (first.name, False),
    ]
    told = page(admin)
    assert "Medicare pays the facility rate here." in told
    assert "allows for a unit in locality 10112-00, at place of service 22" in told
    assert (
        "at Elm Street annex, and at 1 other location"
        in admin.get(f"{admin.path}/practice?month=2026-11").text
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "HARBOR street family medicine"),
        ("place_of_service", "98"),
        ("time_zone", "Harbor/Street"),
        ("locality", "99999-99"),
    ],
)
def test_a_location_that_cannot_be_used_is_told_beside_its_field_and_nothing_is_lost(
    front: Front, admin: Browser, field: str, value: str
) -> None:
    status, told = post(admin, "add", {**ANNEX, field: value})

    assert status == 422
    assert f'aria-describedby="location-new-{field}-wrong"' in told
    assert field == "name" or 'value="Elm Street annex"' in told
    assert len(every(front)) == 1
    assert acts(front) == []


def test_the_default_location_is_not_closed_and_the_page_says_what_to_do(
    front: Front, admin: Browser
) -> None:
    status, told = post(admin, "close", {"location_id": every(front)[0].id})

    assert status == 409
    assert "make another the default" in told
    assert 'value="Harbor Street Family Medicine"' in told  # the form stands as it was
    assert acts(front) == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_the_page_and_its_forms_are_for_administrators(front: Front, role: Role) -> None:
    other = front.sign_in(role)
    sent = other.fields("/sign-out") | {"month": "2026-11", **ANNEX}

    assert other.get(f"{other.path}/practice/locations").status_code == 403
    for act in ("add", "change", "default", "close", "reopen"):
        assert other.post(f"{other.path}/practice/locations/{act}", sent).status_code == 403
    assert acts(front) == []


def test_a_patient_of_a_practice_with_one_location_is_simply_seen_there(front: Front) -> None:
    told = shown(front.sign_in(Role.CARE_MANAGER))

    assert "Seen at Harbor Street Family Medicine: place of service 11." in told
    assert "Choose another location" not in told


def test_where_a_patient_is_seen_is_chosen_on_the_patients_page(
    front: Front, admin: Browser
) -> None:
    assert post(admin, "add", ANNEX)[0] == 303
    annex = every(front)[1]
    nurse = front.sign_in(Role.CARE_MANAGER)
    assert "the practice’s default location: no other is chosen" in shown(nurse)

    empty = nurse.post(f"{nurse.path}/location", {**nurse.fields("/location"), "location_id": ""})
    sent = {**nurse.fields("/location"), "location_id": annex.id}
    answers = [nurse.post(f"{nurse.path}/location", sent) for _ in range(2)]

    assert empty.status_code == 422
    assert 'id="place-location_id-wrong"' in empty.text
    assert [one.status_code for one in answers] == [303, 303]
    told = shown(nurse)
    assert "Seen at Elm Street annex: place of service 22." in told
    assert "chosen for this patient from November 2026 on" in told
    assert acts(front).count("place_patient 2026-11") == 2  # as every act: each try is told
    assert front.sign_in(Role.ANALYST).post(f"{nurse.path}/location", sent).status_code >= 400


def test_prices_are_those_of_the_locations_locality_and_of_no_other_year(front: Front) -> None:
    rulebook, year = front.world.rulebook, date(2025, 11, 1)
    with front.world.db.read(front.practice_id) as session:
        national = locations.default_of(session, front.practice_id)
    alaska = replace(national, locality="02102-01")
    gpci = rulebook.fees.gpci(LocalityId(mac="02102", locality="01"), year)
    price = rulebook.price_rule("99490", year)
    assert gpci is not None
    assert price is not None

    (by_nation,) = allowed_here(national, ("99490",), year, rulebook)
    (there,) = allowed_here(alaska, ("99490",), year, rulebook)
    (next_year,) = allowed_here(alaska, ("99490",), NOW.date(), rulebook)

    assert isinstance(by_nation, Payment)
    assert isinstance(there, Payment)
    assert by_nation.unit_allowed_usd == national_nonfacility_amount(price)
    summed = (
        price.work_rvu * gpci.work_gpci
        + price.nonfacility_pe_rvu * gpci.pe_gpci
        + price.malpractice_rvu * gpci.malpractice_gpci
    )
    assert there.unit_allowed_usd == to_cents(summed * price.conversion_factor)
    assert there.unit_allowed_usd > by_nation.unit_allowed_usd
    missing = "locality 02102-01 in the CY2026 GPCI table"
    assert next_year == PriceUnknown(code="99490", missing=missing)
