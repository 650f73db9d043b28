"""What a hook's route is given: a proved caller first, then the body, and the time that is left.

The token is checked before a byte of the body is read. Refusals are short JSON in our own words.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ccm_fhir.errors import HookError
from ccm_fhir.services.cds_clients import Caller, prove_caller
from ccm_fhir.services.cds_desk import Deadline
from smart_app.deps import Wired

_BODY_TOO_LARGE = 413
_STATUSES = {
    "token_missing": 401,
    "token_refused": 401,
    "token_unchecked": 503,
    "request_invalid": 400,
    "not_json": 415,
    "too_large": _BODY_TOO_LARGE,
    "wrong_server": 403,
    "data_missing": 412,
    "card_unknown": 404,
    "service_unknown": 404,
}
_MESSAGES = {
    "token_missing": "Each call needs a signed token: Authorization: Bearer, then the JWT.",
    "token_refused": "The token was refused; the check that failed is named in detail.",
    "token_unchecked": (
        "The token could not be checked in time; see that the registered key set can be read, "
        "and call again shortly."
    ),
    "request_invalid": "The request was refused; the member at fault is named in detail.",
    "not_json": "Send JSON with Content-Type: application/json.",
    "too_large": "The request is larger than this service reads.",
    "wrong_server": "fhirServer is not the FHIR server that is registered for this caller.",
    "data_missing": (
        "The patient and the conditions came neither with the call nor could they be read; send "
        "them as prefetch, or lend a token."
    ),
    "card_unknown": "One of the cards was not given to this caller; what is about others is kept.",
    "service_unknown": "There is no such service; GET /cds-services lists those that are.",
}
_KNOCK = {"www-authenticate": 'Bearer error="invalid_token"'}


def refused(_: Request, error: Exception) -> Response:
    """Answer a refused call."""
    refusal = cast("HookError", error)
    body = {"error": refusal.reason, "message": _MESSAGES[refusal.reason]}
    if refusal.detail:
        body["detail"] = refusal.detail
    status = _STATUSES[refusal.reason]
    headers = _KNOCK if status == _STATUSES["token_refused"] else None
    return JSONResponse(body, status_code=status, headers=headers)


async def arrived(wired: Wired) -> Deadline:
    """Return until when the call must be answered; it has just arrived."""
    return wired.world.cds.deadline()


Due = Annotated[Deadline, Depends(arrived)]


def proved(request: Request, due: Due, wired: Wired) -> Caller:
    """Return who calls.

    Raises:
        HookError: the token does not prove it, or not in time.
    """
    desk, given = wired.world.cds, request.headers.get("authorization", "")
    address = wired.settings.base_url.rstrip("/") + request.url.path
    caller = desk.in_time(due, partial(prove_caller, wired.world, given, address, due))
    if caller is None:
        raise HookError("token_unchecked")
    return caller


Proved = Annotated[Caller, Depends(proved)]


async def sent(request: Request) -> bytes:
    """Return the JSON that was sent.

    Raises:
        HookError: it is not said to be JSON, or it is too large.
    """
    if (
        request.headers.get("content-type", "").partition(";")[0].strip().lower()
        != "application/json"
    ):
        raise HookError("not_json")
    try:
        return await request.body()
    except HTTPException as limit:
        if limit.status_code == _BODY_TOO_LARGE:
            raise HookError("too_large") from None
        raise


Sent = Annotated[bytes, Depends(sent)]


def as_json(body: bytes) -> Response:
    """Return an answer that is JSON already."""
    return Response(body, media_type="application/json")
