"""Reviews and overviews as services return them, without a database behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.conditions import Chronic, ChronicFamily, ConditionVerdict
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import DecidedLine, Decision, Threshold
from ccm_fhir.domain.facts import EvidenceRef, Skipped, Unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding, overall
from ccm_fhir.domain.timekeeping import Interval, LeftOut, NotCounted, Tally
from ccm_fhir.domain.writeback import ContactMode, DeliveryState
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.patient_month import (
    ChartStatus,
    ClaimInHand,
    Delivered,
    MonthOverview,
    MonthRow,
    MonthState,
    PatientBanner,
    PatientMonthReview,
    SignedMonth,
    WorkEntry,
)
from ccm_fhir.services.reading import Reading
from ccm_fhir.services.sessions import Visit

ZONE = ZoneInfo("America/New_York")
NOVEMBER = ServiceMonth(2026, 11)
TODAY = date(2026, 11, 23)
PAGE_KEY = "0d1f6a0e-8f1c-4c56-9f0e-2f1f6f0c7a11"
THRESHOLDS = (1200, 2400, 3600)


def actor(role: Role = Role.CARE_MANAGER, name: str = "Dana Okafor, RN") -> Actor:
    return Actor(
        practice_id="practice-1",
        ehr_id="ehr-1",
        user_id=f"user-{role.value}",
        name=name,
        role=role,
        fhir_user="Practitioner/p1",
    )


def visit(role: Role = Role.CARE_MANAGER, *, patient_id: str | None = "patient-1") -> Visit:
    return Visit(
        actor=actor(role),
        reading=Reading(
            practice_id="practice-1",
            user_id="user",
            grant_id="grant-1",
            patient_id=patient_id,
            scopes=frozenset(),
        ),
        launch_id="launch-1",
        patient_id=patient_id,
        need_patient_banner=True,
        intent="",
        style_url="",
        csrf_token="csrf-token",  # synthetic
        ehr_origin="http://localhost:9000",
        ehr_name="Sandbox",
        expires_at=datetime(2026, 11, 23, 23, tzinfo=UTC),
    )


def patient(name: str = "Ruth Alvarez") -> PatientBanner:
    return PatientBanner(
        patient_id="patient-1",
        name=name,
        birth_date="1951-04-12",
        age=75,
        gender="female",
        mrn="MRN-0042",
        language="en",
        is_deceased=False,
    )


def finding(
    criterion: Criterion,
    answer: Answer = Answer.MET,
    reason: str = "It is on record.",
    owner: Role | None = None,
) -> Finding:
    is_met = answer is Answer.MET
    return Finding(
        criterion=criterion,
        answer=answer,
        code=criterion.value if is_met else "cannot_determine",
        reason=reason,
        evidence=(EvidenceRef("Condition", "c1", "1"), EvidenceRef("Condition", "c2", "1")),
        remedy="" if is_met else "Document what is missing.",
        owner=owner if not is_met else None,
        rule_version="ccm-eligibility@2017-01-01",
        citations=("MLN909188-2025", "CMS-FAQ-2022"),
    )


def findings(**answers: Answer) -> tuple[Finding, ...]:
    return tuple(
        finding(
            criterion,
            answers.get(criterion.value, Answer.MET),
            f"What the chart says of {criterion.value.replace('_', ' ')}.",
            Role.CARE_MANAGER,
        )
        for criterion in Criterion
    )


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


def decision(
    minutes: int = 22, found: tuple[Finding, ...] | None = None, left_out: tuple[LeftOut, ...] = ()
) -> Decision:
    found = findings() if found is None else found
    seconds = minutes * 60
    eligible = overall(found)
    reached = []
    if seconds >= THRESHOLDS[0]:
        reached.append(line("99490", 1, Decimal("61.57")))
    more = sum(1 for threshold in THRESHOLDS[1:] if seconds >= threshold)
    if more:
        reached.append(line("99439", more, Decimal("47.16") * more))
    start = at(3, 9)
    return Decision(
        month=NOVEMBER,
        eligible=eligible,
        lines=tuple(reached) if eligible is Answer.MET else (),
        reached=tuple(reached),
        reasons=() if reached else ("below_time_threshold",),
        unknown=tuple(f.criterion for f in found if f.answer is Answer.UNKNOWN),
        tally=Tally(
            counted=(
                Interval(
                    entry_id="e1",
                    seconds=seconds,
                    started_at=start,
                    ended_at=start + timedelta(seconds=seconds),
                ),
            )
            if seconds
            else (),
            left_out=left_out,
        ),
        next_threshold_seconds=next((t for t in THRESHOLDS if t > seconds), None),
        thresholds=tuple(
            Threshold(seconds=seconds, code=code)
            for seconds, code in zip(THRESHOLDS, ("99490", "99439", "99439"), strict=True)
        ),
        findings=found,
        rule_versions=("99490@2015-01-01",),
    )


def line(code: str, units: int, allowed: Decimal | None) -> DecidedLine:
    return DecidedLine(
        code=code,
        units=units,
        reached_on=date(2026, 11, 9),
        rule_version=f"{code}@2015-01-01",
        citations=("MLN909188-2025",),
        allowed_usd=allowed,
    )


def delivered(
    resource_type: str = "Procedure",
    state: DeliveryState = DeliveryState.SENT,
    problem: str = "",
) -> Delivered:
    return Delivered(
        delivery_id=f"d-{resource_type.lower()}-{state.value}",
        resource_type=resource_type,
        state=state,
        remote_ref=f"{resource_type}/9001" if state is DeliveryState.SENT else "",
        tries=1,
        problem=problem,
        updated_at=at(9, 15),
    )


def entry(entry_id: str = "e1", day: int = 3, minutes: int = 22, note: str = "") -> WorkEntry:
    started = at(day, 9)
    return WorkEntry(
        entry_id=entry_id,
        started_at=started,
        ended_at=started + timedelta(minutes=minutes),
        seconds=minutes * 60,
        counted_seconds=minutes * 60,
        left_out=(),
        person="Dana Okafor, RN",
        performer="clinical staff",
        activity=Activity.PATIENT_CALL,
        contact_mode=ContactMode.TELEPHONE,
        note=note,
        is_typed=True,
        recorded_at=at(day, 10),
        deliveries=(delivered("Encounter"), delivered("Procedure")),
        may_void=False,
    )


def overlap(entry_id: str, minutes: int) -> LeftOut:
    return LeftOut(entry_id=entry_id, seconds=minutes * 60, reason=NotCounted.OVERLAP)


def review(minutes: int = 22, found: tuple[Finding, ...] | None = None) -> PatientMonthReview:
    decided = decision(minutes, found)
    return PatientMonthReview(
        patient=patient(),
        practice_name="Harbor Street Family Medicine",
        time_zone="America/New_York",
        month=NOVEMBER,
        months=tuple(NOVEMBER.plus(-back) for back in range(4)),
        today=TODAY,
        chart=ChartStatus(read_at=at(23, 8), problem="", skipped=(), unread=()),
        decision=decided,
        decision_problem="",
        decision_hash="5f3a9c01d2e4" * 5,
        verdicts=(
            verdict("c1", Chronic.CHRONIC, "diabetes", "E11.9", "ICD-10-CM E11.9 is chronic"),
            verdict("c2", Chronic.CHRONIC, "heart_failure", "I50.9", "ICD-10-CM I50.9 is chronic"),
            verdict("c3", Chronic.REVIEW, "", "", "it carries no code"),
            verdict("c4", Chronic.NOT_CHRONIC, "", "J06.9", "ICD-10-CM J06.9 is not chronic"),
        ),
        families=(
            ChronicFamily(family="diabetes", label="Diabetes", icd10cm="E11.9", evidence=()),
            ChronicFamily(
                family="heart_failure", label="Heart failure", icd10cm="I50.9", evidence=()
            ),
        ),
        entries=(entry(minutes=minutes),) if minutes else (),
        signed=None,
        claim=None,
        to_attest=(),
        sign_obstacles=(),
        ehr_links={"Condition/c1": "http://localhost:9000/record/Condition/c1"},
        may_keep_time=True,
        may_sign=False,
    )


def verdict(ref: str, chronic: Chronic, family: str, icd10cm: str, why: str) -> ConditionVerdict:
    return ConditionVerdict(
        ref=EvidenceRef("Condition", ref, "1"),
        chronic=chronic,
        family=family,
        icd10cm=icd10cm,
        why=why,
    )


def to_be_signed() -> PatientMonthReview:
    both = (Criterion.DURATION_AND_RISK, Criterion.NOT_BILLED_ELSEWHERE)
    found = findings(**{criterion.value: Answer.UNKNOWN for criterion in both})
    return replace(review(found=found), to_attest=both, may_sign=True)


def signed(state: DeliveryState = DeliveryState.SENT, problem: str = "") -> PatientMonthReview:
    return replace(
        review(minutes=45),
        may_keep_time=False,
        signed=SignedMonth(signed_by="Dr. Amir Haddad", signed_at=at(23, 9, 30), revision=1),
        claim=ClaimInHand(
            identifier="1f0c0c9e-5a2b-5b0a-9c1d-2f60f3f2b1aa",
            lines=(("99490", 1, Decimal("95.00")), ("99439", 1, Decimal("70.00"))),
            total_usd=Decimal("165.00"),
            serviced_on=date(2026, 11, 9),
            delivery=delivered("Claim", state, problem),
        ),
    )


def never_read() -> PatientMonthReview:
    return replace(
        review(minutes=0),
        chart=ChartStatus(
            read_at=None,
            problem="The chart could not be read: the EHR answered 403 while reading Patient",
            skipped=(),
            unread=(),
        ),
        decision=None,
        decision_hash="",
        verdicts=(),
        families=(),
    )


def with_gaps() -> PatientMonthReview:
    found = findings(consent=Answer.UNKNOWN, medicare_coverage=Answer.NOT_MET)
    return replace(
        review(minutes=18, found=found),
        chart=ChartStatus(
            read_at=at(23, 8),
            problem="",
            skipped=(Skipped("Condition", "it has no code and no text"),),
            unread=(Unread("Consent", "the EHR granted no scope for it"),),
        ),
    )


def row(number: int, state: MonthState, minutes: int, *, missing: int = 0) -> MonthRow:
    open_findings = findings(consent=Answer.NOT_MET, care_plan=Answer.UNKNOWN)
    not_met = tuple(f for f in open_findings if f.answer is not Answer.MET)
    has_claim = state in {MonthState.SENT, MonthState.SIGNED, MonthState.PROBLEM}
    return MonthRow(
        patient_id=f"patient-{number}",
        name=f"Patient Number {number}",
        birth_date="1948-02-03",
        state=state,
        counted_seconds=minutes * 60,
        next_threshold_seconds=next((t for t in THRESHOLDS if t > minutes * 60), None),
        reached=(("99490", 1),) if minutes >= 20 else (),
        missing=(not_met * 2)[:missing],
        total_usd=Decimal("95.00") if has_claim else None,
        claim_state={
            MonthState.SENT: DeliveryState.SENT,
            MonthState.SIGNED: DeliveryState.SENDING,
            MonthState.PROBLEM: DeliveryState.REJECTED,
        }.get(state),
    )


def overview(state: MonthState | None = None) -> MonthOverview:
    rows = tuple(
        row(number, each, minutes, missing=missing)
        for number, (each, minutes, missing) in enumerate(
            (
                (MonthState.PROBLEM, 44, 0),
                (MonthState.READY, 22, 0),
                (MonthState.NEEDS_FIX, 31, 3),
                (MonthState.SHORT_OF_TIME, 12, 0),
                (MonthState.SIGNED, 61, 0),
                (MonthState.SENT, 20, 0),
                (MonthState.CHART_NOT_READ, 0, 0),
                (MonthState.NOT_ELIGIBLE, 0, 2),
            ),
            start=1,
        )
    )
    shown = tuple(r for r in rows if state in {None, r.state})
    return MonthOverview(
        month=NOVEMBER,
        months=tuple(NOVEMBER.plus(-back) for back in range(4)),
        today=TODAY,
        practice_name="Harbor Street Family Medicine",
        counts={r.state: 1 for r in rows},
        total_usd=Decimal("285.00"),
        rows=shown,
        state=state,
        page=1,
        pages=3,
    )
