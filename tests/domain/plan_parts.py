"""Builders of a plan's parts; every default is boring, the test sets what matters."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.plans.parts import (
    AnyPart,
    Assessment,
    Bound,
    Goal,
    Intervention,
    Measure,
    Medicine,
    Origin,
    Performer,
    Plan,
    Problem,
    Review,
    Source,
    Statement,
    Target,
    TeamMember,
    Wording,
)
from ccm_fhir.domain.rules import PlanElement
from tests.builders import LOINC

TODAY = date(2026, 11, 20)
A1C = Measure(
    label=Wording(english="A1c", spanish="A1c"),
    unit="%",
    units=("%",),
    codes=(f"{LOINC}|4548-4",),
)


def problem(family: str = "diabetes", **changes: object) -> Problem:
    part = Problem(
        key=f"problem:{family}",
        element=PlanElement.PROBLEM_LIST,
        text=family.title(),
        family=family,
        source=Source(origin=Origin.CHART, refs=(EvidenceRef("Condition", "c1"),)),
    )
    return msgspec.structs.replace(part, **changes)


def goal(key: str = "goal:diabetes:a1c", **changes: object) -> Goal:
    part = Goal(
        key=key,
        element=PlanElement.MEASURABLE_GOALS,
        text="Keep A1c in range",
        family="diabetes",
        measure=A1C,
        target=Target(bound=Bound.BELOW, value=Decimal(8)),
        due_on=date(2027, 5, 20),
    )
    return msgspec.structs.replace(part, **changes)


def intervention(key: str = "intervention:diabetes:call", **changes: object) -> Intervention:
    part = Intervention(
        key=key,
        element=PlanElement.PLANNED_INTERVENTIONS,
        text="Monthly call",
        family="diabetes",
        performer=Performer.CARE_MANAGER,
        every="every month",
    )
    return msgspec.structs.replace(part, **changes)


def medicine(resource_id: str = "m1", **changes: object) -> Medicine:
    part = Medicine(
        key=f"medicine:MedicationRequest/{resource_id}",
        element=PlanElement.MEDICATION_MANAGEMENT,
        text="Metformin 500 mg",
        source=Source(origin=Origin.CHART, refs=(EvidenceRef("MedicationRequest", resource_id),)),
    )
    return msgspec.structs.replace(part, **changes)


def review(next_on: date | None = date(2026, 12, 20)) -> Review:
    return Review(
        key="review:general:review",
        element=PlanElement.PERIODIC_REVIEW,
        text="Look at the plan again",
        next_on=next_on,
        performer=Performer.CARE_MANAGER,
    )


def statement(element: PlanElement, text: str = "Said.", **changes: object) -> Statement:
    part = Statement(key=f"statement:{element.value}", element=element, text=text)
    return msgspec.structs.replace(part, **changes)


def assessment(element: PlanElement, **changes: object) -> Assessment:
    part = Assessment(key=f"assessment:{element.value}", element=element, text="Look at it")
    return msgspec.structs.replace(part, **changes)


def whole_plan(*parts: AnyPart) -> Plan:
    """Return a plan in which every element is said; parts of the same key come instead."""
    looked_at = (
        PlanElement.COGNITIVE_FUNCTIONAL_ASSESSMENT,
        PlanElement.ENVIRONMENTAL_EVALUATION,
        PlanElement.CAREGIVER_ASSESSMENT,
    )
    said = (
        PlanElement.EXPECTED_OUTCOME,
        PlanElement.SYMPTOM_MANAGEMENT,
        PlanElement.COMMUNITY_SERVICES,
        PlanElement.COORDINATION,
    )
    usual: tuple[AnyPart, ...] = (
        problem(),
        goal(),
        intervention(),
        medicine(),
        review(),
        *(assessment(element, result="Nothing of note.") for element in looked_at),
        *(statement(element) for element in said),
    )
    given = {part.key: part for part in parts}
    known = {part.key for part in usual}
    return Plan(
        parts=(
            *(given.get(part.key, part) for part in usual),
            *(part for part in parts if part.key not in known),
        ),
        team=(TeamMember(name="Nora Carewell, RN", ref="Practitioner/n1"),),
    )
