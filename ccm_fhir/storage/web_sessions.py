"""Signed-in browsers; a session's id lives in the cookie, here there is only its hash."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select, update

from ccm_fhir.errors import NotFoundError
from ccm_fhir.storage.crypto import Place, Sealed, Vault
from ccm_fhir.storage.tables import AppUserRow, LaunchRow, WebSessionRow
from ccm_fhir.storage.tenancy import enter, looking_for
from ccm_fhir.storage.values import require, value_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebSession:
    """A browser that has just signed in."""

    id_hash: str = field(repr=False)
    user_id: str
    csrf_secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A signed-in browser; it tells the practice, which the request never does."""

    id_hash: str = field(repr=False)
    practice_id: str
    user_id: str
    csrf_secret: Sealed
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def is_live(self, now: datetime, idle: timedelta) -> bool:
        """Whether it has neither ended nor expired nor been idle for so long."""
        return self.ended_at is None and now < self.expires_at and now < self.last_seen_at + idle


def start(
    session: Session, vault: Vault, practice_id: str, new: NewWebSession, now: datetime
) -> WebSession:
    """Sign a browser in."""
    require(session, AppUserRow, practice_id, new.user_id)
    row = WebSessionRow(
        id_hash=new.id_hash,
        practice_id=practice_id,
        user_id=new.user_id,
        csrf_secret_sealed=vault.seal(new.csrf_secret.encode(), _place(practice_id, new.id_hash)),
        created_at=now,
        last_seen_at=now,
        expires_at=new.expires_at,
        ended_at=None,
    )
    session.add(row)
    session.flush()
    return _value(row)


def find(session: Session, id_hash: str) -> WebSession | None:
    """Return the session of a cookie, ended and expired ones too: see ``is_live``.

    From here on the transaction is of the practice that the session is of.
    """
    looking_for(session, id_hash)
    row = session.get(WebSessionRow, id_hash)
    if row is None:
        return None
    enter(session, row.practice_id)
    return _value(row)


def touch(session: Session, practice_id: str, id_hash: str, now: datetime) -> None:
    """Note that a person did something; what runs by itself must not call this."""
    row = _require(session, practice_id, id_hash)
    row.last_seen_at = max(row.last_seen_at, now)
    session.flush()


def end(session: Session, practice_id: str, id_hash: str, now: datetime) -> None:
    """Sign a browser out, and end the launches it held."""
    row = _require(session, practice_id, id_hash)
    row.ended_at = row.ended_at or now
    session.flush()
    session.exec(
        update(LaunchRow)
        .where(
            col(LaunchRow.practice_id) == practice_id,
            col(LaunchRow.session_id_hash) == id_hash,
            col(LaunchRow.ended_at).is_(None),
        )
        .values(ended_at=now)
    )


def live(
    session: Session, practice_id: str, now: datetime, idle: timedelta
) -> tuple[WebSession, ...]:
    """Return a practice's sessions that hold, whoever's they are; oldest first."""
    rows = session.exec(
        select(WebSessionRow)
        .where(
            col(WebSessionRow.practice_id) == practice_id,
            col(WebSessionRow.ended_at).is_(None),
            col(WebSessionRow.expires_at) > now,
            col(WebSessionRow.last_seen_at) > now - idle,
        )
        .order_by(col(WebSessionRow.created_at), col(WebSessionRow.id_hash))
    )
    return tuple(_value(row) for row in rows)


def is_signed_in(session: Session, practice_id: str, user_id: str, since: datetime) -> bool:
    """Whether a person has a session that has not ended and was used since a moment."""
    found = session.exec(
        select(WebSessionRow.id_hash)
        .where(
            col(WebSessionRow.practice_id) == practice_id,
            col(WebSessionRow.user_id) == user_id,
            col(WebSessionRow.ended_at).is_(None),
            col(WebSessionRow.last_seen_at) > since,
        )
        .limit(1)
    ).one_or_none()
    return found is not None


def _require(session: Session, practice_id: str, id_hash: str) -> WebSessionRow:
    row = session.exec(
        select(WebSessionRow).where(
            col(WebSessionRow.practice_id) == practice_id, col(WebSessionRow.id_hash) == id_hash
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("session")
    return row


def _value(row: WebSessionRow) -> WebSession:
    place = _place(row.practice_id, row.id_hash)
    return value_of(WebSession, row, csrf_secret=Sealed(place=place, sealed=row.csrf_secret_sealed))


def _place(practice_id: str, id_hash: str) -> Place:
    return Place(practice_id=practice_id, table="web_session", row=id_hash, field="csrf_secret")
