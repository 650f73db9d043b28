"""EHRs a practice has registered; no other is ever spoken to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import col, select

from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.crypto import Place, Sealed, Vault
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import EhrRow
from ccm_fhir.storage.tenancy import looking_for
from ccm_fhir.storage.values import columns_of, insert_once, require, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.storage.vocabulary import ClientAuth


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEhr:
    """An EHR to be registered; ``fhir_base`` already in its one spelling."""

    name: str
    fhir_base: str
    client_id: str
    client_auth: ClientAuth
    client_secret: str | None = field(default=None, repr=False)
    pinned_origins: tuple[str, ...] = ()
    allow_loopback_http: bool = False


@dataclass(frozen=True, slots=True)
class NewClient:
    """Who we are at an EHR, and by what we prove it; a secret only where that is by one."""

    client_id: str
    client_auth: ClientAuth
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ehr:
    """An EHR with what was discovered about it."""

    id: str
    practice_id: str
    name: str
    fhir_base: str
    client_id: str
    client_auth: ClientAuth
    client_secret: Sealed | None
    discovery_json: str | None = field(repr=False)
    discovered_at: datetime | None
    pinned_origins: tuple[str, ...]
    capability_json: str | None = field(repr=False)
    capability_hash: str | None
    capability_at: datetime | None
    allow_loopback_http: bool
    is_active: bool
    created_at: datetime
    bill_codes_json: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """An EHR's SMART configuration as fetched, and the origins it was found to use."""

    document_json: str
    pinned_origins: tuple[str, ...]


def add(session: Session, vault: Vault, practice_id: str, new: NewEhr, now: datetime) -> Ehr:
    """Register an EHR; raises ConflictError where its base is registered already."""
    ehr_id = new_id(now)
    row = EhrRow(
        **columns_of(new, without=frozenset({"client_secret", "pinned_origins"})),
        id=ehr_id,
        practice_id=practice_id,
        client_secret_sealed=_sealed(vault, practice_id, ehr_id, new.client_secret),
        pinned_origins_json=_to_json(new.pinned_origins),
        discovery_json=None,
        discovered_at=None,
        capability_json=None,
        capability_hash=None,
        capability_at=None,
        is_active=True,
        created_at=now,
    )
    if not insert_once(session, row):
        raise ConflictError("an EHR with this FHIR base is registered already")
    return _value(row)


def find_by_base(session: Session, fhir_base: str) -> Ehr | None:
    """Return the active EHR with exactly this base; it says which practice is launching."""
    looking_for(session, fhir_base)
    row = session.exec(
        select(EhrRow).where(col(EhrRow.fhir_base) == fhir_base, col(EhrRow.is_active))
    ).one_or_none()
    return None if row is None else _value(row)


def is_registered(session: Session, fhir_base: str) -> bool:
    """Whether some practice has registered exactly this base, disconnected ones too."""
    looking_for(session, fhir_base)
    return bool(session.exec(select(EhrRow.id).where(col(EhrRow.fhir_base) == fhir_base)).first())


def get(session: Session, practice_id: str, ehr_id: str) -> Ehr:
    """Return an EHR of a practice; raises NotFoundError."""
    return _value(require(session, EhrRow, practice_id, ehr_id))


def list_all(session: Session, practice_id: str) -> tuple[Ehr, ...]:
    """Return a practice's EHRs, oldest first."""
    rows = session.exec(
        select(EhrRow).where(col(EhrRow.practice_id) == practice_id).order_by(col(EhrRow.id))
    )
    return tuple(_value(row) for row in rows)


def record_discovery(
    session: Session, practice_id: str, ehr_id: str, discovery: Discovery, now: datetime
) -> Ehr:
    """Keep an EHR's SMART configuration and pin its origins."""
    row = require(session, EhrRow, practice_id, ehr_id)
    row.discovery_json = discovery.document_json
    row.pinned_origins_json = _to_json(discovery.pinned_origins)
    row.discovered_at = now
    session.flush()
    return _value(row)


def record_capability(
    session: Session, practice_id: str, ehr_id: str, document_json: str, now: datetime
) -> Ehr:
    """Keep an EHR's CapabilityStatement and its hash, by which a change is seen."""
    row = require(session, EhrRow, practice_id, ehr_id)
    row.capability_json = document_json
    row.capability_hash = hashlib.sha256(document_json.encode()).hexdigest()
    row.capability_at = now
    session.flush()
    return _value(row)


def record_bill_codes(session: Session, practice_id: str, ehr_id: str, codes_json: str) -> Ehr:
    """Keep how an EHR's tenant codes a charge."""
    row = require(session, EhrRow, practice_id, ehr_id)
    row.bill_codes_json = codes_json
    session.flush()
    return _value(row)


def set_client(
    session: Session, vault: Vault, practice_id: str, ehr_id: str, client: NewClient
) -> Ehr:
    """Replace who we are at an EHR; a secret that was kept is forgotten."""
    row = require(session, EhrRow, practice_id, ehr_id)
    row.client_id, row.client_auth = client.client_id, client.client_auth
    row.client_secret_sealed = _sealed(vault, practice_id, ehr_id, client.client_secret)
    session.flush()
    return _value(row)


def set_active(session: Session, practice_id: str, ehr_id: str, *, is_active: bool) -> Ehr:
    """Allow or refuse launches from an EHR."""
    row = require(session, EhrRow, practice_id, ehr_id)
    row.is_active = is_active
    session.flush()
    return _value(row)


def _value(row: EhrRow) -> Ehr:
    secret = row.client_secret_sealed
    place = _secret_place(row.practice_id, row.id)
    return value_of(
        Ehr,
        row,
        client_secret=None if secret is None else Sealed(place=place, sealed=secret),
        pinned_origins=msgspec.json.decode(row.pinned_origins_json, type=tuple[str, ...]),
    )


def _sealed(vault: Vault, practice_id: str, ehr_id: str, secret: str | None) -> bytes | None:
    return vault.seal(secret.encode(), _secret_place(practice_id, ehr_id)) if secret else None


def _secret_place(practice_id: str, ehr_id: str) -> Place:
    return Place(practice_id=practice_id, table="ehr", row=ehr_id, field="client_secret")


def _to_json(words: tuple[str, ...]) -> str:
    return msgspec.json.encode(words).decode()
