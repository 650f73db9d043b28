"""The resources of one patient → one chart, every resource accounted for.

A resource of another patient is never taken for this one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar, cast

import msgspec

from ccm_fhir.domain.facts import (
    AllergyFact,
    CarePlanFact,
    CareTeamFact,
    ChartFacts,
    ClaimFact,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    DocumentFact,
    EncounterFact,
    Fact,
    GoalFact,
    MedicationFact,
    ObservationFact,
    PatientFact,
    ProcedureFact,
    QuestionnaireResponseFact,
    ServiceRequestFact,
    Skipped,
    Unread,
)
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.extract import Irrelevant, extract_for
from ccm_fhir.fhir.shapes import Identifier, Shape, identifier_values


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """A patient as references may name one: by id, or by an identifier of theirs."""

    patient: PatientFact
    names: frozenset[str]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class _Identified(Shape, frozen=True, kw_only=True):
    identifier: list[Identifier] | None = None


_decode_identified = msgspec.json.Decoder(_Identified).decode


def whose(patient: PatientFact, resource: Resource) -> Whose:
    """Return a patient with the names by which their resources may refer to them."""
    identifiers = (
        each for each in _decode_identified(resource.raw).identifier or () if each.system
    )
    return Whose(
        patient=patient, names=frozenset({str(patient.ref), *identifier_values(identifiers)})
    )


def chart_of(
    of: Whose,
    resources: Iterable[Resource],
    unread: Iterable[Unread],
    *,
    base_url: str,
    now: datetime,
) -> ChartFacts:
    """Return the chart that resources make, each of them once a fact or Skipped."""
    facts: list[Fact] = []
    skipped: list[Skipped] = []
    for resource in resources:
        read = _read(of, resource, base_url)
        if isinstance(read, Skipped):
            skipped.append(read)
        else:
            facts += read
    return chart_from(of.patient, facts, skipped, unread, now=now)


def chart_from(
    patient: PatientFact,
    read: Iterable[Fact],
    skipped: Iterable[Skipped],
    unread: Iterable[Unread],
    *,
    now: datetime,
) -> ChartFacts:
    """Return the chart that facts of one patient make, by whichever road they came."""
    facts: dict[type[Fact], list[Fact]] = {}
    for fact in read:
        facts.setdefault(type(fact), []).append(fact)
    return ChartFacts(
        patient=patient,
        read_at=now,
        conditions=_of(ConditionFact, facts),
        coverages=_coverages(_of(CoverageFact, facts)),
        consents=_of(ConsentFact, facts),
        encounters=_of(EncounterFact, facts),
        care_plans=_of(CarePlanFact, facts),
        procedures=_of(ProcedureFact, facts),
        claims=_of(ClaimFact, facts),
        goals=_of(GoalFact, facts),
        care_teams=_of(CareTeamFact, facts),
        observations=_of(ObservationFact, facts),
        medications=_of(MedicationFact, facts),
        service_requests=_of(ServiceRequestFact, facts),
        responses=_of(QuestionnaireResponseFact, facts),
        documents=_of(DocumentFact, facts),
        allergies=_of(AllergyFact, facts),
        skipped=tuple(skipped),
        unread=tuple(unread),
    )


def _read(of: Whose, resource: Resource, base_url: str) -> tuple[Fact, ...] | Skipped:
    extracted = extract_for(resource.raw, base_url, resource.type)
    fact = extracted.fact
    if isinstance(fact, Skipped):
        return msgspec.structs.replace(fact, resource_type=resource.type)
    if isinstance(fact, Irrelevant):
        return Skipped(resource.type, "it is of a type that no rule asks about")
    if extracted.patient in of.names:
        return (fact, *extracted.also)
    names = "it belongs to another patient" if extracted.patient else "it names no patient"
    return Skipped(resource.type, names)


def _coverages(facts: Iterable[CoverageFact]) -> tuple[CoverageFact, ...]:
    """Return the Coverages, and after them, of each kind and payor, the latest that a claim had."""
    alone: list[CoverageFact] = []
    in_claims: dict[tuple[str, str, str], CoverageFact] = {}
    for fact in facts:
        if fact.ref.resource_type == "Coverage":
            alone.append(fact)
            continue
        key = (fact.kind, fact.status, fact.payor)
        held = in_claims.get(key)
        if held is None or _known_until(held) <= _known_until(fact):
            in_claims[key] = fact
    return (*alone, *in_claims.values())


def _known_until(fact: CoverageFact) -> str:
    return fact.ends_on.earliest.isoformat() if fact.ends_on else ""


_Kind = TypeVar("_Kind", bound=Fact)


def _of(kind: type[_Kind], facts: Mapping[type[Fact], list[Fact]]) -> tuple[_Kind, ...]:
    return cast("tuple[_Kind, ...]", tuple(facts.get(kind, ())))  # by type, as they were put
