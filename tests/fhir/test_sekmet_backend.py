"""A token server that we did not write, over HTTP on loopback: Backend Services as it reads them.

`sekmet-fhir` registers our public keys, checks `exp` (five minutes at most), `aud`, `iss`, `sub`
and that no `jti` comes twice, and guards its FHIR endpoint by the scopes of the token.

Checked 2026-11, version 0.1.1: it answers 500 where one client has keys of two kinds, because it
tries each of them on each assertion, whatever its `alg` and `kid`. So each algorithm is a client.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sekmet.config import (  # type: ignore[import-untyped]
    ServerAuth,
    Settings,
    SimulatorSettings,
    SmartClient,
)
from sekmet.main import create_app  # type: ignore[import-untyped]

from ccm_fhir.errors import EhrHttpError, LaunchError
from ccm_fhir.fhir.client import FhirClient, Precondition
from ccm_fhir.fhir.discovery import SmartConfiguration, discover
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.keys import SigningAlgorithm, SigningKey, generate, public_jwks
from ccm_fhir.fhir.merge import merged, missing
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.outcomes import Doubt, WriteKind
from ccm_fhir.fhir.tokens import (
    ClientAuthMethod,
    ClientCredentials,
    Stamp,
    TokenEndpoint,
    client_credentials,
)
from ccm_fhir.wiring import real_now
from tests.services.wire import Wire
from tests.serving import listen, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccm_fhir.fhir.grants import TokenGrant

ALLOWED = "system/Patient.rs system/Condition.rs system/Claim.cruds system/CarePlan.cruds"
KEYS = {algorithm: generate(algorithm, rsa_bits=2048) for algorithm in SigningAlgorithm}


@dataclass(frozen=True, kw_only=True)
class Server:
    """The token server, discovered, and our gate to it."""

    gate: OutgoingGate
    config: SmartConfiguration

    def endpoint(self, key: SigningKey) -> TokenEndpoint:
        registered = ClientCredentials(
            client_id=key.algorithm.value, method=ClientAuthMethod.PRIVATE_KEY_JWT, key=key
        )
        return TokenEndpoint(gate=self.gate, url=self.config.token_endpoint, credentials=registered)

    def client(self, grant: TokenGrant) -> FhirClient:
        return FhirClient(
            gate=self.gate, base_url=self.config.base_url, access_token=grant.access_token
        )


def stamp(**passed: float) -> Stamp:
    """Return the stamp of a new request, made when so much time has passed."""
    return Stamp(now=real_now() + timedelta(**passed), jti=str(uuid4()))


def ask(
    server: Server,
    key: SigningKey = KEYS[SigningAlgorithm.ES384],
    *,
    scope: str = ALLOWED,
    made: Stamp | None = None,
) -> TokenGrant:
    return client_credentials(server.endpoint(key), scope=scope, stamp=made or stamp())


@contextlib.contextmanager
def undisturbed_logs() -> Iterator[None]:
    """Undo what the package does to the root logger when it makes its app."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("sekmet")
    listener, origin = listen()
    ours = [
        SmartClient(client_id=name.value, jwks=public_jwks([key]), scopes=ALLOWED)
        for name, key in KEYS.items()
    ]
    told = Settings(
        base_url=f"{origin}/fhir",
        data_dir=str(folder),
        log_inbound=False,
        own_private_key_path=str(folder / "none.pem"),
        simulator=SimulatorSettings(enabled=False),
        server_auth=ServerAuth(types=["smart"], smart_clients=ours),
    )
    with undisturbed_logs():
        app = create_app(told)
    gate = OutgoingGate(
        origins=frozenset({Origin.of(origin)}), allow_loopback_http=True, transport=Wire()
    )
    try:
        with serving(app, listener), contextlib.closing(gate):
            yield Server(gate=gate, config=discover(gate, f"{origin}/fhir"))
    finally:
        app.state.ctx.subscriptions.pool.shutdown()
        app.state.ctx.store.conn.close()


@pytest.mark.proves("R19", "R20", "R21")
@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_a_token_is_given_for_a_key_of_either_algorithm_and_opens_the_record(
    server: Server, algorithm: SigningAlgorithm
) -> None:
    grant = ask(server, KEYS[algorithm])

    assert grant.scope == frozenset(ALLOWED.split())
    assert not grant.refresh_token
    assert server.client(grant).search("Patient", {}) == ()
    assert algorithm in server.config.signing_algs


@pytest.mark.proves("R20")
def test_an_assertion_that_comes_twice_is_refused(server: Server) -> None:
    once = stamp()
    ask(server, made=once)

    with pytest.raises(LaunchError, match="invalid_client"):
        ask(server, made=once)
    ask(server)  # a new one is taken


@pytest.mark.proves("R20")
def test_an_assertion_that_has_expired_is_refused(server: Server) -> None:
    with pytest.raises(LaunchError, match="invalid_client"):
        ask(server, made=stamp(seconds=-300))


def test_an_assertion_of_a_clock_that_is_minutes_ahead_is_refused(server: Server) -> None:
    with pytest.raises(LaunchError, match="invalid_client"):
        ask(server, made=stamp(seconds=120))


@pytest.mark.proves("R20")
def test_an_assertion_for_another_address_is_refused(server: Server) -> None:
    endpoint = server.endpoint(KEYS[SigningAlgorithm.RS384])
    elsewhere = replace(endpoint, url=f"{endpoint.url}?for=another")  # what is posted to is `aud`

    with pytest.raises(LaunchError, match="invalid_client"):
        client_credentials(elsewhere, scope=ALLOWED, stamp=stamp())


def test_a_key_that_was_not_registered_is_refused(server: Server) -> None:
    with pytest.raises(LaunchError, match="invalid_client"):
        ask(server, generate(SigningAlgorithm.ES384))


def test_scopes_beyond_the_registration_are_not_granted(server: Server) -> None:
    grant = ask(server, scope="system/Patient.rs system/Observation.rs")

    assert grant.scope == {"system/Patient.rs"}
    with pytest.raises(LaunchError, match="invalid_scope"):
        ask(server, scope="system/Observation.rs")


def test_a_token_opens_what_its_scope_names_and_nothing_else(server: Server) -> None:
    client = server.client(ask(server, scope="system/Patient.rs"))

    client.search("Patient", {})
    with pytest.raises(EhrHttpError) as refused:
        client.search("Condition", {})
    assert refused.value.status == 403


def test_a_plan_that_somebody_else_changed_in_between_loses_nothing(server: Server) -> None:
    client = server.client(ask(server))
    before = plan(note="As adopted.")
    created = client.create(before)
    assert created.kind is WriteKind.CREATED
    read = client.read("CarePlan", created.resource_id)
    theirs = dict(read.json()) | {"note": [{"text": "Seen by the cardiologist."}]}
    theirs["note"] = [{"text": "As adopted."}, *theirs["note"]]
    client.update(theirs, version=Precondition(version_id=read.version_id))

    wanted = plan(note="As adopted anew.")
    late = merged([before], read.json(), wanted).resource
    refused = client.update(late, version=Precondition(version_id=read.version_id))
    assert refused.doubt is Doubt.CONFLICT
    now = client.read("CarePlan", created.resource_id)
    again = merged([before], now.json(), wanted).resource
    client.update(again, version=Precondition(version_id=now.version_id))

    stored = client.read("CarePlan", created.resource_id).json()
    assert stored["note"] == [{"text": "Seen by the cardiologist."}, {"text": "As adopted anew."}]
    assert missing(wanted, stored) == ()


def plan(*, note: str) -> Json:
    """Return a small plan of ours."""
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": "Patient/1"},
        "note": [{"text": note}],
    }
