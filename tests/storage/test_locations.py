"""A practice's locations: one is always the default, none is lost, and months do not reach back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.storage import locations, migrate, patient_locations, practices
from ccm_fhir.storage.database import open_database
from ccm_fhir.storage.locations import Location, NewLocation
from tests.storage.conftest import NOW
from tests.storage.makers import NOVEMBER, patient_location

if TYPE_CHECKING:
    from sqlmodel import Session

    from ccm_fhir.storage.database import Database
    from tests.storage.conftest import Tenant

ANNEX = NewLocation(name="Elm Street annex", place_of_service="22", locality="10112-00")
DECEMBER = NOVEMBER.next()


def annex(database: Database, tenant: Tenant) -> Location:
    with database.write(tenant.practice_id) as session:
        return locations.add(session, tenant.practice_id, ANNEX, NOW)


def every(database: Database, tenant: Tenant) -> tuple[Location, ...]:
    with database.read(tenant.practice_id) as session:
        return locations.of_practice(session, tenant.practice_id)


def test_a_practice_is_its_own_first_location_with_its_own_clock(
    database: Database, ours: Tenant
) -> None:
    (only,) = every(database, ours)

    assert (only.id, only.name) == (ours.practice_id, "ours")
    assert (only.place_of_service, only.locality, only.time_zone) == ("11", "", "")
    assert (only.is_default, only.is_active) == (True, True)


def test_a_practice_of_the_release_before_has_a_location_and_may_have_more(
    database: Database, ours: Tenant
) -> None:
    with database.write(ours.practice_id) as session:
        session.execute(text("DELETE FROM location"))

    assert [one.id for one in every(database, ours)] == [ours.practice_id]
    added = annex(database, ours)

    assert [one.id for one in every(database, ours)] == [ours.practice_id, added.id]


@pytest.mark.parametrize("name", ["Elm Street annex", "  elm   STREET Annex"])
def test_two_locations_of_one_name_are_refused_and_nothing_is_lost(
    database: Database, ours: Tenant, name: str
) -> None:
    annex(database, ours)
    again = NewLocation(name=name, place_of_service="11")

    with database.write(ours.practice_id) as session:
        with pytest.raises(InputError, match="Another location"):
            locations.add(session, ours.practice_id, again, NOW)
        with pytest.raises(InputError, match="Another location"):
            locations.change(session, ours.practice_id, ours.practice_id, again)

    assert [one.name for one in every(database, ours)] == ["ours", "Elm Street annex"]


def test_the_practice_follows_its_default_location(database: Database, ours: Tenant) -> None:
    added = annex(database, ours)

    with database.write(ours.practice_id) as session:
        locations.make_default(session, ours.practice_id, added.id)
        practice = practices.get(session, ours.practice_id)

    assert (practice.place_of_service, practice.locality) == ("22", "10112-00")
    assert [one.is_default for one in every(database, ours)] == [True, False]
    assert every(database, ours)[0].id == added.id


def test_the_default_cannot_be_closed_nor_a_closed_one_be_the_default(
    database: Database, ours: Tenant
) -> None:
    added = annex(database, ours)
    with database.write(ours.practice_id) as session:
        with pytest.raises(ConflictError, match="make another the default"):
            locations.set_active(session, ours.practice_id, ours.practice_id, is_active=False)
        locations.set_active(session, ours.practice_id, added.id, is_active=False)
        with pytest.raises(ConflictError, match="open it again"):
            locations.make_default(session, ours.practice_id, added.id)


@pytest.mark.parametrize(
    "change", ["is_default = :yes", "is_active = :no"], ids=["a second default", "a closed default"]
)
def test_the_database_itself_keeps_one_open_default(
    database: Database, ours: Tenant, change: str
) -> None:
    annex(database, ours)
    values = {name: value for name, value in (("yes", True), ("no", False)) if name in change}
    update = text(f"UPDATE location SET {change}")  # noqa: S608

    with pytest.raises(IntegrityError), database.write(ours.practice_id) as session:
        session.execute(update, values)


def test_a_location_of_another_practice_is_as_one_that_never_was(
    database: Database, ours: Tenant, theirs: Tenant
) -> None:
    foreign = annex(database, theirs)
    placed = patient_location(ours, location_id=foreign.id)

    with database.write(ours.practice_id) as session:
        with pytest.raises(NotFoundError):
            locations.get(session, ours.practice_id, foreign.id)
        with pytest.raises(NotFoundError):
            locations.make_default(session, ours.practice_id, foreign.id)
        with pytest.raises(NotFoundError):
            patient_locations.record(session, ours.practice_id, placed, NOW)


ACTS = st.lists(
    st.tuples(st.sampled_from(["default", "close", "open"]), st.integers(0, 2)), max_size=8
)


@given(ACTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_one_open_default_stays(
    database: Database, ours: Tenant, acts: list[tuple[str, int]]
) -> None:
    practice_id = ours.practice_id
    with database.write(practice_id) as session:
        found = sorted(locations.of_practice(session, practice_id), key=lambda one: one.id)
        for number in range(3 - len(found)):
            new = NewLocation(name=f"{len(found)}-{number}", place_of_service="11")
            locations.add(session, practice_id, new, NOW)
        ids = sorted(one.id for one in locations.of_practice(session, practice_id))
        for act, which in acts:
            try:
                if act == "default":
                    locations.make_default(session, practice_id, ids[which])
                else:
                    locations.set_active(session, practice_id, ids[which], is_active=act == "open")
            except ConflictError:
                continue
        after = locations.of_practice(session, practice_id)
        practice = practices.get(session, practice_id)

    assert [one.is_default for one in after] == [True, False, False]
    assert after[0].is_active
    assert practice.place_of_service == after[0].place_of_service


SAID = st.lists(st.tuples(st.integers(-2, 3), st.booleans()), max_size=5)


@given(SAID, st.integers(-2, 3), st.booleans(), st.integers(-2, 3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_where_a_patient_is_seen_never_reaches_back(
    database: Database,
    ours: Tenant,
    before: list[tuple[int, bool]],
    new: int,
    is_default: bool,  # noqa: FBT001  # drawn
    asked: int,
) -> None:
    practice_id, month, held = ours.practice_id, NOVEMBER.plus(asked), None
    with database.write(practice_id) as session:
        for number, (begins, is_first) in enumerate([*before, (new, is_default)]):
            if number == len(before):
                held = seen(session, ours, month)
            said = patient_location(
                ours,
                f"form-{number}",
                month=NOVEMBER.plus(begins),
                location_id=None if is_first else practice_id,
            )
            patient_locations.record(session, practice_id, said, NOW)
        holds = seen(session, ours, month)
        session.rollback()

    if asked < new:
        assert holds == held
    elif all(begins <= new for begins, _ in before):
        assert holds == (None if is_default else practice_id)


def seen(session: Session, tenant: Tenant, month: ServiceMonth) -> str | None:
    held = patient_locations.in_force(session, tenant.practice_id, month, tenant.patient_id)
    return held[tenant.patient_id].location_id if held else "nobody said"


def test_the_same_form_records_once_and_other_content_is_refused(
    database: Database, ours: Tenant
) -> None:
    said, other = patient_location(ours), patient_location(ours, month=DECEMBER)
    with database.write(ours.practice_id) as session:
        one = patient_locations.record(session, ours.practice_id, said, NOW)
        two = patient_locations.record(session, ours.practice_id, said, NOW)
        with pytest.raises(ConflictError):
            patient_locations.record(session, ours.practice_id, other, NOW)

    assert one == two


def test_who_is_seen_somewhere_now_or_later_is_counted_once(
    database: Database, ours: Tenant
) -> None:
    practice_id, october = ours.practice_id, NOVEMBER.plus(-1)
    added = annex(database, ours)
    with database.write(practice_id) as session:
        for key, month, where in (("a", october, added.id), ("b", DECEMBER, added.id)):
            said = patient_location(ours, key, month=month, location_id=where)
            patient_locations.record(session, practice_id, said, NOW)
        both = patient_locations.patients_ahead(session, practice_id, added.id, NOVEMBER)
        for key, month in (("c", NOVEMBER), ("d", DECEMBER)):
            said = patient_location(ours, key, month=month, location_id=None)
            patient_locations.record(session, practice_id, said, NOW)
        neither = patient_locations.patients_ahead(session, practice_id, added.id, NOVEMBER)

    assert (both, neither) == (1, 0)


def test_the_revision_makes_what_a_practice_said_its_default_location(database_url: str) -> None:
    migrate.upgrade(database_url, revision="0017")
    before = open_database(database_url)
    with before.write() as session:
        session.execute(
            text(
                "INSERT INTO practice (id, name, time_zone, npi, tax_id, taxonomy, "
                "organization_ref, identifier_namespace, place_of_service, locality, created_at) "
                "VALUES ('p1', '  Straße  Nord ', 'America/Denver', '', '', '', '', 'n', '19', "
                "'10112-00', '2026-01-01')"
            )
        )
    before.close()

    migrate.upgrade(database_url)

    after = open_database(database_url)
    with after.read("p1") as session:
        (only,) = locations.of_practice(session, "p1")
        stored = session.execute(text("SELECT name_key FROM location")).scalar_one()
        zone = locations.zone_of(only, practices.get(session, "p1").zone)
    after.close()
    assert (only.id, only.place_of_service, only.locality) == ("p1", "19", "10112-00")
    assert (only.is_default, only.is_active, zone.key) == (True, True, "America/Denver")
    assert stored == locations.name_key(only.name)
