"""What of a month is on its way to the EHR: a page, and the fragment that looks again by itself."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from smart_app.deps import AskedMonth, OpenLaunch
from smart_app.pages.answers import review_of
from smart_app.views import page
from smart_app.views.deliveries import progress
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}")


@router.get("/progress")
def look(request: Request, opened: OpenLaunch, month: AskedMonth, looks: int = 1) -> Response:
    """Show where each record is."""
    view = progress(review_of(opened, month.value), looks)
    around = page.frame(opened.visit, month.value, page.PROGRESS, is_demo=opened.settings.is_demo)
    is_fragment = "hx-request" in request.headers
    template = "parts/progress.html" if is_fragment else "progress.html"
    html = render(template, page=around, view=view, swap=is_fragment)
    return HTMLResponse(html, headers={"vary": "HX-Request"})
