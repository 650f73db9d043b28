"""Rules about time, claims and clinics, and everything that is in force in one month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ccm_fhir.domain.codes import (
    BilledBy,
    DosPolicy,
    EligibleProfession,
    NotCounted,
    PerformerKind,
    RhcCoding,
    Setting,
)
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.rules.care_plan import CarePlanRule
from ccm_fhir.domain.rules.chart import ChartRule, RiskRule
from ccm_fhir.domain.rules.codes import CodeRule
from ccm_fhir.domain.rules.eligibility import EligibilityRule
from ccm_fhir.domain.rules.services import Exclusion, ServiceGroup
from ccm_fhir.domain.rules.sources import Cited, InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingRule(InForce):
    """Time that does not count: why, what to tell, and where it was read."""

    reason: NotCounted
    summary: str
    remedy: str
    caution: Caution | None
    cited: Cited


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule(InForce):
    """How a claim is made: its date of service, its form, and until when it may be filed."""

    version: str
    timely_filing_years: int
    date_of_service_policies: tuple[DosPolicy, ...]
    institutional_settings: frozenset[Setting]
    place_of_service: str
    modifiers: str
    cited: tuple[Cited, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicRule(InForce):
    """How rural health clinics and health centers report care management.

    ``payable_codes`` limits individual codes; empty means all of them.
    """

    version: str
    codings: tuple[RhcCoding, ...]
    default_coding: RhcCoding
    payable_codes: frozenset[str]
    cited: tuple[Cited, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRelation:
    """What it means for care management that a code was billed in the month."""

    code: str
    group: str
    caution: Caution | None
    exclusions: tuple[Exclusion, ...]

    def excluding(self, billed_by: BilledBy) -> tuple[Exclusion, ...]:
        """Return the exclusions that hold when this somebody billed it."""
        return tuple(e for e in self.exclusions if e.reaches(billed_by))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRules:
    """Everything in force in one month, found once and looked up often.

    ``performers`` says whose time a family takes, whether or not it is in force yet.
    ``eligibility_versions`` are all there are, oldest first: consent is judged by the law of
    the day on which it was given.
    ``professions_paid_less`` are those whom the fee schedule allows a share of its amount only.
    """

    month: ServiceMonth
    eligibility: EligibilityRule | None
    families: Mapping[str, tuple[CodeRule, ...]]
    performers: Mapping[str, frozenset[PerformerKind]]
    blocked_families: frozenset[str]
    code_families: Mapping[str, str]
    groups: tuple[ServiceGroup, ...]
    exclusions: Mapping[str, tuple[Exclusion, ...]]
    counting: Mapping[NotCounted, CountingRule]
    claim: ClaimRule | None
    clinic: ClinicRule | None
    care_plan: CarePlanRule | None
    chart: ChartRule | None
    risk: RiskRule | None
    eligibility_versions: tuple[EligibilityRule, ...]
    professions_paid_less: frozenset[EligibleProfession] = frozenset()
    _relations: dict[str, ServiceRelation | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def family(self, name: str) -> tuple[CodeRule, ...]:
        """Return a family's codes in force, base code first; empty where there are none."""
        return self.families.get(name, ())

    def eligibility_on_or_after(self, on: date) -> EligibilityRule:
        """Return the rule in force on a day; before the first of them, the first."""
        held = self.eligibility_versions
        return next((rule for rule in held if rule.is_in_force(on)), held[0])

    def relation(self, code: str) -> ServiceRelation | None:
        """Return what another service means for CCM; None where the rulebook has no such code."""
        if code not in self._relations:
            self._relations[code] = self._find_relation(code)
        return self._relations[code]

    def _find_relation(self, code: str) -> ServiceRelation | None:
        group = next((g for g in self.groups if g.covers(code)), None)
        name = self.code_families.get(code) if group is None else group.name
        if name is None:
            return None
        return ServiceRelation(
            code=code,
            group=name,
            caution=None if group is None else group.caution,
            exclusions=self.exclusions.get(name, ()),
        )
