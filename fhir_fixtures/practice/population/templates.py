"""The resources as lines with gaps, each in several orders of its fields.

JSON objects have no order; servers write them in many. A reader that counts on one is found out.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

_ORDERS = 8
_HL7 = "http://terminology.hl7.org/CodeSystem"
_NOTE = "Synthetic; speaks of nobody."


def compact(value: Any) -> str:  # noqa: ANN401  # JSON
    """Return JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def hl7(system: str, code: str) -> str:
    """Return a CodeableConcept of one of HL7's code systems."""
    coding = {"system": f"{_HL7}/{system}", "code": code}
    return compact({"coding": [coding]})


def concept(*codings: tuple[str, str, str], text: str = "") -> str:
    """Return a CodeableConcept of codings (system, code, display)."""
    made: dict[str, Any] = {}
    if codings:
        made["coding"] = [
            {"system": s, "code": c} | ({"display": d} if d else {}) for s, c, d in codings
        ]
    if text:
        made["text"] = text
    return compact(made)


def _orders(kind: str, fields: dict[str, str]) -> tuple[str, ...]:
    """Return a resource in several orders of its fields; values may hold ``%(name)s``."""
    shuffled = Random(f"order of {kind}")  # noqa: S311  # data, no secret
    parts = [f'"resourceType":"{kind}"', '"id":"%(id)s"']
    parts += [f'"{name}":{value}' for name, value in fields.items()]
    found = ["{" + ",".join(parts) + "}\n"]
    for _ in range(_ORDERS - 1):
        shuffled.shuffle(parts)
        found.append("{" + ",".join(parts) + "}\n")
    return tuple(found)


def _meta(profile: str) -> str:
    url = f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{profile}"
    return (
        '{"versionId":"%(version)s","lastUpdated":"%(updated)s","source":"#synthetic",'
        f'"profile":["{url}"]}}'
    )


def _text(words: str) -> str:
    div = f'<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>{words}</p></div>'
    return f'{{"status":"generated","div":"{div}"}}'


_IDENTIFIER = '[{"use":"usual","system":"urn:oid:1.2.36.146.595.217.0.1","value":"SYN-%(id)s"}]'
_DOCTOR = '{"reference":"Practitioner/prac-%(doctor)s","display":"Practitioner %(doctor)s"}'
_SUBJECT = '{"reference":"Patient/%(patient)s"}'

PATIENT = _orders(
    "Patient",
    {
        "meta": _meta("patient"),
        "text": _text("A synthetic patient."),
        "identifier": compact(
            [
                {
                    "use": "usual",
                    "type": {"coding": [{"system": f"{_HL7}/v2-0203", "code": "MR"}]},
                    "system": "urn:oid:1.2.36.146.595.217.0.2",
                    "value": "SYN-%(id)s",
                }
            ]
        ),
        "active": "true",
        "name": '[{"use":"official","family":"Synthetic-%(id)s","given":["Patient"]}]',
        "gender": '"%(gender)s"',
        "birthDate": '"%(born)s"',
        "address": compact([{"line": ["1 Example Street"], "city": "Example", "state": "NY"}]),
        "communication": compact([{"language": {"coding": [{"code": "en"}]}, "preferred": True}]),
        "managingOrganization": '{"reference":"Organization/org-1"}%(death)s',
    },
)
CONDITION = _orders(
    "Condition",
    {
        "meta": _meta("condition-problems-health-concerns"),
        "text": _text("%(words)s"),
        "clinicalStatus": "%(clinical)s",
        "verificationStatus": "%(verification)s",
        "category": f"[{hl7('condition-category', 'problem-list-item')}]",
        "code": "%(code)s",
        "subject": _SUBJECT,
        "encounter": '{"reference":"Encounter/%(patient)s-e0"}',
        "onsetDateTime": '"%(onset)s"',
        "recordedDate": '"%(recorded)s"',
        "recorder": _DOCTOR,
        "note": compact([{"text": _NOTE}]) + "%(ended)s",
    },
)
ENCOUNTER = _orders(
    "Encounter",
    {
        "meta": _meta("encounter"),
        "identifier": _IDENTIFIER,
        "status": '"finished"',
        "class": '{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"%(class)s"}',
        "type": "[%(type)s]",
        "subject": _SUBJECT,
        "participant": f'[{{"individual":{_DOCTOR}}}]',
        "period": '{"start":"%(start)s","end":"%(end)s"}',
        "location": '[{"location":{"reference":"Location/loc-1","display":"Example Clinic"}}]',
        "serviceProvider": '{"reference":"Organization/org-1","display":"Example Clinic"}',
    },
)
COVERAGE = _orders(
    "Coverage",
    {
        "meta": _meta("coverage"),
        "identifier": _IDENTIFIER,
        "status": '"active"',
        "type": "%(type)s",
        "subscriberId": '"SYN-%(patient)s"',
        "beneficiary": _SUBJECT,
        "relationship": hl7("subscriber-relationship", "self"),
        "period": '{"start":"%(start)s"%(end)s}',
        "payor": '[{"reference":"Organization/%(payor)s","display":"%(payor_name)s"}]',
        "class": "%(class)s",
    },
)
CONSENT = _orders(
    "Consent",
    {
        "meta": '{"versionId":"%(version)s","lastUpdated":"%(updated)s"}',
        "status": '"%(status)s"',
        "scope": hl7("consentscope", "treatment"),
        "category": compact(
            [
                {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]},
                {"text": "Consent to chronic care management"},
            ]
        ),
        "patient": _SUBJECT,
        "dateTime": '"%(given)s"',
        "policyRule": compact({"text": "verbal"}),
        "provision": '{"type":"permit","period":{"start":"%(given)s"%(end)s},"code":[%(told)s]}',
    },
)
CARE_PLAN = _orders(
    "CarePlan",
    {
        "meta": _meta("careplan"),
        "text": _text("A synthetic care plan."),
        "status": '"active"',
        "intent": '"plan"',
        "category": compact(
            [
                {
                    "coding": [
                        {
                            "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                            "code": "assess-plan",
                        }
                    ]
                }
            ]
        ),
        "title": '"Care plan"',
        "subject": _SUBJECT,
        "period": '{"start":"%(start)s"}',
        "careTeam": '[{"reference":"CareTeam/%(patient)s-t"}]',
        "addresses": '[{"reference":"Condition/%(patient)s-c0"}]',
        "goal": '[{"reference":"Goal/%(patient)s-g"}]',
        "activity": compact(
            [{"detail": {"status": "scheduled", "description": "Call each month to review"}}]
        ),
    },
)
CLAIM = _orders(
    "Claim",
    {
        "meta": '{"versionId":"%(version)s","lastUpdated":"%(updated)s"}',
        "identifier": _IDENTIFIER,
        "status": '"active"',
        "type": hl7("claim-type", "professional"),
        "use": '"claim"',
        "patient": _SUBJECT,
        "billablePeriod": '{"start":"%(day)s","end":"%(day)s"}',
        "created": '"%(day)s"',
        "provider": '{"reference":"Organization/%(provider)s"}',
        "priority": '{"coding":[{"code":"normal"}]}',
        "insurance": '[{"sequence":1,"focal":true,'
        '"coverage":{"reference":"Coverage/%(coverage)s"}}]',
        "item": '[{"sequence":1,"servicedDate":"%(day)s","productOrService":'
        '{"coding":[{"system":"http://www.ama-assn.org/go/cpt","code":"%(cpt)s"}]}}]',
    },
)
PROCEDURE = _orders(
    "Procedure",
    {
        "meta": _meta("procedure"),
        "identifier": _IDENTIFIER,
        "status": '"completed"',
        "code": '{"coding":[{"system":"http://www.ama-assn.org/go/cpt","code":"93000"}]}',
        "subject": _SUBJECT,
        "performedDateTime": '"%(day)s"',
    },
)
