"""``ccm-fhir terminology``: the tables of chronic conditions, rebuilt from official files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ccm_fhir.terminology import load_chronic_table
from ccm_fhir.terminology.own import DATA as SHIPPED

CHECK_FAILED = 4
_VERSIONS = ("icd10cm", "ccir", "ccsr", "ccw", "icd9", "gem")

terminology_app = typer.Typer(
    help="The tables that say which conditions are chronic.", no_args_is_help=True
)
out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


@terminology_app.callback()
def terminology() -> None:
    """The tables that say which conditions are chronic."""


@terminology_app.command("show")
def show() -> None:
    """Print the loaded tables' edition, and where each part comes from, with its terms."""
    table = load_chronic_table()
    out.print(table.version)
    for source in table.sources:
        out.print(f"\n{source.name} {source.version}")
        out.print(f"  for   {source.used_for}")
        out.print(f"  terms {source.terms}")


@terminology_app.command("build")
def build(
    tabular: Annotated[
        Path,
        typer.Option(
            help="ICD-10-CM: CMS's order file (preferred), CDC's tabular XML, or a zip of one."
        ),
    ],
    ccir: Annotated[
        Path, typer.Option(help="AHRQ's Chronic Condition Indicator Refined, csv or zip.")
    ],
    ccsr: Annotated[Path, typer.Option(help="AHRQ's DXCCSR, csv or zip.")],
    ccw: Annotated[
        Path, typer.Option(help="The Warehouse's 30 conditions: columns ccw and code, csv or xlsx.")
    ],
    ccsr_labels: Annotated[
        Path | None, typer.Option(help="CCSR's labels, where --ccsr is a table without them.")
    ] = None,
    icd9: Annotated[
        Path | None, typer.Option(help="AHRQ's indicator for ICD-9-CM (with --gem).")
    ] = None,
    gem: Annotated[
        Path | None, typer.Option(help="CMS's mapping of ICD-9-CM to ICD-10-CM (with --icd9).")
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(help="The tables to compare with and to keep codes of; the loaded ones."),
    ] = None,
    version: Annotated[
        list[str] | None,
        typer.Option(help=f"What a file does not say of itself: {', '.join(_VERSIONS)}=TEXT."),
    ] = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Where to write; without it nothing is.")
    ] = None,
    undecided_as_review: Annotated[
        bool,
        typer.Option(
            "--undecided-as-review", help="Take billable codes that no source decides for review."
        ),
    ] = False,
) -> None:
    """Rebuild the tables, and print which codes change their decision, from what, to what, why."""
    from ccm_fhir.terminology import build as building  # reads XML, which no server needs to load

    if (icd9 is None) is not (gem is None):
        raise typer.BadParameter("give --icd9 and --gem together, or neither")
    built = building.build(
        building.Inputs(
            tabular=tabular,
            ccir=ccir,
            ccsr=ccsr,
            ccw=ccw,
            ccsr_labels=ccsr_labels,
            icd9=icd9,
            gem=gem,
            before=before or SHIPPED,
            versions=dict(_version(text) for text in version or ()),
        )
    )
    for line in building.report(built.rows, built.changes):
        out.print(line)
    if built.changes.undecided and not undecided_as_review:
        err.print(
            f"{len(built.changes.undecided)} billable codes have no decision; nothing was written. "
            "Use a newer CCIR, add them to overrides.tsv, or give --undecided-as-review.",
            style="red",
        )
        raise typer.Exit(CHECK_FAILED)
    if out_folder is None:
        out.print("Nothing was written; give --out to write the tables.")
        return
    building.write(out_folder, built.files)
    out.print(f"Written: {', '.join(sorted(built.files))}.")


def _version(text: str) -> tuple[str, str]:
    key, _, said = text.partition("=")
    if key not in _VERSIONS or not said.strip():
        raise typer.BadParameter(f"give a version as one of {', '.join(_VERSIONS)}=TEXT")
    return key, said.strip()
