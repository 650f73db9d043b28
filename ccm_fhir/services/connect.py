"""Connecting an EHR: discover it, pin its origins, read what it can do, and say what it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from ccm_fhir.errors import ConflictError, FhirError
from ccm_fhir.fhir.capability import Capability, read_capability
from ccm_fhir.fhir.discovery import SmartConfiguration, needed_origins, preview
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.scopes import delivery_scopes, launch_scopes
from ccm_fhir.services.discovery import document_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import ehrs
from ccm_fhir.storage.ehrs import Discovery, Ehr, NewEhr
from ccm_fhir.storage.vocabulary import ClientAuth

_WRITTEN = ("Encounter", "Procedure", "Claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """What an administrator says about an EHR."""

    practice_id: str
    name: str
    fhir_base: str
    client_id: str
    client_auth: ClientAuth = ClientAuth.PRIVATE_KEY
    client_secret: str | None = field(default=None, repr=False)
    allow_loopback_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A registered EHR, and everything its administrator must be given."""

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


def connect_ehr(world: Installation, new: NewConnection, now: datetime) -> Connected:
    """Discover and register an EHR; nothing is stored unless discovery succeeds.

    Raises:
        InputError: the address is not one.
        ConflictError: the EHR is registered already.
        FhirError: it does not answer as SMART and FHIR ask.
    """
    with world.db.read() as session:
        if ehrs.find_by_base(session, new.fhir_base) is not None:
            raise ConflictError("This EHR is registered already.")
    base = Origin.of(new.fhir_base)
    config = preview(world.open_gate(frozenset({base}), new.allow_loopback_http), new.fhir_base)
    origins = needed_origins(config)
    gate = world.open_gate(origins, new.allow_loopback_http)
    capability, document, warnings = None, None, []
    try:
        capability = read_capability(gate, new.fhir_base)
        document = msgspec.json.encode(capability).decode()
    except FhirError as problem:
        warnings.append(f"Its CapabilityStatement could not be read: {problem}")
    with world.db.write() as session:
        ehr = ehrs.add(session, world.vault, new.practice_id, _new_ehr(new, origins), now)
        ehrs.record_discovery(
            session,
            new.practice_id,
            ehr.id,
            Discovery(document_json=document_of(config), pinned_origins=ehr.pinned_origins),
            world.clock(),
        )
        if document is not None:
            ehrs.record_capability(session, new.practice_id, ehr.id, document, world.clock())
    return _connected(world, ehr, config, capability, tuple(warnings))


def capability_of(ehr: Ehr) -> Capability | None:
    """Return what the EHR's stored CapabilityStatement says; None where none was read."""
    return (
        msgspec.json.decode(ehr.capability_json, type=Capability) if ehr.capability_json else None
    )


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


def _connected(
    world: Installation,
    ehr: Ehr,
    config: SmartConfiguration,
    capability: Capability | None,
    warnings: tuple[str, ...],
) -> Connected:
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
        launch_scopes=launch_scopes(config.capabilities),
        delivery_scopes=delivery_scopes(config.capabilities),
        not_writable=not_writable,
        warnings=warnings,
    )
