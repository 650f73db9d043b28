"""What the answers rest on; nothing of any patient."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from smart_app.deps import Wired
from smart_app.views.about import about
from smart_app.views.page import bare_frame
from smart_app.views.rendering import render

router = APIRouter()


@router.get("/about/terminology")
def terminology(wired: Wired) -> Response:
    """Say which tables of conditions are loaded, and where they come from."""
    world = wired.world
    view = about(world.table, asks_site=world.terminology is not None)
    around = bare_frame("Which conditions are chronic", is_demo=wired.settings.is_demo)
    return HTMLResponse(render("about_terminology.html", page=around, view=view))
