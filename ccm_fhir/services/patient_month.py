"""What one patient's month looks like to the people who work on it: the shapes.

``review`` fills them; pages print them. Every field is ready to be shown: dates are local to
the practice, durations are whole seconds, money is decimal dollars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ccm_fhir.domain.approvals import ApprovalReason
from ccm_fhir.domain.careplan import CarePlanPicture
from ccm_fhir.domain.claims import NextRevision, Obstacle
from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.conditions import ChronicFamily, ConditionVerdict
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.eligibility import NextStep, RiskEvidence
from ccm_fhir.domain.facts import Skipped, Unread
from ccm_fhir.domain.findings import Criterion, Finding
from ccm_fhir.domain.timekeeping import LeftOut
from ccm_fhir.domain.writeback import ContactMode, DeliveryState, RungName, badness
from ccm_fhir.services.choice_shapes import ChoiceShown, MdmShown
from ccm_fhir.services.condition_items import ConditionItem
from ccm_fhir.services.month_locks import LockShown
from ccm_fhir.services.patient_location import PlacedAt
from ccm_fhir.services.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientBanner:
    """Who the patient is, with at least two identifiers."""

    patient_id: str
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    age: int | None = field(repr=False)
    gender: str = field(repr=False)
    mrn: str = field(repr=False)
    language: str = field(repr=False)
    is_deceased: bool = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One resource's way into the EHR; ``problem`` is a sentence, empty where there is none.

    ``rung`` is the way of the ladder that it takes, and ``reason`` the sentence that chose it.
    ``code`` is what it bills, where it is a charge.
    """

    delivery_id: str
    resource_type: str
    state: DeliveryState
    remote_ref: str
    tries: int
    problem: str
    updated_at: datetime
    rung: RungName | None = None
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalShown:
    """Where the approval of typed time stands; ``is_approved`` is None while nobody answered.

    ``approvers`` are the people who can.
    """

    reasons: tuple[ApprovalReason, ...]
    is_approved: bool | None
    answered_by: str
    answered_at: datetime | None
    approvers: tuple[str, ...]
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEntry:
    """One line of the time log."""

    entry_id: str
    started_at: datetime
    ended_at: datetime
    seconds: int
    counted_seconds: int
    left_out: tuple[LeftOut, ...]
    person: str
    performer: str
    activity: Activity
    contact_mode: ContactMode | None
    note: str = field(repr=False)
    is_typed: bool
    recorded_at: datetime
    deliveries: tuple[Delivered, ...]
    may_void: bool
    approval: ApprovalShown | None = None
    is_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMonth:
    """Who signed the month, when, and for what; ``is_void``: that its claim is taken back."""

    signed_by: str
    signed_at: datetime
    revision: int
    is_void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionShown:
    """The correction of the month's claim that is open: a signature would make ``coming``.

    ``statement_id`` is what the signature names; ``coming`` is None where nothing may follow now.
    """

    statement_id: str
    opened_by: str
    opened_at: datetime
    reason: str = field(repr=False)
    coming: NextRevision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimInHand:
    """The month's claim: what it says and where it is.

    ``deliveries`` are several where each line is a charge of its own. ``place_of_service`` and
    ``location`` are empty where a release before kept none.
    """

    identifier: str
    lines: tuple[tuple[str, int, Decimal], ...]
    total_usd: Decimal
    serviced_on: date
    deliveries: tuple[Delivered, ...]
    place_of_service: str = ""
    location: str = ""

    @property
    def delivery(self) -> Delivered | None:
        """The delivery that speaks for all of it: the one that is furthest from being there."""
        return min(self.deliveries, key=lambda one: badness(one.state), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartStatus:
    """When the chart was last read, and what of it could not be.

    ``problem`` says why it could not be read at all when that was last tried.
    """

    read_at: datetime | None
    problem: str
    skipped: tuple[Skipped, ...]
    unread: tuple[Unread, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMonthReview:
    """Everything the patient page shows of one month.

    ``decision`` is None where no chart has been read or no rules are loaded for the month;
    ``decision_problem`` then says why, in a sentence. ``sources`` are those of its rules.
    ``steps`` are what is left to do, in order; ``picture`` is the care plan, and ``risk`` what is
    laid beside the attestation of risk.
    ``serviced_on`` is the day that the claim would bear once everything attestable is attested.
    ``ehr_links`` leads from a reference to a path within the launch.
    ``placed`` is where the patient is seen, whose place of service stands on the claim.
    ``mdm`` is None where complex care's decision making is neither asked nor answered.
    """

    patient: PatientBanner
    practice_name: str
    time_zone: str
    month: ServiceMonth
    months: tuple[ServiceMonth, ...]
    today: date
    chart: ChartStatus
    decision: Decision | None
    decision_problem: str
    sources: Sources = field(default_factory=Sources)
    decision_hash: str
    verdicts: tuple[ConditionVerdict, ...]
    families: tuple[ChronicFamily, ...]
    entries: tuple[WorkEntry, ...]
    signed: SignedMonth | None
    claim: ClaimInHand | None
    to_attest: tuple[Criterion, ...]
    sign_obstacles: tuple[Obstacle, ...]
    serviced_on: date | None = None
    ehr_links: dict[str, str]
    may_keep_time: bool
    may_sign: bool
    steps: tuple[NextStep, ...] = ()
    picture: CarePlanPicture | None = None
    risk: RiskEvidence | None = None
    conditions: tuple[ConditionItem, ...] = ()
    family_choices: tuple[tuple[str, str], ...] = ()
    may_record_consent: bool = False
    choice: ChoiceShown | None = None
    mdm: MdmShown | None = None
    correction: CorrectionShown | None = None
    may_correct: bool = False
    placed: PlacedAt
    may_place: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The decision's findings; empty where there is no decision."""
        return () if self.decision is None else self.decision.findings


class MonthState(StrEnum):
    """Where a patient stands in a month.

    ``HELD``: a person locked this patient's month. ``BEING_JUDGED``: something it rests on has
    changed since it was last judged, so that nothing is said of it. ``CORRECTING``: its claim is
    being corrected, and nobody has signed what follows. ``VOIDED``: its claim was taken back.
    """

    SENT = "sent"
    SIGNED = "signed"
    READY = "ready"
    SHORT_OF_TIME = "short_of_time"
    NEEDS_FIX = "needs_fix"
    NOT_ELIGIBLE = "not_eligible"
    PROBLEM = "problem"
    CHART_NOT_READ = "chart_not_read"
    HELD = "held"
    BEING_JUDGED = "being_judged"
    CORRECTING = "correcting"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """One patient on the month page; ``obstacles`` of its claim are a code and an owner each."""

    patient_id: str
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    state: MonthState
    counted_seconds: int
    next_threshold_seconds: int | None
    reached: tuple[tuple[str, int], ...]
    missing: tuple[Finding, ...]
    total_usd: Decimal | None
    claim_state: DeliveryState | None
    claim_rung: RungName | None = None
    awaits_mdm: bool = False
    expected_usd: Decimal | None = None
    problem: str = ""
    obstacles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReason:
    """A reason that holds patients up: how many, whose turn it is, and what mends it.

    ``fixes`` is how many different ways are named; ``fix`` is one of them.
    """

    code: str
    owner: Role | None
    patients: int
    fix: str
    fixes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOverview:
    """The month page: a page of rows, and the counts over all of them.

    ``amounts`` is what is claimed, or would be, by state; ``total_usd`` what is claimed.
    """

    month: ServiceMonth
    months: tuple[ServiceMonth, ...]
    today: date
    practice_name: str
    counts: dict[MonthState, int]
    total_usd: Decimal
    rows: tuple[MonthRow, ...]
    state: MonthState | None
    page: int
    pages: int
    choice: ChoiceShown | None = None
    amounts: dict[MonthState, Decimal] = field(default_factory=dict)
    reasons: tuple[MonthReason, ...] = ()
    reason: str | None = None
    lock: LockShown | None = None
    may_lock: bool = False
    may_sign: bool = False
    without_npi: bool = False
