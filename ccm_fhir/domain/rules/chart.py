"""How a chart is read where the law names no codes: visits, stays, and what may show risk.

Our own definitions for display and for caution, each with the source it leans on.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ccm_fhir.domain.rules.sources import Cited, InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRule(InForce):
    """One version of how Encounters and other people's claims are read.

    Classes are codes of ``Encounter.class``; ``…_types`` are ``system|code`` of
    ``Encounter.type``. ``seen_codes`` are procedure codes of visits at which a practitioner sees
    the patient, beyond those that count as initiating visits. ``elsewhere_months`` is how many
    months back another provider's care management is looked for.
    """

    version: str
    visit_classes: frozenset[str]
    inpatient_classes: frozenset[str]
    nonacute_classes: frozenset[str]
    emergency_classes: frozenset[str]
    inpatient_types: frozenset[str]
    emergency_types: frozenset[str]
    initiating_visit_types: frozenset[str]
    seen_codes: frozenset[str]
    elsewhere_months: int
    cited: tuple[Cited, ...]
    not_modelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRule:
    """One laboratory value or vital sign, and from where on it is shown as a sign of risk.

    ``codes`` are ``system|code``; ``units`` are those in which the bounds are meant. A value
    counts as a sign above ``above``, from ``at_least`` on, or below ``below``.
    """

    key: str
    title: str
    codes: frozenset[str]
    units: frozenset[str]
    unit: str
    above: Decimal | None
    at_least: Decimal | None
    below: Decimal | None
    cited: Cited

    def is_sign(self, value: Decimal, unit: str) -> bool | None:
        """Whether a value lies beyond the bound; None where its unit is another."""
        if unit not in self.units:
            return None
        return (
            (self.above is not None and value > self.above)
            or (self.at_least is not None and value >= self.at_least)
            or (self.below is not None and value < self.below)
        )

    @property
    def bound(self) -> str:
        """The bound in words."""
        if self.above is not None:
            return f"above {self.above} {self.unit}"
        if self.at_least is not None:
            return f"{self.at_least} {self.unit} or more"
        return f"below {self.below} {self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRule(InForce):
    """One version of what is laid beside the attestation of risk; it answers nothing."""

    version: str
    look_back_months: int
    families_from: int
    admissions_from: int
    emergency_visits_from: int
    medications_from: int
    measures: tuple[MeasureRule, ...]
    cited: tuple[Cited, ...]
    not_modelled: tuple[str, ...] = ()

    @property
    def every_cited(self) -> tuple[Cited, ...]:
        """The sources of the numbers and of each measure's codes and bound."""
        return (*self.cited, *(measure.cited for measure in self.measures))
