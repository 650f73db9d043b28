"""How a goal stands: the results of the chart that its measure names, against its target."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import (
    ChartFacts,
    EvidenceRef,
    Fact,
    ObservationFact,
    ObservedComponentFact,
)
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.plans.parts import Achievement, Bound, Goal, Measure, Target

_GOOD = frozenset({"final", "amended", "corrected"})
_COMPARISONS: Mapping[Bound, Callable[[Decimal, Decimal], bool] | None] = {
    Bound.AT_MOST: operator.le,
    Bound.BELOW: operator.lt,
    Bound.AT_LEAST: operator.ge,
    Bound.IN_WORDS: None,
}
_BY_THE_TEAM: Mapping[Achievement, tuple[Answer, str] | None] = {
    Achievement.ACHIEVED: (Answer.MET, "The care team says that it is reached."),
    Achievement.NOT_ACHIEVED: (Answer.NOT_MET, "The care team says that it was not reached."),
    Achievement.DROPPED: (Answer.NOT_MET, "It was given up."),
    Achievement.IN_PROGRESS: None,
}
_OF_ITSELF = "The care team says how it stands; no result of the chart shows it."


class Reading(Fact, frozen=True, kw_only=True):
    """One result; ``taken_on`` may be coarser than a day, and then it is drawn at its last."""

    taken_on: PartialDate
    value: Decimal
    ref: EvidenceRef


class Progress(Fact, frozen=True, kw_only=True):
    """How one goal stands; ``readings`` oldest first.

    MET: the target is reached. NOT_MET: it is not, or its day has passed. UNKNOWN: nothing tells.
    """

    goal: Goal
    answer: Answer
    reason: str
    readings: tuple[Reading, ...] = ()

    @property
    def evidence(self) -> tuple[EvidenceRef, ...]:
        """The results, each once."""
        return tuple(dict.fromkeys(reading.ref for reading in self.readings))


def progress_of(goal: Goal, chart: ChartFacts, today: date) -> Progress:
    """Return how a goal stands on a day: by the people's word, else by its last result."""
    readings = readings_of(goal.measure, chart)
    answer, reason = _said(goal) or _measured(goal, readings, chart, today)
    return Progress(goal=goal, answer=answer, reason=reason, readings=readings)


def readings_of(measure: Measure, chart: ChartFacts) -> tuple[Reading, ...]:
    """Return every usable result of a measure, oldest first; other units are left out."""
    found = (r for each in chart.observations if each.status in _GOOD for r in _in(each, measure))
    return tuple(sorted(found, key=lambda r: (r.taken_on.latest, r.ref)))


def is_reached(target: Target, value: Decimal) -> bool | None:
    """Whether a value reaches a target; None where the target is words or is not set."""
    compare = _COMPARISONS[target.bound]
    return None if compare is None or target.value is None else compare(value, target.value)


def _in(observation: ObservationFact, measure: Measure) -> Iterator[Reading]:
    if observation.taken_on is None:
        return
    whole = ObservedComponentFact(
        codings=observation.codings, value=observation.value, unit=observation.unit
    )
    for one in (whole, *observation.components):
        is_asked = any(f"{c.system or ''}|{c.code}" in measure.codes for c in one.codings)
        if is_asked and one.value is not None and one.unit in measure.units:
            yield Reading(taken_on=observation.taken_on, value=one.value, ref=observation.ref)


def _said(goal: Goal) -> tuple[Answer, str] | None:
    return _BY_THE_TEAM[goal.achievement]


def _measured(
    goal: Goal, readings: tuple[Reading, ...], chart: ChartFacts, today: date
) -> tuple[Answer, str]:
    if not goal.target.is_said:
        return Answer.UNKNOWN, "Its target is not set yet; the clinician sets it."
    is_late = goal.due_on is not None and goal.due_on < today
    if not readings:
        return _unmeasured(goal, chart, is_late=is_late)
    last = readings[-1]
    reached = is_reached(goal.target, last.value)
    if reached is None:
        return Answer.UNKNOWN, "Its target is said in words; the care team judges it."
    said = f"{last.value} {goal.measure.unit} on {last.taken_on}"
    if reached:
        return Answer.MET, f"The last result, {said}, reaches the target."
    late = f" Its day, {goal.due_on}, has passed." if is_late else ""
    return Answer.NOT_MET, f"The last result, {said}, does not reach the target.{late}"


def _unmeasured(goal: Goal, chart: ChartFacts, *, is_late: bool) -> tuple[Answer, str]:
    if goal.measure.codes and not chart.was_read("Observation"):
        return Answer.UNKNOWN, "Results could not be read from the EHR."
    if is_late:
        return Answer.NOT_MET, f"Its day, {goal.due_on}, has passed; nothing shows it reached."
    return Answer.UNKNOWN, "No result shows it yet." if goal.measure.codes else _OF_ITSELF
