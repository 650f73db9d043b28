"""A sandbox EHR on loopback in a thread of this process, with the demo's synthetic practice."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.discovery import discover
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.keys import SigningAlgorithm, generate, public_jwks
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.scopes import DELIVERED_TYPES, delivery_scopes
from ccm_fhir.fhir.tokens import (
    ClientAuthMethod,
    ClientCredentials,
    Stamp,
    TokenEndpoint,
    client_credentials,
)
from ccm_fhir.wiring import real_now
from fhir_fixtures import practice as synthetic
from fhir_fixtures.practice.model import Practice, Resource, User
from fhir_fixtures.sandbox.app import create_app
from fhir_fixtures.sandbox.settings import Client, SandboxSettings
from tests.services.wire import Wire
from tests.serving import listen, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = generate(SigningAlgorithm.ES384)
APP = "http://127.0.0.1:8700"
WHOLE_CAST = 28


@dataclass
class Clock:
    """The time, until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class RealClock(Clock):
    """The real time, where a process of its own takes part that has no other."""

    def __call__(self) -> datetime:
        return real_now()


_LOOKED_AT = {"Task": "rs", "Communication": "rs", "ChargeItem": "rs"}


@dataclass(frozen=True, kw_only=True)
class Ehr:
    """A sandbox EHR that answers on loopback."""

    origin: str
    clock: Clock

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    @contextmanager
    def backend(self) -> Iterator[FhirClient]:
        """Yield a client of our backend service on a wire of its own: it sees what is there."""
        gate = OutgoingGate(
            origins=frozenset({Origin.of(self.origin)}), allow_loopback_http=True, transport=Wire()
        )
        try:
            config = discover(gate, self.base)
            endpoint = TokenEndpoint(
                gate=gate,
                url=config.token_endpoint,
                credentials=ClientCredentials(
                    client_id="ccm-fhir", method=ClientAuthMethod.PRIVATE_KEY_JWT, key=KEY
                ),
            )
            grant = client_credentials(
                endpoint,
                scope=delivery_scopes(config.capabilities, DELIVERED_TYPES | _LOOKED_AT),
                stamp=Stamp(now=self.clock(), jti=str(uuid4())),
            )
            yield FhirClient(gate=gate, base_url=self.base, access_token=grant.access_token)
        finally:
            gate.close()

    def holds(self, kind: str, identifier: str) -> list[dict[str, Any]]:
        """Return the resources of a type that bear one of our identifiers."""
        with self.backend() as client:
            found = client.search(kind, {"_count": "500"})
        return [
            dict(resource.json())
            for resource in found
            if identifier in (i.get("value") for i in resource.json().get("identifier", ()))
        ]


@contextmanager
def running_ehr(
    practice: Practice,
    clock: Clock,
    *,
    app_url: str = APP,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    calls_hooks: bool = False,
    like: Callable[[SandboxSettings], SandboxSettings] = lambda settings: settings,
) -> Iterator[Ehr]:
    """Run a sandbox EHR in a thread until the block ends.

    ``around`` may stand before it, ``like`` give it a vendor's profile or faults. One that
    ``calls_hooks`` asks the app for cards when a chart is opened.
    """
    listener, origin = listen()
    client = Client(
        client_id="ccm-fhir",
        launch_url=f"{app_url}/launch",
        redirect_uris=(f"{app_url}/callback",),
        jwks=public_jwks([KEY]),
        cds_url=f"{app_url}/cds-services" if calls_hooks else None,
    )
    settings = SandboxSettings(origin=origin, clients=(client,))
    app = create_app(like(settings), practice=practice, clock=clock)
    with serving(around(app), listener):
        yield Ehr(origin=origin, clock=clock)


def cast(patients: int = WHOLE_CAST) -> Practice:
    """Return the synthetic practice with the first so many demo patients."""
    return synthetic.generate(seed=1, patients=patients, as_of=TODAY)


def with_more(practice: Practice, *resources: Resource, users: tuple[User, ...] = ()) -> Practice:
    """Return a practice with more in its record, and more people who may sign in."""
    return replace(
        practice,
        resources=(*practice.resources, *resources),
        users=(*practice.users, *users),
    )
