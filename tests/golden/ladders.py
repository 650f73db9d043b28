"""The write-back plan of one EHR as a text that a reader can check against its statement."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ccm_fhir.domain.writeback import Artefact, EhrCapability, Granted, Tenant, acts_of_ladders
from ccm_fhir.services.write_plan import plan_for

if TYPE_CHECKING:
    from ccm_fhir.domain.writeback import Rung, WritePlan

EVERY_SCOPE = frozenset({Granted(resource_type="*", permission="c")})
ASSUMED = """\
As this version plans. Assumed: every scope is granted, bill codes are recorded; no vendor adapter,
no 837P drop, no override, nothing proved yet. What is live is marked with an arrow.
"""


def ladder_text(title: str, capability: EhrCapability) -> str:
    """Return the plans of every artefact for what one EHR declares."""
    tenant = Tenant(capability=capability, granted=EVERY_SCOPE)
    plans = [plan_for(artefact, tenant) for artefact in Artefact]
    together = "transaction" if capability.has_transaction else "no transaction"
    batch = "batch" if capability.has_batch else "no batch"
    parts = [title, "", ASSUMED, f"Bundles: {together}, {batch}.", _declared(capability)]
    return "\n".join([*parts, *(_plan_text(one) for one in plans)])


def _declared(capability: EhrCapability) -> str:
    lines = ["Declared of what the ladders ask:"]
    for name in sorted({act.resource_type for act in acts_of_ladders()}):
        declared = capability.of(name)
        if declared is None:
            lines.append(f"  {name:<22} not mentioned")
            continue
        facts = [*sorted(declared.interactions), *sorted(declared.operations)]
        facts += ["identifier search"] if declared.has_identifier_search else []
        facts += ["conditional create"] if declared.has_conditional_create else []
        facts += ["update as create"] if declared.has_update_create else []
        lines.append(f"  {name:<22} {', '.join(facts)}")
    return "\n".join([*lines, ""])


def _plan_text(one: WritePlan) -> str:
    return "\n".join([f"{one.artefact}: {one.sentence}", *map(_rung_text, one.rungs), ""])


def _rung_text(rung: Rung) -> str:
    mark = "->" if rung.is_live else "  "
    can = "yes" if rung.is_possible else "?  " if rung.is_unknown else "no "
    notice = f", with a notice by {rung.notice}" if rung.notice else ""
    head = f" {mark} {rung.number}. {can} {rung.name}: {rung.brings}{notice}"
    told = textwrap.fill(rung.sentence, 88, initial_indent=" " * 11, subsequent_indent=" " * 11)
    lost = f"\n           A lost answer: {rung.recovery}." if rung.is_possible else ""
    return f"{head}\n{told}{lost}"
