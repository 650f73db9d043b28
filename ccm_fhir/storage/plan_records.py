"""Drafts, versions, reviews, copies and calls of care plans as values: to be kept, and as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from ccm_fhir.domain.plans.drafting import Draft
    from ccm_fhir.domain.plans.parts import Plan
    from ccm_fhir.storage.vocabulary import CopyGivenBy, CopyLanguage, OutreachOutcome

OTHER_CONTENT = "this form was sent before with other content; open a new one"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDraft:
    """A draft with the moment at which it was last saved."""

    draft: Draft = field(repr=False)
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A plan that somebody adopts; ``number`` must be the next one."""

    patient_id: str
    number: int
    plan: Plan = field(repr=False)
    adopted_on: date
    adopted_by: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord(NewVersion):
    """A row."""

    id: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """Somebody went through a version with the patient."""

    patient_id: str
    version_id: str
    reviewed_on: date
    note: str = field(default="", repr=False)
    reviewed_by: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord(NewReview):
    """A row."""

    id: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCopy:
    """A copy that was given: when, how, in which language, to whom; and the hash of its words."""

    patient_id: str
    version_id: str
    given_on: date
    way: CopyGivenBy
    language: CopyLanguage
    given_to: str = field(default="", repr=False)
    message: str = field(default="", repr=False)
    text_sha256: str
    recorded_by: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRecord(NewCopy):
    """A row."""

    id: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutreach:
    """One attempt to reach the patient."""

    patient_id: str
    outcome: OutreachOutcome
    note: str = field(default="", repr=False)
    next_on: date | None = None
    tried_by: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutreachRecord(NewOutreach):
    """A row."""

    id: str
    tried_at: datetime
