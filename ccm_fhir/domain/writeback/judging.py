"""Whether an EHR takes one act of ours, and how a lost answer to it would be cleared up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.domain.writeback.facts import Verdict
from ccm_fhir.domain.writeback.rungs import Means

if TYPE_CHECKING:
    from ccm_fhir.domain.writeback.facts import Act, EhrCapability, Override, Proof, Tenant
    from ccm_fhir.domain.writeback.rungs import RungKind


class Recovery(StrEnum):
    """How it is found out whether a write whose answer was lost took place."""

    CONDITIONAL_CREATE = "conditional_create"
    IDENTIFIER = "identifier"
    FINGERPRINT = "fingerprint"
    A_PERSON_LOOKS = "a_person_looks"


_WORST_FIRST = (
    Recovery.A_PERSON_LOOKS,
    Recovery.FINGERPRINT,
    Recovery.IDENTIFIER,
    Recovery.CONDITIONAL_CREATE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Whether an act is possible, and the sentence that says why.

    ``is_unknown``: nothing is known of it yet, since the CapabilityStatement was never read.
    """

    is_possible: bool
    sentence: str
    is_unknown: bool = False


def judge(act: Act, tenant: Tenant) -> Judged:
    """Return whether an act is possible: offered by the EHR, and allowed by the granted scopes."""
    is_offered, sentence = _offered(act, tenant)
    if is_offered is not False and not tenant.allows(act):
        needed = f"{act.resource_type}.{act.permission}"
        sentence = (
            f"{sentence} The granted scopes do not include {needed}: "
            "it opens when the EHR's administrator grants it."
        )
    return Judged(
        is_possible=is_offered is True and tenant.allows(act),
        sentence=sentence,
        is_unknown=is_offered is None and tenant.allows(act),
    )


def recovery_of(kind: RungKind, tenant: Tenant) -> Recovery:
    """Return how a lost answer on a rung is cleared up: as the weakest of its acts allows."""
    if kind.means is not Means.FHIR:
        return Recovery.A_PERSON_LOOKS
    ways = {_recovery(act, tenant.capability) for act in kind.acts}
    return next(way for way in _WORST_FIRST if way in ways)


def _offered(act: Act, tenant: Tenant) -> tuple[bool | None, str]:
    """Whether the EHR offers an act, and why; None where that is not known yet."""
    proof = tenant.last_proof(act)
    if proof is not None:
        return proof.verdict is Verdict.SUPPORTED, _proved(proof)
    override = tenant.last_override(act)
    if override is not None:
        return override.is_supported, _signed(override)
    if tenant.capability is None:
        return None, _UNREAD
    declared = tenant.capability.of(act.resource_type)
    is_declared = declared is not None and declared.declares(act)
    return is_declared, _declared(act, tenant.capability)


_UNREAD = (
    "The EHR's CapabilityStatement was never read, so that nothing is known to be possible or "
    "not; it is read before anything is sent or given to a person."
)


def _proved(proof: Proof) -> str:
    day = proof.proved_at.date().isoformat()
    if proof.verdict is Verdict.SUPPORTED:
        return f"The EHR took {proof.act} on {day} (status {proof.status})."
    return (
        f"The EHR answered {proof.status} to {proof.act} on {day}, which proves that it does not "
        "offer it; it opens when the EHR has taken one, or a person withdraws this proof."
    )


def _signed(override: Override) -> str:
    says = "takes" if override.is_supported else "does not take"
    text = (
        f"{override.signed_by} signed on {override.signed_at.date().isoformat()} that the EHR "
        f"{says} {override.act} ({override.reason})."
    )
    return text if override.is_supported else f"{text} It opens when that is signed otherwise."


def _declared(act: Act, capability: EhrCapability) -> str:
    declared = capability.of(act.resource_type)
    asked = act.code if act.is_operation else f"{act.code} of {act.resource_type}"
    if declared is None:
        return (
            f"The EHR's CapabilityStatement does not mention {act.resource_type}; "
            "it opens when the EHR declares it, or a person signs an override."
        )
    if declared.declares(act):
        where = f" on {act.resource_type}" if act.is_operation else ""
        return f"The EHR declares {asked}{where}."
    others = ", ".join(sorted(declared.operations if act.is_operation else declared.interactions))
    return (
        f"Of {act.resource_type} the EHR declares {others or 'nothing'}, and no {act.code}; "
        "it opens when the EHR declares it, or a person signs an override."
    )


def _recovery(act: Act, capability: EhrCapability | None) -> Recovery:
    declared = capability.of(act.resource_type) if capability else None
    if declared is None:
        return Recovery.A_PERSON_LOOKS
    if declared.has_conditional_create and not act.is_operation:
        return Recovery.CONDITIONAL_CREATE
    if "search-type" not in declared.interactions:
        return Recovery.A_PERSON_LOOKS
    return Recovery.IDENTIFIER if declared.has_identifier_search else Recovery.FINGERPRINT
