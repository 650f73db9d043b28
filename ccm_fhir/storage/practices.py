"""Practices: the tenants, who they are on a claim and what they have attested."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from ccm_fhir.domain.facts import PracticeFact
from ccm_fhir.errors import InputError, NotFoundError
from ccm_fhir.storage import locations
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import PracticeRow
from ccm_fhir.storage.tenancy import enter
from ccm_fhir.storage.values import columns_of, value_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

_NOT_CHANGED = frozenset({"identifier_namespace", "place_of_service", "locality"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPractice:
    """A practice to be entered; ``identifier_namespace`` is a secret random UUID.

    Whoever knows the namespace can test whether a patient was billed: it never leaves us.
    ``place_of_service`` and ``locality`` are those of its first location, then of its default;
    a locality is the fee schedule's, as 10112-00: the contractor's number and its own.
    """

    name: str
    time_zone: str
    identifier_namespace: str = field(repr=False)
    npi: str = ""
    tax_id: str = field(default="", repr=False)
    taxonomy: str = ""
    organization_ref: str = ""
    place_of_service: str = "11"
    locality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice(NewPractice):
    """A practice, with what a person has attested about it and when."""

    id: str
    attested_24_7: bool | None
    attested_certified_ehr: bool | None
    attested_team_member: bool | None
    attested_on: date | None
    created_at: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its days and months begin."""
        return ZoneInfo(self.time_zone)

    @property
    def fact(self) -> PracticeFact:
        """What decisions need to know of it."""
        return PracticeFact(
            organization=self.organization_ref,
            access_24_7=self.attested_24_7,
            certified_ehr=self.attested_certified_ehr,
            designated_team_member=self.attested_team_member,
            attested_on=self.attested_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeAttestation:
    """What a person states about their practice on a day; None is "not stated"."""

    access_24_7: bool | None
    certified_ehr: bool | None
    designated_team_member: bool | None
    attested_on: date


def add(session: Session, new: NewPractice, now: datetime) -> Practice:
    """Enter a practice and its first location; from here on the transaction is of it."""
    _refuse_unknown_zone(new)
    row = PracticeRow(
        **columns_of(new),
        id=new_id(now),
        attested_24_7=None,
        attested_certified_ehr=None,
        attested_team_member=None,
        attested_on=None,
        created_at=now,
    )
    session.add(row)
    session.flush()
    enter(session, row.id)
    locations.settle(session, row.id)
    return value_of(Practice, row)


def get(session: Session, practice_id: str) -> Practice:
    """Return a practice; raises NotFoundError."""
    return value_of(Practice, _require(session, practice_id))


def list_all(session: Session) -> tuple[Practice, ...]:
    """Return every practice of the installation, oldest first."""
    rows = session.exec(select(PracticeRow).order_by(col(PracticeRow.id)))
    return tuple(value_of(Practice, row) for row in rows)


def update(session: Session, practice_id: str, new: NewPractice) -> Practice:
    """Change what a practice says of itself; its namespace stays, since claims rest on it.

    Its place and locality are its default location's: see ``locations``.
    """
    _refuse_unknown_zone(new)
    row = _require(session, practice_id)
    row.sqlmodel_update(columns_of(new, without=_NOT_CHANGED))
    session.flush()
    return value_of(Practice, row)


def attest(session: Session, practice_id: str, attestation: PracticeAttestation) -> Practice:
    """Record what a person states about the practice."""
    row = _require(session, practice_id)
    row.attested_24_7 = attestation.access_24_7
    row.attested_certified_ehr = attestation.certified_ehr
    row.attested_team_member = attestation.designated_team_member
    row.attested_on = attestation.attested_on
    session.flush()
    return value_of(Practice, row)


def _require(session: Session, practice_id: str) -> PracticeRow:
    row = session.get(PracticeRow, practice_id)
    if row is None:
        raise NotFoundError("practice")
    return row


def _refuse_unknown_zone(new: NewPractice) -> None:
    try:
        ZoneInfo(new.time_zone)
    except (KeyError, ValueError, OSError):
        raise InputError("time_zone", "not a zone such as America/New_York") from None
