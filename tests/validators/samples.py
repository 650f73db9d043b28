"""Known-good resources of the three types the product writes; every person is invented."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
PERIOD = {"start": "2026-10-05T09:00:00-04:00", "end": "2026-10-05T09:22:00-04:00"}


def concept(system: str, code: str) -> dict[str, Any]:
    """Return a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}


ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "meta": {"profile": [f"{US_CORE}/us-core-encounter"]},
    "identifier": [{"system": "https://ccm.example/time", "value": "encounter-1"}],
    "status": "finished",
    "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "VR"},
    "type": [concept("http://snomed.info/sct", "185317003")],
    "subject": {"reference": "Patient/synthetic"},
    "participant": [{"individual": {"reference": "Practitioner/nurse"}}],
    "period": PERIOD,
    "serviceProvider": {"reference": "Organization/practice"},
}
PROCEDURE: dict[str, Any] = {
    "resourceType": "Procedure",
    "meta": {"profile": [f"{US_CORE}/us-core-procedure"]},
    "identifier": [{"system": "https://ccm.example/time", "value": "procedure-1"}],
    "basedOn": [{"reference": "CarePlan/plan"}],
    "status": "completed",
    "code": concept("http://snomed.info/sct", "386230005"),
    "subject": {"reference": "Patient/synthetic"},
    "encounter": {"reference": "Encounter/contact"},
    "performedPeriod": PERIOD,
    "performer": [
        {
            "function": {"text": "clinical staff"},
            "actor": {"reference": "Practitioner/nurse"},
            "onBehalfOf": {"reference": "Organization/practice"},
        }
    ],
    "reasonReference": [{"reference": "Condition/diabetes"}],
    "note": [{"text": "Synthetic."}],
}
CLAIM: dict[str, Any] = {
    "resourceType": "Claim",
    "identifier": [{"system": "https://ccm.example/claim", "value": "claim-1"}],
    "status": "active",
    "type": concept(f"{TERMINOLOGY}/claim-type", "professional"),
    "use": "claim",
    "patient": {"reference": "Patient/synthetic"},
    "billablePeriod": {"start": "2026-10-01", "end": "2026-10-31"},
    "created": "2026-11-02T10:00:00-05:00",
    "provider": {"reference": "Organization/practice"},
    "priority": concept(f"{TERMINOLOGY}/processpriority", "normal"),
    "careTeam": [
        {
            "sequence": 1,
            "provider": {"reference": "Practitioner/physician"},
            "responsible": True,
            "role": concept(f"{TERMINOLOGY}/claimcareteamrole", "primary"),
            "qualification": concept("http://nucc.org/provider-taxonomy", "207Q00000X"),
        }
    ],
    "supportingInfo": [
        {
            "sequence": 1,
            "category": concept(f"{TERMINOLOGY}/claiminformationcategory", "info"),
            "valueQuantity": {
                "value": 22,
                "unit": "min",
                "system": "http://unitsofmeasure.org",
                "code": "min",
            },
        }
    ],
    "diagnosis": [
        {
            "sequence": sequence,
            "diagnosisCodeableConcept": concept("http://hl7.org/fhir/sid/icd-10-cm", code),
        }
        for sequence, code in enumerate(("E11.9", "I10"), start=1)
    ],
    "procedure": [{"sequence": 1, "procedureReference": {"reference": "Procedure/time"}}],
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/part-b"}}],
    "item": [
        {
            "sequence": 1,
            "careTeamSequence": [1],
            "diagnosisSequence": [1, 2],
            "procedureSequence": [1],
            "informationSequence": [1],
            "productOrService": concept("http://www.ama-assn.org/go/cpt", "99490"),
            "servicedDate": "2026-10-31",
            "quantity": {"value": 1},
            "unitPrice": {"value": 75.00, "currency": "USD"},
            "net": {"value": 75.00, "currency": "USD"},
            "encounter": [{"reference": "Encounter/contact"}],
        }
    ],
    "total": {"value": 75.00, "currency": "USD"},
}
SAMPLES = (ENCOUNTER, PROCEDURE, CLAIM)


def altered(resource: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy with one element set; ``path`` is dotted, a number enters a list."""
    copy = deepcopy(resource)
    *steps, last = path.split(".")
    target: Any = copy
    for step in steps:
        target = target[int(step) if step.isdigit() else step]
    target[last] = value
    return copy


def without(resource: dict[str, Any], element: str) -> dict[str, Any]:
    """Return a copy that lacks one top-level element."""
    return {name: value for name, value in resource.items() if name != element}
