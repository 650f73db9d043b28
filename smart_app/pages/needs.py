"""What needs a person: deliveries that do not go on by themselves, and what can be done."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.needs_person import mark_keyed, needs_person, retry, send_another_way
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of
from smart_app.views import page as frames
from smart_app.views.forms import Attempt
from smart_app.views.needs_page import form_of, needs_page
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/needs")
_SEE_OTHER = 303


@router.get("")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show every delivery that needs a person."""
    return _page(opened, month.value, done=done)


@router.post("/retry")
def again(write: GuardedWrite) -> Response:
    """Let one go on."""
    opened = write.opened
    return _done(
        write,
        Done.RETRIED,
        lambda: retry(opened.world, opened.visit.actor, write.text("delivery_id")),
    )


@router.post("/another-way")
def another_way(write: GuardedWrite) -> Response:
    """Let another way into the EHR take one over."""
    opened = write.opened
    return _done(
        write,
        Done.ANOTHER_WAY,
        lambda: send_another_way(opened.world, opened.visit.actor, write.text("delivery_id")),
    )


@router.post("/keyed")
def keyed(write: GuardedWrite) -> Response:
    """Record that one was entered by hand."""
    opened = write.opened
    return _done(
        write,
        Done.KEYED,
        lambda: mark_keyed(
            opened.world,
            opened.visit.actor,
            write.text("delivery_id"),
            write.text("ehr_number"),
        ),
    )


def _done(write: Write, done: Done, act: Callable[[], object]) -> Response:
    opened, month = write.opened, write.month()
    try:
        act()
    except (InputError, ConflictError) as problem:
        typed = {name: write.text(name) for name in ("delivery_id", "ehr_number")}
        attempt = Attempt.of(form_of(typed["delivery_id"]), write.form_key(), typed, problem)
        return _page(opened, month, attempt=attempt)
    path = f"/l/{opened.visit.launch_id}/needs?month={month}&done={done.value}"
    return RedirectResponse(path, _SEE_OTHER)


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    found = needs_person(opened.world, opened.visit.actor)
    around = frame_of(opened, month, frames.NEEDS, done=done)
    view = needs_page(found, opened.world.clock(), opened.page_key, attempt)
    html = render("needs.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)
