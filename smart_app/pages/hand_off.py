"""The hand-off sheet: what has to be keyed into the EHR by hand, printable, with its marks."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.hand_off import MarkKeyed, hand_off_sheet, mark_keyed
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of, patient_id_of
from smart_app.views import page as frames
from smart_app.views.hand_off import hand_off_page
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/hand-off")
_SEE_OTHER = 303


@router.get("")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show what waits for a person's hands, and what they have keyed."""
    return _page(opened, month.value, done=done)


@router.post("/{delivery_id}")
def keyed(write: GuardedWrite, delivery_id: str) -> Response:
    """Mark one line as keyed, with the EHR's number if it gave one."""
    opened, month = write.opened, write.month()
    marking = MarkKeyed(
        patient_id=patient_id_of(opened.visit),
        delivery_id=delivery_id,
        ehr_number=write.text("ehr_number"),
    )
    try:
        mark_keyed(opened.world, opened.visit.actor, marking, opened.now)
    except (InputError, ConflictError) as problem:
        return _page(opened, month, problem=str(problem), status=422)
    there = f"/l/{opened.visit.launch_id}/hand-off?month={month}&done={Done.KEYED}"
    return RedirectResponse(there, _SEE_OTHER)


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", problem: str = "", status: int = 200
) -> HTMLResponse:
    sheet = hand_off_sheet(opened.world, opened.visit.actor, patient_id_of(opened.visit))
    around = frame_of(opened, month, frames.HAND_OFF, done=done)
    html = render("hand_off.html", page=around, view=hand_off_page(sheet, problem))
    return HTMLResponse(html, status_code=status)
