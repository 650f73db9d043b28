"""Consent to chronic care management, and what the patient was told when giving it.

FHIR has no element for "was told"; this EHR says it in three places, from firm to soft:

- ``category``: LOINC 59284-0 and this EHR's own ``ccm-services``: it is *this* consent;
- ``provision.code``: one code for each statement that was made to the patient, in
  ``…/CodeSystem/ccm-consent-statement``: ``availability``, ``cost-sharing``,
  ``one-practitioner``, ``right-to-stop``;
- ``sourceAttachment``: the same as plain text.

``organization`` is the practice that may act on it. A revoked consent is ``inactive`` and its
``provision.period.end`` is the day of revocation.
"""

from __future__ import annotations

import base64

from fhir_fixtures.practice.codes import ACT_CODE, LOINC, SANDBOX, coding, concept, hl7
from fhir_fixtures.practice.consent_papers import consent_form, consent_scan
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.story import ConsentGiven, Kept, Story

STATEMENTS = {
    "availability": "what chronic care management is and that it is offered here",
    "cost-sharing": "that Medicare's cost sharing may apply",
    "one-practitioner": "that only one practitioner can be paid for it in a month",
    "right-to-stop": "that it can be stopped at any time, with effect from the end of the month",
}
ALL_TOLD = tuple(STATEMENTS)


def consents_of(story: Story) -> tuple[Resource, ...]:
    """Return the patient's consent to CCM, if one was ever given, as this EHR keeps it."""
    given = story.consent
    if given is None:
        return ()
    if given.kept is Kept.FORM:
        return (consent_form(story, given, STATEMENTS),)
    scan = (consent_scan(story, given),) if given.kept is Kept.CONSENT_AND_SCAN else ()
    return (_consent(story, given), *scan)


def _consent(story: Story, given: ConsentGiven) -> Resource:
    patient = {"reference": f"Patient/{story.patient_id}"}
    ended = {"end": given.ended_on.isoformat()} if given.ended_on else {}
    return {
        "resourceType": "Consent",
        "id": f"{story.patient_id}-consent-ccm",
        "status": "inactive" if given.ended_on else "active",
        "scope": hl7("consentscope", "treatment"),
        "category": [
            concept(coding(LOINC, "59284-0")),
            concept(
                coding(f"{SANDBOX}/CodeSystem/consent", "ccm-services"),
                text="Consent to chronic care management",
            ),
        ],
        "patient": patient,
        "dateTime": given.given,
        "performer": [patient],
        "organization": [{"reference": f"Organization/{given.organization_id}"}],
        "sourceAttachment": {
            "contentType": "text/plain",
            "language": "en",
            "title": "Verbal consent, as documented",
            "data": base64.b64encode(_as_text(given).encode()).decode(),
        },
        "policyRule": concept(coding(ACT_CODE, "OPTIN")),
        "provision": {
            "type": "permit",
            "period": {"start": given.given} | ended,
            "code": [
                concept(coding(f"{SANDBOX}/CodeSystem/ccm-consent-statement", code))
                for code in given.told
            ],
        },
    }


def _as_text(given: ConsentGiven) -> str:
    told = "; ".join(STATEMENTS[code] for code in given.told)
    return f"The patient agreed to chronic care management, having been told {told}."
