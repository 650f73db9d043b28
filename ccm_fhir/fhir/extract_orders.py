"""MedicationRequest and ServiceRequest → what was ordered, and whether the order stands.

An order *not* to do something is Skipped: read as an order it would say its opposite.
"""

from __future__ import annotations

import msgspec

from ccm_fhir.domain.facts import MedicationFact, ServiceRequestFact, Skipped
from ccm_fhir.fhir.contained import contained_of
from ccm_fhir.fhir.shapes import (
    Anything,
    Concept,
    Container,
    Reference,
    Resource,
    codes,
    codings,
    first_date,
    first_text,
    shortened,
)
from ccm_fhir.fhir.source import Source

_PROHIBITS = "it says what must not be done"


class MedicationShape(Resource, frozen=True, kw_only=True):
    """Medication, where it is contained."""

    code: Concept | None = None


class MedicationRequestShape(Container, frozen=True, kw_only=True):
    """MedicationRequest."""

    subject: Reference | None = None
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    medication_codeable_concept: Concept | None = None
    medication_reference: Reference | None = None
    authored_on: str | None = None
    dosage_instruction: list[Anything] | None = None


class ServiceRequestShape(Resource, frozen=True, kw_only=True):
    """ServiceRequest."""

    subject: Reference | None = None
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    category: list[Concept] | None = None
    code: Concept | None = None
    performer: list[Reference] | None = None
    authored_on: str | None = None


_decode_medication = msgspec.json.Decoder(MedicationShape).decode


def medication_fact(shape: MedicationRequestShape, source: Source) -> MedicationFact | Skipped:
    """Return the order; of a Medication that is only referred to, what the reference displays."""
    if shape.do_not_perform is True:
        return Skipped("MedicationRequest", _PROHIBITS)
    medication = shape.medication_codeable_concept or _contained_medication(shape)
    named = shape.medication_reference.display if shape.medication_reference else ""
    return MedicationFact(
        ref=source.ref,
        status=shape.status or "",
        intent=shape.intent or "",
        codings=codings(medication),
        text=first_text(medication) or shortened(named),
        authored_on=first_date(shape.authored_on),
        has_dosage=bool(shape.dosage_instruction),
    )


def _contained_medication(shape: MedicationRequestShape) -> Concept | None:
    wanted = (shape.medication_reference.reference or "") if shape.medication_reference else ""
    if not wanted.startswith("#"):
        return None
    found = contained_of(shape.contained, "Medication", _decode_medication)
    return next((inner.code for inner_id, inner in found if f"#{inner_id}" == wanted), None)


def service_request_fact(
    shape: ServiceRequestShape, source: Source
) -> ServiceRequestFact | Skipped:
    """Return what was asked for, and of whom."""
    if shape.do_not_perform is True:
        return Skipped("ServiceRequest", _PROHIBITS)
    return ServiceRequestFact(
        ref=source.ref,
        status=shape.status or "",
        intent=shape.intent or "",
        categories=codes(shape.category),
        codings=codings(shape.code),
        text=first_text(shape.code),
        performers=source.locals(shape.performer),
        authored_on=first_date(shape.authored_on),
    )
