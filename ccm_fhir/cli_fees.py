"""``ccm-fhir fees``: the fee schedule tables that an installation loads beside the shipped ones."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ccm_fhir.errors import ConfigurationError
from ccm_fhir.rulebook.fees_days import Wishes
from ccm_fhir.rulebook.fees_load import load_cms_file
from ccm_fhir.settings import FeesSettings, SecretSettings, Settings

fees_app = typer.Typer(help="Medicare's fee schedule tables.", no_args_is_help=True)
out = Console(highlight=False, markup=False, soft_wrap=True)


@fees_app.callback()
def fees() -> None:
    """Medicare's fee schedule tables."""


@fees_app.command("load")
def load(
    file: Annotated[
        Path, typer.Argument(help="CMS's zip (e.g. RVU25D), or a PPRRVU….csv or GPCI….csv of it.")
    ],
    first_day: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day, where not the table's own."),
    ] = None,
    last_day: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, where not the table's own."),
    ] = None,
    work_floor: Annotated[
        bool | None,
        typer.Option(
            "--work-floor/--no-work-floor",
            help="Which work GPCI to take where a file gives it with and without the 1.0 floor.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="A code that the file rightly lacks; repeat it."),
    ] = None,
) -> None:
    """Load relative values and GPCIs of a year from CMS's own file; all of it or nothing.

    Audited in every practice's trail, where this environment opens the database.
    """
    folder = FeesSettings().fees_dir
    if folder is None:
        raise ConfigurationError("CCM_FEES_DIR", "name a folder to keep the tables in")
    is_audited = _opens_the_database()
    loaded = load_cms_file(
        file,
        folder,
        Wishes(
            first_day=_date(first_day),
            last_day=_date(last_day),
            work_floor=work_floor,
            without=frozenset(code.upper() for code in without or ()),
        ),
    )
    for sheet in loaded.sheets:
        out.print(f"{sheet.name}: {sheet.what}, {sheet.first_day} to {sheet.last_day}")
    out.print(f"{len(loaded.differences) or 'No'} changes to what was there:")
    for difference in loaded.differences:
        out.print(f"  {difference}")
    if is_audited:
        _audit(f"load_fees {' '.join(sheet.name for sheet in loaded.sheets)}")
    else:
        out.print("Not in the audit trail: CCM_SECRET_KEY is not set here.")
    out.print("Restart what is running (serve, worker) to price with them.")


def _opens_the_database() -> bool:
    """Whether this environment may write the trail; where it may and cannot, nothing is loaded.

    Raises:
        ConfigurationError, DatabaseUnreachableError: the database cannot be opened.
    """
    if not SecretSettings().is_named:
        return False
    from ccm_fhir.wiring import open_installation

    open_installation(Settings(), with_engine=False).close()
    return True


def _audit(act: str) -> None:
    from ccm_fhir.services.setup_hand import audit_everywhere
    from ccm_fhir.wiring import open_installation

    opened = open_installation(Settings(), with_engine=False)
    try:
        audit_everywhere(opened.world, act)
    finally:
        opened.close()


def _date(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
