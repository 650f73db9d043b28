"""Condition → its codings, and the statuses that decide whether it counts.

Statuses are read from HL7's own code systems alone: a text, or a vendor's code, is not an
answer but ``unreadable``, so that a person looks. So is a status that is there and empty (it may
say by an extension that it is unknown); none at all is None.
"""

from __future__ import annotations

from ccm_fhir.domain.codes import canonical_system
from ccm_fhir.domain.conditions import UNREADABLE
from ccm_fhir.domain.facts import ConditionFact
from ccm_fhir.fhir.shapes import Concept, Period, Reference, Resource, codes, codings, first_date
from ccm_fhir.fhir.source import Source

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


class ConditionShape(Resource, frozen=True, kw_only=True):
    """Condition."""

    subject: Reference | None = None
    clinical_status: Concept | None = None
    verification_status: Concept | None = None
    category: list[Concept] | None = None
    code: Concept | None = None
    onset_date_time: str | None = None
    onset_period: Period | None = None
    abatement_date_time: str | None = None
    abatement_period: Period | None = None
    abatement_age: dict[str, object] | None = None
    abatement_range: dict[str, object] | None = None
    abatement_string: str | None = None
    abatement_boolean: bool | None = None
    recorded_date: str | None = None


def condition_fact(shape: ConditionShape, source: Source) -> ConditionFact:
    """Return the Condition; an end that is no date is still an end."""
    abatement_period = shape.abatement_period or Period()
    return ConditionFact(
        ref=source.ref,
        codings=codings(shape.code),
        text=(shape.code.text or "") if shape.code else "",
        clinical_status=_status(shape.clinical_status, CLINICAL),
        verification_status=_status(shape.verification_status, VERIFICATION),
        categories=codes(shape.category),
        onset=first_date(
            shape.onset_date_time, shape.onset_period.start if shape.onset_period else None
        ),
        abatement=first_date(
            shape.abatement_date_time, abatement_period.start, abatement_period.end
        ),
        has_abatement=_has_abatement(shape),
        recorded=first_date(shape.recorded_date),
        has_modifier=bool(shape.modifier_extension),
    )


def _status(concept: Concept | None, system: str) -> str | None:
    if concept is None:
        return None
    stated = {
        coding.code
        for coding in concept.coding or ()
        if canonical_system(coding.system) == system and coding.code
    }
    return stated.pop() if len(stated) == 1 else UNREADABLE


def _has_abatement(shape: ConditionShape) -> bool:
    return shape.abatement_boolean is True or any(
        stated is not None
        for stated in (
            shape.abatement_date_time,
            shape.abatement_period,
            shape.abatement_age,
            shape.abatement_range,
            shape.abatement_string,
        )
    )
