"""The strict shape of the files about care plans, charts and risk."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.rulebook.schema import CitedEntry, CitedVersion, CodeOrRange, Strict


def _no_float(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("a bound is written as text, since a float is not exact")  # noqa: TRY004  # what pydantic reports
    return value


SystemCode = Annotated[str, Field(pattern=r"^https?://[^|\s]+\|[^|\s]+$")]
Bound = Annotated[Decimal, BeforeValidator(_no_float)]
_Words = Annotated[str, Field(min_length=1, pattern=r"^[a-z0-9]")]


class ElementEntry(Strict):
    """One element of a comprehensive care plan, and how it is recognised."""

    element: PlanElement
    title: str = Field(min_length=1)
    remedy: str = Field(min_length=1, pattern=r"\.$")
    codes: tuple[SystemCode, ...] = ()
    categories: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    words: tuple[_Words, ...] = ()
    cited: CitedEntry
    recognised: CitedEntry


class CarePlanVersion(CitedVersion):
    """One version of what a comprehensive care plan holds."""

    must_cite = ("elements", "plan_document_codes", "copy_given_words")

    version: str
    elements: tuple[ElementEntry, ...] = Field(min_length=1)
    plan_document_codes: tuple[SystemCode, ...] = Field(min_length=1)
    copy_given_words: tuple[_Words, ...] = Field(min_length=1)
    not_modelled: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _every_element_stands_once(self) -> Self:
        if sorted(e.element for e in self.elements) != sorted(PlanElement):
            raise ValueError("names an element twice, or not at all")
        return self


class CarePlanFile(Strict):
    """``care_plan.toml``."""

    versions: tuple[CarePlanVersion, ...] = Field(min_length=1)


class ChartVersion(CitedVersion):
    """One version of how Encounters and other people's claims are read."""

    must_cite = (
        "visit_classes",
        "inpatient_classes",
        "nonacute_classes",
        "emergency_classes",
        "inpatient_types",
        "emergency_types",
        "initiating_visit_types",
        "seen_codes",
        "elsewhere_months",
    )

    version: str
    visit_classes: tuple[str, ...] = Field(min_length=1)
    inpatient_classes: tuple[str, ...] = Field(min_length=1)
    nonacute_classes: tuple[str, ...] = Field(min_length=1)
    emergency_classes: tuple[str, ...] = Field(min_length=1)
    inpatient_types: tuple[SystemCode, ...] = ()
    emergency_types: tuple[SystemCode, ...] = ()
    initiating_visit_types: tuple[SystemCode, ...] = ()
    seen_codes: tuple[CodeOrRange, ...] = ()
    elsewhere_months: int = Field(gt=0)
    not_modelled: tuple[str, ...] = ()


class ChartFile(Strict):
    """``chart.toml``."""

    versions: tuple[ChartVersion, ...] = Field(min_length=1)


class MeasureEntry(Strict):
    """One value and the bound beyond which it is shown as a sign."""

    key: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str = Field(min_length=1)
    codes: tuple[SystemCode, ...] = Field(min_length=1)
    unit: str = Field(min_length=1)
    units: tuple[str, ...] = Field(min_length=1)
    above: Bound | None = None
    at_least: Bound | None = None
    below: Bound | None = None
    cited: CitedEntry

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if sum(bound is not None for bound in (self.above, self.at_least, self.below)) != 1:
            raise ValueError("exactly one of above, at_least and below is said")
        return self


class RiskVersion(CitedVersion):
    """One version of what is laid beside the attestation of risk."""

    must_cite = (
        "look_back_months",
        "families_from",
        "admissions_from",
        "emergency_visits_from",
        "medications_from",
    )

    version: str
    look_back_months: int = Field(gt=0)
    families_from: int = Field(gt=0)
    admissions_from: int = Field(gt=0)
    emergency_visits_from: int = Field(gt=0)
    medications_from: int = Field(gt=0)
    measures: tuple[MeasureEntry, ...]
    not_modelled: tuple[str, ...] = ()


class RiskFile(Strict):
    """``risk.toml``."""

    versions: tuple[RiskVersion, ...] = Field(min_length=1)
