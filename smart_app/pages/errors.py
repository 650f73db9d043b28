"""From errors to plain pages: the right status, our own words, nothing of what was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from ccm_fhir.errors import (
    ConflictError,
    FhirError,
    InputError,
    LaunchError,
    NotAllowedError,
    NotFoundError,
)
from smart_app.deps import wiring
from smart_app.session.refusals import (
    BrokenFormError,
    ForgedRequestError,
    GrantWithdrawnError,
    SessionEndedError,
    TooManyRequestsError,
)
from smart_app.views import problems
from smart_app.views.problem_page import problem_page
from smart_app.views.problems import ProblemView

Handler = Callable[[Request, Exception], Response]
_STOP_POLLING = 286  # htmx: take this answer and ask no more
_LAUNCH_STATUSES = {
    "missing_parameter": 400,
    "state_unknown": 400,
    "unknown_issuer": 403,
    "authorization_refused": 403,
    "user_not_approved": 403,
    "reauthorise": 403,
    "ehr_unreachable": 504,
}
_FORBIDDEN = 403
_BAD_GATEWAY = 502


def handlers() -> dict[type[Exception], Handler]:
    """Return what answers each error; what is not here is caught by the envelope."""
    return {
        LaunchError: _launch,
        SessionEndedError: _session_ended,
        GrantWithdrawnError: _withdrawn,
        TooManyRequestsError: _too_many,
        NotFoundError: _session_ended,
        ForgedRequestError: _always(problems.NOT_OURS, 403),
        BrokenFormError: _always(problems.UNREADABLE, 400),
        RequestValidationError: _always(problems.UNREADABLE, 422),
        InputError: _always(problems.UNREADABLE, 422),
        FhirError: _always(problems.UNFORESEEN_LAUNCH, _BAD_GATEWAY),
        NotAllowedError: _not_allowed,
        ConflictError: _conflict,
        HTTPException: _http,
    }


def _page(request: Request, problem: ProblemView, status: int) -> HTMLResponse:
    return problem_page(problem, status, is_demo=wiring(request).settings.is_demo)


def _always(problem: ProblemView, status: int) -> Handler:
    def answer(request: Request, _: Exception) -> Response:
        return _page(request, problem, status)

    return answer


def _launch(request: Request, error: Exception) -> Response:
    reason = cast("LaunchError", error).reason
    status = _LAUNCH_STATUSES.get(reason, _BAD_GATEWAY)
    return _page(request, problems.launch_problem(reason), status)


def _session_ended(request: Request, _: Exception) -> Response:
    if "hx-request" in request.headers:
        return HTMLResponse(problems.SESSION_ENDED.title, status_code=_STOP_POLLING)
    return _page(request, problems.SESSION_ENDED, 404)


def _withdrawn(request: Request, error: Exception) -> Response:
    problem = problems.withdrawn(cast("GrantWithdrawnError", error).iss)
    if "hx-request" in request.headers:
        return HTMLResponse(problem.title, status_code=_STOP_POLLING)
    return _page(request, problem, _FORBIDDEN)


def _too_many(request: Request, error: Exception) -> Response:
    page = _page(request, problems.TOO_MANY, 429)
    page.headers["retry-after"] = str(cast("TooManyRequestsError", error).wait_seconds)
    return page


def _not_allowed(request: Request, error: Exception) -> Response:
    return _page(request, problems.not_allowed(cast("NotAllowedError", error).needed), 403)


def _conflict(request: Request, error: Exception) -> Response:
    return _page(request, problems.conflict(cast("ConflictError", error).problem), 409)


def _http(request: Request, error: Exception) -> Response:
    raised = cast("HTTPException", error)
    page = _page(request, problems.status_problem(raised.status_code), raised.status_code)
    page.headers.update(raised.headers or {})
    return page
