"""A practice's locations: where its patients are seen. One of them is its default.

The first is what the practice says of itself, under the practice's own id; the practice's columns
of place and locality follow the default, for the release before locations reads them there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import LocationRow, PracticeRow
from ccm_fhir.storage.values import columns_of, insert_once, require, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLocation:
    """A location to be entered: CMS's two digits of its place, its fee schedule locality.

    An empty ``time_zone`` is the practice's own, an empty ``locality`` the national amounts.
    """

    name: str
    place_of_service: str
    time_zone: str = ""
    locality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(NewLocation):
    """A location, whether patients are seen there still, and whether it is the default."""

    id: str
    practice_id: str
    is_active: bool
    is_default: bool
    created_at: datetime


def settle(session: Session, practice_id: str) -> None:
    """Enter the location that a practice is by itself, where it has none yet."""
    if _rows(session, practice_id):
        return
    practice = _practice(session, practice_id)
    row = LocationRow(
        **columns_of(_itself(practice), without=frozenset({"created_at"})),
        name_key=name_key(practice.name),
        created_at=practice.created_at,
    )
    session.add(row)
    session.flush()


def of_practice(session: Session, practice_id: str) -> tuple[Location, ...]:
    """Return every location, the default first and those that are closed last, by name.

    A practice that the release before made since has one: itself.
    """
    found = tuple(value_of(Location, row) for row in _rows(session, practice_id))
    every = found or (_itself(_practice(session, practice_id)),)
    return tuple(sorted(every, key=lambda one: (not one.is_default, not one.is_active, one.name)))


def default_of(session: Session, practice_id: str) -> Location:
    """Return the location that holds where nobody chose another."""
    return of_practice(session, practice_id)[0]


def get(session: Session, practice_id: str, location_id: str) -> Location:
    """Return a location; raises NotFoundError, also for one of another practice."""
    found = (one for one in of_practice(session, practice_id) if one.id == location_id)
    if (location := next(found, None)) is None:
        raise NotFoundError("location")
    return location


def add(session: Session, practice_id: str, new: NewLocation, now: datetime) -> Location:
    """Enter a location beside the others.

    Raises:
        InputError: another has the name.
    """
    settle(session, practice_id)
    row = LocationRow(
        **columns_of(new),
        id=new_id(now),
        practice_id=practice_id,
        name_key=name_key(new.name),
        is_active=True,
        is_default=False,
        created_at=now,
    )
    if not insert_once(session, row):
        raise _name_taken()
    return value_of(Location, row)


def change(session: Session, practice_id: str, location_id: str, new: NewLocation) -> Location:
    """Change what is said of a location.

    Raises:
        NotFoundError: no such location in this practice.
        InputError: another has the name.
    """
    settle(session, practice_id)
    row = require(session, LocationRow, practice_id, location_id)
    key = name_key(new.name)
    if any(one.name_key == key and one.id != row.id for one in _rows(session, practice_id)):
        raise _name_taken()
    row.sqlmodel_update({**columns_of(new), "name_key": key})
    _follow(session, row)
    return value_of(Location, row)


def set_active(
    session: Session, practice_id: str, location_id: str, *, is_active: bool
) -> Location:
    """Close a location, or open it again.

    Raises:
        NotFoundError: no such location in this practice.
        ConflictError: the default cannot be closed.
    """
    settle(session, practice_id)
    row = require(session, LocationRow, practice_id, location_id)
    if row.is_default and not is_active:
        raise ConflictError("The default location cannot be closed; make another the default.")
    row.is_active = is_active
    session.flush()
    return value_of(Location, row)


def make_default(session: Session, practice_id: str, location_id: str) -> Location:
    """Make an active location the default in place of the one that is.

    Raises:
        NotFoundError: no such location in this practice.
        ConflictError: it is closed.
    """
    settle(session, practice_id)
    row = require(session, LocationRow, practice_id, location_id)
    if not row.is_active:
        raise ConflictError("A closed location cannot be the default; open it again first.")
    for one in _rows(session, practice_id):
        one.is_default = False
    session.flush()  # the database allows one at a time
    row.is_default = True
    _follow(session, row)
    return value_of(Location, row)


def zone_of(location: Location, practice_zone: ZoneInfo) -> ZoneInfo:
    """Return a location's clock: its own, or the practice's where it has none of its own."""
    return ZoneInfo(location.time_zone) if location.time_zone else practice_zone


def name_key(name: str) -> str:
    """Return a name as two are compared: neither case nor spaces tell them apart."""
    return " ".join(name.split()).casefold()


def _itself(practice: PracticeRow) -> Location:
    return Location(
        id=practice.id,
        practice_id=practice.id,
        name=practice.name,
        place_of_service=practice.place_of_service,
        locality=practice.locality,
        is_active=True,
        is_default=True,
        created_at=practice.created_at,
    )


def _follow(session: Session, row: LocationRow) -> None:
    """Keep the practice's own columns as its default says."""
    if row.is_default:
        practice = _practice(session, row.practice_id)
        practice.place_of_service = row.place_of_service
        practice.locality = row.locality
    session.flush()


def _rows(session: Session, practice_id: str) -> list[LocationRow]:
    found = select(LocationRow).where(col(LocationRow.practice_id) == practice_id)
    return list(session.exec(found))


def _practice(session: Session, practice_id: str) -> PracticeRow:
    practice = session.get(PracticeRow, practice_id)
    if practice is None:
        raise NotFoundError("practice")
    return practice


def _name_taken() -> InputError:
    return InputError("name", "Another location of the practice is called so; choose another name.")
