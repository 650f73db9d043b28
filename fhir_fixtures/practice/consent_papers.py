"""Consent to chronic care management where an EHR keeps it elsewhere: as a form, as a scan.

The form asks for the consent itself and has one item for each statement made to the patient,
by the same names as the Consent's codes. The scan says what it is and no more: nobody can tell
from a DocumentReference what the patient was told.
"""

from __future__ import annotations

import base64

from fhir_fixtures.practice.codes import LOINC, SANDBOX, coding, concept, us_core
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.staff import CARE_MANAGER_ID
from fhir_fixtures.practice.story import ConsentGiven, Story

_NOTE = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"


def consent_form(story: Story, given: ConsentGiven, statements: dict[str, str]) -> Resource:
    """Return the consent as a filled-in form."""
    told = [
        _answered(code, f"Told {words}", code in given.told) for code, words in statements.items()
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": f"{story.patient_id}-consent-form",
        "meta": us_core("questionnaireresponse"),
        "questionnaire": f"{SANDBOX}/Questionnaire/ccm-consent",
        "status": "completed",
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "authored": given.given,
        "author": {"reference": f"Practitioner/{CARE_MANAGER_ID}"},
        "item": [
            _answered("consent", "Does the patient consent to chronic care management?", True),  # noqa: FBT003  # the answer
            *told,
            {
                "linkId": "consent-mode",
                "text": "How was it given?",
                "answer": [{"valueString": "verbal, by telephone"}],
            },
        ],
    }


def consent_scan(story: Story, given: ConsentGiven) -> Resource:
    """Return the consent as a scanned paper."""
    return {
        "resourceType": "DocumentReference",
        "id": f"{story.patient_id}-consent-scan",
        "meta": us_core("documentreference"),
        "status": "current",
        "type": concept(coding(LOINC, "59284-0"), text="Consent to chronic care management"),
        "category": [concept(coding(_NOTE, "clinical-note"))],
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "date": f"{given.given}T12:00:00-05:00",
        "description": "CCM consent, signed on paper and scanned",
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "language": "en",
                    "title": "CCM consent",
                    "data": base64.b64encode(b"A scanned page would be here.").decode(),
                }
            }
        ],
    }


def _answered(link_id: str, text: str, answer: bool) -> Resource:  # noqa: FBT001  # the answer
    return {"linkId": link_id, "text": text, "answer": [{"valueBoolean": answer}]}
