"""What an EHR holds of ours: everything that bears our identifiers, searched page by page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.errors import (
    ConfigurationError,
    EhrHttpError,
    EhrPausedError,
    EhrUnreachableError,
    FhirError,
    LaunchError,
)
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.services.ehr_access import system_client
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.write_plan import capability_of
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.vocabulary import Purpose

_GONE = frozenset({404, 410})
Copy = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Copies:
    """Ids and versions that the EHR has of each delivery that could be looked for.

    ``seen`` are all the identifiers of ours that it holds, by type; ours or forged.
    """

    by_delivery: dict[str, list[Copy]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    is_unreachable: bool = False


def copies_at(world: Installation, ehr: Ehr, records: list[DeliveryRecord]) -> Copies:
    """Return what an EHR holds of some deliveries, and of whatever else bears our identifiers.

    Every kind that we write is asked for, whether or not there is a delivery of it: a database
    that was put back knows nothing of what was sent since.
    """
    copies = Copies()
    client = system_client(world, ehr.practice_id, ehr.id)
    grouped = defaultdict[tuple[str, str], list[DeliveryRecord]](list)
    for record in filter(_stands_by_itself, records):
        grouped[record.resource_type.value, record.identifier_system].append(record)
    for kind in _searchable(ehr):
        grouped.setdefault((kind.value, world.identifier_system(kind.value.lower())), [])
    for (resource_type, system), own in grouped.items():
        try:
            _look(client, copies, (resource_type, system), own)
        except (EhrUnreachableError, EhrPausedError, LaunchError, ConfigurationError):
            copies.is_unreachable = True
            break
        except FhirError:
            continue  # it cannot be searched so: these are not compared, and are said not to be
    return copies


def _searchable(ehr: Ehr) -> list[ResourceKind]:
    """Return the kinds that the EHR says may be searched for by identifier."""
    capability = capability_of(ehr)
    if capability is None:
        return []
    declared = {kind: capability.of(kind.value) for kind in ResourceKind}
    return [
        kind
        for kind, said in declared.items()
        if "search-type" in said.interactions and "identifier" in said.search_params
    ]


def _stands_by_itself(record: DeliveryRecord) -> bool:
    """Whether the EHR would hold a resource under the delivery's own identifier.

    A sheet is for a person's hands, an amendment or a revision changes a resource that has another
    identifier, and what has fallen never came to be.
    """
    is_amendment = record.purpose is Purpose.AMENDMENT and record.rung is None
    is_change = is_amendment or record.purpose is Purpose.REVISION
    return not (record.is_outside or record.has_fallen or is_change)


def _look(
    client: FhirClient, copies: Copies, which: tuple[str, str], own: list[DeliveryRecord]
) -> None:
    resource_type, system = which
    found = defaultdict[str, list[Copy]](list)
    # A token of a system without a value: FHIR R4 §3.1.1.4.10. The client reads every page, and
    # none outside the EHR's origin.
    for resource in client.search(resource_type, {"identifier": f"{system}|"}):
        for value in _values(resource, system):
            found[value].append((resource.id, resource.version_id))
            copies.seen.add((resource_type, value))
    for record in own:
        copies.by_delivery[record.id] = found.get(record.identifier) or _one(client, record)


def _one(client: FhirClient, record: DeliveryRecord) -> list[Copy]:
    """Look for one delivery that the wide search did not show: some servers cannot do it."""
    found = client.find_by_identifier(
        record.resource_type.value, record.identifier_system, record.identifier
    )
    if found or not record.remote_id:
        return [(resource.id, resource.version_id) for resource in found]
    try:  # an EHR may keep no identifier of ours: then its own id speaks
        resource = client.read(record.resource_type.value, record.remote_id)
    except EhrHttpError as refusal:
        if refusal.status in _GONE:
            return []
        raise
    return [(resource.id, resource.version_id)]


def _values(resource: Resource, system: str) -> set[str]:
    listed = resource.json().get("identifier")
    identifiers = listed if isinstance(listed, list) else [listed]
    return {
        str(one.get("value", ""))
        for one in identifiers
        if isinstance(one, dict) and one.get("system") == system
    }
