"""Resources whose versions name different patients, as after a merge of two charts.

Patients are judged apart, so that such a resource would count for both. Its newest version says
whose it is; where there is none such, as in most exports, finding that out costs little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ccm_fhir.fhir.bundles import age
from ccm_fhir.population.records import Packed
from ccm_fhir.population.spill import key_of, keys_of, records_of

Age = tuple[tuple[float, int], int]


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """One version of a resource that two patients may claim."""

    resource_type: str
    resource_id: str
    age: Age
    patient: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def suspects(spills: list[Path], partition: int) -> frozenset[int]:
    """Return the keys of one part that stand beside more than one patient."""
    whose: dict[int, int] = {}
    found: set[int] = set()
    for keys in keys_of(spills, partition):
        for key, patient in zip(keys.resources, keys.patients, strict=True):
            if whose.setdefault(key, patient) != patient:
                found.add(key)
    return frozenset(found)


def claims_on(spills: list[Path], partition: int, wanted: frozenset[int]) -> list[Claimed]:
    """Return the versions, among one part's patients, of the resources that are wanted."""
    return [
        Claimed(record.resource_type, record.resource_id, age_of(record), record.patient)
        for record in _everything(spills, partition)
        if record.resource_id and key_of(record.resource_type, record.resource_id) in wanted
    ]


def _everything(spills: list[Path], partition: int) -> Iterator[Packed]:
    for block in records_of(spills, partition):
        yield from block.records
        yield from map(block.idle.packed, range(len(block.idle.ids)))


def settled(claims: Iterable[Claimed]) -> dict[tuple[str, str], str]:
    """Return whose each resource is that versions claim for different patients."""
    newest: dict[tuple[str, str], Claimed] = {}
    claimants: dict[tuple[str, str], set[str]] = {}
    for claim in claims:
        key = (claim.resource_type, claim.resource_id)
        claimants.setdefault(key, set()).add(claim.patient)
        known = newest.get(key)
        if known is None or claim.age >= known.age:
            newest[key] = claim
    return {key: newest[key].patient for key, names in claimants.items() if len(names) > 1}


def age_of(record: Packed) -> Age:
    """Return what orders the versions of one resource: by age, then by place."""
    return age(record.last_updated, record.version_id), record.place
