"""The write-back plan of a practice's EHR, from its CapabilityStatement and the granted scopes."""

from __future__ import annotations

from collections.abc import Iterable

from ccm_fhir.domain.writeback import Artefact, RungName, Tenant, WritePlan, plan
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.capability_writes import granted_permissions, write_capability

# What ``plan_writes`` can really make. A rung without a writer is shown, and is never live.
INSTALLED = frozenset(
    {RungName.ENCOUNTER_AND_PROCEDURE, RungName.PROCEDURE, RungName.CLAIM, RungName.HAND_OFF}
)


def write_plans(
    capability: Capability | None, granted_scopes: Iterable[str]
) -> tuple[WritePlan, ...]:
    """Return the plan of every artefact; deliveries are made with our own (``system/``) token."""
    tenant = Tenant(
        capability=None if capability is None else write_capability(capability),
        granted=granted_permissions(granted_scopes, "system"),
        installed=INSTALLED,
    )
    return tuple(plan(artefact, tenant) for artefact in Artefact)
