"""The front page: what this is and how it is opened; nothing of any patient."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from ccm_fhir.services.sessions import frame_origins
from smart_app.deps import Wired
from smart_app.views.home import HomeView
from smart_app.views.page import bare_frame
from smart_app.views.rendering import render

router = APIRouter()


@router.get("/")
def home(wired: Wired) -> Response:
    """Say what this is; a demo names its sandbox EHR."""
    view = HomeView(
        launch_url=wired.world.launch_url,
        redirect_url=wired.world.redirect_uri,
        jwks_url=wired.world.jwks_url,
        ehr_origins=frame_origins(wired.world) if wired.settings.is_demo else (),
    )
    around = bare_frame("Start", is_demo=wired.settings.is_demo)
    return HTMLResponse(render("home.html", page=around, view=view))
