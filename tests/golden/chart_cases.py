"""Charts from which something is proposed for a plan, and in which something is new."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.facts import (
    CareTeamFact,
    CareTeamMemberFact,
    Coding,
    EncounterFact,
    EvidenceRef,
    ObservationFact,
    ObservedComponentFact,
)
from ccm_fhir.domain.plans.parts import (
    Achievement,
    Plan,
    Source,
)
from tests.builders import LOINC, chart, medication, observed, on, stay
from tests.builders import goal as goal_fact
from tests.domain.plan_parts import (
    goal,
    medicine,
    problem,
)

if TYPE_CHECKING:
    from ccm_fhir.domain.facts import ChartFacts, MedicationFact

from tests.golden.goal_cases import COUNTED, EVERYTHING_UNREAD, YESTERDAY, a1c

SNOMED = "http://snomed.info/sct"


def family(name: str, *conditions: str) -> ChronicFamily:
    """Return a disease that the named Conditions show."""
    refs = tuple(EvidenceRef("Condition", each) for each in conditions or (f"c-{name}",))
    label = name.replace("_", " ").capitalize()
    return ChronicFamily(family=name, label=label, icd10cm=f"code-of-{name}", evidence=refs)


PROPOSING_CHART = chart(
    goals=(
        goal_fact(2, text="Walk to the shop", addresses=("Condition/c-asthma",)),
        goal_fact(1, text="Sleep better", addresses=("Condition/c9",), is_measurable=False),
        goal_fact(3, text="Reached long ago", lifecycle_status="completed"),
        goal_fact(4, text=""),
        goal_fact(5, text="By the summer", lifecycle_status="proposed", due_on=on("2027-06")),
        goal_fact(6, text="Not before the new year", lifecycle_status="planned", due_on=None),
        goal_fact(7, text="Paused", lifecycle_status="on-hold"),
        goal_fact(8, text="Agreed", lifecycle_status="accepted"),
    ),
    medications=(
        medication(2, text="Lisinopril 10 mg"),
        medication(1, text="Salbutamol, when needed"),
        medication(
            3,
            codings=(
                Coding(system=None, code="x"),
                Coding(system=None, code="y", display="Metformin 500 mg"),
            ),
        ),
        medication(4),
        medication(5, text="Proposed only", intent="proposal"),
        medication(6, text="Stopped", status="stopped"),
        medication(7, text="Paused", status="on-hold"),
    ),
    care_teams=(
        CareTeamFact(
            ref=EvidenceRef("CareTeam", "b"),
            status="active",
            members=(
                CareTeamMemberFact(member="Patient/p1", text="The patient"),
                CareTeamMemberFact(
                    member="Practitioner/n1",
                    text="Nora Carewell, RN",
                    roles=(
                        Coding(system=None, code="1"),
                        Coding(system=None, code="2", display="Care manager"),
                    ),
                ),
                CareTeamMemberFact(text="A neighbour"),
                CareTeamMemberFact(),
                CareTeamMemberFact(member="Organization/pharmacy"),
            ),
        ),
        CareTeamFact(
            ref=EvidenceRef("CareTeam", "a"),
            members=(CareTeamMemberFact(member="Practitioner/doctor", text="Dr. Invented"),),
        ),
        CareTeamFact(
            ref=EvidenceRef("CareTeam", "c"),
            status="inactive",
            members=(CareTeamMemberFact(member="Practitioner/gone", text="Gone"),),
        ),
        CareTeamFact(
            ref=EvidenceRef("CareTeam", "d"),
            status="proposed",
            members=(CareTeamMemberFact(member="Practitioner/soon", text="Soon"),),
        ),
    ),
)
"""Goals, medicines and teams of every state, none of them in the order of their ids."""


def encounter(name: str, day: str | None, **changes: object) -> EncounterFact:
    """Return a stay or a visit; a hospital stay unless the class says otherwise."""
    made = stay(day or "2026-11-05", None, ref=EvidenceRef("Encounter", name))
    return msgspec.structs.replace(
        made, **{"starts_on": None if day is None else on(day), **changes}
    )


def typed(code: str, system: str | None = SNOMED) -> tuple[Coding, ...]:
    """Return an encounter's types."""
    return (Coding(system=None, code="other"), Coding(system=system, code=code))


ENCOUNTERS = (
    encounter("ended", "2026-11-05", ends_on=on("2026-11-08")),
    encounter("under-way", "2026-11-18", status="in-progress"),
    encounter("acute", "2026-11-06", class_code="ACUTE", status="onleave"),
    encounter("by-its-type", "2026-11-07", class_code="AMB", types=typed("32485007")),
    encounter("on-the-day-itself", "2026-10-31"),
    encounter("the-day-after", "2026-11-01", status="arrived"),
    encounter("only-the-month", "2026-11", status="triaged"),
    encounter("only-the-year", "2026"),
    encounter("without-a-day", None),
    encounter("planned", "2026-11-09", status="planned"),
    encounter("office", "2026-11-09", class_code="AMB"),
    encounter("type-without-system", "2026-11-09", class_code="AMB", types=typed("32485007", None)),
    encounter("emergency", "2026-11-10", class_code="EMER", ends_on=on("2026-11-10")),
    encounter("emergency-by-type", "2026-11-09", class_code="AMB", types=typed("4525004")),
)


def result(name: str, value: str | None = "140", **changes: object) -> ObservationFact:
    """Return a result of November, ``mg/dL``."""
    made = observed("2345-7", value, ref=EvidenceRef("Observation", name), unit="mg/dL")
    return msgspec.structs.replace(made, **changes)


def component(value: str | None, unit: str = "mm[Hg]") -> ObservedComponentFact:
    """Return a part of a panel."""
    return ObservedComponentFact(value=None if value is None else Decimal(value), unit=unit)


NAMED = (Coding(system=None, code="1"), Coding(system=LOINC, code="2", display="Glucose"))
OBSERVATIONS = (
    result("with-text", text="Glucose, fasting", codings=NAMED),
    result("with-a-display", "141", codings=NAMED),
    result("without-a-name", "142"),
    result("without-a-unit", "143", unit=""),
    result("panel", None, text="Blood pressure", components=(component("138"), component("70"))),
    result("half-a-panel", None, text="Pulse", components=(component(None), component("70", ""))),
    result("empty-panel", None, text="Nothing", components=(component(None),)),
    result("empty", None, text="Nothing"),
    result("amended", "144", text="Amended", status="amended"),
    result("corrected", "145", text="Corrected", status="corrected"),
    result("preliminary", "146", text="Preliminary", status="preliminary"),
    result("day-itself", "147", text="On the day itself", taken_on=on("2026-10-31")),
    result("day-after", "148", text="The day after", taken_on=on("2026-11-01")),
    result("year", "149", text="Some day of the year", taken_on=on("2026")),
    result("no-day", "150", text="Without a day", taken_on=None),
)

ORDERS: tuple[MedicationFact, ...] = (
    medication(1, ref=EvidenceRef("MedicationRequest", "m1", "2"), text="Planned, a later version"),
    medication(2, text="Lisinopril 10 mg", authored_on=on("2026-11-04")),
    medication(3),
    medication(4, text="Only proposed", intent="proposal"),
    medication(5, text="Stopped", status="stopped"),
    medication(6, text="Warfarin, on hold", status="on-hold"),
    medication(7, text="Planned, and stopped since", status="stopped"),
)
MEDICINES = Plan(
    parts=(
        medicine("m1", source=Source(refs=(EvidenceRef("MedicationRequest", "m1", "1"),))),
        medicine("m7", text="Stopped since"),
        medicine("m8", text="No longer known"),
        medicine("m9", text="What the patient buys", source=Source()),
    )
)
NEWS: dict[str, tuple[Plan, ChartFacts, tuple[ChronicFamily, ...]]] = {
    "nothing": (Plan(), chart(encounters=()), ()),
    "hospital stays and emergency visits": (Plan(), chart(encounters=ENCOUNTERS), ()),
    "results": (Plan(), chart(encounters=(), observations=OBSERVATIONS), ()),
    "medicines": (MEDICINES, chart(encounters=(), medications=ORDERS), ()),
    "diseases": (
        Plan(parts=(problem(),)),
        chart(encounters=()),
        (family("diabetes"), family("copd"), family("asthma", "c1", "c2")),
    ),
    "goals": (
        Plan(
            parts=(
                goal(),
                goal("goal:other", text="Walk", measure=COUNTED, due_on=YESTERDAY),
                goal("goal:open", text="Count", measure=COUNTED),
                goal("goal:dropped", text="Given up", achievement=Achievement.DROPPED),
            )
        ),
        chart(encounters=(), observations=(a1c("9", "2026-10-01"),)),
        (),
    ),
    "everything at once, in its order": (
        Plan(parts=(goal(), *MEDICINES.parts)),
        chart(
            encounters=(ENCOUNTERS[12], ENCOUNTERS[0], ENCOUNTERS[2]),
            observations=(a1c("9", "2026-11-03"), a1c("9", "2026-11-02")),
            medications=ORDERS,
        ),
        (family("asthma"),),
    ),
    "a chart of which nothing could be read": (
        MEDICINES,
        chart(
            conditions=(), encounters=(), observations=(), unread=EVERYTHING_UNREAD, medications=()
        ),
        (),
    ),
}
"""The plan, the chart and the diseases in which something is new since 31 October."""
