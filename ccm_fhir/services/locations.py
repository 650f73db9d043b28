"""A practice's locations: added, changed, closed, and one of them the default; all audited.

What was signed does not move: a claim keeps the place with which it was signed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.pricing import Payment, PriceUnknown
from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.practice_charges import codes_charged
from ccm_fhir.services.practice_details import LONGEST_NAME, is_zone
from ccm_fhir.services.practice_prices import (
    LocalityOffered,
    allowed_here,
    check_locality,
    localities,
)
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import locations, patient_locations, practices
from ccm_fhir.storage.locations import Location, NewLocation
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.values import is_same, value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationSaid:
    """What is said of a location; ``place_of_service`` is CMS's two digits.

    An empty ``time_zone`` is the practice's own; ``locality`` is as 10112-00, or empty.
    """

    name: str
    place_of_service: str
    time_zone: str
    locality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationShown:
    """A location as it is shown.

    ``is_facility`` says whether Medicare pays the facility rate there, by the place of service
    of the day; None where the fee schedule's lists do not hold the place.
    ``allowed`` is what a unit of each code is allowed at there.
    """

    id: str
    said: LocationSaid
    zone: ZoneInfo
    is_facility: bool | None
    is_active: bool
    is_default: bool
    allowed: tuple[Payment | PriceUnknown, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeLocations:
    """A practice's locations, the default first, and the localities that may be named."""

    practice_name: str
    practice_zone: ZoneInfo
    today: date
    locations: tuple[LocationShown, ...]
    localities: tuple[LocalityOffered, ...]


def practice_locations(world: Installation, hand: SetupHand, now: datetime) -> PracticeLocations:
    """Return a practice's locations, as of the practice's own day."""
    with world.db.read(hand.practice_id) as session:
        practice = practices.get(session, hand.practice_id)
        found = locations.of_practice(session, practice.id)
    today = now.astimezone(practice.zone).date()
    return PracticeLocations(
        practice_name=practice.name,
        practice_zone=practice.zone,
        today=today,
        locations=tuple(_shown(practice, one, today, world.rulebook) for one in found),
        localities=localities(world.rulebook),
    )


def location_named(world: Installation, hand: SetupHand, named: str) -> LocationShown:
    """Return the location of a name or id.

    Raises:
        InputError: there is none; the message names those there are.
    """
    every = practice_locations(world, hand, world.clock()).locations
    key = locations.name_key(named)
    for one in every:
        if named == one.id or key == locations.name_key(one.said.name):
            return one
    told = ", ".join(f"{one.said.name} ({one.id})" for one in every)
    raise InputError("location", f"none is called so; there are: {told}")


def add_location(world: Installation, hand: SetupHand, said: LocationSaid, now: datetime) -> str:
    """Add a location and return its id; the same again records nothing.

    Raises:
        InputError: a name, place, zone or locality that cannot be used, or a name that is taken.
    """
    new = _trimmed(said)
    with world.db.write(hand.practice_id) as session:
        for one in locations.of_practice(session, hand.practice_id):
            if one.is_active and is_same(NewLocation, one, new):
                return one.id
        _refuse_unusable(world, None, new, now)
        audit_act(world, session, hand, "add_location")
        return locations.add(session, hand.practice_id, new, now).id


def change_location(
    world: Installation, hand: SetupHand, location_id: str, said: LocationSaid, now: datetime
) -> None:
    """Change what is said of a location; the same again records nothing.

    A month that is open takes the new place; a signed one keeps its own.

    Raises:
        NotFoundError: no such location in this practice.
        InputError: as ``add_location``.
    """
    new = _trimmed(said)
    with world.db.write(hand.practice_id) as session:
        before = locations.get(session, hand.practice_id, location_id)
        if is_same(NewLocation, before, new):
            return
        _refuse_unusable(world, before, new, now)
        changed = " ".join(
            one.name
            for one in fields(NewLocation)
            if getattr(before, one.name) != getattr(new, one.name)
        )
        audit_act(world, session, hand, f"change_location {location_id} {changed}")
        locations.change(session, hand.practice_id, location_id, new)


def make_default(world: Installation, hand: SetupHand, location_id: str) -> None:
    """Make a location the default; the same again records nothing.

    Raises:
        NotFoundError: no such location in this practice.
        ConflictError: it is closed.
    """
    with world.db.write(hand.practice_id) as session:
        if locations.get(session, hand.practice_id, location_id).is_default:
            return
        audit_act(world, session, hand, f"default_location {location_id}")
        locations.make_default(session, hand.practice_id, location_id)


def close_location(world: Installation, hand: SetupHand, location_id: str, now: datetime) -> None:
    """Close a location: nobody is seen there from now on; the same again records nothing.

    Months that were already there keep it, and it stays on record.

    Raises:
        NotFoundError: no such location in this practice.
        ConflictError: it is the default, or patients are seen there.
    """
    with world.db.write(hand.practice_id) as session:
        if not locations.get(session, hand.practice_id, location_id).is_active:
            return
        audit_act(world, session, hand, f"close_location {location_id}")
        _refuse_with_patients(session, hand.practice_id, location_id, now)
        locations.set_active(session, hand.practice_id, location_id, is_active=False)


def reopen_location(world: Installation, hand: SetupHand, location_id: str) -> None:
    """Open a closed location again; the same again records nothing.

    Raises:
        NotFoundError: no such location in this practice.
    """
    with world.db.write(hand.practice_id) as session:
        if locations.get(session, hand.practice_id, location_id).is_active:
            return
        audit_act(world, session, hand, f"reopen_location {location_id}")
        locations.set_active(session, hand.practice_id, location_id, is_active=True)


def is_facility(rulebook: Rulebook, place_of_service: str, on: date) -> bool | None:
    """Return whether a place is paid the facility rate; None where no list of the day holds it."""
    place = rulebook.fees.place(place_of_service, on)
    return None if place is None else place_of_service in place.facility


def _shown(
    practice: Practice, location: Location, today: date, rulebook: Rulebook
) -> LocationShown:
    return LocationShown(
        id=location.id,
        said=value_of(LocationSaid, location),
        zone=locations.zone_of(location, practice.zone),
        is_facility=is_facility(rulebook, location.place_of_service, today),
        is_active=location.is_active,
        is_default=location.is_default,
        allowed=allowed_here(location, codes_charged(rulebook, today), today, rulebook),
    )


def _trimmed(said: LocationSaid) -> NewLocation:
    return NewLocation(
        name=" ".join(said.name.split()),
        place_of_service=said.place_of_service.strip(),
        time_zone=said.time_zone.strip(),
        locality=said.locality.strip(),
    )


def _refuse_unusable(
    world: Installation, before: NewLocation | None, after: NewLocation, now: datetime
) -> None:
    """Refuse what cannot be used; what was there before may stay though a table has gone."""
    if not 0 < len(after.name) <= LONGEST_NAME:
        raise InputError("name", f"Give the location's name, up to {LONGEST_NAME} characters.")
    if after.time_zone and not is_zone(after.time_zone):
        raise InputError(
            "time_zone",
            "Give a zone of the IANA database, such as America/New_York, or leave it empty for "
            "the practice's own.",
        )
    if before is None or after.locality != before.locality:
        check_locality(after.locality, world.rulebook)
    is_new_place = before is None or after.place_of_service != before.place_of_service
    if is_new_place and is_facility(world.rulebook, after.place_of_service, now.date()) is None:
        raise InputError(
            "place_of_service",
            "The fee schedule's lists hold no place of this number; an office is 11.",
        )


def _refuse_with_patients(
    session: Session, practice_id: str, location_id: str, now: datetime
) -> None:
    practice = practices.get(session, practice_id)
    month = ServiceMonth.containing(now.astimezone(practice.zone).date())
    seen = patient_locations.patients_ahead(session, practice_id, location_id, month)
    if seen:
        who = "1 patient is" if seen == 1 else f"{seen} patients are"
        raise ConflictError(
            f"{who} seen at this location, and their claims would say another place by "
            "themselves. First say on each one's page where they are seen from now on."
        )
