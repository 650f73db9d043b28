"""Observation → a laboratory result, a vital sign or an assessment, with its exact value.

A bound (``> 60``) is no value: it is kept as words, so that nothing is compared with it.
"""

from __future__ import annotations

from decimal import Decimal

from ccm_fhir.domain.facts import ObservationFact, ObservedComponentFact
from ccm_fhir.fhir.shapes import (
    Concept,
    Period,
    Quantity,
    Reference,
    Resource,
    Shape,
    codes,
    codings,
    first_date,
    first_text,
    is_measurable_number,
    number,
    shortened,
    unit,
)
from ccm_fhir.fhir.source import Source


class RangeShape(Shape, frozen=True, kw_only=True):
    """Range."""

    low: Quantity | None = None
    high: Quantity | None = None


class ValuedShape(Resource, frozen=True, kw_only=True):
    """The value[x], and the possible modifiers, that an Observation and its components share."""

    value_quantity: Quantity | None = None
    value_integer: int | None = None
    value_codeable_concept: Concept | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_range: RangeShape | None = None
    value_date_time: str | None = None


class ComponentShape(ValuedShape, frozen=True, kw_only=True):
    """Observation.component."""

    code: Concept | None = None


class ObservationShape(ValuedShape, frozen=True, kw_only=True):
    """Observation."""

    subject: Reference | None = None
    status: str | None = None
    category: list[Concept] | None = None
    code: Concept | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    component: list[ComponentShape] | None = None


def observation_fact(shape: ObservationShape, source: Source) -> ObservationFact:
    """Return the Observation, dated by when it was taken (of a period, its end)."""
    period = shape.effective_period or Period()
    return ObservationFact(
        ref=source.ref,
        status=shape.status or "",
        codings=codings(shape.code),
        categories=codes(shape.category),
        taken_on=first_date(
            shape.effective_date_time, shape.effective_instant, period.end, period.start
        ),
        value=_value(shape),
        unit=unit(shape.value_quantity),
        text=_words(shape),
        components=tuple(
            _component(one) for one in shape.component or () if not one.modifier_extension
        ),
    )


def _component(shape: ComponentShape) -> ObservedComponentFact:
    return ObservedComponentFact(
        codings=codings(shape.code), value=_value(shape), unit=unit(shape.value_quantity)
    )


def _value(shape: ValuedShape) -> Decimal | None:
    if shape.value_integer is not None:
        whole = Decimal(shape.value_integer)
        return whole if is_measurable_number(whole) else None
    return number(shape.value_quantity)


def _words(shape: ValuedShape) -> str:
    if shape.value_boolean is not None:
        return "true" if shape.value_boolean else "false"
    if shape.value_range is not None:
        low, high = _written(shape.value_range.low), _written(shape.value_range.high)
        return shortened(f"{low}–{high}")
    quantity = shape.value_quantity
    if quantity is not None and quantity.comparator:
        return shortened(f"{quantity.comparator} {_written(quantity)}")
    stated = shape.value_string or first_text(shape.value_codeable_concept)
    return shortened(stated or _code_of(shape.value_codeable_concept) or shape.value_date_time)


def _written(quantity: Quantity | None) -> str:
    if quantity is None or quantity.value is None or not is_measurable_number(quantity.value):
        return ""
    return f"{quantity.value:f} {unit(quantity)}".strip()


def _code_of(concept: Concept | None) -> str:
    return next(iter(codes([concept])), "") if concept else ""
