"""``ccm-fhir verify``: has what people stated, or what was handed out, been tampered with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ccm_fhir.cli_audit import CHECK_FAILED, read_kept
from ccm_fhir.errors import ConfigurationError, InputError
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


@verify_app.command("packet")
def verify_packet(
    file: Annotated[Path, typer.Argument(help="A packet as it was handed out.")],
) -> None:
    """Hold every file against the manifest's hashes; exit 4 where something was altered."""
    from ccm_fhir.services.packet_file import check

    found = check(_read(file), _key())
    for problem in found.problems:
        out.print(problem)
    if found.problems:
        raise typer.Exit(CHECK_FAILED)
    manifest = found.manifest
    if manifest is None:
        raise typer.Exit(CHECK_FAILED)
    out.print(f"Whole: {len(manifest.files)} files as {manifest.format} lists them.")
    out.print(
        "The seal is this installation's."
        if found.is_sealed
        else "The seal was not looked at: this machine has no master secret (CCM_SECRET_KEY)."
    )
    for head in manifest.chains:
        out.print(f"The {head.chain} trail stood at {head.entries} entries, head {head.head[:16]}.")


def _key() -> bytes | None:
    from ccm_fhir.storage.crypto import derive_key

    try:
        return derive_key(Settings().audit_secret(), "audit")
    except ConfigurationError:
        return None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise InputError("file", "it cannot be read") from None
