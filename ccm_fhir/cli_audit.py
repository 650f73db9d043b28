"""``ccm-fhir audit``: is the trail whole, where does it stand, what does it say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from ccm_fhir.errors import InputError
from ccm_fhir.settings import Settings

CHECK_FAILED = 4
audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)


@audit_app.command("verify")
def verify(
    anchors: Annotated[
        Path | None, typer.Option(help="Heads that `audit anchor` wrote, kept elsewhere.")
    ] = None,
) -> None:
    """Walk every practice's chain of hashes; exit 4 where one was altered, shortened or forked."""
    from ccm_fhir.services.anchors import read_anchors
    from ccm_fhir.services.audit_trail import verified
    from ccm_fhir.wiring import open_installation

    kept = read_anchors(read_kept(anchors)) if anchors else ()
    opened = open_installation(Settings(), with_engine=False)
    try:
        reports = verified(opened.world, kept)
    finally:
        opened.close()
    for report in reports:
        found = report.problem or f"whole, head {report.head[:16] or 'none'}"
        out.print(f"{report.practice_id}: {report.entries} entries, {found}")
    if any(report.problem for report in reports):
        raise typer.Exit(CHECK_FAILED)


@audit_app.command("anchor")
def anchor(
    file: Annotated[Path, typer.Argument(help="Lines are added; keep it outside the database.")],
) -> None:
    """Write where every practice's trail and time ledger stand, so that a cut end shows; daily."""
    from ccm_fhir.services import audit_trail, time_ledger
    from ccm_fhir.wiring import open_installation

    opened = open_installation(Settings(), with_engine=False)
    try:
        anchors = audit_trail.anchored(opened.world) + time_ledger.anchored(opened.world)
    finally:
        opened.close()
    try:
        with file.open("ab") as kept:
            kept.writelines(msgspec.json.encode(one) + b"\n" for one in anchors)
    except OSError:
        raise InputError("file", "it cannot be written") from None
    out.print(f"{len(anchors)} heads written.")


@audit_app.command("export")
def export(
    practice: Annotated[str, typer.Option(help="The practice's id; `audit verify` lists them.")],
) -> None:
    """Print a practice's trail as FHIR R4 AuditEvents, one a line; the export is audited too."""
    from ccm_fhir.services.audit_trail import exported
    from ccm_fhir.wiring import open_installation

    opened = open_installation(Settings(), with_engine=False)
    try:
        for line in exported(opened.world, practice):
            sys.stdout.write(line.decode())
    finally:
        opened.close()


def read_kept(file: Path) -> str:
    """Return the text of a file of anchors; raises InputError."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError("anchors", "the file cannot be read") from None
