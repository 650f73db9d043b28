"""The facts that the care-plan picture and the evidence of risk rest on."""

from __future__ import annotations

from decimal import Decimal

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts.base import Coding, EvidenceRef, Fact


class PlannedActivityFact(Fact, frozen=True, kw_only=True):
    """One CarePlan.activity: what is planned, by reference or in place, and by whom.

    ``ref`` is local (``ServiceRequest/12``) and empty where the activity is described in place;
    ``is_scheduled`` says that it has a time or a recurrence.
    """

    ref: str = ""
    status: str = ""
    kind: str = ""
    codings: tuple[Coding, ...] = ()
    text: str = ""
    goals: tuple[str, ...] = ()
    performers: tuple[str, ...] = ()
    is_scheduled: bool = False
    progressed_on: PartialDate | None = None


class CarePlanFact(Fact, frozen=True, kw_only=True):
    """A CarePlan: its parts by local reference (``Goal/1``), so that the picture can join them.

    ``goals`` and ``activities`` count every entry, also one that names no resource. ``elements``
    are those of CMS's list that a plan says by name: only one that was adopted here, and is
    ``recorded_here`` instead of in the EHR, can.
    """

    ref: EvidenceRef
    status: str = ""
    intent: str = ""
    categories: tuple[str, ...] = ()
    title: str = ""
    established_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    updated_on: PartialDate | None = None
    goals: int = 0
    activities: int = 0
    goal_refs: tuple[str, ...] = ()
    planned: tuple[PlannedActivityFact, ...] = ()
    addresses: tuple[str, ...] = ()
    care_teams: tuple[str, ...] = ()
    supporting: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()
    has_care_team: bool = False
    has_text: bool = False
    elements: tuple[str, ...] = ()
    recorded_here: bool = False


class GoalFact(Fact, frozen=True, kw_only=True):
    """A Goal: what is to be reached, how it is measured, by when, and how it stands.

    ``target`` is what its targets say, in words; ``stated_by`` who set it, by name where the
    EHR shows one, else by reference.
    """

    ref: EvidenceRef
    lifecycle_status: str = ""
    achievement_status: str = ""
    text: str = ""
    codings: tuple[Coding, ...] = ()
    addresses: tuple[str, ...] = ()
    starts_on: PartialDate | None = None
    due_on: PartialDate | None = None
    is_measurable: bool = False
    changed_on: PartialDate | None = None
    target: str = ""
    stated_by: str = ""


class CareTeamMemberFact(Fact, frozen=True, kw_only=True):
    """One CareTeam.participant: who (``Practitioner/1``), in which role, for whom."""

    member: str = ""
    roles: tuple[Coding, ...] = ()
    text: str = ""
    on_behalf_of: str = ""


class CareTeamFact(Fact, frozen=True, kw_only=True):
    """A CareTeam with its members."""

    ref: EvidenceRef
    status: str = ""
    members: tuple[CareTeamMemberFact, ...] = ()


class ObservedComponentFact(Fact, frozen=True, kw_only=True):
    """One part of a panel."""

    codings: tuple[Coding, ...] = ()
    value: Decimal | None = None
    unit: str = ""


class ObservationFact(Fact, frozen=True, kw_only=True):
    """An Observation: a laboratory result, a vital sign or an assessment, one value each.

    A panel (blood pressure) gives its parts as ``components``, without a value of its own.
    """

    ref: EvidenceRef
    status: str = ""
    codings: tuple[Coding, ...] = ()
    categories: tuple[str, ...] = ()
    taken_on: PartialDate | None = None
    value: Decimal | None = None
    unit: str = ""
    text: str = ""
    components: tuple[ObservedComponentFact, ...] = ()


class MedicationFact(Fact, frozen=True, kw_only=True):
    """A MedicationRequest: what is taken by order, and whether the order still stands."""

    ref: EvidenceRef
    status: str = ""
    intent: str = ""
    codings: tuple[Coding, ...] = ()
    text: str = ""
    authored_on: PartialDate | None = None
    has_dosage: bool = False


class AllergyFact(Fact, frozen=True, kw_only=True):
    """An AllergyIntolerance as the chart has it; statuses are FHIR's, empty where not said."""

    ref: EvidenceRef
    clinical_status: str = ""
    verification_status: str = ""
    criticality: str = ""
    codings: tuple[Coding, ...] = ()
    text: str = ""
    reactions: tuple[str, ...] = ()


class ServiceRequestFact(Fact, frozen=True, kw_only=True):
    """A ServiceRequest: a referral or service that was asked for."""

    ref: EvidenceRef
    status: str = ""
    intent: str = ""
    categories: tuple[str, ...] = ()
    codings: tuple[Coding, ...] = ()
    text: str = ""
    performers: tuple[str, ...] = ()
    authored_on: PartialDate | None = None


class AnsweredFact(Fact, frozen=True, kw_only=True):
    """One answered item of a QuestionnaireResponse, nested items laid flat."""

    link_id: str
    question: str = ""
    codes: tuple[str, ...] = ()
    answer: str = ""


class QuestionnaireResponseFact(Fact, frozen=True, kw_only=True):
    """A QuestionnaireResponse: which form, when, and what was answered."""

    ref: EvidenceRef
    status: str = ""
    questionnaire: str = ""
    authored_on: PartialDate | None = None
    items: tuple[AnsweredFact, ...] = ()


class DocumentFact(Fact, frozen=True, kw_only=True):
    """A DocumentReference: of what kind, when; its content is not opened."""

    ref: EvidenceRef
    status: str = ""
    types: tuple[Coding, ...] = ()
    categories: tuple[str, ...] = ()
    text: str = ""
    dated_on: PartialDate | None = None
