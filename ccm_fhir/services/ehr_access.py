"""How a use case reaches an EHR: the pinned door, our credentials, our own token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.discovery import SmartConfiguration, parse_configuration
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.keys import SigningKey, choose_key, from_pem
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.scopes import delivery_scopes
from ccm_fhir.fhir.tokens import (
    ClientAuthMethod,
    ClientCredentials,
    Stamp,
    TokenEndpoint,
    client_credentials,
)
from ccm_fhir.services.ehr_door import EhrDoor
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.token_cache import CachedToken
from ccm_fhir.services.write_plan import tenant_of, written_types
from ccm_fhir.storage import ehrs, keys
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.vocabulary import ClientAuth

_KEY_SETS_ARE_KEPT = timedelta(minutes=10)  # twice what our key set's Cache-Control says
_METHODS = {
    ClientAuth.PUBLIC: ClientAuthMethod.NONE,
    ClientAuth.SECRET: ClientAuthMethod.CLIENT_SECRET_BASIC,
    ClientAuth.PRIVATE_KEY: ClientAuthMethod.PRIVATE_KEY_JWT,
}


def gate_of(world: Installation, ehr: Ehr) -> OutgoingGate:
    """Return the door to an EHR's pinned origins."""
    origins = frozenset(Origin.of(origin) for origin in ehr.pinned_origins)
    return world.open_gate(origins, ehr.allow_loopback_http)


def configuration_of(ehr: Ehr) -> SmartConfiguration:
    """Return what the EHR's stored discovery document says.

    Raises:
        ConfigurationError: the EHR was never discovered.
    """
    if ehr.discovery_json is None:
        raise ConfigurationError(
            f"EHR {ehr.name}", "it was never discovered; run: ccm-fhir ehr add"
        )
    return parse_configuration(json.loads(ehr.discovery_json), ehr.fhir_base)


def token_endpoint(
    world: Installation, session: Session, ehr: Ehr, method: ClientAuth | None = None
) -> TokenEndpoint:
    """Return the EHR's token endpoint with our credentials for it."""
    used = method or ehr.client_auth
    config = configuration_of(ehr)
    return TokenEndpoint(
        gate=gate_of(world, ehr),
        url=config.token_endpoint,
        credentials=ClientCredentials(
            client_id=ehr.client_id,
            method=_METHODS[used],
            secret=ehr.client_secret.open(world.vault) if ehr.client_secret else "",
            key=_signing_key(world, session, config) if used is ClientAuth.PRIVATE_KEY else None,
        ),
    )


def stamp(world: Installation) -> Stamp:
    """Return a moment and a number used once, for an assertion."""
    return Stamp(now=world.clock(), jti=world.new_secret())


def system_client(world: Installation, practice_id: str, ehr_id: str) -> FhirClient:
    """Return a client that acts as the practice's backend service."""
    with world.db.read(practice_id) as session:
        ehr = ehrs.get(session, practice_id, ehr_id)
    return _client(_OurToken(world, ehr))


def live_client(world: Installation, ehr: Ehr) -> FhirClient:
    """Return such a client once it has a token, so that no request of it fails for want of one."""
    ours = _OurToken(world, ehr)
    ours.get()
    return _client(ours)


@dataclass(slots=True)
class _OurToken:
    """One client's tokens; which scopes they have is worked out once, when one is needed."""

    world: Installation
    ehr: Ehr
    _scope: str | None = None

    def get(self, refused: str = "") -> str:
        if self._scope is None:
            self._scope = delivery_scope_of(self.world, self.ehr)
        return _token(self.world, self.ehr, self._scope, refused).access_token


def _client(ours: _OurToken) -> FhirClient:
    world, ehr = ours.world, ours.ehr
    return FhirClient(
        gate=gate_of(world, ehr),
        base_url=ehr.fhir_base,
        access_token=ours.get,
        renew=ours.get,
        patience=world.patience,
        pacing=EhrDoor(world, ehr),
    )


def system_token(
    world: Installation, ehr: Ehr, *, refused: str = "", scope: str = ""
) -> CachedToken:
    """Return a live backend-service token of ours at an EHR, another than one it refused.

    Without ``scope`` it is the token of deliveries.
    """
    return _token(world, ehr, scope or delivery_scope_of(world, ehr), refused)


def _token(world: Installation, ehr: Ehr, scope: str, refused: str = "") -> CachedToken:
    def ask() -> CachedToken:
        with world.db.read(ehr.practice_id) as session:
            endpoint = token_endpoint(world, session, ehr, ClientAuth.PRIVATE_KEY)
        grant = client_credentials(endpoint, scope=scope, stamp=stamp(world))
        return CachedToken(
            access_token=grant.access_token,
            scope=grant.scope,
            expires_at=world.clock() + timedelta(seconds=grant.expires_in_seconds),
        )

    return world.system_tokens.get(_key(ehr, scope), world.clock(), ask, refused=refused)


def delivery_scope_of(world: Installation, ehr: Ehr) -> str:
    """Return the scopes that we ask an EHR for: those of every rung that it may offer."""
    capabilities = configuration_of(ehr).capabilities
    with world.db.read(ehr.practice_id) as session:
        tenant = tenant_of(session, ehr, None)
    if tenant.capability is None:
        return delivery_scopes(capabilities)
    return delivery_scopes(capabilities, written_types(tenant))


def forget_system_token(world: Installation, ehr: Ehr) -> None:
    """Drop our token after the EHR refused it."""
    scope = delivery_scope_of(world, ehr)
    world.system_tokens.forget(_key(ehr, scope))


def _key(ehr: Ehr, scope: str) -> tuple[str, str, str]:
    return (ehr.practice_id, ehr.id, scope)


def _signing_key(world: Installation, session: Session, config: SmartConfiguration) -> SigningKey:
    held = keys.to_sign_with(session, world.clock() - _KEY_SETS_ARE_KEPT)
    if not held:
        raise ConfigurationError("signing key", "there is none; run: ccm-fhir keys rotate")
    opened = [from_pem(key.private_pem.open(world.vault).encode()) for key in held]
    return choose_key(opened, config.signing_algs)
