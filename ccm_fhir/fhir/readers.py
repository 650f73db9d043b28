"""How each resource type is read: its shape, its fact, and what else it may say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ccm_fhir.domain.facts import Fact, Skipped
from ccm_fhir.fhir.contained import contained_of
from ccm_fhir.fhir.extract_allergy import AllergyShape, allergy_fact
from ccm_fhir.fhir.extract_answers import (
    QuestionnaireResponseShape,
    consent_in_response,
    response_fact,
)
from ccm_fhir.fhir.extract_care import (
    EncounterShape,
    ProcedureShape,
    encounter_fact,
    procedure_fact,
)
from ccm_fhir.fhir.extract_claim import (
    ClaimShape,
    claim_fact,
    coverages_in_claim,
    other_days,
)
from ccm_fhir.fhir.extract_condition import ConditionShape, condition_fact
from ccm_fhir.fhir.extract_consent import ConsentShape, consent_fact
from ccm_fhir.fhir.extract_coverage import CoverageShape, coverage_fact
from ccm_fhir.fhir.extract_document import (
    DocumentReferenceShape,
    consent_in_document,
    document_fact,
)
from ccm_fhir.fhir.extract_goal import CareTeamShape, GoalShape, care_team_fact, goal_fact
from ccm_fhir.fhir.extract_observation import ObservationShape, observation_fact
from ccm_fhir.fhir.extract_orders import (
    MedicationRequestShape,
    ServiceRequestShape,
    medication_fact,
    service_request_fact,
)
from ccm_fhir.fhir.extract_patient import PatientShape, patient_fact
from ccm_fhir.fhir.extract_plan import CarePlanShape, care_plan_fact
from ccm_fhir.fhir.shapes import Resource
from ccm_fhir.fhir.source import Source

# A reader's functions take the shape that its own decoder makes: no type can say so here.
FactOf = Callable[[Any, Source], Fact | Skipped]
AlsoOf = Callable[[Any, Source, Fact], Iterable[Fact]]


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """How one resource type is read.

    ``patient`` names the patient; ``also`` gives further facts; ``keeps_modifiers``: its fact
    says that it had a modifier extension, so that the resource need not be skipped.
    """

    decode: Callable[[bytes], Any]
    fact: FactOf
    patient: Callable[[Any, Source], str]
    also: AlsoOf
    keeps_modifiers: bool = False


def _nothing(_shape: object, _source: Source, _fact: Fact) -> tuple[Fact, ...]:
    return ()


def _reader(
    shape: type[Resource],
    fact: FactOf,
    patient: str = "subject",
    also: AlsoOf = _nothing,
    *,
    keeps_modifiers: bool = False,
) -> Reader:
    return Reader(
        decode=msgspec.json.Decoder(shape).decode,
        fact=fact,
        patient=lambda read, source: source.local(getattr(read, patient)),
        also=also,
        keeps_modifiers=keeps_modifiers,
    )


def _parts_of_plan(shape: CarePlanShape, source: Source, _fact: Fact) -> Iterator[Fact]:
    """Yield what lives inside a plan, under the names by which the plan refers to it."""
    if not shape.contained:
        return
    for kind in ("Goal", "CareTeam", "ServiceRequest", "MedicationRequest"):
        reader = READERS[kind]
        for inner_id, inner in contained_of(shape.contained, kind, reader.decode):
            fact = None if inner.modifier_extension else reader.fact(inner, source.inner(inner_id))
            if isinstance(fact, Fact):
                yield fact


def _rest_of_claim(shape: ClaimShape, source: Source, _fact: Fact) -> Iterator[Fact]:
    yield from other_days(shape, source)
    yield from coverages_in_claim(shape, source)


READERS: Mapping[str, Reader] = {
    "Patient": msgspec.structs.replace(
        _reader(PatientShape, patient_fact, "id"),
        patient=lambda read, _source: f"Patient/{read.id}" if read.id else "",
    ),
    "Condition": _reader(ConditionShape, condition_fact, keeps_modifiers=True),
    "Coverage": _reader(CoverageShape, coverage_fact, "beneficiary"),
    "Consent": _reader(ConsentShape, consent_fact, "patient"),
    "Encounter": _reader(EncounterShape, encounter_fact),
    "CarePlan": _reader(CarePlanShape, care_plan_fact, also=_parts_of_plan),
    "Goal": _reader(GoalShape, goal_fact),
    "CareTeam": _reader(CareTeamShape, care_team_fact),
    "Procedure": _reader(ProcedureShape, procedure_fact),
    "Observation": _reader(ObservationShape, observation_fact),
    "MedicationRequest": _reader(MedicationRequestShape, medication_fact),
    "AllergyIntolerance": _reader(AllergyShape, allergy_fact, "patient"),
    "ServiceRequest": _reader(ServiceRequestShape, service_request_fact),
    "QuestionnaireResponse": _reader(
        QuestionnaireResponseShape,
        response_fact,
        also=lambda _shape, _source, fact: consent_in_response(fact),
    ),
    "DocumentReference": _reader(
        DocumentReferenceShape,
        document_fact,
        also=lambda shape, _source, fact: consent_in_document(shape, fact),
    ),
    "Claim": _reader(ClaimShape, claim_fact, "patient", also=_rest_of_claim),
    "ExplanationOfBenefit": _reader(ClaimShape, claim_fact, "patient", also=_rest_of_claim),
}
