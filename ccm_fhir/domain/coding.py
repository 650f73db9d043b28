"""From counted seconds to units of a code family: base first, then its add-on, never past caps."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from ccm_fhir.domain.codes import Comparison
from ccm_fhir.domain.rules import CodeRule
from ccm_fhir.domain.timekeeping import Tally


class CodedUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a code, how many the time alone had earned, and the day of the last reported."""

    rule: CodeRule
    units: int
    earned: int
    reached_on: date


def units_earned(rule: CodeRule, counted_seconds: int) -> int:
    """Return the units that counted time would earn if nothing capped them."""
    beyond = counted_seconds - rule.threshold_seconds
    if rule.comparison is Comparison.MORE_THAN:
        beyond -= 1
    if beyond < 0 or not rule.is_timed:
        return 0
    return 1 if rule.increment_seconds == 0 else 1 + beyond // rule.increment_seconds


def units_reached(rule: CodeRule, counted_seconds: int) -> int:
    """Return the units that counted time supports, up to the code's cap."""
    return min(rule.cap, units_earned(rule, counted_seconds))


def code_time(
    rules: tuple[CodeRule, ...], tally: Tally, counted_seconds: int, zone: ZoneInfo
) -> tuple[CodedUnits, ...]:
    """Return the lines a tally supports; an add-on only beside its base code."""
    lines: list[CodedUnits] = []
    for rule in rules:
        earned = units_earned(rule, counted_seconds)
        units = min(rule.cap, earned)
        if units == 0 or not _base_is_present(rule, lines):
            continue
        reached_on = tally.reached_on(_seconds_of_unit(rule, units), zone)
        if reached_on is not None:
            lines.append(CodedUnits(rule=rule, units=units, earned=earned, reached_on=reached_on))
    return tuple(lines)


def _seconds_of_unit(rule: CodeRule, unit: int) -> int:
    met = rule.threshold_seconds + (unit - 1) * rule.increment_seconds
    return met + 1 if rule.comparison is Comparison.MORE_THAN else met


def _base_is_present(rule: CodeRule, lines: list[CodedUnits]) -> bool:
    return rule.add_on_to is None or any(line.rule.code == rule.add_on_to for line in lines)
