"""What is true of one patient, before any FHIR: the cast are told by hand, the rest are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from fhir_fixtures.practice.catalogue import Disease


class Coded(Enum):
    """With which codes a Condition is recorded."""

    BOTH = auto()
    ICD10CM = auto()
    SNOMED = auto()
    TEXT = auto()


class Standing(Enum):
    """How a Condition stands: the pair of its clinical and verification status."""

    ACTIVE = ("active", "confirmed")
    RESOLVED = ("resolved", "confirmed")
    REFUTED = ("inactive", "refuted")
    PROVISIONAL = ("active", "provisional")
    ENTERED_IN_ERROR = ("", "entered-in-error")


class Insurance(Enum):
    """Who pays."""

    ORIGINAL_MEDICARE = auto()
    PART_A_ONLY = auto()
    MEDICARE_ADVANTAGE = auto()
    COMMERCIAL = auto()
    QMB = auto()
    MEDICARE_UNSPECIFIED = auto()


class Plan(Enum):
    """How much of a comprehensive care plan is there."""

    NONE = auto()
    PARTIAL = auto()
    COMPLETE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A disease as this chart records it; ``at_visit`` makes it an encounter diagnosis."""

    disease: Disease
    coded: Coded = Coded.BOTH
    standing: Standing = Standing.ACTIVE
    at_visit: bool = False


class Kept(Enum):
    """How an EHR keeps a consent; a scan is kept beside the Consent."""

    CONSENT = auto()
    FORM = auto()
    CONSENT_AND_SCAN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """A consent to CCM; ``given`` may be coarser than a day, as FHIR allows."""

    given: str
    kept: Kept = Kept.CONSENT
    ended_on: date | None = None
    organization_id: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who the patient is."""

    given: str
    family: str
    gender: str
    birth_date: date
    race: tuple[str, str]
    is_hispanic: bool = False
    language: str = "en"
    died_on: date | None = None

    @property
    def name(self) -> str:
        """The name as it is said."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One patient's chart in a nutshell; ``index`` numbers patients from 0."""

    patient_id: str
    index: int
    person: Person
    problems: tuple[Problem, ...]
    insurance: Insurance = Insurance.ORIGINAL_MEDICARE
    visited_on: date | None = None
    visit_code: str = "99214"
    consent: ConsentGiven | None = None
    plan: Plan = Plan.NONE
    planned_on: date | None = None
    managed_months: tuple[int, ...] = ()
    billed_elsewhere_on: date | None = None
    hospital_stay_from: date | None = None
