"""The page of a practice's locations: what each is, and the forms that change it."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.services.locations import LocationShown, PracticeLocations
from ccm_fhir.services.practice_prices import LocalityOffered
from smart_app.views.forms import Attempt, Wrong, attempted, key_of
from smart_app.views.practice_page import AllowedView, Asked, FormView, allowed_by, allowed_view
from smart_app.views.setup_words import ZONES
from smart_app.views.tones import Tone

NEW = "location-new"
LOCATION_FIELDS = ("name", "place_of_service", "time_zone", "locality")
_RATES = {
    True: "Medicare pays the facility rate here.",
    False: "Medicare pays the non-facility rate here.",
    None: "The fee schedule’s lists of today do not hold this place, so no price is known here.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationView:
    """One location: what holds there, and the forms that change it.

    ``act_key`` is the form key of making it the default, closing or reopening it.
    """

    id: str
    name: str
    standing: str
    tone: Tone
    facts: tuple[str, ...]
    form: FormView
    act_key: str
    allowed: tuple[AllowedView, ...]
    allowed_by: str
    is_open: bool
    may_close: bool
    may_reopen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationsPageView:
    """Everything the page prints."""

    practice: str
    clock: str
    locations: tuple[LocationView, ...]
    new: FormView
    zones: tuple[str, ...]
    localities: tuple[LocalityOffered, ...]
    wrong: tuple[Wrong, ...]


def locations_page(
    found: PracticeLocations, page_key: str, attempt: Attempt | None
) -> LocationsPageView:
    """Return the page; a refused form stands as it was sent."""
    said = Asked(page_key=page_key, attempt=attempt)
    return LocationsPageView(
        practice=found.practice_name,
        clock=found.practice_zone.key.replace("_", " "),
        locations=tuple(_location(found, one, said) for one in found.locations),
        new=said.form(NEW, LOCATION_FIELDS, {}),
        zones=ZONES,
        localities=found.localities,
        wrong=() if attempt is None else attempt.wrong,
    )


def location_form(location_id: str) -> str:
    """Return the name of the form of one location."""
    return f"location-{location_id}"


def _location(found: PracticeLocations, one: LocationShown, said: Asked) -> LocationView:
    name, stands = location_form(one.id), one.said
    standing = {key: getattr(stands, key) for key in LOCATION_FIELDS}
    mine = attempted(name, said.attempt)
    # A refused act without fields, such as closing, leaves the form as it stands.
    shown = said if mine is None or mine.typed else Asked(page_key=said.page_key, attempt=None)
    word, tone = _standing(one)
    return LocationView(
        id=one.id,
        name=stands.name,
        standing=word,
        tone=tone,
        facts=_facts(found, one),
        form=shown.form(name, LOCATION_FIELDS, standing),
        act_key=key_of(said.page_key, f"{name}-act"),
        allowed=tuple(allowed_view(price) for price in one.allowed),
        allowed_by=allowed_by(stands.locality, stands.place_of_service, found.today),
        is_open=mine is not None,
        may_close=one.is_active and not one.is_default,
        may_reopen=not one.is_active,
    )


def _standing(one: LocationShown) -> tuple[str, Tone]:
    if one.is_default:
        return "Default", Tone.GOOD
    return ("Open", Tone.GOOD) if one.is_active else ("Closed", Tone.PLAIN)


def _facts(found: PracticeLocations, one: LocationShown) -> tuple[str, ...]:
    stands, clock = one.said, one.zone.key.replace("_", " ")
    where = (
        f"Medicare locality {stands.locality}."
        if stands.locality
        else "No Medicare locality is named, so prices are national."
    )
    facts = [f"Place of service {stands.place_of_service}. {_RATES[one.is_facility]}", where]
    if one.zone == found.practice_zone:
        return (*facts, f"Its clock is the practice’s, {clock}.")
    practice = found.practice_zone.key.replace("_", " ")
    return (
        *facts,
        f"Its clock is {clock}; days and months of care still begin by the practice’s, {practice}.",
    )
