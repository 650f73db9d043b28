"""``ccm-fhir emergency``: open one practice for reading, with a name and a reason, for an hour."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ccm_fhir.settings import Settings

emergency_app = typer.Typer(help="Reading in an emergency.", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)


@emergency_app.callback()
def emergency() -> None:
    """Reading in an emergency."""


@emergency_app.command("open")
def open_(
    practice: Annotated[str, typer.Option(help="The practice's id; `audit verify` lists them.")],
    by: Annotated[str, typer.Option(help="Who opens it: a person's name.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
) -> None:
    """Open a practice for reading for an hour; prints a code to hand to whoever needs it."""
    from ccm_fhir.services.emergency import open_emergency
    from ccm_fhir.wiring import open_installation

    opened = open_installation(Settings(), with_engine=False)
    try:
        access = open_emergency(opened.world, practice, by, reason)
        address = f"{opened.world.base_url}/emergency"
    finally:
        opened.close()
    out.print(f"Open {address} and give the code {access.code}")
    out.print(f"It shows this practice until {access.expires_at:%Y-%m-%d %H:%M} UTC; audited.")
