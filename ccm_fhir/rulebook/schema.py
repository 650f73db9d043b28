"""The strict shape of the rule files; an unknown key or a float is an error."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from ccm_fhir.domain.codes import CoverageKind, EligibleProfession, PerformerKind
from ccm_fhir.domain.rules import Confidence


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceEntry(_Strict):
    """One source of law."""

    title: str = Field(min_length=1)
    where: str = Field(min_length=1)
    url: str = ""
    confidence: Confidence


class SourcesFile(_Strict):
    """``sources.toml``."""

    loaded_until: date
    sources: dict[str, SourceEntry]


class CodeVersion(_Strict):
    """One version of one code."""

    version: str
    in_force_from: date
    in_force_until: date | None = None
    performers: tuple[PerformerKind, ...] = Field(min_length=1)
    threshold_minutes: int = Field(gt=0)
    increment_minutes: int = Field(ge=0)
    max_units: int = Field(gt=0)
    citations: tuple[str, ...] = Field(min_length=1)
    not_modelled: tuple[str, ...] = ()


class CodeFile(_Strict):
    """One file, one billing code."""

    code: str = Field(pattern=r"^[0-9A-Z][0-9]{4}$")
    family: str
    add_on_to: str | None = None
    summary: str = Field(min_length=1)
    versions: tuple[CodeVersion, ...] = Field(min_length=1)


class EligibilityVersion(_Strict):
    """One version of the eligibility rule."""

    version: str
    in_force_from: date
    in_force_until: date | None = None
    minimum_condition_families: int = Field(gt=0)
    initiating_visit_within_days: int = Field(gt=0)
    initiating_visit_codes: tuple[str, ...] = Field(min_length=1)
    consent_must_be_written: bool
    required_consent_statements: tuple[str, ...]
    coverage_kinds: tuple[CoverageKind, ...] = Field(min_length=1)
    professions: tuple[EligibleProfession, ...] = Field(min_length=1)
    excluding_codes: tuple[str, ...]
    citations: tuple[str, ...] = Field(min_length=1)
    not_modelled: tuple[str, ...] = ()


class EligibilityFile(_Strict):
    """``eligibility.toml``."""

    versions: tuple[EligibilityVersion, ...] = Field(min_length=1)


class PriceEntry(_Strict):
    """One code's relative values in one year; decimals are written as strings."""

    code: str
    in_force_from: date
    in_force_until: date
    work_rvu: Decimal
    nonfacility_pe_rvu: Decimal
    facility_pe_rvu: Decimal
    malpractice_rvu: Decimal
    conversion_factor: Decimal = Field(gt=0)
    source: str = Field(min_length=1)


class PricesFile(_Strict):
    """``prices.toml``."""

    prices: tuple[PriceEntry, ...]
