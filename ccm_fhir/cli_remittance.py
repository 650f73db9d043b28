"""``ccm-fhir remittance``: what payers answered (835), and what each claim came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ccm_fhir.cli_practice import Whose, opened_practice
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.remittance import WhyNot
from ccm_fhir.errors import InputError, X12FileError

if TYPE_CHECKING:
    from ccm_fhir.services.remittances import PaidClaim, RemittanceRead

remittance_app = typer.Typer(help="What payers answered (835).", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
SOME_ARE_OPEN, WRONG_USAGE = 1, 2
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

    is_open, failed = False, 0
    with opened_practice(practice) as opened:
        for one in files:
            try:
                read = load_remittance(opened.world, opened.hand, _content(one), opened.now)
            except (X12FileError, InputError) as problem:
                err.print(f"{one.name}: {problem}", style="red")
                failed += 1
                continue
            _print_read(one.name, read)
            is_open = is_open or any(one.why is not WhyNot.UNKNOWN_NUMBER for one in read.unmatched)
    if failed == len(files):
        raise typer.Exit(WRONG_USAGE)
    if failed or is_open:
        raise typer.Exit(SOME_ARE_OPEN)


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


def _print_read(name: str, read: RemittanceRead) -> None:
    out.print(
        f"{name}: {read.payments} payments of {read.total_usd:.2f} dollars in all; matched "
        f"{read.matched} ({read.matched_usd:.2f} dollars), read before {read.repeated}, "
        f"not matched {len(read.unmatched)}, other providers' {read.elsewhere}"
    )
    for why, words in _WHY.items():
        places = [str(one.segment) for one in read.unmatched if one.why.value == why]
        if places:
            out.print(f"  segments {', '.join(places)}: {words}")


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


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise InputError("file", "it cannot be read; nothing was changed") from None
