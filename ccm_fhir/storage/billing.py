"""Who a practice is on a claim file, whom its files go to, and its practitioners' names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.claims import Address, PersonName
from ccm_fhir.storage.crypto import Place, Sealed, Vault
from ccm_fhir.storage.tables import (
    AppUserRow,
    PracticeBillingRow,
    PractitionerNameRow,
    TradingPartnerRow,
)
from ccm_fhir.storage.values import columns_of, find, require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.codes import Setting
    from ccm_fhir.storage.vocabulary import ClaimsLeaveBy

_TAX_ID = "tax_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSaid:
    """What a practice says of itself for claim files, but for its tax number."""

    name: str
    taxonomy: str
    setting: Setting
    address: Address = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeBilling(BillingSaid):
    """What is kept; the tax number (EIN) opens with the vault alone."""

    tax_id: Sealed
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSaid:
    """Who sends the files to whom, for which payer, and what the practice states of its claims.

    Qualifiers are ISA05 and ISA07; the ids stand in ISA, GS and NM1 alike. ``assignment`` is
    CLM07's letter. ``control_numbers_after``: numbers up to this one were used elsewhere before.
    """

    submitter_name: str
    submitter_qualifier: str
    submitter_id: str
    contact_name: str
    contact_phone: str
    receiver_name: str
    receiver_qualifier: str
    receiver_id: str
    payer_name: str
    payer_id: str
    is_production: bool
    claims_leave_by: ClaimsLeaveBy
    has_provider_signature: bool
    assignment: str
    are_benefits_assigned: bool
    may_release_information: bool
    control_numbers_after: int


def find_billing(session: Session, practice_id: str) -> PracticeBilling | None:
    """Return what a practice says of itself for claim files, or None."""
    row = find(session, PracticeBillingRow, practice_id, practice_id)
    if row is None:
        return None
    return value_of(
        PracticeBilling,
        row,
        address=value_of(Address, row),
        tax_id=Sealed(place=_place(practice_id), sealed=row.tax_id_sealed),
    )


def set_billing(  # noqa: PLR0913, PLR0917  # a secret, its vault, and the usual three
    session: Session,
    vault: Vault,
    practice_id: str,
    said: BillingSaid,
    tax_id: str,
    now: datetime,
) -> None:
    """Keep what a practice says of itself; ``tax_id`` is sealed."""
    held = find(session, PracticeBillingRow, practice_id, practice_id)
    columns = {
        "name": said.name,
        "taxonomy": said.taxonomy,
        "setting": said.setting,
        **columns_of(said.address),
        "tax_id_sealed": vault.seal(tax_id.encode(), _place(practice_id)),
        "updated_at": now,
    }
    if held is None:
        session.add(PracticeBillingRow(**columns, id=practice_id, practice_id=practice_id))
    else:
        held.sqlmodel_update(columns)
    session.flush()


def find_partner(session: Session, practice_id: str) -> PartnerSaid | None:
    """Return whom a practice's files go to, or None."""
    row = find(session, TradingPartnerRow, practice_id, practice_id)
    return None if row is None else value_of(PartnerSaid, row)


def set_partner(session: Session, practice_id: str, said: PartnerSaid, now: datetime) -> None:
    """Keep whom a practice's files go to."""
    held = find(session, TradingPartnerRow, practice_id, practice_id)
    columns = {**columns_of(said), "updated_at": now}
    if held is None:
        session.add(TradingPartnerRow(**columns, id=practice_id, practice_id=practice_id))
    else:
        held.sqlmodel_update(columns)
    session.flush()


def names(session: Session, practice_id: str) -> dict[str, PersonName]:
    """Return the practitioners' names in their parts, by our id of the person."""
    rows = session.exec(
        select(PractitionerNameRow).where(col(PractitionerNameRow.practice_id) == practice_id)
    )
    return {row.user_id: value_of(PersonName, row) for row in rows}


def set_name(
    session: Session, practice_id: str, user_id: str, name: PersonName, now: datetime
) -> None:
    """Keep a practitioner's name; raises NotFoundError where there is no such person."""
    require_parents(session, practice_id, (AppUserRow, user_id))
    held = find(session, PractitionerNameRow, practice_id, user_id)
    columns = {**columns_of(name), "updated_at": now}
    if held is None:
        session.add(PractitionerNameRow(**columns, user_id=user_id, practice_id=practice_id))
    else:
        held.sqlmodel_update(columns)
    session.flush()


def _place(practice_id: str) -> Place:
    return Place(practice_id=practice_id, table="practice_billing", row=practice_id, field=_TAX_ID)
