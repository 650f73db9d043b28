"""Goals and results in which everything happens once that can be said of how a goal stands."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.domain.facts import (
    Coding,
    EvidenceRef,
    ObservationFact,
    ObservedComponentFact,
    Unread,
)
from ccm_fhir.domain.plans.parts import (
    Achievement,
    Bound,
    Goal,
    Measure,
    Target,
    Wording,
)
from tests.builders import LOINC, chart, observed, on
from tests.domain.plan_parts import (
    TODAY,
    goal,
)

if TYPE_CHECKING:
    from ccm_fhir.domain.facts import ChartFacts

YESTERDAY = TODAY - timedelta(days=1)
EVERYTHING_UNREAD = tuple(
    Unread(kind, "needs a scope")
    for kind in ("MedicationRequest", "Encounter", "Observation", "Condition")
)


PRESSURE = Measure(
    label=Wording(english="Blood pressure, upper number"),
    unit="mmHg",
    units=("mm[Hg]", "mmHg"),
    codes=(f"{LOINC}|8480-6",),
)
COUNTED = Measure(label=Wording(english="Walking"), unit="walks a week")


def a1c(value: str, day: str = "2026-11-02", **changes: object) -> ObservationFact:
    """Return a result of the measure that the builders' goal names."""
    made = observed("4548-4", value, ref=EvidenceRef("Observation", f"a1c-{day}"), unit="%")
    return msgspec.structs.replace(made, **{"taken_on": on(day), "text": "A1c", **changes})


def pressure(upper: str | None, unit: str = "mm[Hg]") -> ObservationFact:
    """Return a panel of which the upper number is one part."""
    parts = (("8462-4", "70"), ("8480-6", upper))
    return observed(
        "85354-9",
        ref=EvidenceRef("Observation", "panel"),
        components=tuple(
            ObservedComponentFact(
                codings=(Coding(system=LOINC, code=code),),
                value=None if value is None else Decimal(value),
                unit=unit,
            )
            for code, value in parts
        ),
    )


def target(bound: Bound, value: str | None = "8", words: str = "") -> Target:
    """Return what is to be reached; 8 unless something else is said."""
    return Target(bound=bound, value=None if value is None else Decimal(value), words=words)


_READ = chart(observations=())
_LATE = goal(due_on=YESTERDAY)
PROGRESS: dict[str, tuple[Goal, ChartFacts]] = {
    **{
        f"{bound.value} 8, {value} measured": (
            goal(target=target(bound)),
            chart(observations=(a1c(value),)),
        )
        for bound in (Bound.AT_MOST, Bound.BELOW, Bound.AT_LEAST)
        for value in ("7.9", "8", "8.1")
    },
    "the last of three results, in whatever order they are read": (
        goal(),
        chart(observations=(a1c("9"), a1c("7.5", "2026-11-12"), a1c("10", "2026-08"))),
    ),
    "two results of one day, of which the second id counts": (
        goal(),
        chart(
            observations=(
                a1c("7", ref=EvidenceRef("Observation", "z")),
                a1c("9", ref=EvidenceRef("Observation", "y")),
            )
        ),
    ),
    "not reached, and its day has passed": (_LATE, chart(observations=(a1c("9"),))),
    "not reached, and today is its day": (goal(due_on=TODAY), chart(observations=(a1c("9"),))),
    "not reached, and it has no day": (goal(due_on=None), chart(observations=(a1c("9"),))),
    "nothing measured yet": (goal(), _READ),
    "nothing measured, and its day has passed": (_LATE, _READ),
    "nothing measured, and results were not read": (_LATE, chart(unread=EVERYTHING_UNREAD)),
    "counted by the patient, day to come": (goal(measure=COUNTED), _READ),
    "counted by the patient, results not read": (
        goal(measure=COUNTED),
        chart(unread=EVERYTHING_UNREAD),
    ),
    "counted by the patient, day passed": (goal(measure=COUNTED, due_on=YESTERDAY), _READ),
    "a target in words": (
        goal(target=target(Bound.IN_WORDS, None, "as before")),
        chart(observations=(a1c("9"),)),
    ),
    "a target in words, with a number beside them": (
        goal(target=target(Bound.IN_WORDS, "8", "as before")),
        chart(observations=(a1c("7"),)),
    ),
    "a target in no words": (goal(target=target(Bound.IN_WORDS, "8")), _READ),
    "a target that is not set": (
        goal(target=target(Bound.BELOW, None)),
        chart(observations=(a1c("6"),)),
    ),
    "a part of a panel": (
        goal(measure=PRESSURE, target=target(Bound.BELOW, "130")),
        chart(observations=(pressure("128"),)),
    ),
    "a panel without that part": (
        goal(measure=PRESSURE, target=target(Bound.BELOW, "130")),
        chart(observations=(pressure(None),)),
    ),
    "a panel in another unit": (
        goal(measure=PRESSURE, target=target(Bound.BELOW, "130")),
        chart(observations=(pressure("17", "kPa"),)),
    ),
    **{
        f"a result that is {status or 'without a status'}": (
            goal(),
            chart(observations=(a1c("7", status=status),)),
        )
        for status in ("final", "amended", "corrected", "preliminary", "entered-in-error", "")
    },
    "a result without a day": (goal(), chart(observations=(a1c("7", taken_on=None),))),
    "a result with a code of no system": (
        goal(),
        chart(observations=(a1c("7", codings=(Coding(system=None, code="4548-4"),)),)),
    ),
    **{
        f"the care team says {achievement.value}": (
            goal(achievement=achievement),
            chart(observations=(a1c("9"),)),
        )
        for achievement in Achievement
    },
}
"""What is asked of a goal, with the goal and the chart; the builders' goal is an A1c below 8."""
