"""``ccm-fhir verify``: has what people stated been tampered with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ccm_fhir.cli_audit import CHECK_FAILED, read_kept
from ccm_fhir.settings import Settings

verify_app = typer.Typer(help="Has what people stated been tampered with?", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)


@verify_app.callback()
def verify() -> None:
    """Has what people stated been tampered with?"""


@verify_app.command("ledger")
def ledger(
    practice: Annotated[
        str, typer.Option(help="The practice's name or id; without it, every one.")
    ] = "",
    anchors: Annotated[
        Path | None, typer.Option(help="Heads that `audit anchor` wrote, kept elsewhere.")
    ] = None,
) -> None:
    """Walk the chain of the time ledger; exit 4 where a row was altered, deleted or moved."""
    from ccm_fhir.services.anchors import read_anchors
    from ccm_fhir.services.time_ledger import verified
    from ccm_fhir.wiring import open_installation

    kept = read_anchors(read_kept(anchors)) if anchors else ()
    opened = open_installation(Settings(), with_engine=False)
    try:
        reports = verified(opened.world, kept, practice)
    finally:
        opened.close()
    for report in reports:
        found = report.problem or f"whole, head {report.head[:16] or 'none'}"
        out.print(f"{report.practice_id}: {report.entries} rows, {found}")
    if any(report.problem for report in reports):
        raise typer.Exit(CHECK_FAILED)
