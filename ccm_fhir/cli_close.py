"""``ccm-fhir close``: where a month stands, by state and by reason; it never signs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.settings import Settings

if TYPE_CHECKING:
    from ccm_fhir.services.close_report import CloseReport

out = Console(highlight=False, soft_wrap=True)
SOME_ARE_OPEN = 1


def close(
    month: Annotated[str, typer.Option(help="The month (YYYY-MM).")],
    practice: Annotated[
        str,
        typer.Option(
            "--practice", help="The practice's name or id; not needed where there is one."
        ),
    ] = "",
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a patient-month: ids, no names.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Judge every patient again, not only what has changed.")
    ] = False,
) -> None:
    """Say who is ready, who lacks what and whose turn it is; exit 1 where something is to mend."""
    from ccm_fhir.services.close_report import close_report
    from ccm_fhir.services.setup_hand import operator
    from ccm_fhir.wiring import open_installation

    asked = ServiceMonth.parse(month)
    opened = open_installation(Settings(), with_engine=False)
    try:
        hand = operator(opened.world, practice)
        report = close_report(opened.world, hand, asked, opened.service_now(), anew=anew)
    finally:
        opened.close()
    if json:
        for row in report.rows:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
    else:
        _print(report)
    if report.is_open:
        raise typer.Exit(SOME_ARE_OPEN)


def _print(report: CloseReport) -> None:
    locked = ", locked" if report.is_locked else ""
    out.print(f"{report.month}{locked}: {len(report.rows)} patients, {report.judged} judged now")
    states = Table(box=None, header_style="bold")
    for name, side in (("state", "left"), ("patients", "right"), ("dollars", "right")):
        states.add_column(name, justify="left" if side == "left" else "right")
    for line in report.states:
        states.add_row(line.state.value, str(line.patients), f"{line.amount_usd:.2f}")
    out.print(states)
    if not report.reasons:
        return
    reasons = Table(box=None, header_style="bold")
    for name in ("reason", "patients", "whose turn", "what would change it"):
        reasons.add_column(name, justify="right" if name == "patients" else "left")
    for one in report.reasons:
        owner = "" if one.owner is None else one.owner.value
        fix = f"e.g. {one.fix}" if one.fixes > 1 else one.fix
        reasons.add_row(one.code, str(one.patients), owner, escape(fix))
    out.print(reasons)
