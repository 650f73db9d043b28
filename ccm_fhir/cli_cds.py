"""``ccm-fhir cds``: the EHRs that may call our CDS Hooks service."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ccm_fhir.settings import Settings

cds_app = typer.Typer(help="CDS Hooks: EHRs that may ask for cards.", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)


@cds_app.callback()
def cds() -> None:
    """CDS Hooks: EHRs that may ask for cards."""


@cds_app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="The FHIR base URL of an EHR that is registered.")],
    issuer: Annotated[str, typer.Option(help="The iss of the EHR's tokens, to the letter.")],
    jwks: Annotated[str, typer.Option(help="Where the EHR publishes its keys, to the letter.")],
    tenant: Annotated[
        str, typer.Option(help="The tenant of its tokens; leave it out where they name none.")
    ] = "",
) -> None:
    """Let an EHR call our CDS Hooks service, and print what its administrator needs."""
    from ccm_fhir import wiring
    from ccm_fhir.services.cds_clients import SERVICE_ID, CdsRegistration, register_caller

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        world = opened.world
        registration = CdsRegistration(fhir_base=url, issuer=issuer, jwks_url=jwks, tenant=tenant)
        register_caller(world, registration, world.clock())
        base = world.cds_services_url
    finally:
        opened.close()
    out.print(f"The EHR may call us as {issuer}.")
    out.print("\nGive these to the EHR's administrator (each is also the aud of its tokens):")
    out.print(f"  discovery   GET  {base}")
    out.print(f"  service     POST {base}/{SERVICE_ID}")
    out.print(f"  feedback    POST {base}/{SERVICE_ID}/feedback")
