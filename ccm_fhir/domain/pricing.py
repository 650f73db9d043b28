"""What Medicare allows and pays for a line: RVU × GPCI × conversion factor, in exact decimals.

A price that cannot be known is an answer of its own, which names the table to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from ccm_fhir.domain.rules import RateKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ccm_fhir.domain.codes import EligibleProfession
    from ccm_fhir.domain.rules import (
        Citation,
        FeeRules,
        GpciRule,
        LocalityId,
        Participation,
        PlaceRule,
        PriceRule,
        RateRule,
        Rulebook,
    )

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """Who bills from where; ``locality`` None asks for the national amount (every GPCI is 1)."""

    profession: EligibleProfession
    participation: Participation
    place_of_service: str
    locality: LocalityId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """An allowed amount and who bears it, each in whole cents.

    ``medicare_share_usd`` and ``coinsurance_usd`` add up to ``allowed_usd``; ``sequestration_usd``
    and ``medicare_pays_usd`` add up to ``medicare_share_usd``.
    """

    allowed_usd: Decimal
    medicare_share_usd: Decimal
    coinsurance_usd: Decimal
    sequestration_usd: Decimal
    medicare_pays_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One line's amounts, the file its relative values came from, and the shares' sources."""

    code: str
    units: int
    unit_allowed_usd: Decimal
    split: Split
    is_facility_rate: bool
    sources: tuple[str, ...]
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceUnknown:
    """No amount can be given; ``missing`` says what is needed for one."""

    code: str
    missing: str


def to_cents(amount_usd: Decimal) -> Decimal:
    """Round to whole cents, half up: the Physician Fee Schedule's own rounding of an amount.

    The only place where money is rounded.
    """
    return amount_usd.quantize(_CENT, rounding=ROUND_HALF_UP)


def national_nonfacility_amount(price: PriceRule) -> Decimal:
    """Return the allowed amount of one unit with every GPCI at 1, outside a facility.

    Source: the formula in CMS's Physician Fee Schedule relative value file documentation.
    """
    return _fee(price, None, price.nonfacility_pe_rvu, price.conversion_factor)


def price_line(
    code: str, units: int, on: date, billing: Billing, rulebook: Rulebook
) -> Payment | PriceUnknown:
    """Price one line of a claim on its date of service.

    The fee is rounded after the sum, once a unit; a profession's share of it once more, as
    contractors do. Deductible and what else is left out: ``FeeRules.not_modelled``.
    """
    terms = _Search(code, on, billing, rulebook).terms()
    if isinstance(terms, PriceUnknown):
        return terms
    fee = _fee(terms.price, terms.gpci, terms.pe_rvu, terms.factor)
    unit_allowed_usd = to_cents(fee * terms.allowed_share.rate)
    return Payment(
        code=code,
        units=units,
        unit_allowed_usd=unit_allowed_usd,
        split=split(units * unit_allowed_usd, terms.medicare_share.rate, terms.sequestration.rate),
        is_facility_rate=terms.is_facility_rate,
        sources=tuple(rule.source for rule in (terms.price, terms.gpci) if rule is not None),
        citations=(
            terms.allowed_share.citation,
            terms.medicare_share.citation,
            terms.sequestration.citation,
            terms.place.citation,
        ),
    )


def split(allowed_usd: Decimal, medicare_share: Decimal, sequestration: Decimal) -> Split:
    """Split an allowed amount between Medicare, the patient and sequestration.

    Sequestration is taken from Medicare's share, never from the patient's.
    """
    medicare_share_usd = to_cents(allowed_usd * medicare_share)
    sequestration_usd = to_cents(medicare_share_usd * sequestration)
    return Split(
        allowed_usd=allowed_usd,
        medicare_share_usd=medicare_share_usd,
        coinsurance_usd=allowed_usd - medicare_share_usd,
        sequestration_usd=sequestration_usd,
        medicare_pays_usd=medicare_share_usd - sequestration_usd,
    )


def total(payments: Iterable[Payment]) -> Split:
    """Add up the lines of a claim; amounts are already whole cents, so nothing is rounded."""
    splits = tuple(payment.split for payment in payments)
    return Split(
        allowed_usd=_sum(s.allowed_usd for s in splits),
        medicare_share_usd=_sum(s.medicare_share_usd for s in splits),
        coinsurance_usd=_sum(s.coinsurance_usd for s in splits),
        sequestration_usd=_sum(s.sequestration_usd for s in splits),
        medicare_pays_usd=_sum(s.medicare_pays_usd for s in splits),
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))


def _fee(
    price: PriceRule, gpci: GpciRule | None, pe_rvu: Decimal, conversion_factor: Decimal
) -> Decimal:
    if gpci is None:
        rvu = price.work_rvu + pe_rvu + price.malpractice_rvu
    else:
        rvu = (
            price.work_rvu * gpci.work_gpci
            + pe_rvu * gpci.pe_gpci
            + price.malpractice_rvu * gpci.malpractice_gpci
        )
    return to_cents(rvu * conversion_factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    price: PriceRule
    factor: Decimal
    gpci: GpciRule | None
    place: PlaceRule
    is_facility_rate: bool
    allowed_share: RateRule
    medicare_share: RateRule
    sequestration: RateRule

    @property
    def pe_rvu(self) -> Decimal:
        if self.is_facility_rate:
            return self.price.facility_pe_rvu
        return self.price.nonfacility_pe_rvu


@dataclass(frozen=True, slots=True)
class _Search:
    code: str
    on: date
    billing: Billing
    rulebook: Rulebook

    @property
    def fees(self) -> FeeRules:
        return self.rulebook.fees

    def terms(self) -> _Terms | PriceUnknown:
        price = self.rulebook.price_rule(self.code, self.on)
        if price is None:
            return self._unknown(f"{self.code} in the {self._year} relative value file (PPRRVU)")
        factor = price.factor_of(self.billing.participation)
        if factor is None:
            return self._unknown(f"the {self._year} conversion factor of qualifying participants")
        place = self.fees.place(self.billing.place_of_service, self.on)
        if place is None:
            return self._unknown(f"a rate for place of service {self.billing.place_of_service}")
        gpci = self._gpci()
        if isinstance(gpci, PriceUnknown):
            return gpci
        return self._with_shares(price, factor, place, gpci)

    def _with_shares(
        self, price: PriceRule, factor: Decimal, place: PlaceRule, gpci: GpciRule | None
    ) -> _Terms | PriceUnknown:
        allowed = self.fees.rate(RateKind.ALLOWED_SHARE, self.on, self.billing.profession)
        medicare = self.fees.rate(RateKind.MEDICARE_SHARE, self.on)
        sequestration = self.fees.rate(RateKind.SEQUESTRATION, self.on)
        if allowed is None or medicare is None or sequestration is None:
            return self._unknown(f"the shares of payment on {self.on.isoformat()}")
        return _Terms(
            price=price,
            factor=factor,
            gpci=gpci,
            place=place,
            is_facility_rate=self.billing.place_of_service in place.facility,
            allowed_share=allowed,
            medicare_share=medicare,
            sequestration=sequestration,
        )

    def _gpci(self) -> GpciRule | PriceUnknown | None:
        locality = self.billing.locality
        if locality is None:
            return None
        return self.fees.gpci(locality, self.on) or self._unknown(
            f"locality {locality} in the {self._year} GPCI table"
        )

    @property
    def _year(self) -> str:
        return f"CY{self.on.year}"

    def _unknown(self, missing: str) -> PriceUnknown:
        return PriceUnknown(code=self.code, missing=missing)
