"""Connecting an EHR: discover it, pin its origins, read what it can do, and say what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from ccm_fhir.errors import ConflictError, FhirError, InputError
from ccm_fhir.fhir.capability import Capability, read_capability
from ccm_fhir.fhir.discovery import SmartConfiguration, needed_origins, preview
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.scopes import delivery_scopes, launch_scopes
from ccm_fhir.services.discovery import document_of
from ccm_fhir.services.ehr_access import configuration_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.services.write_plan import bare_tenant, written_types
from ccm_fhir.storage import ehrs
from ccm_fhir.storage.ehrs import Discovery, Ehr, NewClient, NewEhr
from ccm_fhir.storage.vocabulary import ClientAuth

_WRITTEN = ("Encounter", "Procedure", "Claim")
_LONGEST_NAME = 200
_PATIENCE_SECONDS, _PART_SECONDS = 90.0, 30.0  # of the whole, and of each part of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """What an administrator says about an EHR; ``user_id`` None is the operator."""

    practice_id: str
    user_id: str | None = None
    name: str
    fhir_base: str
    client_id: str
    client_auth: ClientAuth = ClientAuth.PRIVATE_KEY
    client_secret: str | None = field(default=None, repr=False)
    allow_loopback_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A registered EHR, and everything its administrator must be given.

    ``not_writable`` are the types of which its CapabilityStatement, where it was read, declares
    no create.
    """

    ehr_id: str
    name: str
    fhir_base: str
    pinned_origins: tuple[str, ...]
    launch_url: str
    redirect_uri: str
    jwks_url: str
    launch_scopes: str
    delivery_scopes: str
    not_writable: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What an EHR says about itself before anything of it is stored."""

    config: SmartConfiguration
    origins: frozenset[Origin]
    capability: Capability | None
    warnings: tuple[str, ...]


def connect_ehr(world: Installation, new: NewConnection, now: datetime) -> Connected:
    """Discover and register an EHR; nothing is stored unless discovery succeeds.

    Raises:
        InputError: the address is not one, or is not https; the name or the credentials cannot
            be used.
        ConflictError: the EHR is registered already.
        FhirError: it does not answer as SMART and FHIR ask.
    """
    _refuse_unusable(new)
    explored = explore(world, new.fhir_base, allow_loopback_http=new.allow_loopback_http)
    return register(world, new, explored, now)


def explore(world: Installation, fhir_base: str, *, allow_loopback_http: bool) -> Explored:
    """Return what an EHR that is not registered yet says about itself; stores nothing.

    Raises:
        as ``connect_ehr``.
    """
    base = _origin(fhir_base, allow_loopback_http=allow_loopback_http)
    bare = fhir_base.rstrip("/")
    with world.db.read() as session:
        if any(ehrs.is_registered(session, spelt) for spelt in (bare, f"{bare}/")):
            raise ConflictError("This EHR is registered already.")
    is_late = _timer(world)
    config = preview(
        _bounded(world.open_gate(frozenset({base}), allow_loopback_http), is_late), fhir_base
    )
    origins = needed_origins(config)
    capability: Capability | None = None
    warnings: tuple[str, ...] = ()
    try:
        gate = _bounded(world.open_gate(origins, allow_loopback_http), is_late)
        capability = read_capability(gate, fhir_base)
    except FhirError as problem:
        warnings = (f"Its CapabilityStatement could not be read: {problem}",)
    return Explored(config=config, origins=origins, capability=capability, warnings=warnings)


def register(
    world: Installation, new: NewConnection, explored: Explored, now: datetime
) -> Connected:
    """Register an EHR as it was explored.

    Raises:
        ConflictError: somebody has registered it since.
    """
    with world.db.write(new.practice_id) as session:
        ehr = ehrs.add(session, world.vault, new.practice_id, _new_ehr(new, explored.origins), now)
        hand = SetupHand(practice_id=new.practice_id, user_id=new.user_id)
        audit_act(world, session, hand, f"add_ehr {ehr.id}")
        discovery = Discovery(
            document_json=document_of(explored.config), pinned_origins=ehr.pinned_origins
        )
        ehrs.record_discovery(session, new.practice_id, ehr.id, discovery, world.clock())
        if explored.capability is not None:
            document = msgspec.json.encode(explored.capability).decode()
            ehrs.record_capability(session, new.practice_id, ehr.id, document, world.clock())
    return _connected(world, ehr, explored)


def told_again(world: Installation, ehr: Ehr) -> Connected:
    """Return what the administrator of an EHR must be given, from what is kept of it.

    Raises:
        ConfigurationError: the EHR was never discovered.
    """
    kept = ehr.capability_json
    explored = Explored(
        config=configuration_of(ehr),
        origins=frozenset(Origin.of(origin) for origin in ehr.pinned_origins),
        capability=msgspec.json.decode(kept, type=Capability) if kept else None,
        warnings=() if kept else ("Its CapabilityStatement has not been read yet.",),
    )
    return _connected(world, ehr, explored)


def _timer(world: Installation) -> Callable[[], bool]:
    """Return what says that whoever waits has waited long enough: at most two minutes in all."""
    gives_up_at = world.clock() + timedelta(seconds=_PATIENCE_SECONDS)
    return lambda: world.clock() >= gives_up_at


def _bounded(gate: OutgoingGate, is_late: Callable[[], bool]) -> OutgoingGate:
    return gate.within(_PART_SECONDS, is_late, max_bytes=gate.max_bytes)


def refuse_unusable_client(client: NewClient) -> None:
    """Raise InputError where an id is none, or a secret is missing or has no use."""
    if not client.client_id or any(letter.isspace() for letter in client.client_id):
        raise InputError("client_id", "Give the client id as the EHR gave it, without blanks.")
    if client.client_auth is ClientAuth.SECRET and not client.client_secret:
        raise InputError("client_secret", "This kind of client proves itself by a secret: give it.")
    if client.client_auth is not ClientAuth.SECRET and client.client_secret:
        raise InputError("client_secret", "This kind of client has no secret: leave it empty.")


def _origin(fhir_base: str, *, allow_loopback_http: bool) -> Origin:
    """Return the origin of an address at which an EHR can be; nothing is asked of it yet."""
    origin = Origin.of(fhir_base)
    if any(sign in fhir_base for sign in "?#") or any(letter.isspace() for letter in fhir_base):
        raise InputError("url", "a FHIR base has no blank, question mark or number sign")
    if origin.scheme != "https" and not (allow_loopback_http and origin.is_loopback):
        raise InputError("url", "plain http is refused: https is required outside a demo")
    return origin


def _refuse_unusable(new: NewConnection) -> None:
    if not 0 < len(new.name) <= _LONGEST_NAME:
        raise InputError("name", f"Give the EHR a name, up to {_LONGEST_NAME} characters.")
    refuse_unusable_client(NewClient(new.client_id, new.client_auth, new.client_secret))


def _new_ehr(new: NewConnection, origins: frozenset[Origin]) -> NewEhr:
    return NewEhr(
        name=new.name,
        fhir_base=new.fhir_base,
        client_id=new.client_id,
        client_auth=new.client_auth,
        client_secret=new.client_secret,
        pinned_origins=tuple(sorted(str(origin) for origin in origins)),
        allow_loopback_http=new.allow_loopback_http,
    )


def _delivery_scopes(capability: Capability | None, capabilities: frozenset[str]) -> str:
    if capability is None:
        return delivery_scopes(capabilities)
    return delivery_scopes(capabilities, written_types(bare_tenant(capability)))


def _connected(world: Installation, ehr: Ehr, explored: Explored) -> Connected:
    capability, capabilities = explored.capability, explored.config.capabilities
    not_writable = (
        ()
        if capability is None
        else tuple(kind for kind in _WRITTEN if not capability.allows(kind, "create"))
    )
    return Connected(
        ehr_id=ehr.id,
        name=ehr.name,
        fhir_base=ehr.fhir_base,
        pinned_origins=ehr.pinned_origins,
        launch_url=world.launch_url,
        redirect_uri=world.redirect_uri,
        jwks_url=world.jwks_url,
        launch_scopes=launch_scopes(capabilities),
        delivery_scopes=_delivery_scopes(capability, capabilities),
        not_writable=not_writable,
        warnings=explored.warnings,
    )
