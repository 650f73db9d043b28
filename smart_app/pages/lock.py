"""Locking and unlocking a month, or the open patient's."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.month_locks import LockMonth, MonthAct, lock_month, locks_of
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of, patient_id_of
from smart_app.session.refusals import BrokenFormError
from smart_app.views import page as frames
from smart_app.views.forms import Attempt
from smart_app.views.lock_page import LOCK_FIELDS, PATIENT, PRACTICE, lock_page
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}")
_SEE_OTHER = 303


@router.get("/lock")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show whether the month is locked, and for the open patient by itself."""
    return _page(opened, month.value, done=done)


@router.post("/lock")
def act(write: GuardedWrite) -> Response:
    """Lock or unlock, with the reason that stays on record."""
    opened, month = write.opened, write.month()
    is_patients = write.text("whose") == "patient"
    typed = {name: write.text(name) for name in LOCK_FIELDS}
    if write.text("act") not in set(MonthAct):
        raise BrokenFormError("act")
    request = LockMonth(
        patient_id=patient_id_of(opened.visit) if is_patients else None,
        month=month,
        act=MonthAct(write.text("act")),
        reason=typed["reason"],
        form_key=write.form_key(),
    )
    try:
        lock_month(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        form = PATIENT if is_patients else PRACTICE
        return _page(opened, month, attempt=Attempt.of(form, request.form_key, typed, problem))
    asked = urlencode({"month": str(month), "done": Done.LOCK.value})
    return RedirectResponse(f"/l/{opened.visit.launch_id}/lock?{asked}", _SEE_OTHER)


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> Response:
    found = locks_of(opened.world, opened.visit.actor, month, opened.visit.patient_id)
    around = frame_of(opened, month, frames.LOCK, done=done)
    view = lock_page(found, opened.page_key, attempt)
    status = 200 if attempt is None else attempt.status
    return HTMLResponse(render("lock.html", page=around, view=view), status_code=status)
