"""Token grants: sealed, and refreshed by one caller at a time.

EHRs rotate refresh tokens: two refreshes at once would lose the grant. So a caller first takes
the refresh by version (``begin_refresh``), then asks the EHR, then stores by the same version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, or_, select, update

from ccm_fhir.storage.crypto import Place, Sealed, Vault
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import EhrRow, TokenGrantRow
from ccm_fhir.storage.values import require, value_of
from ccm_fhir.storage.vocabulary import GrantKind, GrantStatus

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """Tokens as an EHR has just granted them."""

    ehr_id: str
    kind: GrantKind
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    scope: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Kept tokens; ``version`` counts their rotations."""

    id: str
    practice_id: str
    ehr_id: str
    kind: GrantKind
    access_token: Sealed
    refresh_token: Sealed | None
    scope: str
    expires_at: datetime
    status: GrantStatus
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshing:
    """The wish to refresh the version one has read, and until when to keep others out."""

    grant_id: str
    version: int
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTokens:
    """The answer to a refresh of a version; no refresh token means the old one stays."""

    grant_id: str
    version: int
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    scope: str
    expires_at: datetime


def add(session: Session, vault: Vault, practice_id: str, new: NewGrant, now: datetime) -> Grant:
    """Keep new tokens."""
    require(session, EhrRow, practice_id, new.ehr_id)
    grant_id = new_id(now)
    row = TokenGrantRow(
        id=grant_id,
        practice_id=practice_id,
        ehr_id=new.ehr_id,
        kind=new.kind,
        access_token_sealed=_seal(vault, _access_place(practice_id, grant_id), new.access_token),
        refresh_token_sealed=(
            _seal(vault, _refresh_place(practice_id, grant_id), new.refresh_token)
            if new.refresh_token
            else None
        ),
        scope=new.scope,
        expires_at=new.expires_at,
        status=GrantStatus.ACTIVE,
        updated_at=now,
        version=1,
        refreshing_until=None,
    )
    session.add(row)
    session.flush()
    return _value(row)


def get(session: Session, practice_id: str, grant_id: str) -> Grant:
    """Return a grant; raises NotFoundError."""
    return _value(require(session, TokenGrantRow, practice_id, grant_id))


def find_system(session: Session, practice_id: str, ehr_id: str) -> Grant | None:
    """Return the newest active grant of our backend service at an EHR."""
    row = session.exec(
        select(TokenGrantRow)
        .where(
            col(TokenGrantRow.practice_id) == practice_id,
            col(TokenGrantRow.ehr_id) == ehr_id,
            col(TokenGrantRow.kind) == GrantKind.SYSTEM,
            col(TokenGrantRow.status) == GrantStatus.ACTIVE,
        )
        .order_by(col(TokenGrantRow.id).desc())
    ).first()
    return None if row is None else _value(row)


def begin_refresh(session: Session, practice_id: str, wish: Refreshing, now: datetime) -> bool:
    """Whether the caller, and nobody else, may now refresh this version.

    False where someone else is at it or has done it: read the grant again. A lease that ran
    out (its holder died) is free.
    """
    taken = session.exec(
        update(TokenGrantRow)
        .where(
            col(TokenGrantRow.practice_id) == practice_id,
            col(TokenGrantRow.id) == wish.grant_id,
            col(TokenGrantRow.version) == wish.version,
            col(TokenGrantRow.status) == GrantStatus.ACTIVE,
            or_(
                col(TokenGrantRow.refreshing_until).is_(None),
                col(TokenGrantRow.refreshing_until) <= now,
            ),
        )
        .values(refreshing_until=wish.lease_until)
    )
    return int(taken.rowcount) == 1


def store_refreshed(
    session: Session, vault: Vault, practice_id: str, tokens: NewTokens, now: datetime
) -> bool:
    """Keep the tokens of a refresh; False, and nothing kept, where the version has moved on."""
    grant_id = tokens.grant_id
    values: dict[str, object] = {
        "access_token_sealed": _seal(
            vault, _access_place(practice_id, grant_id), tokens.access_token
        ),
        "scope": tokens.scope,
        "expires_at": tokens.expires_at,
        "updated_at": now,
        "version": tokens.version + 1,
        "refreshing_until": None,
    }
    if tokens.refresh_token:
        place = _refresh_place(practice_id, grant_id)
        values["refresh_token_sealed"] = _seal(vault, place, tokens.refresh_token)
    stored = session.exec(
        update(TokenGrantRow)
        .where(
            col(TokenGrantRow.practice_id) == practice_id,
            col(TokenGrantRow.id) == grant_id,
            col(TokenGrantRow.version) == tokens.version,
            col(TokenGrantRow.status) != GrantStatus.ENDED,
        )
        .values(**values)
    )
    return int(stored.rowcount) == 1


def mark_reauthorise(session: Session, practice_id: str, grant_id: str, now: datetime) -> None:
    """Note that the EHR refuses the tokens: only a new launch helps."""
    _set_status(session, practice_id, grant_id, GrantStatus.REAUTHORISE, now)


def end(session: Session, practice_id: str, grant_id: str, now: datetime) -> None:
    """Stop using a grant."""
    _set_status(session, practice_id, grant_id, GrantStatus.ENDED, now)


def _set_status(
    session: Session, practice_id: str, grant_id: str, status: GrantStatus, now: datetime
) -> None:
    row = require(session, TokenGrantRow, practice_id, grant_id)
    if row.status is not GrantStatus.ENDED:
        row.status = status
        row.refreshing_until = None
        row.updated_at = now
        session.flush()


def _seal(vault: Vault, place: Place, token: str) -> bytes:
    return vault.seal(token.encode(), place)


def _value(row: TokenGrantRow) -> Grant:
    refresh = row.refresh_token_sealed
    return value_of(
        Grant,
        row,
        access_token=Sealed(
            place=_access_place(row.practice_id, row.id), sealed=row.access_token_sealed
        ),
        refresh_token=(
            None
            if refresh is None
            else Sealed(place=_refresh_place(row.practice_id, row.id), sealed=refresh)
        ),
    )


def _access_place(practice_id: str, grant_id: str) -> Place:
    return Place(practice_id=practice_id, table="token_grant", row=grant_id, field="access_token")


def _refresh_place(practice_id: str, grant_id: str) -> Place:
    return Place(practice_id=practice_id, table="token_grant", row=grant_id, field="refresh_token")
