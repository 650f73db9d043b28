"""Limits that the rulebook sets to a claim: its codes, units, dates and time to file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccm_fhir.domain.claims.obstacles import Obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ccm_fhir.domain.claims.draft import ClaimDraft
    from ccm_fhir.domain.claims.lines import ClaimLine
    from ccm_fhir.domain.rules import CodeRule, MonthRules


def limit_obstacles(draft: ClaimDraft, rules: MonthRules, filed_on: date) -> Iterator[Obstacle]:
    """Yield what of a draft's lines lies outside the rules of its month, on the day of filing."""
    known = {rule.code: rule for family in rules.families.values() for rule in family}
    for line in draft.lines:
        yield from _of_line(line, known.get(line.code), {one.code for one in draft.lines})
    yield from _of_dates(draft, rules, filed_on)


def last_filing_day(serviced_on: date, years: int) -> date:
    """Return the last day on which a claim is timely (42 CFR 424.44)."""
    try:
        return serviced_on.replace(year=serviced_on.year + years)
    except ValueError:  # 29 February
        return serviced_on.replace(year=serviced_on.year + years, day=serviced_on.day - 1)


def _of_line(line: ClaimLine, rule: CodeRule | None, codes: set[str]) -> Iterator[Obstacle]:
    if rule is None:
        yield _biller(
            f"code_not_in_force_{line.code}",
            f"{line.code} was not in force in this month; draft the claim again.",
        )
    elif line.units > rule.cap:
        yield _biller(
            f"units_beyond_limit_{line.code}",
            f"{line.code} may be reported with at most {rule.cap} "
            f"unit{'s' if rule.cap > 1 else ''} in this month.",
        )
    elif rule.add_on_to is not None and rule.add_on_to not in codes:
        yield _biller(
            f"base_code_missing_{line.code}",
            f"{line.code} is reported beside {rule.add_on_to} on the same claim only.",
        )


def _of_dates(draft: ClaimDraft, rules: MonthRules, filed_on: date) -> Iterator[Obstacle]:
    days = {line.serviced_on for line in draft.lines}
    if len(days) > 1 or not all(draft.month.first_day <= d <= draft.month.last_day for d in days):
        yield _biller(
            "date_of_service_outside_month",
            "All lines carry one date of service, within the month; draft the claim again.",
        )
    if max(days) > filed_on:
        yield _biller(
            "date_of_service_not_reached",
            f"The claim's date of service, {max(days).isoformat()}, lies ahead; sign and send it "
            "when that day has come.",
        )
    if rules.claim is None:
        yield _biller(
            "rules_not_loaded",
            "No rule says how a claim of this month is filed; file it outside this product.",
        )
        return
    last = last_filing_day(min(days), rules.claim.timely_filing_years)
    if filed_on > last:
        yield _biller(
            "timely_filing_expired",
            f"Medicare takes a claim of this month until {last.isoformat()}; a later one is not "
            "paid unless an exception of 42 CFR 424.44(b) applies, which a person must ask for.",
        )


def _biller(code: str, fix: str) -> Obstacle:
    return Obstacle(code=code, owner="biller", fix=fix)
