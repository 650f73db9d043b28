"""People, as the EHR that sends them names them; their role here is given by a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, EhrRow
from ccm_fhir.storage.values import columns_of, insert_once, require, value_of
from ccm_fhir.storage.values import find as find_row

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.codes import EligibleProfession, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUser:
    """A person as a launch presents them; a role only where the EHR's data implies one."""

    ehr_id: str
    issuer: str
    subject: str
    fhir_user: str
    name: str = field(repr=False)
    role: Role | None = None
    npi: str = ""
    taxonomy: str = ""
    profession: EligibleProfession | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppUser(SeenUser):
    """A person who has launched the app; without a role they may do nothing.

    ``deactivated_at`` is when an administrator took the role away, if one did.
    """

    id: str
    practice_id: str
    created_at: datetime
    deactivated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingIdentity:
    """Who a practitioner is to a payer."""

    npi: str
    taxonomy: str
    profession: EligibleProfession | None


def upsert(session: Session, practice_id: str, seen: SeenUser, now: datetime) -> AppUser:
    """Return the person, known before or not, with their newest name.

    Role, NPI, taxonomy and profession fill what is empty; what a person has set stays, and so
    does that an administrator has taken the role away.
    """
    require(session, EhrRow, practice_id, seen.ehr_id)
    row = _find(session, practice_id, seen)
    if row is None:
        made = AppUserRow(
            **columns_of(seen), id=new_id(now), practice_id=practice_id, created_at=now
        )
        if insert_once(session, made):
            return value_of(AppUser, made)
        row = _find(session, practice_id, seen) or made  # someone else was faster
    row.fhir_user = seen.fhir_user
    row.name = seen.name or row.name
    if row.deactivated_at is None:
        row.role = row.role or seen.role
    row.npi = row.npi or seen.npi
    row.taxonomy = row.taxonomy or seen.taxonomy
    row.profession = row.profession or seen.profession
    session.flush()
    return value_of(AppUser, row)


def get(session: Session, practice_id: str, user_id: str) -> AppUser:
    """Return a person; raises NotFoundError."""
    return value_of(AppUser, require(session, AppUserRow, practice_id, user_id))


def find(session: Session, practice_id: str, user_id: str) -> AppUser | None:
    """Return a person, or None."""
    row = find_row(session, AppUserRow, practice_id, user_id)
    return None if row is None else value_of(AppUser, row)


def list_all(session: Session, practice_id: str) -> tuple[AppUser, ...]:
    """Return a practice's people in the order in which they first came."""
    rows = session.exec(
        select(AppUserRow)
        .where(col(AppUserRow.practice_id) == practice_id)
        .order_by(col(AppUserRow.created_at), col(AppUserRow.id))
    )
    return tuple(value_of(AppUser, row) for row in rows)


def set_role(session: Session, practice_id: str, user_id: str, role: Role | None) -> AppUser:
    """Give a person a role, or take it away until the EHR's data implies one."""
    row = require(session, AppUserRow, practice_id, user_id)
    row.role = role
    row.deactivated_at = None
    session.flush()
    return value_of(AppUser, row)


def deactivate(session: Session, practice_id: str, user_id: str, now: datetime) -> AppUser:
    """Take a person's role away, whatever the EHR's data implies from now on."""
    row = require(session, AppUserRow, practice_id, user_id)
    row.role = None
    row.deactivated_at = row.deactivated_at or now
    session.flush()
    return value_of(AppUser, row)


def set_billing(
    session: Session, practice_id: str, user_id: str, identity: BillingIdentity
) -> AppUser:
    """Record who a practitioner is to a payer."""
    row = require(session, AppUserRow, practice_id, user_id)
    row.sqlmodel_update(columns_of(identity))
    session.flush()
    return value_of(AppUser, row)


def _find(session: Session, practice_id: str, seen: SeenUser) -> AppUserRow | None:
    return session.exec(
        select(AppUserRow).where(
            col(AppUserRow.practice_id) == practice_id,
            col(AppUserRow.ehr_id) == seen.ehr_id,
            col(AppUserRow.issuer) == seen.issuer,
            col(AppUserRow.subject) == seen.subject,
        )
    ).one_or_none()
