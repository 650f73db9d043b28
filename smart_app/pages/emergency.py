"""Emergency access: a code from the operator, given in a form, shows a practice for reading.

It needs no EHR and keeps no session: the code goes in the body of each request, never in an
address, and no other site may frame the page.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from ccm_fhir.errors import NotFoundError
from ccm_fhir.services.emergency import read_emergency
from smart_app.deps import Wired, own_page, posted
from smart_app.session.rates import EMERGENCIES_OF_AN_ADDRESS
from smart_app.views.emergency import EmergencyView, emergency_page
from smart_app.views.page import bare_frame
from smart_app.views.rendering import render

router = APIRouter(prefix="/emergency")
_REFUSED = 403
_WRONG = "This code opens nothing: it was mistyped, or its hour is over. Ask the operator for one."


@router.get("")
def ask(wired: Wired) -> Response:
    """Ask for the code."""
    return _page(wired, EmergencyView(), 200)


@router.post("")
def show(
    _: Annotated[None, Depends(own_page)],
    request: Request,
    wired: Wired,
    form: Annotated[FormData, Depends(posted)],
) -> Response:
    """Show what the code opens."""
    wired.hold_to(EMERGENCIES_OF_AN_ADDRESS, request.client.host if request.client else "")
    code = form.get("code")
    try:
        reading = read_emergency(wired.world, code.strip() if isinstance(code, str) else "")
    except NotFoundError:
        return _page(wired, EmergencyView(problem=_WRONG), _REFUSED)
    return _page(wired, emergency_page(reading), 200)


def _page(wired: Wired, view: EmergencyView, status: int) -> Response:
    around = bare_frame("Emergency access", is_demo=wired.settings.is_demo)
    return HTMLResponse(render("emergency.html", page=around, view=view), status_code=status)
