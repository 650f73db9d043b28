"""``ccm-fhir doctor``: an EHR looked over before the first write, as a page or as JSON."""

from __future__ import annotations

import json
import textwrap
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from ccm_fhir.domain.writeback import Rung
from ccm_fhir.services.diagnosis import CheckState, Diagnosis, ResourceAccess
from ccm_fhir.settings import Settings

DONE, UNREACHABLE, CHECK_FAILED = 0, 3, 4
_WIDTH = 92
_MARKS = {
    CheckState.OK: "ok  ",
    CheckState.WARNING: "warn",
    CheckState.FAILED: "FAIL",
    CheckState.UNREACHABLE: "FAIL",
    CheckState.SKIPPED: "--  ",
}
out = Console(highlight=False, markup=False, soft_wrap=True)


def doctor(
    ehr: Annotated[str, typer.Option("--ehr", help="The EHR's name or id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
) -> None:
    """Look an EHR over before the first write: keys, clock, scopes, and where each write would go.

    Writes nothing to the EHR. Exit code 4 when a check failed, 3 when the EHR gave no answer.
    """
    from ccm_fhir import wiring
    from ccm_fhir.services.doctor import diagnose, find_ehr

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        found = diagnose(opened.world, find_ehr(opened.world, ehr))
    finally:
        opened.close()
    if as_json:
        out.print(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        _print(found)
    raise typer.Exit(exit_code(found))


def exit_code(found: Diagnosis) -> int:
    """Return the command's exit code; no answer goes before a failed check."""
    if found.is_unreachable:
        return UNREACHABLE
    return CHECK_FAILED if found.has_failed else DONE


def _print(found: Diagnosis) -> None:
    out.print(f"{found.ehr}  {found.fhir_base}")
    out.print(f"Looked over at {found.checked_at:%Y-%m-%d %H:%M:%S} UTC; nothing was written.\n")
    for check in found.checks:
        _item(f"{_MARKS[check.state]} {check.name:<20} ", check.sentence)
    _print_statement(found)
    _print_resources(found.resources)
    out.print("\nWhere each write would go (-> is where it goes now)")
    for plan in found.plans:
        out.print(f"\n{plan.artefact}: {plan.sentence}")
        for rung in plan.rungs:
            _print_rung(rung)


def _print_statement(found: Diagnosis) -> None:
    fact = found.statement
    if fact is None:
        out.print("\nNo CapabilityStatement was ever read: the plan below knows nothing.")
        return
    out.print(
        f"\nBy its CapabilityStatement: {fact.software or 'software not named'}, "
        f"FHIR {fact.fhir_version}.\nIt declares this since {fact.declares_this_since:%Y-%m-%d} "
        f"or longer (SHA-256 {fact.declared_sha256[:16]}...)."
    )


def _print_resources(resources: tuple[ResourceAccess, ...]) -> None:
    if not resources:
        return
    out.print("\nWhat we could read and create, by declaration and scope (nothing was tried)")
    for each in resources:
        can = (
            f"{'read' if each.is_readable else '-':<5} {'create' if each.is_creatable else '-':<7}"
        )
        _item(f"  {each.resource_type:<21} {can} ", "; ".join(each.missing))


def _print_rung(rung: Rung) -> None:
    mark = "->" if rung.is_live else "  "
    can = "yes" if rung.is_possible else "?  " if rung.is_unknown else "no "
    out.print(f" {mark} {rung.number}. {can} {rung.brings}")
    if not rung.is_possible:
        _item(" " * 11, rung.sentence)


def _item(head: str, text: str) -> None:
    if not text:
        out.print(head.rstrip())
        return
    out.print(textwrap.fill(text, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head)))
