"""Signing keys of the installation: the newest signs, all that are not retired are published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage.crypto import Place, Sealed, Vault
from ccm_fhir.storage.tables import SigningKeyRow
from ccm_fhir.storage.values import insert_once, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

# Signing keys belong to no practice; this stands in its place.
_INSTALLATION = "installation"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSigningKey:
    """A key pair to be kept; ``id`` is its ``kid``."""

    id: str
    alg: str
    private_pem: str = field(repr=False)
    public_jwk_json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A kept key pair."""

    id: str
    alg: str
    private_pem: Sealed
    public_jwk_json: str
    created_at: datetime
    retired_at: datetime | None


def add(session: Session, vault: Vault, new: NewSigningKey, now: datetime) -> SigningKey:
    """Keep a key pair; it is published from now on."""
    row = SigningKeyRow(
        id=new.id,
        alg=new.alg,
        private_pem_sealed=vault.seal(new.private_pem.encode(), _place(new.id)),
        public_jwk_json=new.public_jwk_json,
        created_at=now,
        retired_at=None,
    )
    if not insert_once(session, row):
        raise ConflictError("a signing key with this id is kept already")
    return _value(row)


def current(session: Session) -> SigningKey | None:
    """Return the key to sign with, if there is any."""
    keys = published(session)
    return keys[-1] if keys else None


def to_sign_with(session: Session, known_since: datetime) -> tuple[SigningKey, ...]:
    """Return the keys to sign with, best first: the newest that every server can know by now.

    Servers keep our key set for a while; a key newer than ``known_since`` comes last, to be
    used only where there is nothing else.
    """
    keys = sorted(published(session), key=lambda key: (key.created_at, key.alg), reverse=True)
    known = [key for key in keys if key.created_at <= known_since]
    return (*known, *(key for key in keys if key.created_at > known_since))


def published(session: Session) -> tuple[SigningKey, ...]:
    """Return the keys whose signatures still hold, oldest first."""
    rows = session.exec(
        select(SigningKeyRow)
        .where(col(SigningKeyRow.retired_at).is_(None))
        .order_by(col(SigningKeyRow.created_at), col(SigningKeyRow.id))
    )
    return tuple(_value(row) for row in rows)


def retire(session: Session, key_id: str, now: datetime) -> None:
    """Stop publishing a key; raises NotFoundError."""
    row = session.get(SigningKeyRow, key_id)
    if row is None:
        raise NotFoundError("signing key")
    row.retired_at = row.retired_at or now
    session.flush()


def _value(row: SigningKeyRow) -> SigningKey:
    sealed = Sealed(place=_place(row.id), sealed=row.private_pem_sealed)
    return value_of(SigningKey, row, private_pem=sealed)


def _place(key_id: str) -> Place:
    return Place(practice_id=_INSTALLATION, table="signing_key", row=key_id, field="private_pem")
