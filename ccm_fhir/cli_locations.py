"""``ccm-fhir locations``: where a practice sees its patients. Every change is audited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ccm_fhir.cli_practice import Whose, opened_practice

if TYPE_CHECKING:
    from ccm_fhir.services.locations import LocationShown

locations_app = typer.Typer(help="Where a practice sees its patients.", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)

Which = Annotated[str, typer.Argument(help="The location's name or id; `locations list` prints.")]
Place = Annotated[
    str | None, typer.Option("--place-of-service", help="CMS's two digits; an office is 11.")
]
Zone = Annotated[
    str | None, typer.Option("--time-zone", help="IANA zone; empty for the practice's own.")
]
Locality = Annotated[
    str | None,
    typer.Option(
        "--locality", help="Its fee schedule locality, e.g. 10112-00; empty for national amounts."
    ),
]
_RATES = {
    True: "facility rate",
    False: "non-facility rate",
    None: "no rate: the fee schedule's lists do not hold this place today",
}


@locations_app.command("list")
def list_(practice: Whose = "") -> None:
    """Print a practice's locations: the default first, those that are closed last."""
    from ccm_fhir.services.locations import practice_locations

    with opened_practice(practice) as opened:
        found = practice_locations(opened.world, opened.hand, opened.now)
    for one in found.locations:
        said = one.said
        out.print(f"{one.id}  {said.name}{_standing(one)}")
        out.print(f"  place of service  {said.place_of_service}, {_RATES[one.is_facility]}")
        own = "" if said.time_zone else " (the practice's)"
        out.print(f"  time zone         {one.zone.key}{own}")
        out.print(f"  locality          {said.locality or 'none; prices are national'}")


@locations_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the location is called.")],
    place_of_service: Annotated[str, typer.Option(help="CMS's two digits; an office is 11.")],
    time_zone: Zone = None,
    locality: Locality = None,
    practice: Whose = "",
) -> None:
    """Add a location. Audited."""
    from ccm_fhir.services.locations import LocationSaid, add_location

    said = LocationSaid(
        name=name,
        place_of_service=place_of_service,
        time_zone=time_zone or "",
        locality=locality or "",
    )
    with opened_practice(practice) as opened:
        location_id = add_location(opened.world, opened.hand, said, opened.now)
    out.print(f"Added: {location_id}")


@locations_app.command("set")
def set_(
    location: Which,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    place_of_service: Place = None,
    time_zone: Zone = None,
    locality: Locality = None,
    practice: Whose = "",
) -> None:
    """Change a location; what is not named stays, and so do signed months. Audited."""
    from dataclasses import replace

    from ccm_fhir.services.locations import change_location, location_named

    wanted = {
        "name": name,
        "place_of_service": place_of_service,
        "time_zone": time_zone,
        "locality": locality,
    }
    named = {key: text for key, text in wanted.items() if text is not None}
    with opened_practice(practice) as opened:
        held = location_named(opened.world, opened.hand, location)
        said = replace(held.said, **named)
        change_location(opened.world, opened.hand, held.id, said, opened.now)
    out.print("Recorded.")


@locations_app.command("default")
def default(location: Which, practice: Whose = "") -> None:
    """Make a location the one that holds for patients of whom nobody said another. Audited."""
    from ccm_fhir.services.locations import location_named, make_default

    with opened_practice(practice) as opened:
        held = location_named(opened.world, opened.hand, location)
        make_default(opened.world, opened.hand, held.id)
    out.print(f"{held.said.name} is the default location.")


@locations_app.command("close")
def close(location: Which, practice: Whose = "") -> None:
    """Close a location at which nobody is seen any more; it stays on record. Audited."""
    from ccm_fhir.services.locations import close_location, location_named

    with opened_practice(practice) as opened:
        held = location_named(opened.world, opened.hand, location)
        close_location(opened.world, opened.hand, held.id, opened.now)
    out.print(f"{held.said.name} is closed.")


@locations_app.command("reopen")
def reopen(location: Which, practice: Whose = "") -> None:
    """Open a closed location again. Audited."""
    from ccm_fhir.services.locations import location_named, reopen_location

    with opened_practice(practice) as opened:
        held = location_named(opened.world, opened.hand, location)
        reopen_location(opened.world, opened.hand, held.id)
    out.print(f"{held.said.name} is open.")


def _standing(one: LocationShown) -> str:
    if one.is_default:
        return " (default)"
    return "" if one.is_active else " (closed)"
