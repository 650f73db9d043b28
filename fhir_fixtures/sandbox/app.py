"""The sandbox EHR as one ASGI application."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.bulk.plan import BulkPlan
from fhir_fixtures.sandbox.bulk.routes import BulkEndpoint
from fhir_fixtures.sandbox.ehr.chart import Chart
from fhir_fixtures.sandbox.ehr.launcher import Launcher
from fhir_fixtures.sandbox.ehr.pages import FOLDER, Pages
from fhir_fixtures.sandbox.faults.control import FaultControl
from fhir_fixtures.sandbox.faults.layer import RAW_SEND, FaultLayer, Faults
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from fhir_fixtures.sandbox.gateway.routes import FhirEndpoint
from fhir_fixtures.sandbox.loading import load_if_empty
from fhir_fixtures.sandbox.oauth import discovery
from fhir_fixtures.sandbox.oauth.authorize import AuthorizationEndpoint
from fhir_fixtures.sandbox.oauth.client_auth import ClientAuthenticator
from fhir_fixtures.sandbox.oauth.client_keys import ClientKeys
from fhir_fixtures.sandbox.oauth.errors import OAuthError
from fhir_fixtures.sandbox.oauth.introspect import IntrospectionEndpoint
from fhir_fixtures.sandbox.oauth.signing import Signer
from fhir_fixtures.sandbox.oauth.token import TokenEndpoint
from fhir_fixtures.sandbox.oauth.vault import Vault
from fhir_fixtures.sandbox.practice_shape import Practice
from fhir_fixtures.sandbox.settings import Clock, SandboxSettings
from fhir_fixtures.sandbox.upstream import Upstream, UpstreamUnreachableError
from fhir_fixtures.sandbox.vendor.plain import Vendor
from fhir_fixtures.sandbox.vendor.profiled import ProfiledVendor


class Sandbox(Starlette):
    """The application; keeps the server's own `send`, so that a fault can cut the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope[RAW_SEND] = send
        await super().__call__(scope, receive, send)


def create_app(
    settings: SandboxSettings,
    *,
    practice: Practice,
    clock: Clock,
    jwks_transport: httpx2.AsyncBaseTransport | None = None,
) -> Sandbox:
    """The application; its lifespan starts the FHIR server and fills it with the practice.

    Args:
        settings: where it is, and which apps it knows.
        practice: loaded into a FHIR server that has no patients yet.
        clock: the time, with a zone.
        jwks_transport: how to reach the apps' key sets; by default, the network.
    """
    box = Box(
        settings=settings,
        practice=practice,
        clock=clock,
        upstream=Upstream(settings),
        vault=Vault(clock),
        signer=Signer(),
        client_keys=ClientKeys(clock, jwks_transport),
        vendor=_vendor(settings, clock),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with box.upstream.running():
            await load_if_empty(box.upstream, practice.resources)
            yield

    faults = Faults(
        settings.faults or FaultPlan(), clock, honours_if_none_exist=settings.profile is None
    )
    return Sandbox(
        routes=[*_control(settings, faults), *_routes(box)],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[settings.host]),
            *_fault_layer(settings, faults),
        ],
        exception_handlers={
            OAuthError: _oauth_error,
            UpstreamUnreachableError: functools.partial(_unreachable, Pages(settings)),
        },
        lifespan=lifespan,
    )


def _fault_layer(settings: SandboxSettings, faults: Faults) -> list[Middleware]:
    is_wanted = settings.faults is not None or settings.fault_control
    return [Middleware(FaultLayer, faults=faults)] if is_wanted else []


def _control(settings: SandboxSettings, faults: Faults) -> list[BaseRoute]:
    return [*FaultControl(faults).routes()] if settings.fault_control else []


def _bulk(box: Box) -> list[BaseRoute]:
    settings = box.settings
    plan = settings.bulk or (BulkPlan() if settings.profile is None else None)
    return [] if plan is None else [*BulkEndpoint(box, plan).routes()]


def _vendor(settings: SandboxSettings, clock: Clock) -> Vendor:
    if settings.profile is None:
        return Vendor()
    return ProfiledVendor(settings.profile, settings.fhir_base, clock)


def _routes(box: Box) -> list[BaseRoute]:
    pages = Pages(box.settings)
    authenticator = ClientAuthenticator(box.settings, box.client_keys, box.clock)
    return [
        *discovery.routes(box),
        *AuthorizationEndpoint(box, pages).routes(),
        *TokenEndpoint(box, authenticator).routes(),
        *IntrospectionEndpoint(box, authenticator).routes(),
        *_bulk(box),
        *FhirEndpoint(box).routes(),
        *Launcher(box, pages).routes(),
        *Chart(box, pages).routes(),
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
    ]


async def _unreachable(pages: Pages, _: Request, __: Exception) -> Response:
    return pages.refusal("The FHIR server behind this EHR did not answer.", HTTPStatus.BAD_GATEWAY)


async def _oauth_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, OAuthError):
        raise error
    return error.response()
