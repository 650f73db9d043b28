"""From counted seconds to units of a code family: base first, then its add-on, never past caps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from ccm_fhir.domain.rules import CodeRule
    from ccm_fhir.domain.timekeeping import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedUnits:
    """So many units of a code, and the day on which the last of them was reached."""

    rule: CodeRule
    units: int
    reached_on: date


def units_reached(rule: CodeRule, counted_seconds: int) -> int:
    """Return the units that counted time supports; a threshold is met at exactly its seconds."""
    if counted_seconds < rule.threshold_seconds:
        return 0
    if rule.increment_seconds == 0:
        return 1
    further = (counted_seconds - rule.threshold_seconds) // rule.increment_seconds
    return min(rule.max_units, 1 + further)


def code_time(rules: tuple[CodeRule, ...], tally: Tally, zone: ZoneInfo) -> tuple[CodedUnits, ...]:
    """Return the lines a tally supports; an add-on only beside its base code."""
    lines: list[CodedUnits] = []
    for rule in rules:
        units = units_reached(rule, tally.counted_seconds)
        if units == 0 or not _base_is_present(rule, lines):
            continue
        last_unit_seconds = rule.threshold_seconds + (units - 1) * rule.increment_seconds
        reached_on = tally.reached_on(last_unit_seconds, zone)
        if reached_on is not None:
            lines.append(CodedUnits(rule=rule, units=units, reached_on=reached_on))
    return tuple(lines)


def next_threshold(rules: tuple[CodeRule, ...], counted_seconds: int) -> int | None:
    """Return the counted seconds at which the next unit would be reached, or None at the cap."""
    ahead = [
        rule.threshold_seconds + unit * rule.increment_seconds
        for rule in rules
        for unit in range(rule.max_units)
    ]
    return min((seconds for seconds in ahead if seconds > counted_seconds), default=None)


def _base_is_present(rule: CodeRule, lines: list[CodedUnits]) -> bool:
    return rule.add_on_to is None or any(line.rule.code == rule.add_on_to for line in lines)
