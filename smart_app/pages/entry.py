"""One entry of the time log: its history, correcting it, taking it back."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.change_time import CorrectEntry, VoidEntry, correct_entry, void_entry
from ccm_fhir.services.entry_history import entry_history
from ccm_fhir.services.overlap import OverlapWarningError
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of, refused, to_patient
from smart_app.pages.typed_time import read_correction
from smart_app.views import page
from smart_app.views.approval_words import overlapping
from smart_app.views.entry_page import CORRECT, VOID, entry_page
from smart_app.views.forms import CORRECTION_FIELDS, Attempt
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/time/{entry_id}")
_SEE_OTHER = 303


@router.get("")
def show(opened: OpenLaunch, month: AskedMonth, entry_id: str, done: str = "") -> Response:
    """Show an entry with all that became of it."""
    del month
    return _page(opened, entry_id, done=done)


@router.post("/correct")
def correct(write: GuardedWrite, entry_id: str) -> Response:
    """Replace an entry by what it should have said."""
    opened = write.opened
    history = entry_history(opened.world, opened.visit.actor, entry_id)
    typed = read_correction(write, history.patient_id)
    if isinstance(typed, Attempt):
        return _page(opened, entry_id, attempt=typed)
    request = CorrectEntry(entry_id=entry_id, typed=typed, reason=write.text("reason"))
    sent = {name: write.text(name) for name in CORRECTION_FIELDS}
    try:
        held = correct_entry(opened.world, opened.visit.actor, request, opened.now)
    except OverlapWarningError as warned:
        attempt = overlapping(CORRECT, typed.form_key, sent, warned)
        return _page(opened, entry_id, attempt=attempt)
    except (InputError, ConflictError) as problem:
        attempt = Attempt.of(CORRECT, typed.form_key, sent, problem)
        return _page(opened, entry_id, attempt=attempt)
    return _to_entry(opened, held, Done.CORRECTED)


@router.post("/void")
def void(write: GuardedWrite, entry_id: str) -> Response:
    """Take an entry back; it stays in the history with the reason."""
    opened, month, reason = write.opened, write.month(), write.text("reason")
    is_here = write.text("here") == page.ENTRY
    request = VoidEntry(entry_id=entry_id, form_key=write.form_key(), reason=reason)
    try:
        void_entry(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        form = VOID if is_here else f"void-{entry_id}"
        attempt = Attempt.of(form, request.form_key, {"reason": reason}, problem)
        if is_here:
            return _page(opened, entry_id, attempt=attempt)
        return refused(opened, month, attempt)
    if is_here:
        return _to_entry(opened, entry_id, Done.VOID)
    return to_patient(opened.visit.launch_id, month, Done.VOID)


def _page(
    opened: Opened, entry_id: str, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    history = entry_history(opened.world, opened.visit.actor, entry_id)
    around = frame_of(opened, history.month, page.ENTRY, done=done)
    today = opened.now.astimezone(history.newest.started_at.tzinfo).date()
    view = entry_page(history, today, opened.page_key, attempt)
    html = render("entry.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)


def _to_entry(opened: Opened, entry_id: str, done: Done) -> RedirectResponse:
    path = f"/l/{opened.visit.launch_id}/time/{entry_id}?done={done.value}"
    return RedirectResponse(path, _SEE_OTHER)
