"""A SMART launch as a browser walks it: here, to the EHR, back here, and on to the patient.

Before leaving for the EHR we see whether the browser gives our cookie back: inside a frame many
do not, and then the launch must not be used up.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.services.app_context import View
from ccm_fhir.services.launch import (
    Callback,
    LaunchRequest,
    SignedIn,
    begin_launch,
    complete_launch,
    takes_posted_requests,
)
from ccm_fhir.services.sessions import frame_origins, resolve
from ccm_fhir.services.timers import start_by_policy
from smart_app.deps import Wired
from smart_app.session import cookies
from smart_app.session.guard import origin_of
from smart_app.session.headers import allow_framing, allow_sending
from smart_app.session.rates import (
    LAUNCHES_OF_A_BROWSER,
    LAUNCHES_OF_A_PRACTICE,
    LAUNCHES_OF_AN_ADDRESS,
)
from smart_app.views.departure import departure
from smart_app.views.page import bare_frame
from smart_app.views.problem_page import problem_page
from smart_app.views.problems import COOKIE_BLOCKED, cookie_blocked
from smart_app.views.rendering import render

router = APIRouter()
Text = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00-\x1f]*$")]
_SEE_OTHER = 303
_LONGEST_ADDRESS = 2000  # some servers and proxies cut a request line that is much longer
_ENTRANCES = {"log-time": "#time", "sign-month": "#claim", "review-month": "/month"}
_BLOCKED = 400


class LaunchQuery(BaseModel):
    """What the EHR opens us with; ``again`` is ours, on the second try at the cookie."""

    iss: Text = ""
    launch: Text = ""
    again: bool = False


class CallbackQuery(BaseModel):
    """What the EHR's authorization server sends the browser back with."""

    state: Text = ""
    code: Text = ""
    iss: Text = ""
    error: Text = ""


@router.get("/launch")
def launch(request: Request, wired: Wired, asked: Annotated[LaunchQuery, Query()]) -> Response:
    """Send the browser to the EHR's authorization page."""
    allow_framing(request.scope, frame_origins(wired.world, asked.iss))
    wired.hold_to(LAUNCHES_OF_AN_ADDRESS, _address(request))
    browser = cookies.read(request, cookies.BROWSER)
    if not browser:
        return _ask_for_cookie(wired, asked)
    wired.hold_to(LAUNCHES_OF_A_BROWSER, browser)
    wired.hold_to(LAUNCHES_OF_A_PRACTICE, asked.iss.rstrip("/"))  # one base is one practice's
    begun = LaunchRequest(iss=asked.iss, launch=asked.launch or None, browser=browser)
    address = begin_launch(wired.world, begun)
    if len(address) > _LONGEST_ADDRESS and takes_posted_requests(wired.world, asked.iss):
        allow_sending(request.scope, origin_of(address))
        around = bare_frame("On to the EHR", is_demo=wired.settings.is_demo)
        return HTMLResponse(render("depart.html", page=around, view=departure(address)))
    return RedirectResponse(address, _SEE_OTHER)


@router.get("/callback")
def callback(request: Request, wired: Wired, sent: Annotated[CallbackQuery, Query()]) -> Response:
    """Finish the launch and open the patient it is about."""
    allow_framing(request.scope, frame_origins(wired.world))
    wired.hold_to(LAUNCHES_OF_AN_ADDRESS, _address(request))
    browser = cookies.read(request, cookies.BROWSER)
    if not browser:
        return problem_page(COOKIE_BLOCKED, _BLOCKED, is_demo=wired.settings.is_demo)
    back = Callback(
        state=sent.state,
        code=sent.code,
        iss=sent.iss,
        error=sent.error,
        browser=browser,
        session_token=cookies.read(request, cookies.SESSION),
    )
    now = wired.settings.service_now()
    signed_in = complete_launch(wired.world, back, now)
    visit = resolve(wired.world, signed_in.session_token, signed_in.launch_id)
    if visit is not None:
        start_by_policy(wired.world, visit.actor, visit.patient_id, now)
    response = RedirectResponse(first_page(signed_in), _SEE_OTHER)
    cookies.put(response, cookies.SESSION, signed_in.session_token)
    return response


def first_page(signed_in: SignedIn) -> str:
    """Return the page that the launch opens: the patient's, unless a card or an intent says.

    An intent that is new to us opens the usual page.
    """
    page, asked = f"/l/{signed_in.launch_id}", signed_in.opens
    if asked is None:
        return page + _ENTRANCES.get(signed_in.intent, "")
    if asked.view is View.MONTH:
        return f"{page}/month?month={asked.month}"
    return f"{page}?month={asked.month}#{asked.view.value}"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _ask_for_cookie(wired: Wired, asked: LaunchQuery) -> Response:
    named = {"iss": asked.iss, "launch": asked.launch}
    if asked.again:
        page = cookie_blocked(f"/launch?{urlencode(named)}")
        return problem_page(page, _BLOCKED, is_demo=wired.settings.is_demo)
    response = RedirectResponse(f"/launch?{urlencode({**named, 'again': 'true'})}", _SEE_OTHER)
    cookies.put(response, cookies.BROWSER, wired.world.new_secret())
    return response
