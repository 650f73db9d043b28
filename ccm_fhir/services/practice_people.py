"""The practice's people: what each may do here, and who a practitioner is to a payer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.npi import is_valid_npi
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.roles import standing_of
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import users
from ccm_fhir.storage.users import AppUser, BillingIdentity
from ccm_fhir.storage.values import value_of

_TAXONOMY = re.compile(r"[0-9]{3}[0-9A-Z]{6}X\Z")  # as every code of the NUCC's list is built


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """What a person is to be here; ``role`` None deactivates, whatever the EHR says later."""

    user_id: str
    role: Role | None
    npi: str = field(default="", repr=False)
    taxonomy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonShown:
    """A person as they stand; without a role, and not deactivated, they wait for one."""

    id: str
    name: str = field(repr=False)
    fhir_user: str
    role: Role | None
    npi: str
    taxonomy: str
    deactivated_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has said yet what the person may do."""
        return self.role is None and self.deactivated_at is None


def change_person(
    world: Installation, hand: SetupHand, change: PersonChange, now: datetime
) -> PersonShown:
    """Record a person's role, NPI and taxonomy; the same again records nothing.

    The profession is what the taxonomy says; a taxonomy that says none leaves it unknown.

    Raises:
        NotFoundError: no such person in this practice.
        InputError: an NPI or a taxonomy code that cannot be one.
        ConflictError: somebody changes their own role.
    """
    with world.db.write(hand.practice_id) as session:
        before = users.get(session, hand.practice_id, change.user_id)
        identity = _identity(before, change)
        if _is_other_role(before, change.role):
            _set_role(world, session, hand, change, now)
        if identity != BillingIdentity(
            npi=before.npi, taxonomy=before.taxonomy, profession=before.profession
        ):
            said = f"set_billing_identity {change.user_id} {identity.npi} {identity.taxonomy}"
            audit_act(world, session, hand, " ".join(said.split()))
            users.set_billing(session, hand.practice_id, change.user_id, identity)
        return value_of(PersonShown, users.get(session, hand.practice_id, change.user_id))


def _is_other_role(before: AppUser, role: Role | None) -> bool:
    """Whether a role differs; to deactivate somebody who never had one is a change too."""
    return before.role is not role or (role is None and before.deactivated_at is None)


def _set_role(
    world: Installation,
    session: Session,
    hand: SetupHand,
    change: PersonChange,
    now: datetime,
) -> None:
    if change.user_id == hand.user_id:
        raise ConflictError(
            "Nobody changes their own role, so that a practice is never left without an "
            "administrator. Another administrator does it, or the operator with ccm-fhir users "
            "set-role."
        )
    word = "none" if change.role is None else change.role.value
    audit_act(world, session, hand, f"set_role {change.user_id} {word}")
    if change.role is None:
        users.deactivate(session, hand.practice_id, change.user_id, now)
    else:
        users.set_role(session, hand.practice_id, change.user_id, change.role)


def _identity(before: AppUser, change: PersonChange) -> BillingIdentity:
    npi, taxonomy = change.npi.strip(), change.taxonomy.strip().upper()
    if npi not in {"", before.npi} and not is_valid_npi(npi):
        raise InputError("npi", "An NPI has ten digits, and its check digit must hold.")
    if taxonomy == before.taxonomy:
        return BillingIdentity(npi=npi, taxonomy=taxonomy, profession=before.profession)
    if taxonomy and not _TAXONOMY.match(taxonomy):
        raise InputError("taxonomy", "A NUCC taxonomy code has ten characters: 207Q00000X.")
    return BillingIdentity(
        npi=npi, taxonomy=taxonomy, profession=standing_of((taxonomy,)).profession
    )
