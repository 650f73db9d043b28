"""Earlier months: the contact, the care-management work and the claim that each of them left.

And the one claim of the current month that another practice was quicker to send.
"""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures.practice.codes import (
    CARE_MANAGEMENT,
    CPT,
    ICD10CM,
    NUCC,
    SANDBOX,
    SNOMED,
    coding,
    concept,
    hl7,
    reference,
    us_core,
)
from fhir_fixtures.practice.conditions import is_active
from fhir_fixtures.practice.encounters import contact_of
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.moments import (
    free_slot,
    in_month,
    month_end,
    month_start,
    on_weekday,
    period,
)
from fhir_fixtures.practice.staff import (
    CARE_MANAGER_ID,
    OUTSIDE_ID,
    OUTSIDE_PHYSICIAN_ID,
    PHYSICIAN_ID,
    PRACTICE_ID,
    staff_role,
)
from fhir_fixtures.practice.story import Story

_OFFICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
_CHARGE = {"value": 90, "currency": "USD"}  # what the practice asks, not what Medicare pays


def managed_months_of(
    story: Story, coverage: Resource, conditions: tuple[Resource, ...], as_of: date
) -> tuple[Resource, ...]:
    """Return contacts, work and claims of each managed month, the oldest first."""
    return tuple(
        resource
        for months_ago in sorted(story.managed_months, reverse=True)
        for resource in _managed_month(story, months_ago, coverage, conditions, as_of)
    )


def claims_elsewhere_of(
    story: Story, coverage: Resource, conditions: tuple[Resource, ...]
) -> tuple[Resource, ...]:
    """Return another practice's claim for the month, if there is one."""
    if story.billed_elsewhere_on is None:
        return ()
    return (
        _claim(
            f"{story.patient_id}-claim-elsewhere",
            coverage,
            conditions,
            story.billed_elsewhere_on,
            (OUTSIDE_ID, OUTSIDE_PHYSICIAN_ID),
        ),
    )


def _managed_month(
    story: Story,
    months_ago: int,
    coverage: Resource,
    conditions: tuple[Resource, ...],
    as_of: date,
) -> tuple[Resource, ...]:
    called_on = on_weekday(in_month(as_of, months_ago, 9 + story.index % 4))
    reviewed_on = on_weekday(in_month(as_of, months_ago, 19 + story.index % 5))
    contact = contact_of(story, months_ago, called_on)
    call = _work(story, f"call-{months_ago}", called_on, 12) | {"encounter": reference(contact)}
    review = _work(story, f"review-{months_ago}", reviewed_on, 11)
    claim = _claim(
        f"{story.patient_id}-claim-{months_ago}",
        coverage,
        conditions,
        reviewed_on,
        (PRACTICE_ID, PHYSICIAN_ID),
    )
    return (contact, call, review, claim)


def _work(story: Story, slug: str, day: date, minutes: int) -> Resource:
    return {
        "resourceType": "Procedure",
        "id": f"{story.patient_id}-work-{slug}",
        "meta": us_core("procedure"),
        "status": "completed",
        "code": concept(coding(SNOMED, CARE_MANAGEMENT), text="Care management"),
        "subject": {"reference": f"Patient/{story.patient_id}"},
        "performedPeriod": period(free_slot(story.index, day), minutes),
        "performer": [
            {
                "function": staff_role(CARE_MANAGER_ID),
                "actor": {"reference": f"Practitioner/{CARE_MANAGER_ID}"},
                "onBehalfOf": {"reference": f"Organization/{PRACTICE_ID}"},
            }
        ],
    }


def _claim(
    claim_id: str,
    coverage: Resource,
    conditions: tuple[Resource, ...],
    serviced_on: date,
    provider: tuple[str, str],
) -> Resource:
    organization_id, practitioner_id = provider
    taxonomy = staff_role(practitioner_id)["coding"][0]["code"]
    first = month_start(serviced_on)
    diagnoses = _diagnoses(conditions)
    return {
        "resourceType": "Claim",
        "id": claim_id,
        "identifier": [{"system": f"{SANDBOX}/sid/claim", "value": claim_id}],
        "status": "active",
        "type": hl7("claim-type", "professional"),
        "use": "claim",
        "patient": coverage["beneficiary"],
        "billablePeriod": {"start": first.isoformat(), "end": month_end(first).isoformat()},
        "created": (serviced_on + timedelta(days=1)).isoformat(),
        "provider": {"reference": f"Organization/{organization_id}"},
        "priority": hl7("processpriority", "normal"),
        "careTeam": [
            {
                "sequence": 1,
                "provider": {"reference": f"Practitioner/{practitioner_id}"},
                "responsible": True,
                "role": hl7("claimcareteamrole", "primary"),
                "qualification": concept(coding(NUCC, taxonomy)),
            }
        ],
        "diagnosis": diagnoses,
        "insurance": [{"sequence": 1, "focal": True, "coverage": reference(coverage)}],
        "item": [
            {
                "sequence": 1,
                "careTeamSequence": [1],
                "diagnosisSequence": [d["sequence"] for d in diagnoses],
                "productOrService": concept(coding(CPT, "99490")),
                "servicedDate": serviced_on.isoformat(),
                "locationCodeableConcept": concept(coding(_OFFICE, "11")),
                "quantity": {"value": 1},
                "unitPrice": _CHARGE,
                "net": _CHARGE,
            }
        ],
        "total": _CHARGE,
    }


def _diagnoses(conditions: tuple[Resource, ...]) -> list[Resource]:
    """Return up to four ICD-10-CM diagnoses; more than four point nowhere on an 837P line."""
    codes = dict.fromkeys(
        c["code"]
        for condition in conditions
        if is_active(condition)
        for c in condition["code"].get("coding", [])
        if c["system"] == ICD10CM
    )
    return [
        {"sequence": number, "diagnosisCodeableConcept": concept(coding(ICD10CM, code))}
        for number, code in zip(range(1, 5), codes, strict=False)
    ]
