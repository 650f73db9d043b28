"""Puts the app together: routes, error pages, and the envelope around them all."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ccm_fhir.services.installation import Installation
from smart_app import launch
from smart_app.deps import AppSettings, Clock, Wiring
from smart_app.pages import (
    errors,
    health,
    home,
    leave,
    month,
    patient,
    progress,
    sign,
    style,
    time,
    wellknown,
)
from smart_app.session.envelope import Envelope
from smart_app.session.limits import BodyLimit
from smart_app.views.problem_page import problem_text
from smart_app.views.problems import UNFORESEEN
from smart_app.views.rendering import STATIC

__all__ = ["AppSettings", "create_app"]

_PAGES = (home, health, wellknown, style, patient, time, sign, month, progress, leave)


def create_app(world: Installation, settings: AppSettings) -> FastAPI:
    """Return the web app of one installation."""
    app = FastAPI(title="Chronic care management", openapi_url=None)
    for error, handler in errors.handlers().items():
        app.add_exception_handler(error, handler)
    app.state.wiring = Wiring(world=world, settings=settings, clock=Clock(settings.demo_today))
    app.include_router(launch.router)
    for page in _PAGES:
        app.include_router(page.router)
    app.mount("/static", _Assets(directory=STATIC), name="static")
    app.add_middleware(BodyLimit)
    app.add_middleware(
        Envelope,
        is_https=settings.base_url.startswith("https://"),
        apologise=partial(problem_text, UNFORESEEN, is_demo=settings.is_demo),
    )
    return app


class _Assets(StaticFiles):
    """Our own few files; their address changes with their content, so caches may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=86400"
        return response
