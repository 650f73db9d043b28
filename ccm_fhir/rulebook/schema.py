"""The strict shape of the rule files; an unknown key or a float is an error."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ccm_fhir.domain.codes import (
    Comparison,
    CoverageKind,
    DosPolicy,
    EligibleProfession,
    MdmLevel,
    NotCounted,
    PerformerKind,
    RhcCoding,
    Scope,
    Setting,
)
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import Confidence

CodeOrRange = Annotated[str, Field(pattern=r"^[0-9A-Z][0-9]{4}(-[0-9A-Z][0-9]{4})?$")]


class Strict(BaseModel):
    """What every entry is: closed, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceEntry(Strict):
    """One source of law."""

    title: str = Field(min_length=1)
    where: str = Field(min_length=1)
    url: str = ""
    confidence: Confidence


class SourcesFile(Strict):
    """``sources.toml``."""

    loaded_until: date
    sources: dict[str, SourceEntry]


class CitedEntry(Strict):
    """Where one statement was read, and how surely; ``blocking`` bills nothing until confirmed."""

    sources: tuple[str, ...] = Field(min_length=1)
    confidence: Confidence
    blocking: bool = False


class CitedVersion(Strict):
    """A version whose every statement of law names its source under ``cited``."""

    in_force_from: date
    in_force_until: date | None = None
    cited: dict[str, CitedEntry] = Field(min_length=1)

    must_cite: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _every_statement_is_cited(self) -> Self:
        for key in self.must_cite:
            if key not in self.cited and (key == "in_force" or getattr(self, key)):
                raise ValueError(f"{key} is not cited")
        unknown = set(self.cited) - set(type(self).model_fields) - {"in_force", "distinct_families"}
        if unknown:
            raise ValueError(f"cites {min(unknown)}, which it does not say")
        return self


class CodeVersion(CitedVersion):
    """One version of one code."""

    must_cite = (
        "in_force",
        "performers",
        "supervision",
        "threshold_minutes",
        "increment_minutes",
        "max_units",
        "mue_units",
        "mdm_levels",
        "needs_plan_revision",
    )

    version: str
    performers: tuple[PerformerKind, ...] = Field(min_length=1)
    supervision: Literal["general", "personal"]
    is_timed: bool = True
    threshold_minutes: int | None = Field(default=None, gt=0)
    comparison: Comparison | None = None
    increment_minutes: int | None = Field(default=None, ge=0)
    max_units: int | None = Field(default=None, gt=0)
    mue_units: int | None = Field(default=None, gt=0)
    mdm_levels: tuple[MdmLevel, ...] = ()
    needs_plan_revision: bool = False
    required_elements: tuple[str, ...] = Field(min_length=1)
    not_modelled: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _time_is_said_in_full_or_not_at_all(self) -> Self:
        said = (self.threshold_minutes, self.comparison, self.increment_minutes)
        if any((value is not None) != self.is_timed for value in said):
            raise ValueError(
                "threshold_minutes, comparison and increment_minutes belong together, "
                "and to timed codes only"
            )
        if self.max_units is None and self.mue_units is None:
            raise ValueError("max_units or mue_units must cap it")
        return self


class ExclusionEntry(Strict):
    """Groups of codes that this one may not be reported with in the same month."""

    others: tuple[str, ...] = Field(min_length=1, alias="with")
    scope: Scope
    reason: Reason
    in_force_from: date = date(2015, 1, 1)
    in_force_until: date | None = None
    cited: CitedEntry


class CodeFile(Strict):
    """One file, one billing code."""

    code: str = Field(pattern=r"^[0-9A-Z][0-9]{4}$")
    family: str
    add_on_to: str | None = None
    summary: str = Field(min_length=1)
    versions: tuple[CodeVersion, ...] = Field(min_length=1)
    excludes: tuple[ExclusionEntry, ...] = ()


class EligibilityVersion(CitedVersion):
    """One version of the eligibility rule."""

    must_cite = (
        "minimum_condition_families",
        "initiating_visit_within_days",
        "initiating_visit_codes",
        "consent_modes",
        "required_consent_statements",
        "coverage_kinds",
        "professions",
    )

    version: str
    minimum_condition_families: int = Field(gt=0)
    initiating_visit_within_days: int = Field(gt=0)
    initiating_visit_for_all: bool
    initiating_visit_codes: tuple[str, ...] = Field(min_length=1)
    consent_modes: tuple[str, ...] = Field(min_length=1)
    required_consent_statements: tuple[str, ...]
    coverage_kinds: tuple[CoverageKind, ...] = Field(min_length=1)
    professions: tuple[EligibleProfession, ...] = Field(min_length=1)
    not_modelled: tuple[str, ...] = ()


class EligibilityFile(Strict):
    """``eligibility.toml``."""

    versions: tuple[EligibilityVersion, ...] = Field(min_length=1)


class GroupEntry(Strict):
    """One group of other services; a code may be written as a range."""

    summary: str = Field(min_length=1)
    codes: tuple[CodeOrRange, ...] = Field(min_length=1)
    caution: Caution | None = None
    cited: CitedEntry
    excludes: tuple[ExclusionEntry, ...] = ()


class ServicesFile(Strict):
    """``services.toml``."""

    groups: dict[str, GroupEntry]


class CountingEntry(Strict):
    """Time that does not count."""

    reason: NotCounted
    in_force_from: date
    in_force_until: date | None = None
    summary: str = Field(min_length=1)
    remedy: str = Field(min_length=1)
    caution: Caution | None = None
    cited: CitedEntry


class CountingFile(Strict):
    """``counting.toml``."""

    rules: tuple[CountingEntry, ...]


class ClaimVersion(CitedVersion):
    """One version of how a claim is made."""

    must_cite = (
        "in_force",
        "timely_filing_years",
        "date_of_service_policies",
        "institutional_settings",
        "place_of_service",
        "modifiers",
    )

    version: str
    timely_filing_years: int = Field(gt=0)
    date_of_service_policies: tuple[DosPolicy, ...] = Field(min_length=1)
    institutional_settings: tuple[Setting, ...]
    place_of_service: str
    modifiers: str


class ClaimFile(Strict):
    """``claim.toml``."""

    versions: tuple[ClaimVersion, ...]


class ClinicVersion(CitedVersion):
    """One version of how clinics and health centers report."""

    must_cite = ("codings",)

    version: str
    codings: tuple[RhcCoding, ...] = Field(min_length=1)
    default_coding: RhcCoding
    payable_codes: tuple[str, ...] = ()


class ClinicFile(Strict):
    """``clinic.toml``."""

    versions: tuple[ClinicVersion, ...]
