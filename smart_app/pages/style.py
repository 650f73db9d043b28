"""A launch's own stylesheet: the place where an EHR's colours will be set.

Only the ``--smart-…`` variables may be set here; app.css has a default for each.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from smart_app.deps import OpenLaunch

router = APIRouter(prefix="/style/{launch_id}.css")
_DEFAULTS = "/* This EHR sends no style of its own: the defaults of app.css hold. */\n"


@router.get("")
def style(opened: OpenLaunch) -> Response:
    """Return the variables of the launch's EHR."""
    del opened  # its style_url is read, checked and mapped here once styles are supported
    headers = {"cache-control": "private, max-age=300"}
    return Response(_DEFAULTS, media_type="text/css", headers=headers)
