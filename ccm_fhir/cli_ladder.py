"""``ccm-fhir ehr override``, ``withdraw`` and ``bill-codes``: a person's word on an EHR."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ccm_fhir.settings import Settings

out = Console(highlight=False, markup=False, soft_wrap=True)
_Ehr = Annotated[str, typer.Option("--ehr", help="The EHR's name or id.")]
_Act = Annotated[
    str, typer.Argument(help="A resource type, such as Encounter; Procedure/update for changing.")
]
_By = Annotated[str, typer.Option("--by", help="Who signs: a person's name.")]
_Why = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]


def override(
    act: _Act,
    ehr: _Ehr,
    signed_by: _By,
    reason: _Why,
    is_supported: Annotated[
        bool, typer.Option("--takes/--does-not-take", help="What the EHR does, whatever it says.")
    ],
) -> None:
    """Sign that an EHR takes a kind of write, or does not, whatever it declares; audited."""
    from ccm_fhir import wiring
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.overrides import SignedOverride, sign_override
    from ccm_fhir.services.setup_hand import SetupHand

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        found = find_ehr(opened.world, ehr)
        signed = SignedOverride(
            ehr_id=found.id,
            act=act,
            is_supported=is_supported,
            signed_by=signed_by,
            reason=reason,
        )
        hand = SetupHand(practice_id=found.practice_id, user_id=None)
        sign_override(opened.world, hand, signed, opened.world.clock())
    finally:
        opened.close()
    says = "takes" if is_supported else "does not take"
    out.print(f"Signed: {found.name} {says} {act}. What it has proved goes before this;")
    out.print("run ccm-fhir doctor to see where each write goes now.")


def withdraw(act: _Act, ehr: _Ehr, person: _By, reason: _Why) -> None:
    """Withdraw what an EHR has proved of a kind of write, after an upgrade, say; audited."""
    from ccm_fhir import wiring
    from ccm_fhir.services import overrides
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.setup_hand import SetupHand

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        found = find_ehr(opened.world, ehr)
        withdrawn = overrides.WithdrawnProof(ehr_id=found.id, act=act, person=person, reason=reason)
        hand = SetupHand(practice_id=found.practice_id, user_id=None)
        overrides.withdraw(opened.world, hand, withdrawn, opened.world.clock())
    finally:
        opened.close()
    out.print(f"Withdrawn: what {found.name} has proved of {act}. It may be tried again.")


def bill_codes(
    ehr: _Ehr,
    system: Annotated[
        str, typer.Option(help="The tenant's code system of bill codes for CPT: a URI.")
    ],
    schedule_system: Annotated[
        str, typer.Option(help="The code system that names the bill code schedule: a URI.")
    ],
    schedule_code: Annotated[str, typer.Option(help="The schedule's code in that system.")],
) -> None:
    """Record how an EHR names a charge by operation (Oracle Health's $create); audited."""
    from ccm_fhir import wiring
    from ccm_fhir.fhir.write_charge import BillCodes
    from ccm_fhir.services.bill_codes import record_bill_codes
    from ccm_fhir.services.doctor import find_ehr
    from ccm_fhir.services.setup_hand import SetupHand

    opened = wiring.open_installation(Settings(), with_engine=False)
    try:
        found = find_ehr(opened.world, ehr)
        hand = SetupHand(practice_id=found.practice_id, user_id=None)
        codes = BillCodes(
            system=system, schedule_system=schedule_system, schedule_code=schedule_code
        )
        record_bill_codes(opened.world, hand, found.id, codes)
    finally:
        opened.close()
    out.print(f"Recorded how {found.name} names a charge; run ccm-fhir doctor to see the plan.")
