"""Builders: a chart in which everything is met, and single strokes that change it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from ccm_fhir.domain.codes import CPT, ICD10CM, CoverageKind, PerformerKind
from ccm_fhir.domain.dates import PartialDate, ServiceMonth
from ccm_fhir.domain.decision import STANDARD_CHOICE, Decision, decide, of_chart
from ccm_fhir.domain.eligibility import Eligibility, Question, assess
from ccm_fhir.domain.facts import (
    CarePlanFact,
    ChartFacts,
    ClaimFact,
    Coding,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    EncounterFact,
    EvidenceRef,
    GoalFact,
    MedicationFact,
    ObservationFact,
    PatientFact,
    PlannedActivityFact,
    PracticeFact,
)
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.timekeeping import TimeEntry
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.terminology import load_chronic_table

NEW_YORK = ZoneInfo("America/New_York")
NOVEMBER = ServiceMonth(2026, 11)
ORGANIZATION = "Organization/ours"
ALL_TOLD = ("availability", "cost-sharing", "one-practitioner", "right-to-stop")
READ_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def on(text: str) -> PartialDate:
    """Return a partial date; fails loudly on a typing mistake in a test."""
    parsed = PartialDate.parse(text)
    assert parsed is not None
    return parsed


def icd(code: str, number: int = 1, **changes: object) -> ConditionFact:
    """Return an active, confirmed Condition with one ICD-10-CM code."""
    fact = ConditionFact(
        ref=EvidenceRef("Condition", f"c{number}-{code}"),
        codings=(Coding(system=ICD10CM, code=code),),
        clinical_status="active",
        verification_status="confirmed",
        categories=("problem-list-item",),
    )
    return msgspec.structs.replace(fact, **changes)


def coverage(
    kind: CoverageKind = CoverageKind.MEDICARE_PART_B,
    **changes: PartialDate | EvidenceRef | str | None,
) -> CoverageFact:
    """Return an open-ended Coverage."""
    fact = CoverageFact(
        ref=EvidenceRef("Coverage", kind.value),
        kind=kind,
        status="active",
        starts_on=on("2020-01-01"),
    )
    return msgspec.structs.replace(fact, **changes)


def consent(**changes: object) -> ConsentFact:
    """Return a consent given in good time with every statement recorded."""
    fact = ConsentFact(
        ref=EvidenceRef("Consent", "consent"),
        status="active",
        is_for_ccm=True,
        given_on=on("2026-08-03"),
        organization=ORGANIZATION,
        statements=ALL_TOLD,
    )
    return msgspec.structs.replace(fact, **changes)


def visit(day: str = "2026-07-30", code: str = "99214", **changes: object) -> EncounterFact:
    """Return a finished office visit."""
    fact = EncounterFact(
        ref=EvidenceRef("Encounter", f"visit-{day}"),
        status="finished",
        class_code="AMB",
        types=(Coding(system=CPT, code=code),),
        starts_on=on(day),
    )
    return msgspec.structs.replace(fact, **changes)


def care_plan(**changes: object) -> CarePlanFact:
    """Return a comprehensive, active plan."""
    fact = CarePlanFact(
        ref=EvidenceRef("CarePlan", "plan"),
        status="active",
        intent="plan",
        categories=("assess-plan",),
        established_on=on("2026-08-04"),
        goals=2,
        activities=2,
        addresses=("Condition/c1",),
        has_care_team=True,
    )
    return msgspec.structs.replace(fact, **changes)


LOINC = "http://loinc.org"


def goal(number: int = 1, **changes: object) -> GoalFact:
    """Return an active goal with a measure, for the first Condition."""
    fact = GoalFact(
        ref=EvidenceRef("Goal", f"g{number}"),
        lifecycle_status="active",
        achievement_status="in-progress",
        text="Walk half an hour a day",
        addresses=("Condition/c1",),
        starts_on=on("2026-08-04"),
        due_on=on("2027-02-01"),
        is_measurable=True,
    )
    return msgspec.structs.replace(fact, **changes)


def planned(text: str = "Monthly call.", **changes: object) -> PlannedActivityFact:
    """Return an intervention described in place, with somebody who does it."""
    fact = PlannedActivityFact(status="in-progress", text=text, performers=("Practitioner/n1",))
    return msgspec.structs.replace(fact, **changes)


def full_plan(*activities: PlannedActivityFact, **changes: object) -> CarePlanFact:
    """Return a plan as an EHR tells it in detail: one goal, and these interventions."""
    fields: dict[str, object] = {
        "goals": 1,
        "goal_refs": ("Goal/g1",),
        "activities": len(activities),
        "planned": activities,
    }
    return care_plan(**(fields | changes))


def observed(code: str, value: str | None = None, **changes: object) -> ObservationFact:
    """Return a final observation of November with one LOINC code."""
    fact = ObservationFact(
        ref=EvidenceRef("Observation", f"o-{code}"),
        status="final",
        codings=(Coding(system=LOINC, code=code),),
        taken_on=on("2026-11-02"),
        value=None if value is None else Decimal(value),
    )
    return msgspec.structs.replace(fact, **changes)


def medication(number: int = 1, **changes: object) -> MedicationFact:
    """Return an active medication order."""
    fact = MedicationFact(
        ref=EvidenceRef("MedicationRequest", f"m{number}"), status="active", intent="order"
    )
    return msgspec.structs.replace(fact, **changes)


def stay(first: str, last: str | None, **changes: object) -> EncounterFact:
    """Return a hospital stay."""
    fact = EncounterFact(
        ref=EvidenceRef("Encounter", f"stay-{first}"),
        status="finished",
        class_code="IMP",
        starts_on=on(first),
        ends_on=None if last is None else on(last),
    )
    return msgspec.structs.replace(fact, **changes)


def anothers_claim(code: str = "99490", day: str = "2026-11-12", **changes: object) -> ClaimFact:
    """Return a live claim of another practice."""
    fact = ClaimFact(
        ref=EvidenceRef("Claim", f"theirs-{code}-{day}"),
        status="active",
        use="claim",
        codes=(code,),
        serviced_on=on(day),
        provider="Organization/theirs",
        identifiers=("theirs|1",),
    )
    return msgspec.structs.replace(fact, **changes)


def chart(**changes: object) -> ChartFacts:
    """Return a chart in which every criterion that a chart can answer is MET."""
    facts = ChartFacts(
        patient=PatientFact(ref=EvidenceRef("Patient", "p1")),
        read_at=READ_AT,
        conditions=(icd("E11.9", 1), icd("I10", 2)),
        coverages=(coverage(),),
        consents=(consent(),),
        encounters=(visit(),),
        care_plans=(care_plan(),),
    )
    return msgspec.structs.replace(facts, **changes)


PRACTICE = PracticeFact(
    organization=ORGANIZATION,
    access_24_7=True,
    certified_ehr=True,
    designated_team_member=True,
    attested_on=date(2026, 1, 5),
)


def question(facts: ChartFacts | None = None, month: ServiceMonth = NOVEMBER) -> Question:
    """Ask about a chart (the complete one by default) with duration and risk attested."""
    return Question(
        chart=facts or chart(),
        month=month,
        rule=load_rulebook().eligibility_rule(month.last_day),
        month_rules=load_rulebook().of_month(month),
        table=load_chronic_table(),
        practice=PRACTICE,
        attested=frozenset({Criterion.DURATION_AND_RISK}),
        own_claim_identifiers=frozenset(),
    )


def eligibility(facts: ChartFacts | None = None, month: ServiceMonth = NOVEMBER) -> Eligibility:
    """Assess a chart with duration and risk attested."""
    return assess(question(facts, month))


def unattested(facts: ChartFacts | None = None) -> Eligibility:
    """Assess a chart that nobody has attested anything about."""
    return assess(replace(question(facts), attested=frozenset()))


def work(
    seconds: int,
    start: datetime = datetime(2026, 11, 10, 10, 0, tzinfo=NEW_YORK),
    performer: PerformerKind = PerformerKind.CLINICAL_STAFF,
    entry_id: str = "e1",
) -> TimeEntry:
    """Return one stretch of work."""
    return TimeEntry(
        id=entry_id,
        performer_id="nurse",
        performer=performer,
        started_at=start,
        ended_at=start + timedelta(seconds=seconds),
    )


def decision(
    *entries: TimeEntry, facts: ChartFacts | None = None, month: ServiceMonth = NOVEMBER
) -> Decision:
    """Decide a month of work on a chart."""
    facts = facts or chart()
    return decide(
        of_chart(month, NEW_YORK, facts, eligibility(facts, month), entries),
        load_rulebook(),
        STANDARD_CHOICE,
    )
