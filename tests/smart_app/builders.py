"""Reviews and overviews as services return them, without a database behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from ccm_fhir.domain.codes import Activity, DosPolicy, FamilyChoice, MdmAnswer, Role
from ccm_fhir.domain.conditions import Chronic, ChronicFamily, ConditionVerdict
from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Choice, DecidedLine, Decision, Threshold
from ccm_fhir.domain.facts import EvidenceRef, Skipped, Unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding, overall
from ccm_fhir.domain.reviews import ReviewAnswer
from ccm_fhir.domain.timekeeping import Interval, LeftOut, NotCounted, Tally
from ccm_fhir.domain.writeback import ContactMode, DeliveryState
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.choice_shapes import (
    ChoiceMade,
    ChoiceShown,
    ChoiceStanding,
    MdmSaid,
    MdmShown,
    PracticeChoice,
)
from ccm_fhir.services.condition_items import ConditionItem, SaidOfCondition
from ccm_fhir.services.consents import ConsentEntry, ConsentHistory
from ccm_fhir.services.evidence import EvidenceProblem, EvidenceShown
from ccm_fhir.services.patient_location import LocationOffered, PlacedAt
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
from ccm_fhir.storage.locations import Location

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
        placed=placed(),
    )


def placed(*, since: ServiceMonth | None = None) -> PlacedAt:
    """Return that the patient is seen at the practice's only location."""
    location = Location(
        id="l1",
        practice_id="p1",
        name="Harbor Street Family Medicine",
        place_of_service="11",
        is_active=True,
        is_default=True,
        created_at=at(1, 8),
    )
    offered = LocationOffered(id="l1", name=location.name, place_of_service="11")
    return PlacedAt(location=location, since=since, of_default=since is None, offered=(offered,))


def item(
    verdict: ConditionVerdict,
    *may_say: ReviewAnswer,
    said: tuple[SaidOfCondition, ...] = (),
) -> ConditionItem:
    return ConditionItem(
        key=f"key-{verdict.ref.resource_id}",
        verdict=verdict,
        fingerprint="f" * 64,
        revision=len(said),
        said=said,
        may_say=may_say,
        asks_family=not verdict.family,
    )


def judged(answer: ReviewAnswer, *, disease: str = "", holds: bool = True) -> SaidOfCondition:
    return SaidOfCondition(
        answer=answer,
        disease=disease,
        reason="Seen in clinic for years",
        person="Dr. Amir Haddad",
        said_at=at(20, 11),
        holds=holds,
    )


def for_a_doctor() -> PatientMonthReview:
    """Return a month in which each kind of judgement may be made."""
    shown = review()
    one, two, doubtful, cold = shown.verdicts
    doubtful = msgspec.structs.replace(doubtful, display="Long-standing trouble of the lungs")
    settled = verdict("c5", Chronic.CHRONIC, "copd", "", "on 2026-11-20 somebody judged it chronic")
    chronic, not_chronic, undone = ReviewAnswer
    return replace(
        shown,
        verdicts=(one, two, doubtful, cold, settled),
        conditions=(
            item(one, not_chronic, said=(judged(undone), judged(not_chronic, holds=False))),
            item(two),
            item(doubtful, chronic, not_chronic),
            item(cold),
            item(settled, undone, said=(judged(chronic, disease="COPD"),)),
        ),
        family_choices=(("copd", "COPD"), ("diabetes", "Diabetes")),
        may_record_consent=True,
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
            deliveries=(delivered("Claim", state, problem),),
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


def made(
    family: FamilyChoice | None = FamilyChoice.COMPLEX_IF_MET, **changes: object
) -> ChoiceMade:
    usual = ChoiceMade(
        family=family,
        dos_policy=DosPolicy.MONTH_END,
        month=NOVEMBER,
        by="Dr. Amir Haddad",
        at=at(2, 9, 30),
        reason="Agreed in October",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # any field


def asked_for_mdm(*, attests: bool = True, answered: bool = False) -> PatientMonthReview:
    """Return a month in which complex care's time is met and the practice reports it."""
    decided = msgspec.structs.replace(
        decision(minutes=65), choice=Choice(family=FamilyChoice.COMPLEX_IF_MET)
    )
    said = MdmSaid(
        answer=MdmAnswer.HIGH,
        is_plan_revised=False,
        rationale="Two of three problems got worse",
        by="Dr. Amir Haddad",
        at=at(20, 17),
    )
    return replace(
        review(minutes=65),
        decision=decided,
        choice=ChoiceShown(
            choice=decided.choice,
            of_practice=made(),
            exception=made(FamilyChoice.PRACTITIONER, dos_policy=None) if answered else None,
            may_except=attests,
        ),
        mdm=MdmShown(
            is_awaited=not answered,
            asks_plan_revision=True,
            answers=(replace(said, answer=MdmAnswer.NOT_MET), said) if answered else (),
            may_attest=attests,
        ),
    )


def practice_choice(*, may_choose: bool = True) -> PracticeChoice:
    return PracticeChoice(
        practice_name="Harbor Street Family Medicine",
        month=NOVEMBER,
        today_month=NOVEMBER,
        shown=ChoiceShown(choice=Choice(), of_practice=made()),
        history=tuple(made(standing=standing, until=NOVEMBER) for standing in ChoiceStanding),
        may_choose=may_choose,
        months=tuple(NOVEMBER.plus(step) for step in range(4)),
        newest_signed=NOVEMBER.plus(-1),
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


def consent_entry(
    record_id: str = "r1",
    decision: ConsentDecision = ConsentDecision.GIVEN,
    *,
    stands: bool = True,
    note: str = "",
) -> ConsentEntry:
    return ConsentEntry(
        record_id=record_id,
        decision=decision,
        decided_on=date(2026, 11, 3),
        effective_on=date(2026, 11, 30) if decision is ConsentDecision.REVOKED else None,
        statements=("availability", "cost-sharing", "one-practitioner", "right-to-stop"),
        mode=ConsentMode.VERBAL,
        language="es",
        given_by=ConsentGiver.REPRESENTATIVE,
        representative_name="Grace Example",
        representative_relation="daughter",
        script_version="2026-11",
        note=note,
        person="Dana Okafor, RN",
        recorded_at=at(3, 10),
        corrects_id=None,
        change_reason="",
        stands=stands,
    )


def consent_history(*entries: ConsentEntry, may_record: bool = True) -> ConsentHistory:
    return ConsentHistory(
        patient=patient(),
        practice_name="Harbor Street Family Medicine",
        month=NOVEMBER,
        today=TODAY,
        finding=finding(Criterion.CONSENT),
        required=("availability", "cost-sharing", "one-practitioner", "right-to-stop"),
        history=entries,
        signed_months=(NOVEMBER.previous(),),
        may_record=may_record,
        ehr_consents=1,
        is_ehr_read=True,
    )


def evidence_shown(
    problem: EvidenceProblem | None = None, said: str = "Diabetes [icd-10-cm E11.9]"
) -> EvidenceShown:
    return EvidenceShown(
        patient=patient(),
        practice_name="Harbor Street Family Medicine",
        resource_type="Condition",
        resource_id="c1",
        version_read="1",
        version_now="2",
        facts=() if problem else (("Code", said), ("Status", "active")),
        source="" if problem else f'{{"resourceType": "Condition", "text": "{said}"}}',
        problem=problem,
    )
