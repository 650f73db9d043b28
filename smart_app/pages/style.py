"""A launch's own stylesheet: the EHR's style, checked and in our words, from our own address.

Only the ``--smart-…`` variables are set here; app.css has a default for each.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.services.style import style_of
from smart_app.deps import Opened, OpenLaunch, Wired
from smart_app.views.stylesheet import stylesheet

router = APIRouter(prefix="/style/{launch_id}.css")
_DEFAULTS = "/* This EHR sends no style that can be used: the defaults of app.css hold. */\n"


@router.get("")
def style(opened: OpenLaunch, wired: Wired) -> Response:
    """Return the variables of the launch's EHR."""
    # The address of a style changes when the style does, so what was made of it can be kept.
    key = (opened.visit.actor.ehr_id, opened.visit.style_url)
    css = wired.styles.text(key, opened.world.clock(), lambda: _made(opened))
    headers = {"cache-control": "private, max-age=300"}
    return Response(css, media_type="text/css", headers=headers)


def _made(opened: Opened) -> str:
    found = style_of(opened.world, opened.visit)
    return _DEFAULTS if found is None else stylesheet(found)
