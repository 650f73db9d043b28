"""A practice's locations, by administrators; and where the open patient is seen."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services import locations as services
from ccm_fhir.services.patient_location import PlacePatient, place_patient
from ccm_fhir.services.setup_hand import administrator
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of, patient_id_of, refused, to_patient
from smart_app.views import locations_page as forms
from smart_app.views import page as frames
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.patient_location import AS_DEFAULT, PLACE, PLACE_FIELDS
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}")
_SEE_OTHER = 303


@router.get("/practice/locations")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show where the practice sees its patients."""
    return _page(opened, month.value, done=done)


@router.post("/practice/locations/add")
def add(write: GuardedWrite) -> Response:
    """Add a location."""

    def act() -> None:
        opened = write.opened
        hand = administrator(opened.visit.actor)
        services.add_location(opened.world, hand, _said(write), opened.now)

    return _done(write, forms.NEW, act, forms.LOCATION_FIELDS)


@router.post("/practice/locations/change")
def change(write: GuardedWrite) -> Response:
    """Change what is said of a location."""
    location_id = write.text("location_id")

    def act() -> None:
        opened = write.opened
        hand = administrator(opened.visit.actor)
        services.change_location(opened.world, hand, location_id, _said(write), opened.now)

    return _done(write, forms.location_form(location_id), act, forms.LOCATION_FIELDS)


@router.post("/practice/locations/default")
def default(write: GuardedWrite) -> Response:
    """Make a location the default."""
    location_id = write.text("location_id")

    def act() -> None:
        opened = write.opened
        services.make_default(opened.world, administrator(opened.visit.actor), location_id)

    return _done(write, forms.location_form(location_id), act)


@router.post("/practice/locations/close")
def close(write: GuardedWrite) -> Response:
    """Close a location at which nobody is seen any more."""
    location_id = write.text("location_id")

    def act() -> None:
        opened = write.opened
        hand = administrator(opened.visit.actor)
        services.close_location(opened.world, hand, location_id, opened.now)

    return _done(write, forms.location_form(location_id), act)


@router.post("/practice/locations/reopen")
def reopen(write: GuardedWrite) -> Response:
    """Open a closed location again."""
    location_id = write.text("location_id")

    def act() -> None:
        opened = write.opened
        services.reopen_location(opened.world, administrator(opened.visit.actor), location_id)

    return _done(write, forms.location_form(location_id), act)


@router.post("/location")
def place(write: GuardedWrite) -> Response:
    """Say where the open patient is seen from this month on."""
    opened, month = write.opened, write.month()
    typed = {name: write.text(name) for name in PLACE_FIELDS}
    try:
        request = PlacePatient(
            patient_id=patient_id_of(opened.visit),
            month=month,
            location_id=_chosen(typed["location_id"]),
            form_key=write.form_key(),
        )
        place_patient(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        return refused(opened, month, Attempt.of(PLACE, write.form_key(), typed, problem))
    return to_patient(opened.visit.launch_id, month, Done.PLACED)


def _chosen(location_id: str) -> str | None:
    if not location_id:
        raise InputError("location_id", "Choose where the patient is seen.")
    return None if location_id == AS_DEFAULT else location_id


def _said(write: Write) -> services.LocationSaid:
    return services.LocationSaid(**{name: write.text(name) for name in forms.LOCATION_FIELDS})


def _done(
    write: Write, form: str, act: Callable[[], None], fields: tuple[str, ...] = ()
) -> Response:
    """Do it and show the page anew; what is refused is shown as it was sent."""
    opened, month = write.opened, write.month()
    administrator(opened.visit.actor)
    try:
        act()
    except (InputError, ConflictError) as problem:
        typed = {name: write.text(name) for name in fields}
        attempt = Attempt.of(form, write.form_key(), typed, problem)
        return _page(opened, month, attempt=attempt)
    path = f"/l/{opened.visit.launch_id}/practice/locations?month={month}"
    return RedirectResponse(f"{path}&done={Done.LOCATION.value}", _SEE_OTHER)


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    hand = administrator(opened.visit.actor)
    found = services.practice_locations(opened.world, hand, opened.now)
    around = frame_of(opened, month, frames.LOCATIONS, done=done)
    view = forms.locations_page(found, opened.page_key, attempt)
    html = render("locations.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)
