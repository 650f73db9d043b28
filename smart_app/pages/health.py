"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from smart_app.deps import Wired

router = APIRouter()


@router.get("/health/live")
def live() -> Response:
    """Answer without touching the database."""
    return JSONResponse({"status": "live"})


@router.get("/health/ready")
def ready(wired: Wired) -> Response:
    """Answer 200 while the database answers, 503 while it does not."""
    if wired.world.db.answers():
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "the database does not answer"}, status_code=503)
