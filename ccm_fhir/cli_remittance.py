"""``ccm-fhir remittance``: what payers answered (835), and what each claim came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ccm_fhir.cli_answers import read_each
from ccm_fhir.cli_practice import Whose, opened_practice
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.remittance import WhyNot

if TYPE_CHECKING:
    from ccm_fhir.services.remittances import PaidClaim, RemittanceRead

remittance_app = typer.Typer(help="What payers answered (835).", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)
_WHY = {
    "unknown_number": "no claim that this app filed has its number; another program's, or keyed in",
    "several_claims": "its numbers lead to several claims; see which one the payer means",
    "other_figures": "codes or charge are not those of the claim of that number; ask the payer",
    "other_payee": "it was paid to another provider than the practice; ask the payer",
}


@remittance_app.command("load")
def load(
    files: Annotated[list[Path], typer.Argument(help="835 files.")],
    practice: Whose = "",
) -> None:
    """Match remittances to claims, each answer once; exit 1 where one of ours needs a look."""
    from ccm_fhir.services.remittances import load_remittance

    read_each(
        files,
        practice,
        lambda opened, content: load_remittance(opened.world, opened.hand, content, opened.now),
        _print_read,
    )


@remittance_app.command("list")
def list_(
    month: Annotated[str, typer.Option(help="The month (YYYY-MM).")], practice: Whose = ""
) -> None:
    """Print what each filed claim of a month came to: outcome, money, and why not all was paid."""
    from ccm_fhir.services.remittances import payments_of_month

    with opened_practice(practice) as opened:
        found = payments_of_month(opened.world, opened.hand, ServiceMonth.parse(month))
    if not found:
        out.print("No claim of this month is in a production file.")
    for one in found:
        _print_paid(one)


def _print_read(name: str, read: RemittanceRead) -> bool:
    out.print(
        f"{name}: {read.payments} payments of {read.total_usd:.2f} dollars in all; matched "
        f"{read.matched} ({read.matched_usd:.2f} dollars), read before {read.repeated}, "
        f"not matched {len(read.unmatched)}, other providers' {read.elsewhere}"
    )
    for why, words in _WHY.items():
        places = [str(one.segment) for one in read.unmatched if one.why.value == why]
        if places:
            out.print(f"  segments {', '.join(places)}: {words}")
    return any(one.why is not WhyNot.UNKNOWN_NUMBER for one in read.unmatched)


def _print_paid(one: PaidClaim) -> None:
    from ccm_fhir.domain.remittance import reason_in_words, remark_in_words

    came = one.settlement
    out.print(
        f"{one.identifier}  {came.outcome.value:<13}  charged {one.charge_usd:.2f}  paid "
        f"{came.paid_usd:.2f}  allowed {came.allowed_usd:.2f}  deductible "
        f"{came.deductible_usd:.2f}  coinsurance {came.coinsurance_usd:.2f}"
    )
    for reason in came.reasons:
        out.print(f"  {reason}: {reason_in_words(reason.rpartition('-')[2])}")
    for remark in came.remarks:
        out.print(f"  {remark}: {remark_in_words(remark)}")
