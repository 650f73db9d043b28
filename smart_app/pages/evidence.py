"""One resource that a conclusion rests on, read from the EHR when it is opened."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from ccm_fhir.services.evidence import show_evidence
from smart_app.deps import AskedMonth, OpenLaunch
from smart_app.pages.answers import frame_of
from smart_app.views import page
from smart_app.views.evidence_page import evidence_page, status_of
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/evidence")


@router.get("/{key}")
def look(opened: OpenLaunch, month: AskedMonth, key: str) -> Response:
    """Show the resource."""
    visit = opened.visit
    shown = show_evidence(opened.world, visit, key, month.value, opened.now)
    around = frame_of(opened, month.value, page.EVIDENCE)
    view = evidence_page(shown, needs_banner=visit.need_patient_banner)
    html = render("evidence.html", page=around, view=view)
    return HTMLResponse(html, status_code=status_of(shown))
