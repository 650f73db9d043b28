"""Who of the practice is signed in, and ending one person's sessions; by administrators."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.services.practice_sessions import end_sessions, signed_in
from ccm_fhir.services.setup_hand import administrator
from smart_app.deps import AskedMonth, GuardedWrite, OpenLaunch
from smart_app.pages.answers import frame_of
from smart_app.views import page as frames
from smart_app.views.page import Done
from smart_app.views.rendering import render
from smart_app.views.signed_in import signed_in_page

router = APIRouter(prefix="/l/{launch_id}/practice/sessions")
_SEE_OTHER = 303


@router.get("")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show who of the practice has an open session."""
    actor = opened.visit.actor
    people = signed_in(opened.world, administrator(actor))
    around = frame_of(opened, month.value, frames.SESSIONS, done=done)
    view = signed_in_page(people, actor.user_id)
    return HTMLResponse(render("signed_in.html", page=around, view=view))


@router.post("/end")
def end(write: GuardedWrite) -> Response:
    """End every session of one person; a person without any is no error."""
    opened, month = write.opened, write.month()
    hand = administrator(opened.visit.actor)
    end_sessions(opened.world, hand, write.text("user_id"), opened.now)
    path = f"/l/{opened.visit.launch_id}/practice/sessions"
    return RedirectResponse(f"{path}?month={month}&done={Done.SESSIONS_ENDED.value}", _SEE_OTHER)
