"""One version of a code as rows of label and text: everything its file says, with the sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ccm_fhir.domain.rules import Cited, CodeRule, Exclusion, Rulebook

Row = tuple[str, str]


def rows_of(rulebook: Rulebook, rule: CodeRule, day: date) -> Iterator[Row]:
    """Yield what is in force of a code on a day, line by line."""
    until = rule.in_force_until or f"open (tables loaded until {rulebook.loaded_until})"
    yield "code", rule.code
    yield "meaning", rule.summary
    yield "family", rule.family
    yield "version", rule.version
    yield "in force", f"{rule.in_force_from} to {until}"
    yield "performers", ", ".join(sorted(kind.value for kind in rule.performers))
    yield "supervision", rule.supervision
    yield from _time(rule)
    yield "beside", rule.add_on_to or "-"
    if rule.mdm_levels:
        yield "decision making", " or ".join(sorted(level.value for level in rule.mdm_levels))
    if rule.needs_plan_revision:
        yield "care plan", "established or substantially revised in the month"
    for element in rule.required_elements:
        yield "required", element.replace("_", " ")
    yield from _exclusions(rulebook, rule, day)
    for statement in rule.cited:
        yield f"source: {statement.what}", _source(statement)
    yield from _surroundings(rulebook, day)
    for text in rule.not_modelled:
        yield "not modelled", text
    price = rulebook.price_rule(rule.code, day)
    yield "prices", "not loaded for this day" if price is None else price.source


def _time(rule: CodeRule) -> Iterator[Row]:
    if rule.is_timed:
        yield (
            "threshold",
            f"{rule.comparison.value.replace('_', ' ')} {rule.threshold_seconds} seconds",
        )
        increment = f"{rule.increment_seconds} seconds" if rule.increment_seconds else "none"
        yield "increment", increment
    else:
        yield "threshold", "not timed"
    yield (
        "units a month",
        "no maximum of its own" if rule.max_units is None else str(rule.max_units),
    )
    yield "unit edit (MUE)", "not known" if rule.mue_units is None else str(rule.mue_units)


def _exclusions(rulebook: Rulebook, rule: CodeRule, day: date) -> Iterator[Row]:
    for exclusion in rulebook.exclusions:
        if exclusion.group == rule.family and exclusion.is_in_force(day):
            yield "not with", _exclusion(exclusion)


def _exclusion(exclusion: Exclusion) -> str:
    scope = f"same {exclusion.scope.value}"
    return f"{exclusion.other} ({scope}): {_source(exclusion.cited)}"


def _surroundings(rulebook: Rulebook, day: date) -> Iterator[Row]:
    for claim in rulebook.claims:
        if claim.is_in_force(day):
            yield "place of service", claim.place_of_service
            yield "modifiers", claim.modifiers
            yield "date of service", " or ".join(p.value for p in claim.date_of_service_policies)
            yield "timely filing", f"{claim.timely_filing_years} calendar year"
    for rule in rulebook.eligibility:
        if rule.is_in_force(day):
            yield "consent", " or ".join(sorted(rule.consent_modes))
            yield "initiating visit", ", ".join(sorted(rule.initiating_visit_codes))
            yield "who may bill", ", ".join(sorted(rule.professions))


def _source(cited: Cited) -> str:
    titles = "; ".join(f"{citation.title} ({citation.where})" for citation in cited.citations)
    blocking = ", bills nothing until confirmed" if cited.blocking else ""
    return f"{titles} [{cited.confidence.value}{blocking}]"
