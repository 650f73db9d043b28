"""Small FHIR resources for the reader's tests, made up; their values are canaries."""

from __future__ import annotations

from typing import Any

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
SOPT = "https://nahdo.org/sopt"


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def resource(resource_type: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """Return a resource ``r1`` of patient ``p1``."""
    subject = {"Coverage": "beneficiary", "Consent": "patient", "Claim": "patient"}
    named = {subject.get(resource_type, "subject"): {"reference": "Patient/p1"}}
    return {
        "resourceType": resource_type,
        "id": "r1",
        "meta": {"versionId": "3", "lastUpdated": "2026-03-01T00:00:00Z"},
        **({} if resource_type == "Patient" else named),
        **members,
    }


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
        goal=[{"reference": "Goal/1"}],
        activity=[{"detail": {"description": "canary"}}],
        addresses=[{"reference": "Condition/r1"}],
        careTeam=[{"reference": "CareTeam/1"}],
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
        ],
    ),
)
"""One resource of each kind that is read, with every member that is read."""
