"""The minutes bar: counted time against each threshold, as numbers a picture can be drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.decision import DecidedLine, Decision, Threshold
from smart_app.views.formats import bare_minutes, listed, minutes, whole_minutes

_ROOM_AT_THE_END = 1.08
_FULL = 100.0
_LEAST_MARKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TickView:
    """One threshold: where it stands on the bar, in percent, and what it is worth."""

    percent: str
    minutes: str
    code: str
    is_reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterView:
    """The bar; ``said`` is the same in a sentence, and ``marks`` what its ticks stand for."""

    counted: str
    counted_minutes: int
    highest_minutes: int
    filled_percent: str
    said: str
    marks: str
    ticks: tuple[TickView, ...]


def meter(decision: Decision, *, is_open: bool) -> MeterView:
    """Return the bar of a decision's counted time; a month that is signed has no next step."""
    counted = decision.counted_seconds
    thresholds = _near(decision.thresholds, counted)
    highest = max((counted, *(t.seconds for t in thresholds)))
    scale = (highest or 1) * _ROOM_AT_THE_END
    codes = _codes_in_order(decision.reached)
    ticks = tuple(
        TickView(
            percent=_percent(threshold.seconds, scale),
            minutes=bare_minutes(threshold.seconds),
            code=threshold.code,
            is_reached=counted >= threshold.seconds,
        )
        for threshold in thresholds
    )
    ahead = decision.next_threshold_seconds
    told = said(counted, ahead, codes) if is_open else have(counted, codes)
    return MeterView(
        counted=minutes(counted),
        counted_minutes=whole_minutes(counted),
        highest_minutes=whole_minutes(highest),
        filled_percent=_percent(counted, scale),
        said=told,
        marks=listed(tuple(f"{tick.code} at {tick.minutes} min" for tick in ticks)),
        ticks=ticks,
    )


def said(counted: int, next_threshold: int | None, codes: tuple[str, ...]) -> str:
    """Return where the counted time stands; past the first code it wishes for no more."""
    if codes or next_threshold is None:
        return f"{have(counted, codes)}."
    return f"{have(counted, codes)}; {minutes(next_threshold - counted)} to the first code."


def have(counted: int, codes: tuple[str, ...]) -> str:
    """Return what is counted, and which codes that reaches."""
    return f"{minutes(counted)} counted" + (f" – {reached_words(codes)} reached" if codes else "")


def reached_words(codes: tuple[str, ...]) -> str:
    """Return codes with how often each was reached: 99490 and 2 × 99439."""
    distinct = tuple(dict.fromkeys(codes))
    times = {code: codes.count(code) for code in distinct}
    return " and ".join(
        code if times[code] == 1 else f"{times[code]} × {code}" for code in distinct
    )


def _near(thresholds: tuple[Threshold, ...], counted: int) -> tuple[Threshold, ...]:
    """Return the thresholds behind and the one ahead: some add-ons may repeat ten times."""
    behind = sum(1 for threshold in thresholds if threshold.seconds <= counted)
    return thresholds[: max(_LEAST_MARKS, behind + 1)]


def _codes_in_order(reached: tuple[DecidedLine, ...]) -> tuple[str, ...]:
    return tuple(line.code for line in reached for _ in range(line.units))


def _percent(seconds: int, scale: float) -> str:
    return f"{min(seconds / scale, 1.0) * _FULL:.2f}%"
