"""Coverage → what it says about Medicare, from its type, its class and its payor's name.

A Coverage that speaks of Medicare without saying which part is UNREADABLE: guessing Part B
would bill people who do not have it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import CoverageFact
from ccm_fhir.fhir.contained import names_of
from ccm_fhir.fhir.medicare import Hint, hint_of_code, hint_of_text, settle
from ccm_fhir.fhir.shapes import Concept, Container, Period, Reference, Shape, codings, texts
from ccm_fhir.fhir.source import Source


class ClassShape(Shape, frozen=True, kw_only=True):
    """Coverage.class: the plan or group."""

    value: str | None = None
    name: str | None = None


class CoverageShape(Container, frozen=True, kw_only=True):
    """Coverage."""

    beneficiary: Reference | None = None
    status: str | None = None
    type: Concept | None = None
    class_: list[ClassShape] | None = None
    period: Period | None = None
    payor: list[Reference] | None = None


def coverage_fact(shape: CoverageShape, source: Source) -> CoverageFact:
    """Return the Coverage with its kind."""
    period = shape.period or Period()
    payors = _payors(shape)
    return CoverageFact(
        ref=source.ref,
        kind=_kind(shape, payors),
        status=shape.status or "",
        starts_on=PartialDate.parse(period.start),
        ends_on=PartialDate.parse(period.end),
        payor=payors[0] if payors else "",
    )


def kind_of_name(name: str) -> CoverageKind:
    """Return what a plan's or payor's name alone says."""
    return settle([hint_of_text(name)])


def _kind(shape: CoverageShape, payors: Iterable[str]) -> CoverageKind:
    plans = (text for plan in shape.class_ or () for text in (plan.name, plan.value) if text)
    words = (*texts(shape.type), *plans, *payors)
    hints: list[Hint] = [hint_of_code(coding) for coding in codings(shape.type)]
    hints += [hint_of_text(text) for text in words]
    return settle(hints)


def _payors(shape: CoverageShape) -> tuple[str, ...]:
    contained = names_of(shape.contained)
    named = (payor.display or contained.get(payor.reference or "") for payor in shape.payor or ())
    return tuple(name for name in named if name)
