"""From fee tables to the domain's rules: relative values meet the factors of their days."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from ccm_fhir.domain.rules import (
    Citation,
    FeeRules,
    GpciRule,
    LocalityId,
    Participation,
    PlaceRule,
    PriceRule,
    RateRule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ccm_fhir.rulebook.fees_schema import PaymentFile
    from ccm_fhir.rulebook.fees_tables import FactorRow, FeeTables, GpciRow, RvuRow

_DAY = timedelta(days=1)


def price_rules(tables: FeeTables) -> tuple[PriceRule, ...]:
    """Return a price for each stretch of days that has relative values and a factor."""
    return tuple(price for row in tables.rvus for price in _prices_of(row, tables.factors))


def fee_rules(tables: FeeTables, payment: PaymentFile) -> FeeRules:
    """Return localities, shares and places of service."""
    return FeeRules(
        gpcis=tuple(_gpci_rule(row) for row in tables.gpcis),
        rates=tuple(
            RateRule(
                kind=entry.kind,
                rate=entry.rate,
                professions=frozenset(entry.professions),
                in_force_from=entry.in_force_from,
                in_force_until=entry.in_force_until,
                citation=_citation(payment, entry.source),
            )
            for entry in payment.rates
        ),
        places=tuple(
            PlaceRule(
                facility=frozenset(entry.facility),
                nonfacility=frozenset(entry.nonfacility),
                in_force_from=entry.in_force_from,
                in_force_until=entry.in_force_until,
                citation=_citation(payment, entry.source),
            )
            for entry in payment.places
        ),
        not_modelled=payment.not_modelled,
    )


def _prices_of(row: RvuRow, factors: tuple[FactorRow, ...]) -> Iterator[PriceRule]:
    for first, last in _stretches(row, factors):
        in_force = {
            factor.participation: factor.conversion_factor
            for factor in factors
            if factor.in_force_from <= first <= factor.in_force_until
        }
        if Participation.NON_QP in in_force:
            yield PriceRule(
                code=row.code,
                in_force_from=first,
                in_force_until=last,
                work_rvu=row.work_rvu,
                nonfacility_pe_rvu=row.nonfacility_pe_rvu,
                facility_pe_rvu=row.facility_pe_rvu,
                malpractice_rvu=row.malpractice_rvu,
                conversion_factor=in_force[Participation.NON_QP],
                qp_conversion_factor=in_force.get(Participation.QP),
                source=row.source,
            )


def _stretches(row: RvuRow, factors: tuple[FactorRow, ...]) -> Iterator[tuple[date, date]]:
    first, after = row.in_force_from, row.in_force_until + _DAY
    cuts = {factor.in_force_from for factor in factors}
    cuts |= {factor.in_force_until + _DAY for factor in factors}
    for begins, ends in pairwise(sorted({first, after, *(c for c in cuts if first < c < after)})):
        yield begins, ends - _DAY


def _gpci_rule(row: GpciRow) -> GpciRule:
    return GpciRule(
        locality=LocalityId(mac=row.mac, locality=row.locality),
        state=row.state,
        locality_name=row.locality_name,
        work_gpci=row.work_gpci,
        pe_gpci=row.pe_gpci,
        malpractice_gpci=row.mp_gpci,
        in_force_from=row.in_force_from,
        in_force_until=row.in_force_until,
        source=row.source,
    )


def _citation(payment: PaymentFile, key: str) -> Citation:
    source = payment.sources[key]
    return Citation(
        id=key,
        title=source.title,
        where=source.where,
        confidence=source.confidence,
        url=source.url,
    )
