"""Who a practice is on its claim files, whom they go to, and its practitioners' names.

Every change is a line of the audit trail, which says what was changed and never to what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import Session

from ccm_fhir.domain.claims import (
    Address,
    BillingDetails,
    Obstacle,
    PersonName,
    billing_obstacles,
)
from ccm_fhir.domain.codes import Setting
from ccm_fhir.errors import InputError
from ccm_fhir.services.claim_envelope import Numbering, filing_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_claim import hold_for_the_file, leaves_by_file, send_what_waits
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import billing, practices, users
from ccm_fhir.storage.billing import BillingSaid, PartnerSaid
from ccm_fhir.storage.users import AppUser
from ccm_fhir.storage.vocabulary import ClaimsLeaveBy
from ccm_fhir.x12.filing import Assignment
from ccm_fhir.x12.fitting import MOST_CONTROL, unfit_claims

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "Assignment",
    "BillingChange",
    "BillingShown",
    "ClaimsLeaveBy",
    "PartnerChange",
    "billing_setup",
    "change_billing",
    "change_partner",
    "name_practitioner",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingChange:
    """What is to be said of a practice for claim files; None leaves what is there."""

    name: str | None = None
    tax_id: str | None = field(default=None, repr=False)
    taxonomy: str | None = None
    setting: Setting | None = None
    line: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerChange:
    """What is to be said of who sends files to whom; None leaves what is there."""

    submitter_name: str | None = None
    submitter_qualifier: str | None = None
    submitter_id: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    receiver_name: str | None = None
    receiver_qualifier: str | None = None
    receiver_id: str | None = None
    payer_name: str | None = None
    payer_id: str | None = None
    is_production: bool | None = None
    claims_leave_by: ClaimsLeaveBy | None = None
    has_provider_signature: bool | None = None
    assignment: Assignment | None = None
    are_benefits_assigned: bool | None = None
    may_release_information: bool | None = None
    control_numbers_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingShown:
    """How a practice is set up for claim files; of its tax number the last four digits."""

    billing: BillingSaid | None
    tax_id_ends: str
    partner: PartnerSaid | None
    practitioners: tuple[tuple[AppUser, PersonName | None], ...]
    needed: tuple[str, ...]


_ONCE = {"submitter_qualifier": "ZZ", "receiver_qualifier": "ZZ", "control_numbers_after": 0}
"""What has a usual value before a person says another; nothing else has."""


def billing_setup(world: Installation, hand: SetupHand) -> BillingShown:
    """Return how a practice is set up for claim files, and what is still needed."""
    with world.db.read(hand.practice_id) as session:
        held = billing.find_billing(session, hand.practice_id)
        partner = billing.find_partner(session, hand.practice_id)
        names = billing.names(session, hand.practice_id)
        people = users.list_all(session, hand.practice_id)
    practitioners = tuple((one, names.get(one.id)) for one in people if one.npi)
    needed = (
        *(() if held else ("the practice's details: ccm-fhir practice billing set",)),
        *(() if partner else ("the trading partner: ccm-fhir practice billing partner",)),
        *(
            f"the name of {person.id} in its parts: ccm-fhir practice billing practitioner"
            for person, name in practitioners
            if name is None
        ),
    )
    return BillingShown(
        billing=held,
        tax_id_ends=held.tax_id.open(world.vault)[-4:] if held else "",
        partner=partner,
        practitioners=practitioners,
        needed=needed,
    )


def change_billing(
    world: Installation, hand: SetupHand, change: BillingChange, now: datetime
) -> None:
    """Record what a practice says of itself for claim files; the same again records nothing.

    Raises:
        InputError: something is missing the first time, or cannot stand on a claim file.
    """
    with world.db.write(hand.practice_id) as session:
        held = billing.find_billing(session, hand.practice_id)
        before = {} if held is None else _flat(held, held.tax_id.open(world.vault))
        after = _after(before, change, {"line2": ""})
        if after == before:
            return
        said = _said(after)
        tax_id = str(after["tax_id"])
        _refuse(billing_obstacles(_details(said, tax_id)))
        audit_act(world, session, hand, f"set_billing {_names_of(before, after)}")
        billing.set_billing(session, world.vault, hand.practice_id, said, tax_id, now)
        _move_what_waits(world, session, hand, now)


def change_partner(
    world: Installation, hand: SetupHand, change: PartnerChange, now: datetime
) -> None:
    """Record who sends files to whom; the same again records nothing.

    Raises:
        InputError: something is missing the first time, or cannot stand on a claim file.
    """
    with world.db.write(hand.practice_id) as session:
        held = billing.find_partner(session, hand.practice_id)
        before = {} if held is None else _columns(held)
        after = _after(before, change, _ONCE)
        if after == before:
            return
        said = PartnerSaid(**after)  # type: ignore[arg-type]  # the same names and types
        _refuse_partner(said, now)
        audit_act(world, session, hand, f"set_trading_partner {_names_of(before, after)}")
        billing.set_partner(session, hand.practice_id, said, now)
        _move_what_waits(world, session, hand, now)


def name_practitioner(
    world: Installation, hand: SetupHand, user_id: str, name: PersonName, now: datetime
) -> None:
    """Record a practitioner's name in its parts; the same again records nothing.

    Raises:
        InputError: the family or given name is empty, or there is no such person.
    """
    plain = replace(
        name, **{one.name: " ".join(str(getattr(name, one.name)).split()) for one in fields(name)}
    )
    if not plain.family or not plain.given:
        raise InputError("name", "give the family name and the given name")
    with world.db.write(hand.practice_id) as session:
        if users.find(session, hand.practice_id, user_id) is None:
            raise InputError("user", "no such person; run: ccm-fhir users list")
        if billing.names(session, hand.practice_id).get(user_id) == plain:
            return
        audit_act(world, session, hand, f"name_practitioner {user_id}")
        billing.set_name(session, hand.practice_id, user_id, plain, now)


def _move_what_waits(world: Installation, session: Session, hand: SetupHand, now: datetime) -> None:
    """Let claims that have not left yet take the way that the practice has now said."""
    practice = practices.get(session, hand.practice_id)
    move = hold_for_the_file if leaves_by_file(session, practice.id) else send_what_waits
    move(world, session, practice, now)


def _details(said: BillingSaid, tax_id: str) -> BillingDetails:
    return BillingDetails(
        name=said.name, tax_id=tax_id, taxonomy=said.taxonomy, address=said.address
    )


def _said(after: dict[str, object]) -> BillingSaid:
    text = {key: str(value) for key, value in after.items()}
    places = {one.name: text[one.name] for one in fields(Address)}
    return BillingSaid(
        name=text["name"],
        taxonomy=text["taxonomy"],
        setting=Setting(text["setting"]),
        address=Address(**places),
    )


def _flat(said: BillingSaid, tax_id: str) -> dict[str, object]:
    own = {"name": said.name, "taxonomy": said.taxonomy, "setting": said.setting}
    return {"tax_id": tax_id, **own, **_columns(said.address)}


def _columns(value: DataclassInstance) -> dict[str, object]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _after(
    before: dict[str, object], change: DataclassInstance, usual: dict[str, object]
) -> dict[str, object]:
    """Return what holds after a change; raises InputError where something was never said."""
    said = {key: value for key, value in _columns(change).items() if value is not None}
    after = {**usual, **before, **{key: _normal(key, value) for key, value in said.items()}}
    missing = [one.name for one in fields(change) if one.name not in after]
    if missing:
        raise InputError(missing[0], f"say it the first time; still to say: {', '.join(missing)}")
    return after


def _normal(key: str, value: object) -> object:
    """Return what was said as it is kept: without needless spaces, dashes and small letters."""
    if type(value) is not str:
        return value
    text = " ".join(value.split())
    if key == "tax_id":
        return text.replace("-", "")
    return text.upper() if key in {"taxonomy", "state"} else text


def _names_of(before: dict[str, object], after: dict[str, object]) -> str:
    return " ".join(sorted(key for key in after if before.get(key) != after[key]))


def _refuse(obstacles: Iterable[Obstacle]) -> None:
    for obstacle in obstacles:
        raise InputError(obstacle.code, obstacle.fix)


def _refuse_partner(said: PartnerSaid, now: datetime) -> None:
    """Refuse what no file could carry, by asking of a file that lacks nothing but claims."""
    if not 0 <= said.control_numbers_after < MOST_CONTROL:
        raise InputError("control_numbers_after", f"give a number below {MOST_CONTROL}")
    numbering = Numbering(number=1, first_set_control=1, created_at=now)
    found = (
        one for unfit in unfit_claims(filing_of(said, numbering, ())) for one in unfit.obstacles
    )
    _refuse(one for one in found if one.code != "no_claims")
