"""The connection check: what stands between this installation and the EHR; writes nothing there."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.connection_check import check_connection
from ccm_fhir.services.diagnosis import Diagnosis
from ccm_fhir.services.setup_hand import administrator
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of
from smart_app.views import page as frames
from smart_app.views.connection import connection_page
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/connection")


@router.get("")
def show(request: Request, opened: OpenLaunch, month: AskedMonth) -> Response:
    """Show what would be looked at, and how the browser treats the app; the EHR is not asked."""
    return _page(request, opened, month.value, None)


@router.post("")
def check(request: Request, write: GuardedWrite) -> Response:
    """Look the EHR over now."""
    found = check_connection(write.opened.world, write.opened.visit.actor)
    return _page(request, write.opened, write.month(), found)


def _page(
    request: Request, opened: Opened, month: ServiceMonth, found: Diagnosis | None
) -> HTMLResponse:
    administrator(opened.visit.actor)
    around = frame_of(opened, month, frames.CONNECTION)
    opened_in = request.headers.get("sec-fetch-dest", "")
    view = connection_page(opened.visit.ehr_name, opened_in, found)
    return HTMLResponse(render("connection.html", page=around, view=view))
