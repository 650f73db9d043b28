"""Signing out, and the page that says so."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ccm_fhir.services.sessions import end, frame_origins
from smart_app.deps import GuardedWrite, Wired
from smart_app.session import cookies
from smart_app.session.headers import allow_framing
from smart_app.views.problem_page import problem_page
from smart_app.views.problems import SIGNED_OUT

router = APIRouter()
_open = APIRouter(prefix="/l/{launch_id}")


@_open.post("/sign-out")
def sign_out(write: GuardedWrite) -> Response:
    """End the session with everything opened in it."""
    end(write.opened.world, write.opened.session_token)
    response = RedirectResponse("/signed-out", 303)
    cookies.drop(response, cookies.SESSION)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


@router.get("/signed-out")
def signed_out(request: Request, wired: Wired) -> Response:
    """Say that the session is over."""
    allow_framing(request.scope, frame_origins(wired.world))
    return problem_page(SIGNED_OUT, 200, is_demo=wired.settings.is_demo)


router.include_router(_open)
