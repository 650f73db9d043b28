"""Any chart at all: strategies for whole charts, from small vocabularies that collide often."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ccm_fhir.domain.codes import CPT, HCPCS, ICD10CM, SNOMED, CoverageKind
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import (
    AnsweredFact,
    CarePlanFact,
    CareTeamFact,
    ChartFacts,
    ClaimFact,
    Coding,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    DocumentFact,
    EncounterFact,
    EvidenceRef,
    GoalFact,
    MedicationFact,
    ObservationFact,
    ObservedComponentFact,
    PatientFact,
    PlannedActivityFact,
    QuestionnaireResponseFact,
    ServiceRequestFact,
    Skipped,
    Unread,
)
from tests.builders import ALL_TOLD, LOINC, ORGANIZATION, READ_AT

TYPES = (
    "Condition",
    "Coverage",
    "Consent",
    "Encounter",
    "CarePlan",
    "Goal",
    "Observation",
    "MedicationRequest",
    "ServiceRequest",
    "QuestionnaireResponse",
    "Claim",
)
_DAYS = st.dates(date(2025, 6, 1), date(2027, 2, 1))
_EXACT = _DAYS.map(lambda day: PartialDate(day, day))
_COARSE = st.tuples(_DAYS, st.integers(1, 400)).map(
    lambda pair: PartialDate(pair[0], pair[0] + timedelta(days=pair[1]))
)
DAY = st.none() | _EXACT | _COARSE
_NAMES = ("a", "b", "c")
_TEXT = st.sampled_from(
    ("", "Monthly call", "memory test", "medication review", "copy given", "plan review in May")
)
_CODING = st.sampled_from(
    (
        Coding(system=CPT, code="99214"),
        Coding(system=CPT, code="99211"),
        Coding(system=CPT, code="99348"),
        Coding(system=HCPCS, code="G0439"),
        Coding(system=SNOMED, code="456201000124103"),
        Coding(system=SNOMED, code="32485007"),
        Coding(system=SNOMED, code="430193006"),
        Coding(system=LOINC, code="4548-4"),
        Coding(system=LOINC, code="8480-6"),
        Coding(system=LOINC, code="72172-0"),
        Coding(system=LOINC, code="18776-5"),
        Coding(system=None, code="", display="caregiver"),
    )
)
_CODINGS = st.lists(_CODING, max_size=2).map(tuple)
_VALUE = st.none() | st.sampled_from((Decimal("9.1"), Decimal(59), Decimal(140)))
_UNIT = st.sampled_from(("%", "mm[Hg]", "mL/min/{1.73_m2}", "kPa", ""))


def _local(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from((*(f"{kind}/{name}" for name in _NAMES), "", "#inside", "Task/x"))


def _locals(kind: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(_local(kind), max_size=2).map(tuple)


def _some(
    kind: str, fact: type[Any], /, **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """Return up to three facts of a type, each with an id of its own."""

    def build(name: str) -> st.SearchStrategy[Any]:
        return st.builds(fact, ref=st.just(EvidenceRef(kind, name)), **fields)

    return st.lists(st.sampled_from(_NAMES), unique=True, max_size=2).flatmap(
        lambda names: st.tuples(*(build(name) for name in names))
    )


def _status(*words: str) -> st.SearchStrategy[str]:
    return st.sampled_from((*words, ""))


_PLANNED = st.builds(
    PlannedActivityFact,
    ref=_local("ServiceRequest"),
    status=_status("in-progress", "completed", "cancelled"),
    codings=_CODINGS,
    text=_TEXT,
    goals=_locals("Goal"),
    performers=_locals("Practitioner"),
    progressed_on=DAY,
)

CHARTS: st.SearchStrategy[ChartFacts] = st.builds(
    ChartFacts,
    patient=st.builds(
        PatientFact,
        ref=st.just(EvidenceRef("Patient", "p")),
        is_deceased=st.booleans(),
        died_on=DAY,
    ),
    read_at=st.just(READ_AT),
    conditions=_some(
        "Condition",
        ConditionFact,
        codings=st.sampled_from(("E11.9", "E11.65", "I10", "J44.9", "J00", "??")).map(
            lambda code: (Coding(system=ICD10CM, code=code),)
        ),
        clinical_status=st.sampled_from((None, "active", "resolved", "remission")),
        verification_status=st.sampled_from((None, "confirmed", "provisional", "refuted")),
        abatement=DAY,
    ),
    coverages=_some(
        "Coverage",
        CoverageFact,
        kind=st.sampled_from(CoverageKind),
        status=_status("active", "cancelled"),
        starts_on=DAY,
        ends_on=DAY,
    ),
    consents=_some(
        "Consent",
        ConsentFact,
        status=_status("active", "inactive", "rejected"),
        is_for_ccm=st.booleans(),
        given_on=DAY,
        ends_on=DAY,
        organization=st.sampled_from((ORGANIZATION, "Organization/theirs", "")),
        statements=st.sampled_from((ALL_TOLD, ())),
        mode=st.sampled_from(("", "verbal", "written")),
    ),
    encounters=_some(
        "Encounter",
        EncounterFact,
        status=_status("finished", "in-progress", "cancelled", "planned"),
        class_code=st.sampled_from(("AMB", "HH", "VR", "IMP", "NONAC", "EMER", "")),
        types=_CODINGS,
        starts_on=DAY,
        ends_on=DAY,
        organization=st.sampled_from((ORGANIZATION, "Organization/theirs", "")),
    ),
    care_plans=_some(
        "CarePlan",
        CarePlanFact,
        status=_status("active", "revoked", "draft"),
        established_on=DAY,
        ends_on=DAY,
        updated_on=DAY,
        goals=st.integers(0, 3),
        activities=st.integers(0, 3),
        goal_refs=_locals("Goal"),
        planned=st.lists(_PLANNED, max_size=2).map(tuple),
        addresses=_locals("Condition"),
        care_teams=_locals("CareTeam"),
        supporting=_locals("Observation"),
        has_care_team=st.booleans(),
        has_text=st.booleans(),
    ),
    claims=_some(
        "Claim",
        ClaimFact,
        status=_status("active", "cancelled"),
        use=_status("claim", "preauthorization"),
        codes=st.lists(st.sampled_from(("99490", "G0181", "G0557", "99214", "?")), max_size=2).map(
            tuple
        ),
        serviced_on=DAY,
        provider=st.sampled_from((ORGANIZATION, "Organization/theirs", "")),
    ),
    goals=_some(
        "Goal",
        GoalFact,
        lifecycle_status=_status("active", "completed", "cancelled"),
        achievement_status=_status("achieved", "in-progress"),
        addresses=_locals("Condition"),
        due_on=DAY,
        changed_on=DAY,
        is_measurable=st.booleans(),
    ),
    care_teams=_some("CareTeam", CareTeamFact, status=_status("active", "inactive")),
    observations=_some(
        "Observation",
        ObservationFact,
        status=_status("final", "entered-in-error"),
        codings=_CODINGS,
        categories=st.sampled_from(((), ("sdoh",), ("functional-status",))),
        taken_on=DAY,
        value=_VALUE,
        unit=_UNIT,
        components=st.lists(
            st.builds(ObservedComponentFact, codings=_CODINGS, value=_VALUE, unit=_UNIT),
            max_size=2,
        ).map(tuple),
    ),
    medications=_some(
        "MedicationRequest",
        MedicationFact,
        status=_status("active", "stopped"),
        intent=_status("order", "proposal"),
    ),
    service_requests=_some(
        "ServiceRequest",
        ServiceRequestFact,
        status=_status("active", "revoked"),
        categories=st.sampled_from(((), ("410606002",))),
        codings=_CODINGS,
        text=_TEXT,
        performers=_locals("Practitioner"),
        authored_on=DAY,
    ),
    responses=_some(
        "QuestionnaireResponse",
        QuestionnaireResponseFact,
        status=_status("completed", "in-progress"),
        questionnaire=st.sampled_from(("", "http://loinc.org/q/72172-0|2")),
        authored_on=DAY,
        items=st.lists(
            st.builds(
                AnsweredFact,
                link_id=st.sampled_from(("1", "/72106-8")),
            ),
            max_size=2,
        ).map(tuple),
    ),
    documents=_some(
        "DocumentReference",
        DocumentFact,
        status=_status("current", "superseded"),
        types=_CODINGS,
        text=_TEXT,
        dated_on=DAY,
    ),
    skipped=st.lists(st.sampled_from(TYPES).map(lambda t: Skipped(t, "broken")), max_size=2).map(
        tuple
    ),
    unread=st.lists(
        st.sampled_from(TYPES).map(lambda t: Unread(t, "needs a scope")), max_size=2, unique=True
    ).map(tuple),
)
