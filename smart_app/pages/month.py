"""The month page, and opening a patient from it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.month import MonthFilter, open_patient, overview
from ccm_fhir.services.needs_person import count_that_need_a_person
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.practice_overview import practice_setup
from ccm_fhir.services.setup_hand import administrator
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of, to_claim, to_month, to_patient
from smart_app.views import page as frames
from smart_app.views.month_page import month_page
from smart_app.views.practice_page import finish_setting_up
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}")


@router.get("/month")
def month(
    opened: OpenLaunch,
    month: AskedMonth,
    state: MonthState | None = None,
    page: int = 1,
    reason: str = "",
) -> Response:
    """Show every patient's month, those in one state, or those whom one reason holds up."""
    wanted = MonthFilter(month=month.value, state=state, page=page, reason=reason or None)
    found = overview(opened.world, opened.visit.actor, wanted, opened.now)
    current = ServiceMonth.containing(found.today)
    if not month.is_named and current != month.value:
        return to_month(opened.visit.launch_id, current)
    around = frame_of(opened, month.value, frames.MONTH)
    needs = count_that_need_a_person(opened.world, opened.visit.actor.practice_id)
    view = month_page(found, finish=_finish(opened), needs=needs)
    return HTMLResponse(render("month.html", page=around, view=view))


@router.post("/open")
def open_from_list(write: GuardedWrite) -> Response:
    """Open a patient of the list beside the present one."""
    opened = write.opened
    launch_id = open_patient(
        opened.world, opened.visit, write.text("patient_id"), opened.session_token
    )
    if write.text("part") == "claim":
        return to_claim(launch_id, write.month())
    return to_patient(launch_id, write.month())


def _finish(opened: Opened) -> str:
    """Return what leads an administrator to setting up the practice; empty for the others."""
    actor = opened.visit.actor
    if not actor.may(Role.ADMIN):
        return ""
    return finish_setting_up(practice_setup(opened.world, administrator(actor), opened.now))
