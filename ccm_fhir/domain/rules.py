"""The shapes of law: what a rule file says once it has been read and checked.

Values come from ``rulebook/data``; nothing here holds a number of law.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ccm_fhir.domain.codes import CoverageKind, EligibleProfession, PerformerKind
from ccm_fhir.errors import NoRuleInForceError, RuleTableMissingError


class Confidence(StrEnum):
    """How a source was read."""

    CONFIRMED_TWICE = "confirmed_twice"
    CONFIRMED = "confirmed"
    DERIVED = "derived"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a rule was read."""

    id: str
    title: str
    where: str
    confidence: Confidence
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Something with a first and, unless open, a last day."""

    in_force_from: date
    in_force_until: date | None

    def is_in_force(self, on: date) -> bool:
        """Whether a day lies between the first and the last day, both included."""
        return self.in_force_from <= on and (
            self.in_force_until is None or on <= self.in_force_until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRule(InForce):
    """One version of one billing code.

    ``threshold_seconds`` is the counted time at which the first unit is reached (at least so
    much); each further unit needs ``increment_seconds`` more, up to ``max_units``.
    """

    code: str
    family: str
    summary: str
    version: str
    performers: frozenset[PerformerKind]
    threshold_seconds: int
    increment_seconds: int
    max_units: int
    add_on_to: str | None
    citations: tuple[Citation, ...]
    not_modelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityRule(InForce):
    """One version of what CCM asks of a patient before a month may be reported."""

    version: str
    minimum_condition_families: int
    initiating_visit_codes: frozenset[str]
    initiating_visit_within_days: int
    consent_must_be_written: bool
    required_consent_statements: tuple[str, ...]
    coverage_kinds: frozenset[CoverageKind]
    professions: frozenset[EligibleProfession]
    excluding_codes: frozenset[str]
    citations: tuple[Citation, ...]
    not_modelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRule(InForce):
    """Relative value units of one code and the conversion factor in force with them."""

    code: str
    work_rvu: Decimal
    nonfacility_pe_rvu: Decimal
    facility_pe_rvu: Decimal
    malpractice_rvu: Decimal
    conversion_factor: Decimal
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Every version of every rule, asked by date and never outside its dates."""

    codes: tuple[CodeRule, ...]
    eligibility: tuple[EligibilityRule, ...]
    prices: tuple[PriceRule, ...]
    loaded_until: date

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
        for rule in self.eligibility:
            if rule.is_in_force(on):
                return rule
        raise NoRuleInForceError("eligibility", on)

    def price_rule(self, code: str, on: date) -> PriceRule | None:
        """Return the prices loaded for a code on a day; None where that year is not loaded."""
        return next((p for p in self.prices if p.code == code and p.is_in_force(on)), None)

    def _refuse_past_loaded(self, on: date) -> None:
        if on > self.loaded_until:
            raise RuleTableMissingError(on, self.loaded_until)
