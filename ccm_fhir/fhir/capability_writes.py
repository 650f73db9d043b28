"""A CapabilityStatement and granted scopes as the write-back planner wants them.

FHIR R4 §5.4 and SMART App Launch 2.2. Nothing is concluded here: what is declared is carried
over, in one spelling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx2
import msgspec

from ccm_fhir.domain.writeback import EhrCapability, Granted, TypeCapability
from ccm_fhir.errors import EhrHttpError
from ccm_fhir.fhir.capability import Capability, ResourceCapability, parse_capability
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.scopes import parse_resource_scope

_READING = "reading its CapabilityStatement"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedStatement:
    """A CapabilityStatement as it came.

    ``body_sha256`` is of the bytes; ``declared_sha256`` is of what they declare, and so stays the
    same where a server only dates its statement anew with each answer, as several do.
    ``served_at`` is the server's own clock (the Date header), None where it does not tell.
    """

    body: bytes = field(repr=False)
    capability: Capability
    body_sha256: str
    declared_sha256: str
    served_at: datetime | None


def fetch_statement(gate: OutgoingGate, base_url: str) -> FetchedStatement:
    """Fetch a server's CapabilityStatement, and what time it is there; no token is sent for it.

    Raises:
        EhrHttpError: any status but 200.
        EhrFormatError: not a CapabilityStatement.
        EhrUnreachableError, ForbiddenOriginError: as the gate says.
    """
    answer = gate.get(base_url.rstrip("/") + "/metadata", what=_READING)
    if answer.status_code != httpx2.codes.OK:
        raise EhrHttpError(_READING, answer.status_code)
    capability = parse_capability(answer.content)
    return FetchedStatement(
        body=answer.content,
        capability=capability,
        body_sha256=capability.digest,
        declared_sha256=declared_sha256(capability),
        served_at=_served_at(answer.headers.get("date", "")),
    )


def declared_sha256(capability: Capability) -> str:
    """Return the SHA-256 of what is declared, without the document's own dates and texts."""
    bare = msgspec.structs.replace(capability, digest="")
    return hashlib.sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()


def write_capability(capability: Capability) -> EhrCapability:
    """Return what a writer may ask of a server, by its statement."""
    return EhrCapability(
        types=tuple(
            _type_capability(name, declared)
            for name, declared in sorted(capability.resources.items())
        ),
        has_batch="batch" in capability.system_interactions,
        has_transaction="transaction" in capability.system_interactions,
    )


def granted_permissions(scopes: Iterable[str], context: str = "system") -> frozenset[Granted]:
    """Return what scopes allow on whole types; a granular scope allows a part, and so nothing.

    Args:
        scopes: as granted, v1 or v2.
        context: ``patient``, ``user`` or ``system``; another context's scopes do not count.
    """
    read = (parse_resource_scope(scope) for scope in scopes)
    return frozenset(
        Granted(resource_type=scope.resource_type, permission=letter)
        for scope in read
        if scope is not None and scope.context == context and not scope.query
        for letter in scope.permissions
    )


def _type_capability(name: str, declared: ResourceCapability) -> TypeCapability:
    return TypeCapability(
        resource_type=name,
        interactions=declared.interactions,
        # Checked 2026-11: Veradigm names its operation with the $, others without.
        operations=frozenset(f"${operation.lstrip('$')}" for operation in declared.operations),
        has_identifier_search=(
            "search-type" in declared.interactions and "identifier" in declared.search_params
        ),
        has_conditional_create="create" in declared.interactions and declared.conditional_create,
        # Checked 2026-11: NextGen Enterprise sets updateCreate on types it only lets one read.
        has_update_create="update" in declared.interactions and declared.update_create,
    )


def _served_at(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
