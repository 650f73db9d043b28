"""EHRs that may call our hooks, and the tokens with which they already did."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, delete, select

from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import CdsClientRow, CdsTokenRow, EhrRow
from ccm_fhir.storage.tenancy import enter, looking_for
from ccm_fhir.storage.values import columns_of, insert_once, require, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCdsClient:
    """A caller to be registered; ``tenant`` is empty where the EHR's tokens name none."""

    ehr_id: str
    issuer: str
    jwks_url: str
    tenant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CdsClient(NewCdsClient):
    """A registered caller; it tells which practice and EHR a call belongs to."""

    id: str
    practice_id: str
    is_active: bool
    created_at: datetime


def add(session: Session, practice_id: str, new: NewCdsClient, now: datetime) -> CdsClient:
    """Register a caller; raises ConflictError where its issuer and tenant are taken."""
    require(session, EhrRow, practice_id, new.ehr_id)
    row = CdsClientRow(
        **columns_of(new), id=new_id(now), practice_id=practice_id, is_active=True, created_at=now
    )
    if not insert_once(session, row):
        raise ConflictError("a caller with this issuer and tenant is registered already")
    return value_of(CdsClient, row)


def find(session: Session, issuer: str, tenant: str) -> CdsClient | None:
    """Return the active caller with exactly this issuer and tenant.

    From here on the transaction is of the practice that the caller is of.
    """
    looking_for(session, f"{issuer}\n{tenant}")
    row = session.exec(
        select(CdsClientRow).where(
            col(CdsClientRow.issuer) == issuer,
            col(CdsClientRow.tenant) == tenant,
            col(CdsClientRow.is_active),
        )
    ).one_or_none()
    if row is None:
        return None
    enter(session, row.practice_id)
    return value_of(CdsClient, row)


def set_active(session: Session, practice_id: str, client_id: str, *, is_active: bool) -> CdsClient:
    """Allow or refuse calls of a caller."""
    row = require(session, CdsClientRow, practice_id, client_id)
    row.is_active = is_active
    session.flush()
    return value_of(CdsClient, row)


def use_token(session: Session, client: CdsClient, jti: str, forget_at: datetime) -> bool:
    """Remember a token by its id until a moment; False where it was used before."""
    named = f"{client.issuer}\n{client.tenant}\n{jti}"
    row = CdsTokenRow(
        token_hash=hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest(),
        practice_id=client.practice_id,
        client_id=client.id,
        expires_at=forget_at,
    )
    return insert_once(session, row)


def forget_tokens(session: Session, practice_id: str, now: datetime) -> int:
    """Delete the tokens that could not be used again anyway; return how many."""
    gone = session.exec(
        delete(CdsTokenRow).where(
            col(CdsTokenRow.practice_id) == practice_id, col(CdsTokenRow.expires_at) < now
        )
    )
    return int(gone.rowcount)
