"""What the rulebook says of a month, as a text to be read beside its sources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.rulebook import load_rulebook
from tests.golden.told import page, part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ccm_fhir.domain.rules import CodeRule, MonthRules

MONTHS = (
    (2014, 12), (2015, 1), (2016, 12), (2017, 1), (2019, 12), (2020, 1), (2020, 12), (2021, 1),
    (2021, 12), (2022, 1), (2024, 12), (2025, 1), (2025, 10), (2026, 1), (2026, 11),
)  # fmt: skip


def test_the_rules_of_a_month_are_as_they_were_read_and_approved(
    matches_golden_text: Callable[[str, str], None],
) -> None:
    rulebook = replace(load_rulebook())
    parts = []
    before: list[str] = []
    for year, number in MONTHS:
        month = ServiceMonth(year, number)
        said = list(_month(rulebook.of_month(month)))
        new = [f"  {line}" for line in said if line not in before]
        gone = [f"  no longer: {line}" for line in before if line not in said]
        parts.append(part(str(month), [*new, *gone] or ["  (as before)"]))
        before = said

    about = "What the rulebook says of a month; from the second on, what differs from the last."
    matches_golden_text("rules", page(about, parts))


def _month(rules: MonthRules) -> Iterator[str]:
    if rules.eligibility is not None:
        yield f"eligibility by {rules.eligibility.version}"
    for codes in rules.families.values():
        yield from (_code(replace(rule)) for rule in codes)
    yield f"blocked: {_listed(rules.blocked_families)}"
    yield f"paid less: {_listed(who.value for who in rules.professions_paid_less)}"
    for other, exclusions in sorted(rules.exclusions.items()):
        for scope in sorted({one.scope.value for one in exclusions}):
            of = [one for one in exclusions if one.scope.value == scope]
            families = _listed(one.group for one in of)
            yield f"{other} bars {families} for the {scope}: {_listed(one.reason for one in of)}"
    told = (
        ("claim", rules.claim),
        ("clinic", rules.clinic),
        ("care plan", rules.care_plan),
        ("chart", rules.chart),
        ("risk", rules.risk),
    )
    yield f"rules for: {_listed(name for name, rule in told if rule is not None)}"
    yield f"counting: {_listed(reason.value for reason in rules.counting)}"


def _code(rule: CodeRule) -> str:
    steps = ", ".join(f"{seconds // 60} min" for seconds in rule.thresholds) or "not timed"
    beside = f", beside {rule.add_on_to}" if rule.add_on_to else ""
    who = _listed(performer.value for performer in rule.performers)
    return (
        f"{rule.code} ({rule.family}, {rule.version}): up to {rule.cap} at {steps}{beside}; by "
        f"{who}; sources {' '.join(rule.citation_ids)}"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none"
