"""Puts the app together: routes, error pages, and the envelope around them all."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ccm_fhir.errors import HookError
from ccm_fhir.services.installation import Installation
from ccm_fhir.settings import Settings
from ccm_fhir.wiring import open_installation
from smart_app import launch
from smart_app.cds import calls, hooks
from smart_app.deps import AppSettings, Wiring
from smart_app.pages import (
    about,
    approvals,
    choice,
    claim,
    conditions,
    connection,
    consent,
    decision_making,
    ehrs,
    emergency,
    entry,
    errors,
    evidence,
    hand_off,
    health,
    home,
    inbox,
    leave,
    locations,
    lock,
    month,
    needs,
    packet,
    patient,
    payments,
    plan,
    plan_copy,
    practice,
    progress,
    sign,
    sign_all,
    signed_in,
    style,
    time,
    timer,
    wellknown,
)
from smart_app.session.envelope import Envelope
from smart_app.session.limits import BodyLimit
from smart_app.views.problem_page import problem_text
from smart_app.views.problems import UNFORESEEN
from smart_app.views.rendering import STATIC

__all__ = ["AppSettings", "create_app", "from_environment"]

_TALKATIVE = ("httpx2", "httpcore2", "httpx", "httpcore")  # their INFO lines hold URLs
_PAGES = (
    home,
    about,
    emergency,
    health,
    wellknown,
    style,
    patient,
    payments,
    time,
    entry,
    approvals,
    timer,
    sign,
    consent,
    conditions,
    evidence,
    decision_making,
    plan,
    plan_copy,
    choice,
    claim,
    practice,
    locations,
    connection,
    ehrs,
    signed_in,
    hand_off,
    month,
    sign_all,
    inbox,
    lock,
    packet,
    needs,
    progress,
    leave,
)


def from_environment() -> FastAPI:
    """Return the app of the installation that the environment describes; it delivers too, if told.

    Raises:
        ConfigurationError: the installation must not run as it is set up.
    """
    for library in _TALKATIVE:
        logging.getLogger(library).setLevel(logging.WARNING)
    settings = Settings()
    # The server calls this inside its event loop, where the durable engine must not start.
    with ThreadPoolExecutor(max_workers=1) as outside:
        opened = outside.submit(
            open_installation, settings, with_engine=settings.run_engine
        ).result()
    told = AppSettings(
        base_url=opened.world.base_url, is_demo=settings.demo, service_now=opened.service_now
    )
    return create_app(opened.world, told, close=opened.close)


def create_app(
    world: Installation, settings: AppSettings, *, close: Callable[[], None] | None = None
) -> FastAPI:
    """Return the web app of one installation; ``close`` is called when it stops."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        yield
        if close is not None:
            await run_in_threadpool(close)

    app = FastAPI(title="Chronic care management", openapi_url=None, lifespan=running)
    for error, handler in errors.handlers().items():
        app.add_exception_handler(error, handler)
    app.add_exception_handler(HookError, calls.refused)
    app.state.wiring = Wiring(world=world, settings=settings)
    app.include_router(launch.router)
    app.include_router(hooks.router)
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
