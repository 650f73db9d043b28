"""One patient's chart, asked for by US Core searches and read into facts.

Each resource type is asked for by itself, several at a time. A type that may not or cannot be
asked for is ``Unread`` with the reason, and the others go on; a resource of another patient is
never taken for this one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec

from ccm_fhir.domain.facts import (
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
from ccm_fhir.errors import EhrFormatError, EhrHttpError, EhrUnreachableError
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.extract import Irrelevant, extract, extract_for
from ccm_fhir.fhir.scopes import any_allows

MAX_PARALLEL = 4
_READING = "reading Patient"
_PLAN_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category|assess-plan"

# US Core 7: the combinations that a server SHALL support. Claim is beyond US Core.
_SEARCHES: Mapping[str, Mapping[str, str]] = {
    "Condition": {},
    "Coverage": {},
    "Consent": {},
    "Encounter": {},
    "CarePlan": {"category": _PLAN_CATEGORY},
    "Procedure": {},
    "Claim": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    resource_type: str
    facts: tuple[Fact, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unread: Unread | None = None


def read_chart(
    client: FhirClient,
    patient_id: str,
    *,
    scopes: frozenset[str],
    now: datetime,
    max_parallel: int = MAX_PARALLEL,
) -> ChartFacts:
    """Read everything that a decision about one patient rests on.

    Args:
        client: with a token that may read the patient.
        patient_id: the Patient's id.
        scopes: as granted; a type that none of them allows is not asked for.
        now: becomes ``read_at``.
        max_parallel: how many requests may be under way at once.

    Raises:
        EhrHttpError, EhrUnreachableError: the Patient itself cannot be read.
        EhrFormatError: the EHR answered with another patient, or one that cannot be read.
        ForbiddenOriginError: the base lies outside the pinned origins.
    """
    patient = _patient(client, patient_id)
    ask = partial(_ask, client, patient_id, scopes)
    with ThreadPoolExecutor(max_parallel, thread_name_prefix="chart") as pool:
        answers = tuple(pool.map(ask, _SEARCHES))
    facts = tuple(fact for answer in answers for fact in answer.facts)
    return ChartFacts(
        patient=patient,
        read_at=now,
        conditions=_of(ConditionFact, facts),
        coverages=_of(CoverageFact, facts),
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
        skipped=tuple(skipped for answer in answers for skipped in answer.skipped),
        unread=tuple(answer.unread for answer in answers if answer.unread is not None),
    )


def patients(
    client: FhirClient, parameters: Mapping[str, str] | None = None
) -> Iterator[PatientFact | Skipped]:
    """Yield every patient that a token may see, each once.

    Args:
        client: with a token of our own (``system/Patient.rs``).
        parameters: a narrower search, for servers that demand one.

    Raises:
        as ``FhirClient.search``.
    """
    for resource in client.search("Patient", parameters or {"_count": "100"}):
        fact = extract(resource.raw, client.base_url)
        if isinstance(fact, PatientFact | Skipped):
            yield fact


def _patient(client: FhirClient, patient_id: str) -> PatientFact:
    fact = extract(client.read("Patient", patient_id).raw, client.base_url)
    if isinstance(fact, PatientFact):
        return fact
    raise EhrFormatError(_READING, fact.reason if isinstance(fact, Skipped) else "it is none")


def _ask(
    client: FhirClient, patient_id: str, scopes: frozenset[str], resource_type: str
) -> _Answer:
    if not any_allows(scopes, resource_type, "s"):
        return _unread(resource_type, f"needs scope patient/{resource_type}.rs")
    parameters = {"patient": patient_id, **_SEARCHES[resource_type]}
    try:
        found = client.search(resource_type, parameters)
    except EhrUnreachableError:
        return _unread(resource_type, "the EHR did not answer")
    except EhrHttpError as refusal:
        return _unread(resource_type, _because(refusal, resource_type))
    except EhrFormatError as broken:
        return _unread(resource_type, f"the EHR's answer cannot be read: {broken.problem}")
    return _sorted_out(client, f"Patient/{patient_id}", resource_type, found)


def _sorted_out(
    client: FhirClient, patient: str, resource_type: str, found: Iterable[Resource]
) -> _Answer:
    facts: list[Fact] = []
    skipped: list[Skipped] = []
    for resource in found:
        extracted = extract_for(resource.raw, client.base_url)
        match extracted.fact:
            case Skipped() as unreadable:
                skipped.append(msgspec.structs.replace(unreadable, resource_type=resource_type))
            case Irrelevant():
                skipped.append(Skipped(resource_type, "it is of another type"))
            case _ if extracted.patient != patient:
                why = (
                    "it belongs to another patient" if extracted.patient else "it names no patient"
                )
                skipped.append(Skipped(resource_type, why))
            case fact:
                facts += (fact, *extracted.also)
    return _Answer(resource_type=resource_type, facts=tuple(facts), skipped=tuple(skipped))


def _because(refusal: EhrHttpError, resource_type: str) -> str:
    reasons = {
        401: "the EHR no longer accepts the token",
        403: f"the EHR refuses it; it may need scope patient/{resource_type}.rs",
        404: "the EHR does not offer it",
        405: "the EHR does not offer it",
        501: "the EHR does not offer it",
    }
    detail = f" ({refusal.outcome_code})" if refusal.outcome_code else ""
    return reasons.get(refusal.status, f"the EHR answered {refusal.status}{detail}")


def _unread(resource_type: str, reason: str) -> _Answer:
    return _Answer(resource_type=resource_type, unread=Unread(resource_type, reason))


_Kind = TypeVar("_Kind", bound=Fact)


def _of(kind: type[_Kind], facts: Iterable[Fact]) -> tuple[_Kind, ...]:
    return tuple(fact for fact in facts if isinstance(fact, kind))
