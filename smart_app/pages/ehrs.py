"""The practice's EHRs: register one, hand out what it needs, take it off; by administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, FhirError, InputError
from ccm_fhir.services.connection_check import check_connection
from ccm_fhir.services.connections import disconnect, reconnect
from ccm_fhir.services.diagnosis import Diagnosis
from ccm_fhir.services.practice_ehrs import (
    SaidOfClient,
    SaidOfEhr,
    add_ehr,
    change_client,
    ehr_with_addresses,
    list_ehrs,
)
from ccm_fhir.services.setup_hand import administrator
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of
from smart_app.views import ehrs_page as forms
from smart_app.views import page as frames
from smart_app.views.ehr_words import why_not
from smart_app.views.ehrs_page import EhrsPrinting, ehr_page, ehrs_page, own_addresses
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/practice/ehrs")
_SEE_OTHER = 303


@router.get("")
def show_all(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show the practice's EHRs, and the form that registers another; nothing is asked of any."""
    return _list(opened, month.value, done=done)


@router.post("")
def add(write: GuardedWrite) -> Response:
    """Discover an EHR and register it; answers when the EHR has, or has been given up."""
    opened, month = write.opened, write.month()
    hand = administrator(opened.visit.actor)
    said = SaidOfEhr(
        name=write.text("name"),
        fhir_base=write.text("url"),
        client=_client(write),
        allow_loopback_http=opened.settings.is_demo,
    )
    try:
        connected = add_ehr(opened.world, hand, said, opened.now)
    except FhirError as problem:
        refused = InputError("url", why_not(problem))
        return _list(opened, month, attempt=_attempt(write, forms.ADD, forms.ADD_FIELDS, refused))
    except (InputError, ConflictError) as problem:
        return _list(opened, month, attempt=_attempt(write, forms.ADD, forms.ADD_FIELDS, problem))
    return _to(opened, month, connected.ehr_id, Done.EHR_ADDED)


@router.get("/{ehr_id}")
def show(opened: OpenLaunch, ehr_id: str, month: AskedMonth, done: str = "") -> Response:
    """Show an EHR with what its administrator must be given; the EHR is not asked."""
    return _one(opened, month.value, ehr_id, _Since(done=done))


@router.post("/{ehr_id}/check")
def check(write: GuardedWrite, ehr_id: str) -> Response:
    """Look the EHR over now; nothing is written there."""
    found = check_connection(write.opened.world, write.opened.visit.actor, ehr_id)
    return _one(write.opened, write.month(), ehr_id, _Since(found=found))


@router.post("/{ehr_id}/client")
def client(write: GuardedWrite, ehr_id: str) -> Response:
    """Record who we are at the EHR."""

    def act() -> None:
        opened = write.opened
        hand = administrator(opened.visit.actor)
        change_client(opened.world, hand, ehr_id, _client(write))

    return _done(write, ehr_id, forms.CLIENT, Done.EHR_CLIENT, act)


@router.post("/{ehr_id}/disconnect")
def take_off(write: GuardedWrite, ehr_id: str) -> Response:
    """Let nobody launch from the EHR and send it nothing, once that is confirmed."""

    def act() -> None:
        _must_be_sure(write)
        disconnect(write.opened.world, administrator(write.opened.visit.actor), ehr_id)

    return _done(write, ehr_id, forms.DISCONNECT, Done.EHR_OFF, act)


@router.post("/{ehr_id}/reconnect")
def put_back(write: GuardedWrite, ehr_id: str) -> Response:
    """Connect the EHR again, once that is confirmed."""

    def act() -> None:
        _must_be_sure(write)
        reconnect(write.opened.world, administrator(write.opened.visit.actor), ehr_id)

    return _done(write, ehr_id, forms.RECONNECT, Done.EHR_ON, act)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Since:
    """What has just happened on the page of one EHR."""

    done: str = ""
    found: Diagnosis | None = None
    attempt: Attempt | None = None


def _done(write: Write, ehr_id: str, form: str, done: Done, act: Callable[[], None]) -> Response:
    opened, month = write.opened, write.month()
    administrator(opened.visit.actor)
    try:
        act()
    except InputError as problem:
        attempt = _attempt(write, form, forms.CLIENT_FIELDS, problem)
        return _one(opened, month, ehr_id, _Since(attempt=attempt))
    return _to(opened, month, ehr_id, done)


def _attempt(
    write: Write, form: str, fields: tuple[str, ...], problem: InputError | ConflictError
) -> Attempt:
    typed = {name: write.text(name) for name in fields}
    return Attempt.of(form, write.form_key(), typed, problem)


def _must_be_sure(write: Write) -> None:
    if write.text("sure") != "yes":
        raise InputError("sure", "Tick that this is meant; nothing was changed.")


def _client(write: Write) -> SaidOfClient:
    return SaidOfClient(
        kind=write.text("client_auth"),
        client_id=write.text("client_id"),
        secret=write.text("client_secret"),
    )


def _to(opened: Opened, month: ServiceMonth, ehr_id: str, done: Done) -> Response:
    path = f"/l/{opened.visit.launch_id}/practice/ehrs/{ehr_id}"
    return RedirectResponse(f"{path}?month={month}&done={done.value}", _SEE_OTHER)


def _list(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    world = opened.world
    ehrs = list_ehrs(world, administrator(opened.visit.actor))
    addresses = own_addresses(world.launch_url, world.redirect_uri, world.jwks_url)
    view = ehrs_page(ehrs, addresses, _printing(opened, attempt))
    around = frame_of(opened, month, frames.EHRS, done=done)
    html = render("ehrs.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)


def _one(opened: Opened, month: ServiceMonth, ehr_id: str, since: _Since) -> HTMLResponse:
    attempt = since.attempt
    shown, told = ehr_with_addresses(opened.world, administrator(opened.visit.actor), ehr_id)
    view = ehr_page(shown, told, since.found, _printing(opened, attempt))
    around = frame_of(opened, month, frames.EHRS, done=since.done)
    html = render("ehr.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)


def _printing(opened: Opened, attempt: Attempt | None) -> EhrsPrinting:
    return EhrsPrinting(
        own_ehr=opened.visit.actor.ehr_id, page_key=opened.page_key, attempt=attempt
    )
