"""One chart as read, with what could not be; and what a practice says of itself."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from ccm_fhir.domain.facts.base import Fact
from ccm_fhir.domain.facts.care import (
    AllergyFact,
    CarePlanFact,
    CareTeamFact,
    DocumentFact,
    GoalFact,
    MedicationFact,
    ObservationFact,
    QuestionnaireResponseFact,
    ServiceRequestFact,
)
from ccm_fhir.domain.facts.record import (
    ClaimFact,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    EncounterFact,
    PatientFact,
    ProcedureFact,
)


class Skipped(msgspec.Struct, frozen=True):
    """A resource that could not be read, counted and shown, never a lost patient."""

    resource_type: str
    reason: str


class Unread(msgspec.Struct, frozen=True):
    """A whole resource type that could not be asked for, and why (a scope, an error)."""

    resource_type: str
    reason: str


class ChartFacts(Fact, frozen=True, kw_only=True):
    """One patient's chart as read at one moment.

    ``allergies`` is None where they were never asked for: a chart read before this app did.
    """

    patient: PatientFact
    read_at: datetime
    conditions: tuple[ConditionFact, ...] = ()
    coverages: tuple[CoverageFact, ...] = ()
    consents: tuple[ConsentFact, ...] = ()
    encounters: tuple[EncounterFact, ...] = ()
    care_plans: tuple[CarePlanFact, ...] = ()
    procedures: tuple[ProcedureFact, ...] = ()
    claims: tuple[ClaimFact, ...] = ()
    goals: tuple[GoalFact, ...] = ()
    care_teams: tuple[CareTeamFact, ...] = ()
    observations: tuple[ObservationFact, ...] = ()
    medications: tuple[MedicationFact, ...] = ()
    service_requests: tuple[ServiceRequestFact, ...] = ()
    responses: tuple[QuestionnaireResponseFact, ...] = ()
    documents: tuple[DocumentFact, ...] = ()
    allergies: tuple[AllergyFact, ...] | None = None
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
