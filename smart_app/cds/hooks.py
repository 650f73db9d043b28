"""The routes of CDS Hooks: discovery, the one service, and feedback on its cards."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from ccm_fhir.errors import HookError
from ccm_fhir.services.cds_answer import (
    HookCall,
    answer_in_time,
    describe_services,
)
from ccm_fhir.services.cds_clients import SERVICE_ID
from ccm_fhir.services.cds_feedback import keep_feedback
from smart_app.cds.calls import Due, Proved, Sent, as_json
from smart_app.deps import Wired

router = APIRouter(prefix="/cds-services")


@router.get("")
def discovery(wired: Wired, _: Proved) -> Response:
    """Tell which services there are and what they want to know beforehand."""
    return as_json(describe_services(wired.settings.service_now()))


@router.post(f"/{SERVICE_ID}")
def patient_view(caller: Proved, body: Sent, due: Due, wired: Wired) -> Response:
    """Answer in time: a card that comes late is not given."""
    call = HookCall(caller=caller, body=body, now=wired.settings.service_now(), deadline=due)
    return as_json(answer_in_time(wired.world, call))


@router.post(f"/{SERVICE_ID}/feedback")
def feedback(caller: Proved, body: Sent, wired: Wired) -> Response:
    """Keep what became of our cards."""
    keep_feedback(wired.world, caller, body)
    return JSONResponse({})


@router.post("/{service}")
@router.post("/{service}/feedback")
def unknown(service: str, _: Proved) -> Response:
    """Say that there is no such service."""
    del service
    raise HookError("service_unknown")
