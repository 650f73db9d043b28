"""A practice's chain of keyed hashes: each line's hash covers the one before it.

Without the key nobody can make a chain whole again after altering, removing or reordering a
line; a cut tail shows against a head kept elsewhere. The audit trail and the time ledger are two
such chains under one key, whose lines no one could take for each other's.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec
from sqlmodel import col, select

from ccm_fhir.errors import NotFoundError
from ccm_fhir.storage.tables import PracticeRow

if TYPE_CHECKING:
    from sqlmodel import Session

BEGINNING = ""


class Link(Protocol):
    """A row of a chain."""

    practice_id: str
    sequence: int
    previous_hash: str
    hash: str


L = TypeVar("L", bound=Link)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """How far a chain holds; ``broken_at`` is the first sequence number that does not."""

    entries: int
    broken_at: int | None
    head: str


def lock(session: Session, practice_id: str) -> None:
    """Let the writers of one practice wait for each other, so that no chain can fork.

    Raises:
        NotFoundError: no such practice.
    """
    # Not FOR UPDATE: that would wait for everyone who merely refers to the practice.
    found = session.exec(
        select(PracticeRow.id)
        .where(col(PracticeRow.id) == practice_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFoundError("practice")


def last_of(session: Session, kind: type[L], practice_id: str) -> L | None:
    """Return the newest link of a practice's chain; the caller holds its lock."""
    return session.exec(
        select(kind)
        .where(col(kind.practice_id) == practice_id)
        .order_by(col(kind.sequence).desc())
        .limit(1)
    ).one_or_none()


def head_at(session: Session, kind: type[L], practice_id: str, entries: int) -> str:
    """Return a chain's hash after so many entries; empty at none, or where it is shorter."""
    found = session.exec(
        select(kind.hash).where(col(kind.practice_id) == practice_id, col(kind.sequence) == entries)
    ).one_or_none()
    return found or BEGINNING


def follows(link: Link, entries: int, head: str) -> bool:
    """Whether a link is the next after so many entries and this head."""
    return link.sequence == entries + 1 and link.previous_hash == head


def keyed_hash(key: bytes, line: list[str | int | bool | datetime | None]) -> str:
    """Return the hash of a line's fields, in order; instants are told in UTC."""
    told = [one.astimezone(UTC).isoformat() if isinstance(one, datetime) else one for one in line]
    return hmac.new(key, msgspec.json.encode(told), hashlib.sha256).hexdigest()


def is_hash(found: str, expected: str) -> bool:
    """Whether two hashes agree, compared in a time that tells nothing."""
    return hmac.compare_digest(found, expected)
