"""Encounter and Procedure → what was done, and met about."""

from __future__ import annotations

from ccm_fhir.domain.facts import EncounterFact, ProcedureFact
from ccm_fhir.fhir.shapes import (
    CodingShape,
    Concept,
    Identifier,
    Period,
    Reference,
    Resource,
    Shape,
    codings,
    first_date,
    identifier_values,
    instant,
)
from ccm_fhir.fhir.source import Source


class ParticipantShape(Shape, frozen=True, kw_only=True):
    """Encounter.participant."""

    individual: Reference | None = None


class EncounterShape(Resource, frozen=True, kw_only=True):
    """Encounter (R4: its class is one Coding)."""

    subject: Reference | None = None
    status: str | None = None
    class_: CodingShape | None = None
    type: list[Concept] | None = None
    period: Period | None = None
    participant: list[ParticipantShape] | None = None
    service_provider: Reference | None = None


class ProcedureShape(Resource, frozen=True, kw_only=True):
    """Procedure."""

    subject: Reference | None = None
    status: str | None = None
    code: Concept | None = None
    identifier: list[Identifier] | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None


def encounter_fact(shape: EncounterShape, source: Source) -> EncounterFact:
    """Return the Encounter; ``starts_at`` only where the chart says a time and a zone."""
    period = shape.period or Period()
    return EncounterFact(
        ref=source.ref,
        status=shape.status or "",
        class_code=(shape.class_.code or "") if shape.class_ else "",
        types=codings(*(shape.type or ())),
        starts_at=instant(period.start),
        ends_at=instant(period.end),
        starts_on=first_date(period.start),
        ends_on=first_date(period.end),
        practitioners=source.locals(one.individual for one in shape.participant or ()),
        organization=source.local(shape.service_provider),
    )


def procedure_fact(shape: ProcedureShape, source: Source) -> ProcedureFact:
    """Return the Procedure with its interval, where it has one."""
    period = shape.performed_period or Period()
    return ProcedureFact(
        ref=source.ref,
        status=shape.status or "",
        codings=codings(shape.code),
        starts_at=instant(period.start) or instant(shape.performed_date_time),
        ends_at=instant(period.end),
        identifiers=identifier_values(shape.identifier),
    )
