"""What of a month is on its way to the EHR: a page, and the fragment that looks again by itself."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from smart_app.deps import AskedMonth, OpenLaunch
from smart_app.pages.answers import frame_of, review_of
from smart_app.views import page
from smart_app.views.deliveries import progress
from smart_app.views.headline import headline
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}")


@router.get("/progress")
def look(request: Request, opened: OpenLaunch, month: AskedMonth, looks: int = 1) -> Response:
    """Show where each record is."""
    review = review_of(opened, month.value)
    view = progress(review, looks)
    around = frame_of(opened, month.value, page.PROGRESS)
    if "hx-request" in request.headers:
        html = render(
            "progress_fragment.html", page=around, view=view, headline_view=headline(review)
        )
    else:
        html = render("progress.html", page=around, view=view)
    return HTMLResponse(html, headers={"vary": "HX-Request"})
