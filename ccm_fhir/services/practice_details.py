"""Changing what a practice says of itself: name, NPI, time zone, attestation.

Where it sees its patients is said of its locations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from ccm_fhir.domain.npi import is_valid_npi
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import practices, sign_offs
from ccm_fhir.storage.practices import NewPractice, Practice, PracticeAttestation
from ccm_fhir.storage.values import is_same, value_of

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeChange:
    """What a practice is to say of itself; its days and months begin by ``time_zone``."""

    name: str
    npi: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePractice:
    """What a person states about their practice, as of a day."""

    access_24_7: bool
    certified_ehr: bool
    designated_team_member: bool
    attested_on: date


def change_practice(world: Installation, hand: SetupHand, change: PracticeChange) -> None:
    """Record what a practice says of itself; the same again records nothing.

    Raises:
        InputError: a name, NPI or zone that cannot be used.
        ConflictError: a signed month was counted in the present time zone.
    """
    with world.db.write(hand.practice_id) as session:
        before = practices.get(session, hand.practice_id)
        after = replace(
            value_of(NewPractice, before),
            name=change.name.strip(),
            npi=change.npi.strip(),
            time_zone=change.time_zone.strip(),
        )
        if is_same(NewPractice, value_of(NewPractice, before), after):
            return
        _refuse_unusable(before, after)
        audit_act(world, session, hand, f"change_practice {_changed(before, after)}")
        if after.time_zone != before.time_zone:
            _refuse_signed(session, before)
        practices.update(session, hand.practice_id, after)


def state_attestation(
    world: Installation, hand: SetupHand, request: StatePractice, now: datetime
) -> None:
    """Record what a person states about the practice; the same again records nothing.

    Raises:
        InputError: a day that has not come.
    """
    stated = value_of(PracticeAttestation, request)
    with world.db.write(hand.practice_id) as session:
        practice = practices.get(session, hand.practice_id)
        if stated.attested_on > now.astimezone(practice.zone).date():
            raise InputError("attested_on", "That day has not come yet.")
        if attestation_of(practice) == stated:
            return
        said = "".join(
            {True: "y", False: "n", None: "-"}[one]
            for one in (stated.access_24_7, stated.certified_ehr, stated.designated_team_member)
        )
        audit_act(world, session, hand, f"attest_practice {said} {stated.attested_on}")
        practices.attest(session, hand.practice_id, stated)


def attestation_of(practice: Practice) -> PracticeAttestation | None:
    """Return what stands attested of a practice; None where nobody ever stated anything."""
    if practice.attested_on is None:
        return None
    return PracticeAttestation(
        access_24_7=practice.attested_24_7,
        certified_ehr=practice.attested_certified_ehr,
        designated_team_member=practice.attested_team_member,
        attested_on=practice.attested_on,
    )


def is_zone(name: str) -> bool:
    """Whether a name is a zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _refuse_unusable(before: NewPractice, after: NewPractice) -> None:
    if not 0 < len(after.name) <= LONGEST_NAME:
        raise InputError("name", f"Give the practice's name, up to {LONGEST_NAME} characters.")
    if after.npi != before.npi and not is_valid_npi(after.npi):
        raise InputError("npi", "An NPI has ten digits, and its check digit must hold.")
    if not is_zone(after.time_zone):
        raise InputError("time_zone", "Give a zone of the IANA database: America/New_York.")


def _refuse_signed(session: Session, practice: Practice) -> None:
    signed = sign_offs.months_signed(session, practice.id)
    if signed:
        raise ConflictError(
            f"Months up to {max(signed)} are signed, and their days and minutes were counted in "
            f"{practice.time_zone}. Another time zone would move work across midnight in what was "
            "signed, so it stays; a location may keep another clock of its own."
        )


def _changed(before: NewPractice, after: NewPractice) -> str:
    names = ("name", "npi", "time_zone")
    return " ".join(name for name in names if getattr(before, name) != getattr(after, name))
