"""The write-back plan of a practice's EHR, from what it declares, grants, proved and was signed.

The same plan is shown before the first write and followed by every delivery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.writeback import (
    CHARGES,
    LADDERS,
    UPDATE,
    Act,
    Artefact,
    EhrCapability,
    Granted,
    Means,
    Override,
    Proof,
    ResourceKind,
    RungKind,
    RungName,
    Standing,
    Tenant,
    WritePlan,
    judge,
    plan,
)
from ccm_fhir.fhir.capability import Capability, parse_capability
from ccm_fhir.fhir.capability_writes import (
    declared_sha256,
    granted_permissions,
    write_capability,
)
from ccm_fhir.services.bill_codes import LACKING, bill_codes_of
from ccm_fhir.storage import statements, write_facts
from ccm_fhir.storage.ehrs import Ehr

_TIME = frozenset(
    {
        RungName.ENCOUNTER_AND_PROCEDURE,
        RungName.ENCOUNTER,
        RungName.PROCEDURE,
        RungName.OBSERVATION,
        RungName.QUESTIONNAIRE_RESPONSE,
        RungName.DOCUMENT,
        RungName.HAND_OFF,
    }
)
# What can really be made. A rung without a writer is shown, and is never live.
INSTALLED: Mapping[Artefact, frozenset[RungName]] = {
    Artefact.TIME_CONTACT: _TIME,
    Artefact.TIME_WORK: _TIME,
    Artefact.CONSENT: frozenset(
        {
            RungName.CONSENT,
            RungName.QUESTIONNAIRE_RESPONSE,
            RungName.DOCUMENT,
            RungName.HAND_OFF,
        }
    ),
    Artefact.CLAIM: frozenset({RungName.CLAIM, *CHARGES, RungName.DOCUMENT, RungName.HAND_OFF}),
    Artefact.CARE_PLAN: frozenset(
        {RungName.CARE_PLAN_AND_GOALS, RungName.DOCUMENT, RungName.HAND_OFF}
    ),
    Artefact.ENROLMENT: frozenset({RungName.HAND_OFF}),
}
_NEVER_CHANGED = frozenset({ResourceKind.CLAIM, ResourceKind.CHARGE_ITEM})
_EVERYTHING = frozenset({Granted(resource_type="*", permission=letter) for letter in "cu"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The newest CapabilityStatement that was read, and the hash of what it declares.

    ``writes`` is what of it a writer may ask of the EHR.
    """

    capability: Capability | None
    writes: EhrCapability | None
    sha256: str


_NOTHING = Declared(capability=None, writes=None, sha256="")


def declared_by(session: Session, ehr: Ehr) -> Declared:
    """Return what an EHR declares, by the newest reading; nothing where none was read."""
    kept = statements.latest(session, ehr.practice_id, ehr.id)
    if kept is not None and (ehr.capability_at is None or kept.fetched_at >= ehr.capability_at):
        return _by_statement(kept.body_json, kept.declared_sha256)
    return _by_capability(ehr.capability_json) if ehr.capability_json else _NOTHING


def capability_of(ehr: Ehr) -> Capability | None:
    """Return what the EHR's stored CapabilityStatement says; None where none was read."""
    return _by_capability(ehr.capability_json).capability if ehr.capability_json else None


# Real statements have up to a million characters, and each delivery plans several times by one.
@lru_cache(maxsize=16)
def _by_statement(body_json: str, sha256: str) -> Declared:
    return _declared(parse_capability(body_json.encode()), sha256)


@lru_cache(maxsize=16)
def _by_capability(capability_json: str) -> Declared:
    capability = msgspec.json.decode(capability_json, type=Capability)
    return _declared(capability, declared_sha256(capability))


def _declared(capability: Capability, sha256: str) -> Declared:
    return Declared(capability=capability, writes=write_capability(capability), sha256=sha256)


def tenant_of(session: Session, ehr: Ehr, granted_scopes: Iterable[str] | None) -> Tenant:
    """Return all that a plan for an EHR rests on.

    ``granted_scopes`` None: they are not known yet. It is planned as if all were granted, and
    looked at again with a token in hand, before anything is sent.
    """
    return Tenant(
        capability=declared_by(session, ehr).writes,
        granted=_EVERYTHING
        if granted_scopes is None
        else granted_permissions(granted_scopes, "system"),
        overrides=write_facts.overrides(session, ehr.practice_id, ehr.id),
        proofs=write_facts.proofs(session, ehr.practice_id, ehr.id),
        lacks={} if bill_codes_of(ehr) else {RungName.CHARGE_ITEM_OPERATION: LACKING},
    )


def bare_tenant(capability: Capability | None) -> Tenant:
    """Return an EHR of which nothing is known but what it declares, as if all were granted."""
    return Tenant(
        capability=None if capability is None else write_capability(capability),
        granted=_EVERYTHING,
    )


def plan_for(
    artefact: Artefact,
    tenant: Tenant,
    standing: Standing | None = None,
    *,
    lacks: Mapping[RungName, str] | None = None,
) -> WritePlan:
    """Return the plan of an artefact with the writers that this version has for it.

    ``lacks`` are rungs that one artefact cannot take, beside those that the EHR lacks something
    for.
    """
    wanting = {**tenant.lacks, **(lacks or {})}
    here = replace(tenant, installed=INSTALLED[artefact], lacks=wanting)
    return plan(artefact, here, standing)


def write_plans(
    capability: Capability | None,
    granted_scopes: Iterable[str],
    proofs: tuple[Proof, ...] = (),
    overrides: tuple[Override, ...] = (),
    lacks: Mapping[RungName, str] | None = None,
) -> tuple[WritePlan, ...]:
    """Return the plan of every artefact; deliveries are made with our own (``system/``) token."""
    tenant = Tenant(
        capability=None if capability is None else write_capability(capability),
        granted=granted_permissions(granted_scopes, "system"),
        proofs=proofs,
        overrides=overrides,
    )
    return tuple(plan_for(artefact, tenant, lacks=lacks) for artefact in Artefact)


def written_types(tenant: Tenant) -> Mapping[str, str]:
    """Return the types that some rung may write at an EHR, each with its SMART letters.

    Every rung that could become live is asked for, so that a fall needs no administrator; what
    the EHR does not offer is not.
    """
    open_tenant = _with_everything(tenant)
    wanted: dict[str, str] = {}
    for act in _installed_acts():
        if judge(act, open_tenant).is_possible:
            update = Act(resource_type=act.resource_type, code=UPDATE)
            is_amended = act.resource_type not in _NEVER_CHANGED
            may_update = is_amended and judge(update, open_tenant).is_possible
            wanted[act.resource_type] = "crus" if may_update else "crs"
    for kind in _installed_kinds():
        notice = next((act for act in kind.notice if judge(act, open_tenant).is_possible), None)
        if notice is not None:
            wanted.setdefault(notice.resource_type, "crs")
    return wanted


def _installed_acts() -> tuple[Act, ...]:
    return tuple(sorted({act for kind in _installed_kinds() for act in (*kind.acts, *kind.also)}))


def _installed_kinds() -> tuple[RungKind, ...]:
    return tuple(
        kind
        for artefact, kinds in LADDERS.items()
        for kind in kinds
        if kind.means is Means.FHIR and kind.name in INSTALLED[artefact]
    )


def _with_everything(tenant: Tenant) -> Tenant:
    return Tenant(
        capability=tenant.capability,
        granted=_EVERYTHING,
        overrides=tenant.overrides,
        proofs=tenant.proofs,
    )
