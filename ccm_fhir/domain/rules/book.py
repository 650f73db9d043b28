"""The rulebook: every version of every rule, asked by date and never outside its dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.rules.care_plan import CarePlanRule
from ccm_fhir.domain.rules.chart import ChartRule, RiskRule
from ccm_fhir.domain.rules.codes import CodeRule
from ccm_fhir.domain.rules.eligibility import EligibilityRule
from ccm_fhir.domain.rules.month import (
    ClaimRule,
    ClinicRule,
    CountingRule,
    MonthRules,
)
from ccm_fhir.domain.rules.prices import FeeRules, PriceRule
from ccm_fhir.domain.rules.services import Exclusion, ServiceGroup
from ccm_fhir.domain.rules.sources import InForce
from ccm_fhir.errors import NoRuleInForceError, RuleTableMissingError

PROGRAMME_FAMILIES = ("ccm_staff", "ccm_complex", "ccm_practitioner")
"""The families of one programme, CCM: at most one of them a patient-month."""

CLINIC_FAMILY = "clinic"
"""The one code of rural health clinics and health centers that stood for the whole programme."""

_Rule = TypeVar("_Rule", bound=InForce)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Every version of every rule; ``loaded_until`` is the last day that is known."""

    codes: tuple[CodeRule, ...]
    eligibility: tuple[EligibilityRule, ...]
    prices: tuple[PriceRule, ...]
    loaded_until: date
    groups: tuple[ServiceGroup, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    counting: tuple[CountingRule, ...] = ()
    claims: tuple[ClaimRule, ...] = ()
    clinics: tuple[ClinicRule, ...] = ()
    care_plans: tuple[CarePlanRule, ...] = ()
    charts: tuple[ChartRule, ...] = ()
    risks: tuple[RiskRule, ...] = ()
    fees: FeeRules = field(default_factory=FeeRules)
    # What a month looks like, or a day's price, follows from the fields above; kept because the
    # same few are asked for a hundred thousand times.
    _months: dict[ServiceMonth, MonthRules] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _prices: dict[tuple[str, date], PriceRule | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of_month(self, month: ServiceMonth) -> MonthRules:
        """Return everything in force in a month.

        Raises:
            RuleTableMissingError: the month lies past the loaded tables.
        """
        found = self._months.get(month)
        if found is None:
            found = self._months[month] = self._find_month(month)
        return found

    def code_rule(self, code: str, on: date) -> CodeRule | None:
        """Return the version of a code in force on a day, or None where there was none.

        Raises:
            RuleTableMissingError: the day lies past the loaded tables.
        """
        self._refuse_past_loaded(on)
        return next((r for r in self.codes if r.code == code and r.is_in_force(on)), None)

    def codes_of_family(self, family: str, on: date) -> tuple[CodeRule, ...]:
        """Return a family's codes in force on a day, base code first."""
        self._refuse_past_loaded(on)
        found = (r for r in self.codes if r.family == family and r.is_in_force(on))
        return tuple(sorted(found, key=lambda rule: (rule.add_on_to is not None, rule.code)))

    def eligibility_rule(self, on: date) -> EligibilityRule:
        """Return the eligibility rule in force on a day.

        Raises:
            RuleTableMissingError: the day lies past the loaded tables.
            NoRuleInForceError: CCM did not exist on that day.
        """
        self._refuse_past_loaded(on)
        found = _first(self.eligibility, on)
        if found is None:
            raise NoRuleInForceError("eligibility", on)
        return found

    def eligibility_on_or_after(self, on: date) -> EligibilityRule:
        """Return the rule in force on a day; before the first of them, the first."""
        return _first(self.eligibility, on) or self.eligibility[0]

    def price_rule(self, code: str, on: date) -> PriceRule | None:
        """Return the prices loaded for a code on a day; None where that year is not loaded."""
        key = (code, on)
        if key not in self._prices:
            found = (p for p in self.prices if p.code == code and p.is_in_force(on))
            self._prices[key] = next(found, None)
        return self._prices[key]

    def has_ended(self, family: str, on: date) -> bool:
        """Whether a family was in force once and is no longer."""
        versions = [rule for rule in self.codes if rule.family == family]
        return bool(versions) and all(
            rule.in_force_until is not None and rule.in_force_until < on for rule in versions
        )

    def _find_month(self, month: ServiceMonth) -> MonthRules:
        day = month.last_day
        self._refuse_past_loaded(day)
        return MonthRules(
            month=month,
            eligibility=_first(self.eligibility, day),
            families={
                name: self.codes_of_family(name, day)
                for name in dict.fromkeys(rule.family for rule in self.codes)
            },
            performers={rule.family: rule.performers for rule in self.codes},
            blocked_families=frozenset(
                rule.family for rule in self.codes if rule.is_blocked and rule.is_in_force(day)
            ),
            code_families={rule.code: rule.family for rule in self.codes},
            groups=self.groups,
            exclusions=self._exclusions_of_the_programme(day),
            counting={rule.reason: rule for rule in self.counting if rule.is_in_force(day)},
            claim=_first(self.claims, day),
            clinic=_first(self.clinics, day),
            care_plan=_first(self.care_plans, day),
            chart=_first(self.charts, day),
            risk=_first(self.risks, day),
            eligibility_versions=self.eligibility,
            professions_paid_less=self.fees.paid_less(day),
        )

    def _exclusions_of_the_programme(self, day: date) -> dict[str, tuple[Exclusion, ...]]:
        """Map each other group to what it excludes of CCM."""
        found: dict[str, tuple[Exclusion, ...]] = {}
        for exclusion in self.exclusions:
            if exclusion.group in PROGRAMME_FAMILIES and exclusion.is_in_force(day):
                found[exclusion.other] = (*found.get(exclusion.other, ()), exclusion)
        return found

    def _refuse_past_loaded(self, on: date) -> None:
        if on > self.loaded_until:
            raise RuleTableMissingError(on, self.loaded_until)


def _first(rules: Iterable[_Rule], on: date) -> _Rule | None:
    return next((rule for rule in rules if rule.is_in_force(on)), None)
