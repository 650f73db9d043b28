"""The PatientMonth document: what is stated, what is stated to be nothing, what is not stated.

``None`` is an answer ("never", "not given"); ``UNSET`` is the absence of one, and leads to
UNKNOWN wherever it is needed.
"""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from ccm_fhir.domain.codes import (
    BilledBy,
    DosPolicy,
    FamilyChoice,
    MdmLevel,
    RhcCoding,
    Setting,
)
from ccm_fhir.domain.facts import Fact

ServiceCode = Annotated[str, Meta(pattern=r"^[0-9A-Z][0-9]{3}[0-9A-Z]$")]
WallTime = Annotated[time, Meta(tz=False)]
Minutes = Annotated[int, Meta(ge=0)]
Day = date
Span = tuple[date, date]


class Payer(StrEnum):
    """Who pays for the patient's outpatient care."""

    PART_B = "medicare_ffs_part_b"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    OTHER = "other"


class ConsentMode(StrEnum):
    """How consent was given."""

    VERBAL = "verbal"
    VERBAL_DOCUMENTED = "verbal_documented"
    WRITTEN = "written"


class VisitBy(StrEnum):
    """Who saw the patient."""

    BILLING_PRACTITIONER = "billing_practitioner"
    CLINICAL_STAFF = "clinical_staff"
    OTHER = "other"


class PerformerRole(StrEnum):
    """Who did the work."""

    CLINICAL_STAFF = "clinical_staff"
    NONCLINICAL_STAFF = "nonclinical_staff"
    PHYSICIAN = "physician"
    NP = "np"
    PA = "pa"
    CNS = "cns"
    CNM = "cnm"


class ContactKind(StrEnum):
    """Whether the work was done face to face."""

    NON_FACE_TO_FACE = "non_face_to_face"
    FACE_TO_FACE = "face_to_face"


class StatedPatient(Fact, frozen=True, kw_only=True):
    """What of the patient bears on the month."""

    age: int | UnsetType = UNSET
    sex: str | UnsetType = UNSET
    enrolled_part_b: bool | UnsetType = UNSET
    qmb: bool | UnsetType = UNSET
    died: Day | UnsetType | None = UNSET
    inpatient_spans: tuple[Span, ...] = ()
    snf_part_a_spans: tuple[Span, ...] = ()


class StatedConsent(Fact, frozen=True, kw_only=True):
    """A consent to care management."""

    date: Day | UnsetType | None = UNSET
    mode: ConsentMode | UnsetType = UNSET
    to_billing_practitioner: bool | UnsetType = UNSET
    revoked: Day | UnsetType | None = UNSET


class StatedVisit(Fact, frozen=True, kw_only=True):
    """The visit that started care management."""

    date: Day | UnsetType | None = UNSET
    code: ServiceCode | UnsetType = UNSET
    by: VisitBy | UnsetType = UNSET


class StatedPlan(Fact, frozen=True, kw_only=True):
    """The comprehensive care plan."""

    date: Day | UnsetType | None = UNSET
    copy_given: bool | UnsetType = UNSET
    established_or_substantially_revised_this_month: bool | UnsetType = UNSET


class StatedPractice(Fact, frozen=True, kw_only=True):
    """What the practice attests about itself."""

    access_24_7: bool | UnsetType = UNSET
    certified_ehr: bool | UnsetType = UNSET
    continuity_designated_team_member: bool | UnsetType = UNSET


class StatedPractitioner(Fact, frozen=True, kw_only=True):
    """Who bills."""

    role: str | UnsetType = UNSET
    specialty: str | UnsetType | None = UNSET


class StatedService(Fact, frozen=True, kw_only=True):
    """Another service billed for the month."""

    code: ServiceCode
    by: BilledBy | UnsetType = UNSET
    minutes: Minutes | UnsetType = UNSET
    distinct_time: bool | UnsetType = UNSET


class StatedEntry(Fact, frozen=True, kw_only=True):
    """One stretch of work: start and end, or minutes."""

    date: Day
    performer_role: PerformerRole
    end_date: Day | UnsetType = UNSET
    start: WallTime | UnsetType = UNSET
    end: WallTime | UnsetType = UNSET
    minutes: Minutes | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    personally: bool | UnsetType = UNSET
    activity: str | UnsetType = UNSET
    employer: str | UnsetType = UNSET
    located_outside_us: bool | UnsetType = UNSET
    part_of_billed_em: bool | UnsetType = UNSET
    also_counted_to: ServiceCode | UnsetType | None = UNSET
    mode: ContactKind | UnsetType = UNSET
    performer: str | UnsetType = UNSET


class StatedChoice(Fact, frozen=True, kw_only=True):
    """What the practice chose."""

    family: FamilyChoice
    dos_policy: DosPolicy = DosPolicy.THRESHOLD_DATE
    rhc_coding: RhcCoding | UnsetType = UNSET


class StatedMonth(Fact, frozen=True, kw_only=True):
    """One patient in one service month."""

    service_month: str
    patient: StatedPatient
    conditions: tuple[str, ...]
    payer: Payer
    billing_practitioner: StatedPractitioner
    time_entries: tuple[StatedEntry, ...]
    setting: Setting
    pos: str
    practice_choice: StatedChoice
    id: str | None = None
    time_zone: str = "America/New_York"
    today: Day | UnsetType = UNSET
    conditions_meet_risk_and_12mo: bool | UnsetType = UNSET
    consent: StatedConsent | UnsetType | None = UNSET
    initiating_visit: StatedVisit | UnsetType | None = UNSET
    last_seen_by_billing_practitioner: Day | UnsetType | None = UNSET
    ccm_first_month: str | UnsetType | None = UNSET
    care_plan: StatedPlan | UnsetType | None = UNSET
    practice_attestations: StatedPractice | UnsetType = UNSET
    other_services: tuple[StatedService, ...] = ()
    mdm_level: MdmLevel | UnsetType | None = UNSET
