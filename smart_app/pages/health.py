"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from ccm_fhir.services.sessions import frame_origins
from smart_app.deps import Wired

router = APIRouter()


@router.get("/health/live")
def live() -> Response:
    """Answer without touching the database."""
    return JSONResponse({"status": "live"})


@router.get("/health/ready")
def ready(wired: Wired) -> Response:
    """Answer once the database has; otherwise fail, as every page would."""
    frame_origins(wired.world)
    return JSONResponse({"status": "ready"})
