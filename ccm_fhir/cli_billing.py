"""``ccm-fhir practice billing``: who a practice is on claim files, and whom they go to. Audited."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from ccm_fhir.cli_practice import Whose, opened_practice
from ccm_fhir.domain.codes import Setting
from ccm_fhir.errors import InputError

if TYPE_CHECKING:
    from ccm_fhir.storage.billing import PartnerSaid

T = TypeVar("T")
billing_app = typer.Typer(
    help="A practice on its claim files (837P), and whom they go to.", no_args_is_help=True
)
out = Console(highlight=False, markup=False, soft_wrap=True)

_ASSIGNMENTS = {"accepted": "A", "laboratory": "B", "not-accepted": "C"}
Text = str | None
Flag = bool | None


@billing_app.command("show")
def show(practice: Whose = "") -> None:
    """Print how a practice is set up for claim files, and what it still needs."""
    from ccm_fhir.services.billing_setup import billing_setup

    with opened_practice(practice) as opened:
        found = billing_setup(opened.world, opened.hand)
    said = found.billing
    if said is not None:
        place = said.address
        out.print(f"name         {said.name}")
        out.print(f"EIN          ends in {found.tax_id_ends}")
        out.print(f"taxonomy     {said.taxonomy}")
        out.print(f"setting      {said.setting.value}")
        street = ", ".join(part for part in (place.line, place.line2) if part)
        out.print(f"address      {street}, {place.city}, {place.state} {place.postal_code}")
    if found.partner is not None:
        _print_partner(found.partner)
    for person, name in found.practitioners:
        parts = "no name in parts" if name is None else f"{name.family}, {name.given}"
        out.print(f"practitioner {person.id}  {person.npi}  {parts}")
    for one in found.needed:
        out.print(f"needed: {one}")


@billing_app.command("set")
def set_(
    practice: Whose = "",
    name: Annotated[Text, typer.Option("--name", help="The practice's legal name.")] = None,
    tax_id: Annotated[
        Text, typer.Option(help="Its EIN, nine digits; - reads it from standard input.")
    ] = None,
    taxonomy: Annotated[Text, typer.Option(help="Its NUCC taxonomy code.")] = None,
    setting: Annotated[
        Setting | None,
        typer.Option(help="rhc_fqhc for a rural health clinic or health center."),
    ] = None,
    street: Annotated[Text, typer.Option(help="Its street; no post office box.")] = None,
    street2: Annotated[Text, typer.Option(help="A suite or floor.")] = None,
    city: Annotated[Text, typer.Option(help="Its city.")] = None,
    state: Annotated[Text, typer.Option(help="Two letters.")] = None,
    zip_: Annotated[Text, typer.Option("--zip", help="Nine digits.")] = None,
) -> None:
    """Say who a practice is on a claim file; what is not named stays. Audited."""
    from ccm_fhir.services.billing_setup import BillingChange, change_billing

    change = BillingChange(
        name=name,
        tax_id=sys.stdin.readline().strip() if tax_id == "-" else tax_id,
        taxonomy=taxonomy,
        setting=setting,
        line=street,
        line2=street2,
        city=city,
        state=state,
        postal_code=zip_,
    )
    with opened_practice(practice) as opened:
        change_billing(opened.world, opened.hand, change, opened.now)
    out.print("Recorded.")


@billing_app.command("partner")
def partner(
    practice: Whose = "",
    submitter_name: Annotated[Text, typer.Option(help="Who sends the files.")] = None,
    submitter_id: Annotated[
        Text, typer.Option(help="The id that the receiver gave the sender (ISA06, GS02, 1000A).")
    ] = None,
    submitter_qualifier: Annotated[
        Text, typer.Option(help="The kind of that id (ISA05); ZZ unless said otherwise.")
    ] = None,
    contact: Annotated[Text, typer.Option(help="Whom to call about a file.")] = None,
    phone: Annotated[Text, typer.Option(help="Ten digits.")] = None,
    receiver_name: Annotated[
        Text, typer.Option(help="The clearing house or contractor that takes the files.")
    ] = None,
    receiver_id: Annotated[Text, typer.Option(help="Its id (ISA08, GS03, 1000B).")] = None,
    receiver_qualifier: Annotated[
        Text, typer.Option(help="The kind of that id (ISA07); ZZ unless said otherwise.")
    ] = None,
    payer_name: Annotated[Text, typer.Option(help="Who pays: the Medicare contractor.")] = None,
    payer_id: Annotated[Text, typer.Option(help="The payer's id with the receiver.")] = None,
    production: Annotated[
        Flag, typer.Option("--production/--test", help="Test files are never paid.")
    ] = None,
    claims_leave_by: Annotated[
        Text,
        typer.Option(help="file: the EHR sends none of our claims; ehr: it does, and no file is."),
    ] = None,
    provider_signature: Annotated[
        Flag,
        typer.Option("--provider-signature/--no-provider-signature", help="It is on file (CLM06)."),
    ] = None,
    assignment: Annotated[Text, typer.Option(help=f"{', '.join(_ASSIGNMENTS)} (CLM07).")] = None,
    benefits_assigned: Annotated[
        Flag, typer.Option("--benefits-assigned/--benefits-not-assigned", help="CLM08.")
    ] = None,
    release: Annotated[
        Flag,
        typer.Option("--release/--no-release", help="Patients' consent to release (CLM09)."),
    ] = None,
    control_numbers_after: Annotated[
        int | None, typer.Option(help="Numbers up to this one were used before, elsewhere.")
    ] = None,
) -> None:
    """Say who sends claim files to whom, and what is stated of claims; what is not named stays."""
    from ccm_fhir.services.billing_setup import (
        Assignment,
        ClaimsLeaveBy,
        PartnerChange,
        change_partner,
    )

    leave = _chosen("claims_leave_by", claims_leave_by, {one.value: one for one in ClaimsLeaveBy})
    letters = {word: Assignment(letter) for word, letter in _ASSIGNMENTS.items()}
    change = PartnerChange(
        submitter_name=submitter_name,
        submitter_qualifier=submitter_qualifier,
        submitter_id=submitter_id,
        contact_name=contact,
        contact_phone=phone,
        receiver_name=receiver_name,
        receiver_qualifier=receiver_qualifier,
        receiver_id=receiver_id,
        payer_name=payer_name,
        payer_id=payer_id,
        is_production=production,
        claims_leave_by=leave,
        has_provider_signature=provider_signature,
        assignment=_chosen("assignment", assignment, letters),
        are_benefits_assigned=benefits_assigned,
        may_release_information=release,
        control_numbers_after=control_numbers_after,
    )
    with opened_practice(practice) as opened:
        change_partner(opened.world, opened.hand, change, opened.now)
    out.print("Recorded.")


@billing_app.command("practitioner")
def practitioner(
    user: Annotated[str, typer.Argument(help="The person's id; `users list` prints them.")],
    family: Annotated[str, typer.Option(help="The family name, as the payer has it.")],
    given: Annotated[str, typer.Option(help="The given name.")],
    middle: Annotated[str, typer.Option(help="Middle names.")] = "",
    suffix: Annotated[str, typer.Option(help="Such as Jr; no degree.")] = "",
    practice: Whose = "",
) -> None:
    """Say a billing practitioner's name in its parts, as a claim file needs it. Audited."""
    from ccm_fhir.domain.claims import PersonName
    from ccm_fhir.services.billing_setup import name_practitioner

    name = PersonName(family=family, given=given, middle=middle, suffix=suffix)
    with opened_practice(practice) as opened:
        name_practitioner(opened.world, opened.hand, user, name, opened.now)
    out.print("Recorded.")


def _print_partner(said: PartnerSaid) -> None:
    usage = "production" if said.is_production else "test, which is never paid"
    out.print(f"files        {usage}; claims leave by {said.claims_leave_by.value}")
    out.print(f"submitter    {said.submitter_name}, {said.submitter_qualifier} {said.submitter_id}")
    out.print(f"contact      {said.contact_name}, {said.contact_phone}")
    out.print(f"receiver     {said.receiver_name}, {said.receiver_qualifier} {said.receiver_id}")
    out.print(f"payer        {said.payer_name}, {said.payer_id}")
    words = {letter: word for word, letter in _ASSIGNMENTS.items()}
    stated = (
        f"provider's signature {_yes(said.has_provider_signature)}",
        f"assignment {words[said.assignment]}",
        f"benefits assigned {_yes(said.are_benefits_assigned)}",
        f"release {_yes(said.may_release_information)}",
    )
    out.print(f"stated       {', '.join(stated)}")


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _chosen(name: str, word: str | None, choices: Mapping[str, T]) -> T | None:
    if word is None:
        return None
    if word not in choices:
        raise InputError(name, f"choose one of {', '.join(choices)}")
    return choices[word]
