"""``ccm-fhir practice``, ``users``, ``charges``: set a practice up without a browser.

What is changed is a line of the practice's audit trail, as by the operator of the installation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import InputError
from ccm_fhir.settings import Settings

if TYPE_CHECKING:
    from ccm_fhir.services.installation import Installation
    from ccm_fhir.services.practice_overview import PracticeSetup
    from ccm_fhir.services.practice_people import PersonShown
    from ccm_fhir.services.setup_hand import SetupHand

practice_app = typer.Typer(help="A practice: who it is and what it attests.", no_args_is_help=True)
users_app = typer.Typer(help="The people of a practice.", no_args_is_help=True)
charges_app = typer.Typer(help="What a practice charges.", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)

NOBODY = "none"
_NEEDED = {
    "practice_npi": "the practice's NPI: ccm-fhir practice set --npi",
    "attestation": "what the practice attests: ccm-fhir practice set --attested-on",
    "charges": "charges: ccm-fhir charges set",
    "practitioner": "a billing practitioner with an NPI: ccm-fhir users set-role",
}
Whose = Annotated[
    str,
    typer.Option("--practice", help="The practice's name or id; not needed where there is one."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPractice:
    """One practice, in the operator's hand, at the moment of the command."""

    world: Installation
    hand: SetupHand
    now: datetime

    def setup(self) -> PracticeSetup:
        """Return how it is set up."""
        from ccm_fhir.services.practice_overview import practice_setup

        return practice_setup(self.world, self.hand, self.now)


@practice_app.command("show")
def show(practice: Whose = "") -> None:
    """Print how a practice is set up, and what it still needs."""
    with opened_practice(practice) as opened:
        found = opened.setup()
    one = found.practice
    out.print(f"{one.name} ({one.id})")
    out.print(f"  NPI               {one.npi or 'none'}")
    default, *others = found.locations
    more = f", and {len(others)} more: ccm-fhir locations list" if others else ""
    out.print(f"  time zone         {one.time_zone}")
    out.print(f"  location          {default.name}{more}")
    out.print(f"  place of service  {default.place_of_service}")
    out.print(f"  locality          {default.locality or 'none; prices are national'}")
    out.print(f"  in the EHR        {one.organization_ref or 'unknown'}")
    stated = (one.attested_24_7, one.attested_certified_ehr, one.attested_team_member)
    words = {True: "yes", False: "no", None: "not stated"}
    names = ("24/7 access", "certified EHR", "designated team member")
    for name, answer in zip(names, stated, strict=True):
        out.print(f"  {name:<22}  {words[answer]}")
    out.print(f"  stated on         {one.attested_on or 'never'}")
    for step, is_done in found.steps.items():
        if not is_done:
            out.print(f"needed: {_NEEDED[step.value]}")


@practice_app.command("set")
def set_(
    practice: Whose = "",
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    npi: Annotated[str | None, typer.Option(help="Its own NPI.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="IANA zone; days and months begin by it.")
    ] = None,
    attested_on: Annotated[
        str | None,
        typer.Option(
            help="The day on which the practice attested 24/7 access, a certified EHR and a "
            "designated care team member."
        ),
    ] = None,
) -> None:
    """Change what a practice says of itself; what is not named stays. Audited."""
    from ccm_fhir.services.practice_details import (
        PracticeChange,
        StatePractice,
        change_practice,
        state_attestation,
    )

    attested_day = _day("attested_on", attested_on) if attested_on else None
    with opened_practice(practice) as opened:
        held = opened.setup().practice
        change = PracticeChange(
            name=held.name if name is None else name,
            npi=held.npi if npi is None else npi,
            time_zone=held.time_zone if time_zone is None else time_zone,
        )
        change_practice(opened.world, opened.hand, change)
        if attested_day:
            stated = StatePractice(
                access_24_7=True,
                certified_ehr=True,
                designated_team_member=True,
                attested_on=attested_day,
            )
            state_attestation(opened.world, opened.hand, stated, opened.now)
    out.print("Recorded.")


@users_app.command("list")
def list_users(practice: Whose = "") -> None:
    """Print a practice's people: id, role, NPI, taxonomy, name."""
    with opened_practice(practice) as opened:
        people = opened.setup().people
    if not people:
        out.print("Nobody has opened the app yet; people appear when they first do.")
    for one in people:
        out.print(
            f"{one.id}  {_role_word(one):<12}  {one.npi or '-':<10}  {one.taxonomy or '-':<10}  "
            f"{one.name}"
        )


@users_app.command("set-role")
def set_role(
    user: Annotated[str, typer.Argument(help="The person's id; `users list` prints them.")],
    role: Annotated[
        str, typer.Argument(help=f"{', '.join(Role)}; {NOBODY} takes every right away.")
    ],
    npi: Annotated[str | None, typer.Option(help="The person's own NPI.")] = None,
    taxonomy: Annotated[str | None, typer.Option(help="NUCC code, e.g. 207Q00000X.")] = None,
    practice: Whose = "",
) -> None:
    """Say what a person may do, such as who the first administrator is. Audited."""
    from ccm_fhir.services.practice_people import PersonChange, change_person

    if role != NOBODY and role not in set(Role):
        raise InputError("role", f"choose one of {', '.join(Role)}, or {NOBODY}")
    with opened_practice(practice) as opened:
        held = {one.id: one for one in opened.setup().people}.get(user)
        if held is None:
            raise InputError("user", "no such person; run: ccm-fhir users list")
        change = PersonChange(
            user_id=user,
            role=None if role == NOBODY else Role(role),
            npi=held.npi if npi is None else npi,
            taxonomy=held.taxonomy if taxonomy is None else taxonomy,
        )
        after = change_person(opened.world, opened.hand, change, opened.now)
    out.print(f"{after.name or after.id} is now: {_role_word(after)}.")


@users_app.command("sessions")
def list_sessions(practice: Whose = "") -> None:
    """Print who has the app open: id, browsers, since when, last at work, name."""
    from ccm_fhir.services.practice_sessions import signed_in

    with opened_practice(practice) as opened:
        people = signed_in(opened.world, opened.hand)
    if not people:
        out.print("Nobody has the app open.")
    for one in people:
        times = f"since {one.since:%Y-%m-%d %H:%M}  at work {one.last_seen_at:%H:%M}"
        out.print(f"{one.user_id}  browsers: {one.browsers}  {times}  {one.name}")


@users_app.command("end-sessions")
def end_sessions_of(
    user: Annotated[str, typer.Argument(help="The person's id; `users sessions` prints them.")],
    practice: Whose = "",
) -> None:
    """End every session of one person; their timers rest with their time kept. Audited."""
    from ccm_fhir.errors import NotFoundError
    from ccm_fhir.services.practice_sessions import end_sessions

    with opened_practice(practice) as opened:
        try:
            number = end_sessions(opened.world, opened.hand, user, opened.now)
        except NotFoundError:
            raise InputError("user", "no such person; run: ccm-fhir users list") from None
    out.print(f"Sessions ended: {number}." if number else "They had no session open.")


@charges_app.command("list")
def list_charges(practice: Whose = "") -> None:
    """Print a practice's charges: code, amount, day from which it holds."""
    with opened_practice(practice) as opened:
        charges = opened.setup().charges
    if not charges:
        out.print("There is no charge yet; run: ccm-fhir charges set")
    for one in charges:
        out.print(f"{one.code}  {one.amount_usd:>9}  from {one.in_force_from}")


@charges_app.command("set")
def set_charge(
    code: Annotated[str, typer.Argument(help="A billing code, e.g. 99490.")],
    amount: Annotated[str, typer.Argument(help="Dollars and cents a unit, e.g. 66.13.")],
    from_: Annotated[str, typer.Option("--from", help="The day from which it holds.")],
    practice: Whose = "",
) -> None:
    """Set the charge of one code from a day on; signed months do not change. Audited."""
    from ccm_fhir.services import practice_charges

    new = practice_charges.SetCharge(
        code=code.upper(), in_force_from=_day("from", from_), amount_usd=_amount(amount)
    )
    with opened_practice(practice) as opened:
        practice_charges.set_charge(opened.world, opened.hand, new)
    out.print(f"{new.code} is charged at {new.amount_usd:.2f} from {new.in_force_from}.")


@contextmanager
def opened_practice(practice: str) -> Iterator[OpenPractice]:
    """Open the installation for the one practice of a name or id."""
    from ccm_fhir.services.setup_hand import operator
    from ccm_fhir.wiring import open_installation

    opened = open_installation(Settings(), with_engine=False)
    try:
        hand = operator(opened.world, practice)
        yield OpenPractice(world=opened.world, hand=hand, now=opened.service_now())
    finally:
        opened.close()


def _role_word(one: PersonShown) -> str:
    if one.role is not None:
        return one.role.value
    return "waits" if one.is_waiting else "deactivated"


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(name, "give a day as YYYY-MM-DD") from None


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise InputError("amount", "give dollars and cents, e.g. 66.13") from None
