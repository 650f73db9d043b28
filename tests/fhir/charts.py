"""Small FHIR resources for the reader's tests, made up; their values are canaries."""

from __future__ import annotations

import json
from typing import Any

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.fhir.extract import Extracted, extract_for
from tests.fhir.far_side import BASE

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
SOPT = "https://nahdo.org/sopt"

_SUBJECT = {
    "AllergyIntolerance": "patient",
    "Coverage": "beneficiary",
    "Consent": "patient",
    "Claim": "patient",
    "ExplanationOfBenefit": "patient",
}


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def resource(resource_type: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """Return a resource ``r1`` of patient ``p1``."""
    named = {_SUBJECT.get(resource_type, "subject"): {"reference": "Patient/p1"}}
    return {
        "resourceType": resource_type,
        "id": "r1",
        "meta": {"versionId": "3", "lastUpdated": "2026-03-01T00:00:00Z"},
        **({} if resource_type == "Patient" else named),
        **members,
    }


def everything(resource_type: str, **members: Any) -> Extracted:  # noqa: ANN401  # JSON
    """Return everything that a resource ``r1`` says."""
    return extract_for(json.dumps(resource(resource_type, **members)).encode(), BASE)


def read(resource_type: str, **members: Any) -> Any:  # noqa: ANN401  # each test knows its fact
    """Return the first thing that a resource ``r1`` says."""
    return everything(resource_type, **members).fact


def day(text: str) -> PartialDate | None:
    return PartialDate.parse(text)


CHART = (
    resource(
        "Patient",
        id="p1",
        name=[{"use": "official", "family": "Canary-family", "given": ["canary-given"]}],
        birthDate="1950-01-02",
        identifier=[
            {
                "type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR"),
                "value": "canary-mrn",
            }
        ],
        communication=[{"language": {"text": "canary"}, "preferred": True}],
        deceasedDateTime="2026-02",
    ),
    resource(
        "Condition",
        clinicalStatus=concept(CLINICAL, "active"),
        verificationStatus=concept(VERIFICATION, "confirmed"),
        category=[concept("urn:c", "problem-list-item")],
        code={"text": "canary", "coding": [{"system": "urn:x", "code": "canary"}]},
        onsetPeriod={"start": "2020-01-01"},
        abatementPeriod={"end": "2027"},
        abatementAge={"value": 7},
        recordedDate="2020-01-01",
    ),
    resource(
        "Coverage",
        status="active",
        type={"coding": [{"system": SOPT, "code": "121", "display": "Medicare FFS"}]},
        period={"start": "2015-01-01"},
        payor=[{"reference": "#o", "display": "canary"}],
        contained=[{"resourceType": "Organization", "id": "o", "name": "canary"}],
        **{"class": [{"type": concept("urn:c", "plan"), "value": "Part B", "name": "canary"}]},
    ),
    resource(
        "Consent",
        status="active",
        scope=concept("urn:s", "treatment"),
        category=[{"text": "CCM"}],
        dateTime="2026-01-01",
        organization=[{"reference": "Organization/o1"}],
        policy=[{"uri": "urn:p"}],
        policyRule=concept("urn:r", "OPTIN"),
        provision={
            "type": "permit",
            "period": {"end": "2027-01-01"},
            "code": [concept("urn:s", "cost-sharing")],
            "purpose": [{"code": "TREAT"}],
            "provision": [{"type": "deny", "code": [{"text": "canary"}]}],
        },
    ),
    resource(
        "Encounter",
        status="finished",
        type=[concept("urn:t", "99213")],
        period={"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T10:30:00Z"},
        participant=[{"individual": {"reference": "Practitioner/p1"}}],
        serviceProvider={"reference": "Organization/o1"},
        **{"class": {"code": "AMB"}},
    ),
    resource(
        "CarePlan",
        status="active",
        intent="plan",
        category=[concept("urn:c", "assess-plan")],
        period={"start": "2026-01-01"},
        title="canary",
        created="2026-01-01",
        goal=[{"reference": "Goal/1"}, {"reference": "#g"}],
        activity=[
            {
                "detail": {
                    "kind": "ServiceRequest",
                    "status": "scheduled",
                    "description": "canary",
                    "code": concept("urn:x", "canary"),
                    "goal": [{"reference": "Goal/1"}],
                    "performer": [{"reference": "Practitioner/1"}],
                    "scheduledPeriod": {"start": "2026-02-01"},
                },
                "progress": [{"time": "2026-02-03", "text": "canary"}],
            },
            {"reference": {"reference": "ServiceRequest/1", "display": "canary"}},
        ],
        addresses=[{"reference": "Condition/r1"}],
        careTeam=[{"reference": "CareTeam/1"}],
        supportingInfo=[{"reference": "Observation/1"}],
        author={"reference": "Practitioner/1"},
        contributor=[{"reference": "Practitioner/2"}],
        text={"status": "generated", "div": "<div>canary</div>"},
        contained=[
            {
                "resourceType": "Goal",
                "id": "g",
                "lifecycleStatus": "active",
                "description": {"text": "canary"},
            }
        ],
    ),
    resource(
        "Goal",
        lifecycleStatus="active",
        achievementStatus=concept("urn:a", "in-progress"),
        description={"text": "canary"},
        addresses=[{"reference": "Condition/r1"}],
        startDate="2026-01-01",
        target=[
            {
                "measure": concept("http://loinc.org", "4548-4"),
                "detailQuantity": {"value": 7.0, "unit": "%"},
                "dueDate": "2026-06-01",
            }
        ],
        statusDate="2026-02-01",
    ),
    resource(
        "CareTeam",
        status="active",
        participant=[
            {
                "role": [concept("http://snomed.info/sct", "446050000"), {"text": "canary"}],
                "member": {"reference": "Practitioner/1", "display": "canary"},
                "onBehalfOf": {"reference": "Organization/1"},
            }
        ],
    ),
    resource(
        "Observation",
        status="final",
        category=[concept("urn:c", "laboratory")],
        code=concept("http://loinc.org", "4548-4"),
        effectiveDateTime="2026-01-05T10:00:00Z",
        valueQuantity={"value": 7.20, "unit": "%", "system": "urn:u", "code": "%"},
        component=[
            {
                "code": concept("http://loinc.org", "8480-6"),
                "valueQuantity": {"value": 150, "unit": "mmHg"},
            }
        ],
    ),
    resource(
        "MedicationRequest",
        status="active",
        intent="order",
        medicationReference={"reference": "#m", "display": "canary"},
        authoredOn="2026-01-05",
        dosageInstruction=[{"text": "canary"}],
        contained=[{"resourceType": "Medication", "id": "m", "code": concept("urn:rx", "canary")}],
    ),
    resource(
        "AllergyIntolerance",
        clinicalStatus=concept("urn:c", "active"),
        verificationStatus=concept("urn:v", "confirmed"),
        criticality="high",
        code={"text": "canary", "coding": [{"system": "urn:x", "code": "canary"}]},
        reaction=[
            {"substance": {"text": "canary"}, "manifestation": [{"text": "canary"}]},
        ],
    ),
    resource(
        "ServiceRequest",
        status="active",
        intent="order",
        category=[concept("urn:c", "counselling")],
        code={"text": "canary", "coding": [{"system": "urn:x", "code": "canary"}]},
        performer=[{"reference": "Organization/1"}],
        authoredOn="2026-01-05",
    ),
    resource(
        "QuestionnaireResponse",
        status="completed",
        questionnaire="https://forms.example/Questionnaire/ccm-consent",
        authored="2026-01-05T10:00:00Z",
        item=[
            {
                "linkId": "consent",
                "text": "canary",
                "answer": [{"valueBoolean": True}],
                "item": [
                    {
                        "linkId": "cost-sharing",
                        "answer": [{"valueCoding": {"code": "Y", "display": "canary"}}],
                    }
                ],
            },
            {"linkId": "score", "answer": [{"valueDecimal": 7.5}, {"valueInteger": 3}]},
            {"linkId": "weight", "answer": [{"valueQuantity": {"value": 80.5, "unit": "kg"}}]},
        ],
    ),
    resource(
        "DocumentReference",
        status="current",
        docStatus="final",
        type={"text": "CCM consent", "coding": [{"system": "urn:x", "code": "canary"}]},
        category=[concept("urn:c", "clinical-note")],
        date="2026-01-05T10:00:00Z",
        description="canary",
        content=[{"attachment": {"title": "canary", "language": "en"}}],
        context={"period": {"start": "2026-01-04"}},
    ),
    resource(
        "Procedure",
        status="completed",
        code=concept("urn:x", "386230005"),
        identifier=[{"system": "urn:i", "value": "canary"}],
        performedPeriod={"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T10:22:00Z"},
    ),
    resource(
        "Claim",
        status="active",
        use="claim",
        identifier=[{"system": "urn:i", "value": "canary"}],
        provider={"reference": "Organization/o1"},
        billablePeriod={"start": "2026-01-01"},
        item=[
            {"productOrService": concept("urn:x", "99490"), "servicedDate": "2026-01-31"},
            {
                "productOrService": concept("urn:x", "99213"),
                "servicedPeriod": {"start": "2026-01-02", "end": "2026-01-02"},
            },
        ],
        insurance=[{"coverage": {"display": "Medicare canary"}}],
    ),
    resource(
        "ExplanationOfBenefit",
        status="active",
        use="claim",
        provider={"identifier": {"system": "urn:npi", "value": "canary"}},
        billablePeriod={"start": "2026-01-01", "end": "2026-01-31"},
        item=[{"productOrService": concept("urn:x", "99490")}],
        insurance=[{"coverage": {"reference": "#cov"}}],
        contained=[
            {
                "resourceType": "Coverage",
                "id": "cov",
                "status": "active",
                "type": {"text": "Medicare Part B"},
                "beneficiary": {"reference": "Patient/p1"},
                "payor": [{"display": "canary"}],
            }
        ],
    ),
)
"""One resource of each kind that is read, with every member that is read."""
