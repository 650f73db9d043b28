"""Prices as law: relative values, conversion factors, localities, shares and places of service.

Every one has its days; nothing is ever read outside them or borrowed from a neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ccm_fhir.domain.codes import EligibleProfession
from ccm_fhir.domain.rules.sources import Citation, InForce


class Participation(StrEnum):
    """Whether a practitioner is a qualifying participant (QP) in an advanced payment model."""

    NON_QP = "non_qp"
    QP = "qp"


class RateKind(StrEnum):
    """What a share of an amount is taken of."""

    ALLOWED_SHARE = "allowed_share"
    MEDICARE_SHARE = "medicare_share"
    SEQUESTRATION = "sequestration"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalityId:
    """A fee schedule locality: the Medicare contractor's number and the locality's in it."""

    mac: str
    locality: str

    def __str__(self) -> str:
        return f"{self.mac}-{self.locality}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRule(InForce):
    """Relative value units of one code and the conversion factors in force with them.

    ``conversion_factor`` is that of practitioners who are no QP, and of everybody before the
    two were told apart; ``qp_conversion_factor`` is None where it is not loaded.
    """

    code: str
    work_rvu: Decimal
    nonfacility_pe_rvu: Decimal
    facility_pe_rvu: Decimal
    malpractice_rvu: Decimal
    conversion_factor: Decimal
    source: str
    qp_conversion_factor: Decimal | None = None

    def factor_of(self, participation: Participation) -> Decimal | None:
        """Return the conversion factor of a participation; None where it is not loaded."""
        if participation is Participation.QP:
            return self.qp_conversion_factor
        return self.conversion_factor


@dataclass(frozen=True, slots=True, kw_only=True)
class GpciRule(InForce):
    """The geographic practice cost indices of one locality."""

    locality: LocalityId
    state: str
    locality_name: str
    work_gpci: Decimal
    pe_gpci: Decimal
    malpractice_gpci: Decimal
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRule(InForce):
    """A share of an amount; ``professions`` is empty where it holds for all of them."""

    kind: RateKind
    rate: Decimal
    professions: frozenset[EligibleProfession]
    citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRule(InForce):
    """Which places of service get the facility rate, and which the non-facility rate."""

    facility: frozenset[str]
    nonfacility: frozenset[str]
    citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRules:
    """Everything between a code's relative values and what Medicare pays."""

    gpcis: tuple[GpciRule, ...] = ()
    rates: tuple[RateRule, ...] = ()
    places: tuple[PlaceRule, ...] = ()
    not_modelled: tuple[str, ...] = ()

    def gpci(self, locality: LocalityId, on: date) -> GpciRule | None:
        """Return a locality's indices on a day; None where that year is not loaded."""
        return next((g for g in self.gpcis if g.locality == locality and g.is_in_force(on)), None)

    def rate(
        self, kind: RateKind, on: date, profession: EligibleProfession | None = None
    ) -> RateRule | None:
        """Return a share on a day; None where none is in force (for the profession)."""
        return next(
            (
                rule
                for rule in self.rates
                if rule.kind is kind
                and rule.is_in_force(on)
                and (not rule.professions or profession in rule.professions)
            ),
            None,
        )

    def paid_less(self, on: date) -> frozenset[EligibleProfession]:
        """Return the professions that are allowed less than the whole amount on a day."""
        return frozenset(
            profession
            for rule in self.rates
            if rule.kind is RateKind.ALLOWED_SHARE and rule.is_in_force(on) and rule.rate < 1
            for profession in rule.professions
        )

    def place(self, place_of_service: str, on: date) -> PlaceRule | None:
        """Return the rule that knows a place of service on a day; None where none does."""
        return next(
            (
                rule
                for rule in self.places
                if rule.is_in_force(on) and place_of_service in rule.facility | rule.nonfacility
            ),
            None,
        )
