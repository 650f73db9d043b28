"""``ccm-fhir packet``: what an auditor asks for, in one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import InputError
from ccm_fhir.settings import Settings

if TYPE_CHECKING:
    from ccm_fhir.services.audit_packet import Packet

out = Console(highlight=False, markup=False, soft_wrap=True)


def packet(
    out_file: Annotated[Path, typer.Option("--out", help="The ZIP to write; never overwritten.")],
    patient: Annotated[
        str, typer.Option(help="The patient: our id, or the EHR's as Patient/123.")
    ] = "",
    month: Annotated[str, typer.Option(help="The month (YYYY-MM).")] = "",
    claim: Annotated[
        str, typer.Option(help="Our identifier of a claim, instead of patient and month.")
    ] = "",
    practice: Annotated[
        str,
        typer.Option(
            "--practice", help="The practice's name or id; not needed where there is one."
        ),
    ] = "",
) -> None:
    """Write a patient-month's audit packet: PDF, HTML, JSON and a manifest of hashes. Audited."""
    from ccm_fhir.services.audit_packet import find_claim, find_patient, make_packet
    from ccm_fhir.services.setup_hand import operator
    from ccm_fhir.wiring import open_installation

    if bool(claim) == bool(patient and month):
        raise InputError("packet", "give --patient and --month, or --claim")
    opened = open_installation(Settings(), with_engine=False)
    try:
        hand = operator(opened.world, practice)
        if claim:
            patient_id, asked = find_claim(opened.world, hand.practice_id, claim)
        else:
            patient_id = find_patient(opened.world, hand.practice_id, patient)
            asked = ServiceMonth.parse(month)
        made = make_packet(opened.world, hand, patient_id, asked, opened.service_now())
    finally:
        opened.close()
    _write(out_file, made)
    printed = "PDF and HTML" if made.has_pdf else "HTML only (install the extra pdf for a PDF)"
    out.print(f"{out_file}: {len(made.files)} files and a manifest, printed as {printed}.")


def _write(file: Path, made: Packet) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as kept:
            kept.write(made.content)
    except FileExistsError:
        raise InputError("out", "the file is there already; nothing was overwritten") from None
    except OSError:
        raise InputError("out", "the file cannot be written") from None
