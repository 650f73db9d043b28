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

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.ehr.chart import Chart
from fhir_fixtures.sandbox.ehr.launcher import Launcher
from fhir_fixtures.sandbox.ehr.pages import FOLDER, Pages
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


def create_app(
    settings: SandboxSettings,
    *,
    practice: Practice,
    clock: Clock,
    jwks_transport: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
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
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with box.upstream.running():
            await load_if_empty(box.upstream, practice.resources)
            yield

    return Starlette(
        routes=_routes(box),
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[settings.host])],
        exception_handlers={
            OAuthError: _oauth_error,
            UpstreamUnreachableError: functools.partial(_unreachable, Pages(settings)),
        },
        lifespan=lifespan,
    )


def _routes(box: Box) -> list[BaseRoute]:
    pages = Pages(box.settings)
    authenticator = ClientAuthenticator(box.settings, box.client_keys, box.clock)
    return [
        *discovery.routes(box),
        *AuthorizationEndpoint(box, pages).routes(),
        *TokenEndpoint(box, authenticator).routes(),
        *IntrospectionEndpoint(box, authenticator).routes(),
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
