"""Claim and ExplanationOfBenefit → their codes and dates, and the insurance they were sent to.

What was billed elsewhere is seen here. A claim also shows that a plan was billed on its days,
which is evidence of coverage on those days and of no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import ClaimFact, CoverageFact
from ccm_fhir.fhir.contained import contained_of
from ccm_fhir.fhir.extract_coverage import CoverageShape, coverage_fact, kind_of_name
from ccm_fhir.fhir.shapes import (
    Concept,
    Container,
    Identifier,
    Period,
    Reference,
    Shape,
    codes,
    first_date,
    identifier_values,
    period_of,
    shortened,
)
from ccm_fhir.fhir.source import Source


class ItemShape(Shape, frozen=True, kw_only=True):
    """Claim.item."""

    product_or_service: Concept | None = None
    serviced_date: str | None = None
    serviced_period: Period | None = None


class InsuranceShape(Shape, frozen=True, kw_only=True):
    """Claim.insurance."""

    coverage: Reference | None = None


class ClaimShape(Container, frozen=True, kw_only=True):
    """Claim, and ExplanationOfBenefit as far as the two are alike."""

    patient: Reference | None = None
    status: str | None = None
    use: str | None = None
    identifier: list[Identifier] | None = None
    claim: Reference | None = None
    provider: Reference | None = None
    billable_period: Period | None = None
    item: list[ItemShape] | None = None
    insurance: list[InsuranceShape] | None = None


_decode_coverage = msgspec.json.Decoder(CoverageShape).decode


def claim_fact(shape: ClaimShape, source: Source) -> ClaimFact:
    """Return the Claim as of its first day; ``other_days`` returns it as of the others."""
    return next(_by_day(shape, source))


def other_days(shape: ClaimShape, source: Source) -> Iterator[ClaimFact]:
    """Yield a claim once more for each further day on which it has items."""
    days = _by_day(shape, source)
    next(days)
    yield from days


def _by_day(shape: ClaimShape, source: Source) -> Iterator[ClaimFact]:
    items: dict[PartialDate | None, list[Concept]] = {}
    whole = _whole(shape)
    for item in shape.item or ():
        serviced = first_date(item.serviced_date) or period_of(item.serviced_period) or whole
        items.setdefault(serviced, []).extend([item.product_or_service or Concept()])
    for serviced, concepts in (items or {whole: []}).items():
        yield ClaimFact(
            ref=source.ref,
            status=shape.status or "",
            use=shape.use or "",
            codes=codes(concepts),
            serviced_on=serviced,
            provider=source.local(shape.provider),
            identifiers=(*identifier_values(shape.identifier), *_explained(shape.claim, source)),
        )


def _explained(claim: Reference | None, source: Source) -> Iterator[str]:
    """Yield the names of the Claim that an ExplanationOfBenefit explains."""
    if claim is not None and claim.identifier is not None:
        yield from identifier_values([claim.identifier])
    if claim is not None and (named := source.local(claim)):
        yield named


def _whole(shape: ClaimShape) -> PartialDate | None:
    """Return the days of a claim's items that have none: its period, else the first that has."""
    dated = (
        first_date(item.serviced_date) or period_of(item.serviced_period)
        for item in shape.item or ()
    )
    return period_of(shape.billable_period) or next(filter(None, dated), None)


def coverages_in_claim(shape: ClaimShape, source: Source) -> Iterator[CoverageFact]:
    """Yield the coverages that a claim carries within it or names, as evidence of its days.

    ``ref`` is the claim's. A coverage whose own period is not told began at the latest, and
    ended at the earliest, with the claim: before and after, whether it held is unknown.
    """
    if shape.status != "active" or shape.use not in {"claim", None}:
        return
    window = _whole(shape)
    found = dict(contained_of(shape.contained, "Coverage", _decode_coverage))
    for inner in found.values():
        if not inner.modifier_extension and _is_of_same_patient(inner, shape, source):
            yield _limited(coverage_fact(inner, source), window)
    for named in _displays(shape.insurance):
        fact = CoverageFact(ref=source.ref, kind=kind_of_name(named), payor=named)
        yield _limited(fact, window)


def _is_of_same_patient(inner: CoverageShape, shape: ClaimShape, source: Source) -> bool:
    beneficiary = source.local(inner.beneficiary)
    return not beneficiary or beneficiary == source.local(shape.patient)


def _displays(insurances: Iterable[InsuranceShape] | None) -> Iterator[str]:
    references = (one.coverage for one in insurances or () if one.coverage)
    named = (shortened(each.display) for each in references if not each.reference)
    yield from dict.fromkeys(name for name in named if name)


def _limited(fact: CoverageFact, window: PartialDate | None) -> CoverageFact:
    earliest = window.earliest if window else date.max
    latest = window.latest if window else date.min
    return msgspec.structs.replace(
        fact,
        starts_on=fact.starts_on or PartialDate(date.min, earliest),
        ends_on=fact.ends_on or PartialDate(latest, date.max),
    )
