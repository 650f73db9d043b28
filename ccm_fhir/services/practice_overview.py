"""A practice as an administrator sets it up: what holds, and what is still needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from ccm_fhir.domain.approvals import TypedPolicy
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.npi import is_valid_npi
from ccm_fhir.domain.pricing import Payment, PriceUnknown
from ccm_fhir.domain.timers import TimerPolicy
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.practice_charges import codes_charged
from ccm_fhir.services.practice_people import PersonShown
from ccm_fhir.services.practice_prices import allowed_here
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.services.timers import KEEPERS, usual_policy
from ccm_fhir.storage import approvals, fees, locations, practices, sign_offs, timers, users
from ccm_fhir.storage.fees import Charge
from ccm_fhir.storage.locations import Location
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.values import value_of


class SetupStep(StrEnum):
    """What a practice needs before a month of it can be signed, in the order of doing."""

    PRACTICE_NPI = "practice_npi"
    ATTESTATION = "attestation"
    CHARGES = "charges"
    PRACTITIONER = "practitioner"


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeSetup:
    """Everything of a practice's set-up; ``steps`` says of each step whether it is done.

    The first of the ``locations`` is the default; ``allowed`` is what a unit is allowed at there.
    """

    practice: Practice
    locations: tuple[Location, ...]
    today: date
    charges: tuple[Charge, ...]
    codes: tuple[str, ...]
    allowed: tuple[Payment | PriceUnknown, ...]
    people: tuple[PersonShown, ...] = field(repr=False)
    policies: dict[Role, TimerPolicy]
    typed_policy: TypedPolicy
    newest_signed: ServiceMonth | None
    steps: dict[SetupStep, bool]

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(self.steps.values())


def practice_setup(world: Installation, hand: SetupHand, now: datetime) -> PracticeSetup:
    """Return how a practice is set up, as of the practice's own day."""
    practice_id = hand.practice_id
    with world.db.read(practice_id) as session:
        practice = practices.get(session, practice_id)
        places = locations.of_practice(session, practice_id)
        today = now.astimezone(practice.zone).date()
        people = users.list_all(session, practice_id)
        codes = codes_charged(world.rulebook, today)
        in_force = fees.in_force(session, practice_id, today)
        return PracticeSetup(
            practice=practice,
            locations=places,
            today=today,
            charges=fees.list_all(session, practice_id),
            codes=codes,
            allowed=allowed_here(places[0], codes, today, world.rulebook),
            people=tuple(value_of(PersonShown, one) for one in people),
            policies={
                role: timers.policy_of(session, practice_id, role) or usual_policy(role)
                for role in KEEPERS
            },
            typed_policy=approvals.policy_of(session, practice_id),
            newest_signed=max(sign_offs.months_signed(session, practice_id), default=None),
            steps={
                SetupStep.PRACTICE_NPI: is_valid_npi(practice.npi),
                SetupStep.ATTESTATION: _is_attested(practice),
                SetupStep.CHARGES: bool(in_force),
                SetupStep.PRACTITIONER: any(
                    one.role is Role.PRACTITIONER and is_valid_npi(one.npi) for one in people
                ),
            },
        )


def _is_attested(practice: Practice) -> bool:
    return (
        practice.attested_24_7 is True
        and practice.attested_certified_ehr is True
        and practice.attested_team_member is True
    )
