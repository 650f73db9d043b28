"""``ccm-fhir reconcile`` and how EHRs are paced, taken off and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ccm_fhir.domain.writeback import Disposition
from ccm_fhir.errors import InputError
from ccm_fhir.services.reconciled import Report
from ccm_fhir.settings import Settings

if TYPE_CHECKING:
    from ccm_fhir.services.installation import Installation

UNREACHABLE, CHECK_FAILED = 3, 4
out = Console(highlight=False, markup=False, soft_wrap=True)
_NameOfEhr = Annotated[str, typer.Argument(help="The EHR's name or id.")]


def reconcile(
    practice: Annotated[str, typer.Option(help="The practice's name or id; all by default.")] = "",
    month: Annotated[str, typer.Option(help="A month (YYYY-MM); every month by default.")] = "",
    ehr: Annotated[str, typer.Option(help="The EHR's name or id; all by default.")] = "",
) -> None:
    """Compare ledger, deliveries and EHR, and settle what was in doubt; sends nothing.

    Exit code 4 where something differs, 3 where an EHR gave no answer.
    """
    from ccm_fhir import wiring
    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.services.reconcile import Scope
    from ccm_fhir.services.reconcile import reconcile as compare

    asked, settings = ServiceMonth.parse(month) if month else None, Settings()
    opened = wiring.open_installation(settings, with_engine=False)
    try:
        wanted, ehr_id = _chosen(opened.world, practice, ehr)
        reports = [
            compare(opened.world, Scope(practice_id=one, month=asked, ehr_id=ehr_id))
            for one in wanted
        ]
        left = wiring.given_up(settings, opened.world)
    finally:
        opened.close()
    for report in reports:
        _print(report)
    for delivery_id in left:
        out.print(f"  {delivery_id} met a fault of this app's own again and again; see the log.")
    if any(report.unreachable for report in reports):
        raise typer.Exit(UNREACHABLE)
    if not all(report.agrees for report in reports):
        raise typer.Exit(CHECK_FAILED)


def pace(
    ehr: _NameOfEhr,
    per_minute: Annotated[
        int, typer.Option(help="Requests a minute, such as its vendor's limit; 0 is the usual.")
    ],
) -> None:
    """Set how many requests a minute an EHR is sent, by every process together."""
    from ccm_fhir import wiring
    from ccm_fhir.services.connections import set_quota
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.setup_hand import SetupHand

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        found = find_ehr(opened.world, ehr)
        hand = SetupHand(practice_id=found.practice_id, user_id=None)
        set_quota(opened.world, hand, found.id, per_minute)
    finally:
        opened.close()
    allowed = f"{per_minute} requests a minute" if per_minute else "the usual number of requests"
    out.print(f"{found.name}: {allowed}.")


def disconnect(ehr: _NameOfEhr) -> None:
    """Let nobody launch from an EHR and send it nothing; what is on its way waits."""
    from ccm_fhir import wiring
    from ccm_fhir.services.connections import disconnect as take_off
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.setup_hand import SetupHand

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        found = find_ehr(opened.world, ehr)
        take_off(opened.world, SetupHand(practice_id=found.practice_id, user_id=None), found.id)
    finally:
        opened.close()
    out.print(f"{found.name} is disconnected; ccm-fhir ehr reconnect connects it again.")


def reconnect(ehr: _NameOfEhr) -> None:
    """Connect an EHR again, and send on what waits for it; also after its trouble was mended."""
    from ccm_fhir import wiring
    from ccm_fhir.services.connections import reconnect as put_back
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.setup_hand import SetupHand

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        found = find_ehr(opened.world, ehr)
        hand = SetupHand(practice_id=found.practice_id, user_id=None)
        number = put_back(opened.world, hand, found.id)
    finally:
        opened.close()
    out.print(f"{found.name} is connected; {number} deliveries go on.")


def _chosen(world: Installation, practice: str, ehr: str) -> tuple[tuple[str, ...], str | None]:
    """Return which practices are meant, and which of their EHRs; None is each."""
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.setup_hand import operator, practice_ids

    wanted = (operator(world, practice).practice_id,) if practice else practice_ids(world)
    if not ehr:
        return wanted, None
    found = find_ehr(world, ehr)
    if found.practice_id not in wanted:
        raise InputError("ehr", "it is another practice's")
    return (found.practice_id,), found.id


def _print(report: Report) -> None:
    stand = ", ".join(
        f"{number} {one.value.replace('_', ' ')}"
        for one in Disposition
        if (number := report.dispositions.get(one, 0))
    )
    out.print(
        f"{report.practice_id} {report.month or 'all months'}: {report.ledger} in the ledger = "
        f"{stand or 'nothing'}; {report.compared} deliveries compared with the EHR, "
        f"{report.not_compared} not; {report.settled} settled, {report.woken} woken."
    )
    for name in report.unreachable:
        out.print(f"  {name} gave no answer: its deliveries are not compared.")
    if not report.balances:
        out.print("  The dispositions do not sum to the ledger.")
    for found in report.differences:
        out.print(f"  {found.difference.value}: {found.resource_type} {found.subject}")
