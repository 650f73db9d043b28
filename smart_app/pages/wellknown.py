"""Our public keys, which EHRs fetch to check that it is us."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from ccm_fhir.services.signing_keys import public_jwks
from smart_app.deps import Wired

router = APIRouter()
_CACHED = {"cache-control": "public, max-age=300"}


@router.get("/.well-known/jwks.json")
def jwks(wired: Wired) -> Response:
    """Return the key set; short-lived in caches, so that a rotation is soon known."""
    return JSONResponse(public_jwks(wired.world), headers=_CACHED)
