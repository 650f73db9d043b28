"""A goal's results as a small picture in whole pixels, with the same figures as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ccm_fhir.domain.plans.measuring import Progress, Reading
from ccm_fhir.domain.plans.parts import Bound, Goal
from smart_app.views import plan_words as words
from smart_app.views import tones, wording
from smart_app.views.formats import day, sentence
from smart_app.views.plan_part import part_id
from smart_app.views.tones import Tone

WIDTH, HEIGHT, _EDGE = 240, 72, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DotView:
    """One result in the picture."""

    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressGoalView:
    """How a goal stands; ``line`` is empty where there are no two results to join."""

    id: str
    title: str = field(repr=False)
    answer: str
    tone: Tone
    reason: str = field(repr=False)
    measure: str
    target: str
    line: str = field(repr=False)
    dots: tuple[DotView, ...] = field(repr=False)
    target_y: int | None
    rows: tuple[tuple[str, str], ...] = field(repr=False)


def goal_progress(progress: Progress) -> ProgressGoalView:
    """Return one goal's progress with its picture."""
    goal, readings = progress.goal, progress.readings
    dots, target_y = _placed(readings, goal.target.value)
    unit = goal.measure.unit
    return ProgressGoalView(
        id=part_id(f"progress-{goal.key}"),
        title=goal.text,
        answer=wording.ANSWERS[progress.answer],
        tone=tones.ANSWERS[progress.answer],
        reason=sentence(progress.reason),
        measure=goal.measure.label.english,
        target=_target(goal),
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots) if len(dots) > 1 else "",
        dots=dots,
        target_y=target_y,
        rows=tuple(_row(reading, unit) for reading in readings),
    )


def _target(goal: Goal) -> str:
    if goal.target.bound is Bound.IN_WORDS:
        return goal.target.words or "not set"
    if goal.target.value is None:
        return "not set"
    bound = words.BOUNDS[goal.target.bound].lower()
    return f"{bound} {goal.target.value} {goal.measure.unit}".strip()


def _row(reading: Reading, unit: str) -> tuple[str, str]:
    taken = reading.taken_on
    return (day(taken.latest) if taken.is_exact else str(taken), f"{reading.value} {unit}".strip())


def _placed(
    readings: tuple[Reading, ...], target: Decimal | None
) -> tuple[tuple[DotView, ...], int | None]:
    """Return where results and target lie; time runs to the right, higher values stand higher."""
    if not readings:
        return (), None
    days = [reading.taken_on.latest.toordinal() for reading in readings]
    values = [reading.value for reading in readings] + ([] if target is None else [target])
    low, high = min(values), max(values)

    def across(ordinal: int) -> int:
        span = days[-1] - days[0]
        return WIDTH // 2 if not span else _EDGE + (ordinal - days[0]) * (WIDTH - 2 * _EDGE) // span

    def up(value: Decimal) -> int:
        span = high - low
        room = HEIGHT - 2 * _EDGE
        return HEIGHT // 2 if not span else HEIGHT - _EDGE - int((value - low) * room / span)

    dots = tuple(
        DotView(x=across(on), y=up(reading.value))
        for on, reading in zip(days, readings, strict=True)
    )
    return dots, None if target is None else up(target)
