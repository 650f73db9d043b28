"""Proves what a rulebook must hold: no overlaps, no gaps, bases present, exclusions symmetric.

That every number names its source is proved when a file is read (``schema``).
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import NotCounted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccm_fhir.domain.rules import CodeRule, InForce, Rulebook


def problems_of(rulebook: Rulebook) -> tuple[str, ...]:
    """Return every broken promise as a sentence; empty when the rulebook is sound."""
    return (
        *_code_problems(rulebook),
        *_period_problems("eligibility", rulebook.eligibility),
        *_period_problems("claim", rulebook.claims),
        *_period_problems("clinic", rulebook.clinics),
        *_period_problems("care_plan", rulebook.care_plans),
        *_period_problems("chart", rulebook.charts),
        *_period_problems("risk", rulebook.risks),
        *_counting_problems(rulebook),
        *_exclusion_problems(rulebook),
        *_group_problems(rulebook),
        *_price_problems(rulebook),
    )


def _code_problems(rulebook: Rulebook) -> Iterator[str]:
    for code in sorted({rule.code for rule in rulebook.codes}):
        versions = [rule for rule in rulebook.codes if rule.code == code]
        yield from _period_problems(code, versions)
        for rule in versions:
            yield from _rule_problems(rule, rulebook)


def _rule_problems(rule: CodeRule, rulebook: Rulebook) -> Iterator[str]:
    if rule.in_force_from.day != 1:
        yield f"{rule.version} begins within a month, and months are decided as a whole"
    if rule.is_timed and rule.cap > 1 and rule.increment_seconds == 0:
        yield f"{rule.version} allows {rule.cap} units without an increment"
    if rule.add_on_to is None:
        return
    base = [
        other
        for other in rulebook.codes
        if (other.code, other.family) == (rule.add_on_to, rule.family)
        and other.is_in_force(rule.in_force_from)
    ]
    if not base:
        yield f"{rule.version} is an add-on to {rule.add_on_to}, which is not in force with it"
    elif base[0].threshold_seconds >= rule.threshold_seconds:
        yield f"{rule.version} is reached before its base code {rule.add_on_to}"


def _counting_problems(rulebook: Rulebook) -> Iterator[str]:
    for reason in NotCounted:
        rules = [rule for rule in rulebook.counting if rule.reason is reason]
        if not rules:
            yield f"counting: nothing is said about time left out as {reason.value}"
        yield from _period_problems(f"counting {reason.value}", rules)


def _exclusion_problems(rulebook: Rulebook) -> Iterator[str]:
    said = {
        (e.group, e.other, e.scope, e.reason, e.in_force_from, e.in_force_until)
        for e in rulebook.exclusions
    }
    known = {rule.family for rule in rulebook.codes} | {group.name for group in rulebook.groups}
    for exclusion in rulebook.exclusions:
        if exclusion.other not in known:
            yield f"{exclusion.group} excludes {exclusion.other}, which is no family and no group"
        elif exclusion.mirrored not in said:
            yield (
                f"{exclusion.group} excludes {exclusion.other} ({exclusion.scope.value}, "
                f"{exclusion.reason.value}), and {exclusion.other} does not say so in return"
            )


def _group_problems(rulebook: Rulebook) -> Iterator[str]:
    ranges = sorted((*pair, group.name) for group in rulebook.groups for pair in group.ranges)
    for (_, last, name), (first, _, other) in pairwise(ranges):
        if first <= last:
            yield f"services: {first} stands in {name} and in {other}"


def _price_problems(rulebook: Rulebook) -> Iterator[str]:
    for code in sorted({price.code for price in rulebook.prices}):
        prices = [price for price in rulebook.prices if price.code == code]
        # A year that nobody loaded is a gap on purpose: its price is unknown.
        yield from _period_problems(f"price of {code}", prices, may_have_gaps=True)


def _period_problems(
    name: str, versions: Sequence[InForce], *, may_have_gaps: bool = False
) -> Iterator[str]:
    ordered = sorted(versions, key=lambda version: version.in_force_from)
    for version in ordered:
        if version.in_force_until is not None and version.in_force_until < version.in_force_from:
            yield f"{name}: a version ends before it begins ({version.in_force_from})"
    for earlier, later in pairwise(ordered):
        if earlier.in_force_until is None or earlier.in_force_until >= later.in_force_from:
            yield f"{name}: versions overlap on {later.in_force_from}"
        elif not may_have_gaps and (
            earlier.in_force_until + timedelta(days=1) != later.in_force_from
        ):
            yield f"{name}: nothing is in force after {earlier.in_force_until}"
