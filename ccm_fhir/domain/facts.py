"""Facts: what a chart says, stripped of FHIR's shapes, each with the resource it came from.

Two roads lead here (a chart by search, a population by bulk files) and one judgement follows.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from ccm_fhir.domain.codes import CoverageKind
from ccm_fhir.domain.dates import PartialDate


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of every fact: prints its type alone, since its fields are patient data.

    Facts hold facts and plain values, so that no cycle is there for the collector to find.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class EvidenceRef(msgspec.Struct, frozen=True, order=True):
    """Which resource, and which version of it, a conclusion rests on."""

    resource_type: str
    resource_id: str
    version_id: str = ""

    def __str__(self) -> str:
        return f"{self.resource_type}/{self.resource_id}"


class Coding(Fact, frozen=True, kw_only=True):
    """One coding with its system in canonical spelling."""

    system: str | None
    code: str
    display: str = ""


class PatientFact(Fact, frozen=True, kw_only=True):
    """Who the patient is; two identifiers at least are needed for the banner."""

    ref: EvidenceRef
    name: str = ""
    birth_date: PartialDate | None = None
    gender: str = ""
    mrn: str = ""
    mbi: str = ""
    language: str = ""
    is_deceased: bool = False
    died_on: PartialDate | None = None


class ConditionFact(Fact, frozen=True, kw_only=True):
    """A Condition: its codings and the statuses that decide whether it counts."""

    ref: EvidenceRef
    codings: tuple[Coding, ...] = ()
    text: str = ""
    clinical_status: str | None = None
    verification_status: str | None = None
    categories: tuple[str, ...] = ()
    onset: PartialDate | None = None
    abatement: PartialDate | None = None
    has_abatement: bool = False
    recorded: PartialDate | None = None
    has_modifier: bool = False


class CoverageFact(Fact, frozen=True, kw_only=True):
    """A Coverage read for what it says about Medicare."""

    ref: EvidenceRef
    kind: CoverageKind
    status: str = ""
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    payor: str = ""


class ConsentFact(Fact, frozen=True, kw_only=True):
    """A Consent to care management: when given, when ended, and which statements it records."""

    ref: EvidenceRef
    status: str = ""
    is_for_ccm: bool = False
    given_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    organization: str = ""
    statements: tuple[str, ...] = ()
    is_refused: bool = False


class EncounterFact(Fact, frozen=True, kw_only=True):
    """An Encounter: class, type codings, period and who took part."""

    ref: EvidenceRef
    status: str = ""
    class_code: str = ""
    types: tuple[Coding, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    starts_on: PartialDate | None = None
    practitioners: tuple[str, ...] = ()
    organization: str = ""


class CarePlanFact(Fact, frozen=True, kw_only=True):
    """A CarePlan with what it holds, counted, not copied."""

    ref: EvidenceRef
    status: str = ""
    intent: str = ""
    categories: tuple[str, ...] = ()
    established_on: PartialDate | None = None
    goals: int = 0
    activities: int = 0
    addresses: tuple[str, ...] = ()
    has_care_team: bool = False


class ProcedureFact(Fact, frozen=True, kw_only=True):
    """A Procedure, read so that time already in the EHR is seen."""

    ref: EvidenceRef
    status: str = ""
    codings: tuple[Coding, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    identifiers: tuple[str, ...] = ()


class ClaimFact(Fact, frozen=True, kw_only=True):
    """A Claim already in the EHR: its codes and dates, and who provided."""

    ref: EvidenceRef
    status: str = ""
    use: str = ""
    codes: tuple[str, ...] = ()
    serviced_on: PartialDate | None = None
    provider: str = ""
    identifiers: tuple[str, ...] = ()


class Skipped(msgspec.Struct, frozen=True):
    """A resource that could not be read, counted and shown, never a lost patient."""

    resource_type: str
    reason: str


class Unread(msgspec.Struct, frozen=True):
    """A whole resource type that could not be asked for, and why (a scope, an error)."""

    resource_type: str
    reason: str


class ChartFacts(Fact, frozen=True, kw_only=True):
    """One patient's chart as read at one moment."""

    patient: PatientFact
    read_at: datetime
    conditions: tuple[ConditionFact, ...] = ()
    coverages: tuple[CoverageFact, ...] = ()
    consents: tuple[ConsentFact, ...] = ()
    encounters: tuple[EncounterFact, ...] = ()
    care_plans: tuple[CarePlanFact, ...] = ()
    procedures: tuple[ProcedureFact, ...] = ()
    claims: tuple[ClaimFact, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unread: tuple[Unread, ...] = ()

    def was_read(self, resource_type: str) -> bool:
        """Whether a resource type could be asked for at all."""
        return all(unread.resource_type != resource_type for unread in self.unread)


class PracticeFact(Fact, frozen=True, kw_only=True):
    """What a practice has attested about itself, with the date a person did so."""

    organization: str = ""
    access_24_7: bool | None = None
    certified_ehr: bool | None = None
    designated_team_member: bool | None = None
    attested_on: date | None = None
