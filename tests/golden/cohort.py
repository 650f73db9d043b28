"""An invented cohort: the complete chart, and then a few things of it otherwise, by a seed.

It stays near the complete chart, so that each sentence of the judgement is reached beside the
others and not behind one that hides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

import msgspec

from ccm_fhir.domain.codes import CPT, HCPCS, SNOMED, CoverageKind
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.eligibility import Question
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
    PracticeFact,
    QuestionnaireResponseFact,
    ServiceRequestFact,
    Skipped,
    Unread,
)
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.reviews import ConditionReview, ReviewAnswer, fingerprint_of
from tests import builders as make
from tests.builders import ALL_TOLD, LOINC, ORGANIZATION, PRACTICE, on

_Aspect = Callable[[Random, ChartFacts], ChartFacts]

_DAYS = (
    "2020-01-01", "2025-10-31", "2025-11-01", "2025-11", "2025", "2026-08-03", "2026-09-15",
    "2026-10-31", "2026-11-01", "2026-11-15", "2026-11-30", "2026-11", "2026", "2026-12-01",
)  # fmt: skip
_THEIRS = "Organization/theirs"
_CONDITIONS = (
    "E11.9",
    "E11.65",
    "I10",
    "J44.9",
    "J00",
    "E66.9",
    "C50.911",
    "C79.51",
    "Z85.3",
    "??",
)
_READ = (
    "Condition", "Coverage", "Consent", "Encounter", "CarePlan", "Goal", "CareTeam", "Observation",
    "MedicationRequest", "ServiceRequest", "QuestionnaireResponse", "Claim", "DocumentReference",
)  # fmt: skip
_TEXTS = (
    "Monthly call", "Memory test", "Medication review", "A copy was given to the patient",
    "Plan review in May", "Prognosis discussed", "Warning signs explained", "Home safety looked at",
    "Caregiver asked", "Meals from the community", "Coordinated with cardiology", "",
)  # fmt: skip
_CODINGS = (
    Coding(system=CPT, code="99214"),
    Coding(system=CPT, code="99211"),
    Coding(system=CPT, code="99348"),
    Coding(system=HCPCS, code="G0439"),
    Coding(system=SNOMED, code="456201000124103"),
    Coding(system=SNOMED, code="32485007"),
    Coding(system=SNOMED, code="4525004"),
    Coding(system=SNOMED, code="185349003"),
)
_MEASURES = (
    ("4548-4", "%"),
    ("8480-6", "mm[Hg]"),
    ("8462-4", "mm[Hg]"),
    ("98979-8", "mL/min/{1.73_m2}"),
    ("72172-0", ""),
    ("42821-9", ""),
)


def cohort(size: int, seed: int) -> Iterator[Question]:
    """Yield the questions of a month: the complete chart first, then with things otherwise."""
    rnd = Random(seed)  # noqa: S311  # a cohort, no secret
    yield make.question()
    for _ in range(size - 1):
        chart = make.chart()
        for aspect in rnd.sample(_ASPECTS, rnd.choice((1, 1, 2, 2, 3, 5))):
            chart = aspect(rnd, chart)
        yield _asked(rnd, chart)


def _asked(rnd: Random, chart: ChartFacts) -> Question:
    question = make.question(chart)
    if rnd.random() < 0.15:
        question = replace(question, practice=_practice(rnd))
    if rnd.random() < 0.3:
        settled = frozenset(c for c in sorted(Criterion) if rnd.random() < 0.5)
        question = replace(question, attested=settled)
    if rnd.random() < 0.2:
        question = replace(question, reviews=tuple(_reviews(rnd, chart)))
    if rnd.random() < 0.1:
        question = replace(question, own_claim_identifiers=frozenset({"ours|1"}))
    return question


def _practice(rnd: Random) -> PracticeFact:
    return msgspec.structs.replace(
        PRACTICE,
        organization=rnd.choice((ORGANIZATION, "")),
        access_24_7=rnd.choice((True, False, None)),
        certified_ehr=rnd.choice((True, False, None)),
        designated_team_member=rnd.choice((True, False, None)),
        attested_on=rnd.choice((None, date(2026, 1, 5), date(2026, 12, 5))),
    )


def _reviews(rnd: Random, chart: ChartFacts) -> Iterator[ConditionReview]:
    for condition in chart.conditions:
        yield ConditionReview(
            condition_id=condition.ref.resource_id,
            fingerprint=rnd.choice((fingerprint_of(condition), "as it was before")),
            answer=rnd.choice(tuple(ReviewAnswer)),
            family=rnd.choice(("", "asthma")),
            person="a practitioner",
            reviewed_on=date(2026, 11, 5),
            revision=1,
        )


def _day(rnd: Random) -> PartialDate | None:
    return None if rnd.random() < 0.12 else on(rnd.choice(_DAYS))


def _codings(rnd: Random) -> tuple[Coding, ...]:
    return tuple(rnd.sample(_CODINGS, rnd.choice((0, 1, 1, 2))))


def _patient(rnd: Random, chart: ChartFacts) -> ChartFacts:
    patient = PatientFact(ref=chart.patient.ref, is_deceased=rnd.random() < 0.7, died_on=_day(rnd))
    return msgspec.structs.replace(chart, patient=patient)


def _condition(rnd: Random, number: int) -> ConditionFact:
    return make.icd(
        rnd.choice(_CONDITIONS),
        number,
        clinical_status=rnd.choice(
            (None, "active", "active", "recurrence", "resolved", "remission")
        ),
        verification_status=rnd.choice(
            (None, "confirmed", "confirmed", "provisional", "refuted", "entered-in-error")
        ),
        categories=rnd.choice((("problem-list-item",), ("encounter-diagnosis",), ())),
        abatement=rnd.choice((None, None, _day(rnd))),
        recorded=_day(rnd),
        onset=_day(rnd),
        text=rnd.choice(("", "Asthma", "Sore throat")),
    )


def _conditions(rnd: Random, chart: ChartFacts) -> ChartFacts:
    many = tuple(_condition(rnd, number) for number in range(1, rnd.choice((1, 2, 3, 4, 5))))
    kept = chart.conditions[: rnd.choice((0, 1, 2))]
    return msgspec.structs.replace(chart, conditions=(*kept, *many))


def _coverages(rnd: Random, chart: ChartFacts) -> ChartFacts:
    many = tuple(
        CoverageFact(
            ref=EvidenceRef("Coverage", f"v{number}"),
            kind=rnd.choice(tuple(CoverageKind)),
            status=rnd.choice(("active", "active", "cancelled", "")),
            starts_on=_day(rnd),
            ends_on=rnd.choice((None, None, _day(rnd))),
        )
        for number in range(rnd.choice((0, 1, 1, 2)))
    )
    return msgspec.structs.replace(chart, coverages=many)


def _consent(rnd: Random, number: int) -> ConsentFact:
    told = ALL_TOLD if rnd.random() < 0.8 else tuple(s for s in ALL_TOLD if rnd.random() < 0.6)
    here = rnd.random() < 0.4  # what is recorded here always has its day and its way
    return make.consent(
        ref=EvidenceRef(
            rnd.choice(("Consent", "Consent", "QuestionnaireResponse", "DocumentReference")),
            f"a{number}",
        ),
        status=rnd.choice(
            ("active", "active", "active", "inactive", "rejected", "entered-in-error")
        ),
        is_for_ccm=rnd.random() < 0.9,
        given_on=on(rnd.choice([day for day in _DAYS if len(day) > 7])) if here else _day(rnd),
        ends_on=rnd.choice((None, None, _day(rnd))),
        organization=rnd.choice((ORGANIZATION, ORGANIZATION, _THEIRS, "")),
        statements=told,
        is_refused=rnd.random() < 0.15,
        mode=rnd.choice(("verbal", "written") if here else ("", "verbal", "written")),
        recorded_here=here,
    )


def _consents(rnd: Random, chart: ChartFacts) -> ChartFacts:
    many = tuple(_consent(rnd, number) for number in range(rnd.choice((0, 1, 1, 2, 3))))
    kept = chart.consents if rnd.random() < 0.5 else ()
    return msgspec.structs.replace(chart, consents=(*kept, *many))


def _encounter(rnd: Random, number: int) -> EncounterFact:
    return EncounterFact(
        ref=EvidenceRef("Encounter", f"e{number}"),
        status=rnd.choice(
            ("finished", "finished", "in-progress", "cancelled", "planned", "onleave")
        ),
        class_code=rnd.choice(("AMB", "AMB", "HH", "VR", "IMP", "NONAC", "EMER", "")),
        types=_codings(rnd),
        starts_on=_day(rnd),
        ends_on=_day(rnd),
        organization=rnd.choice((ORGANIZATION, "", _THEIRS)),
    )


def _encounters(rnd: Random, chart: ChartFacts) -> ChartFacts:
    many = tuple(_encounter(rnd, number) for number in range(rnd.choice((0, 1, 2, 3))))
    kept = chart.encounters if rnd.random() < 0.4 else ()
    return msgspec.structs.replace(chart, encounters=(*kept, *many))


def _plans(rnd: Random, chart: ChartFacts) -> ChartFacts:
    planned = tuple(
        make.planned(
            rnd.choice(_TEXTS),
            ref=rnd.choice(("", "ServiceRequest/s0")),
            status=rnd.choice(("in-progress", "completed", "cancelled", "")),
            goals=rnd.choice(((), ("Goal/g1",))),
            performers=rnd.choice(((), ("Practitioner/n1",))),
            is_scheduled=rnd.random() < 0.3,
            progressed_on=_day(rnd),
        )
        for _ in range(rnd.choice((0, 1, 2, 4)))
    )
    many = tuple(_plan(rnd, number, planned) for number in range(rnd.choice((0, 1, 1, 2))))
    return msgspec.structs.replace(chart, care_plans=many)


def _plan(rnd: Random, number: int, planned: tuple[object, ...]) -> CarePlanFact:
    return make.care_plan(
        ref=EvidenceRef("CarePlan", f"p{number}"),
        status=rnd.choice(("active", "active", "revoked", "draft", "completed")),
        intent=rnd.choice(("plan", "plan", "proposal", "")),
        categories=rnd.choice((("assess-plan",), ())),
        established_on=_day(rnd),
        ends_on=rnd.choice((None, None, _day(rnd))),
        updated_on=_day(rnd),
        goals=rnd.choice((0, 1, 2)),
        goal_refs=rnd.choice(((), ("Goal/g0",), ("Goal/g1", "Goal/absent"))),
        activities=len(planned),
        planned=planned,
        addresses=rnd.choice(((), ("Condition/c1-E11.9",), ("Condition/c2-I10", "Condition/x"))),
        care_teams=rnd.choice(((), ("CareTeam/t0",))),
        supporting=rnd.choice(((), ("Observation/o0",), ("MedicationRequest/m0",))),
        has_care_team=rnd.random() < 0.7,
        has_text=rnd.random() < 0.5,
    )


def _goals(rnd: Random, chart: ChartFacts) -> ChartFacts:
    many = tuple(
        GoalFact(
            ref=EvidenceRef("Goal", f"g{number}"),
            lifecycle_status=rnd.choice(("active", "active", "completed", "cancelled", "")),
            achievement_status=rnd.choice(("in-progress", "achieved", "")),
            text=rnd.choice(_TEXTS),
            addresses=rnd.choice(((), ("Condition/c1-E11.9",), ("Condition/c2-I10",))),
            due_on=_day(rnd),
            changed_on=_day(rnd),
            is_measurable=rnd.random() < 0.5,
        )
        for number in range(rnd.choice((1, 2, 3)))
    )
    return msgspec.structs.replace(chart, goals=many)


def _claims(rnd: Random, chart: ChartFacts) -> ChartFacts:
    many = tuple(
        ClaimFact(
            ref=EvidenceRef("Claim", f"k{number}"),
            status=rnd.choice(("active", "active", "cancelled", "")),
            use=rnd.choice(("claim", "claim", "preauthorization", "")),
            codes=tuple(rnd.sample(("99490", "G0181", "G0557", "99214", "99424", "?"), 2)),
            serviced_on=_day(rnd),
            provider=rnd.choice((ORGANIZATION, _THEIRS, "")),
            identifiers=rnd.choice(((), ("ours|1",), ("theirs|1",))),
        )
        for number in range(rnd.choice((1, 1, 2)))
    )
    return msgspec.structs.replace(chart, claims=many)


def _measured(rnd: Random, chart: ChartFacts) -> ChartFacts:
    many = tuple(_observation(rnd, number) for number in range(rnd.choice((1, 2, 4))))
    return msgspec.structs.replace(chart, observations=many)


def _observation(rnd: Random, number: int) -> ObservationFact:
    code, unit = rnd.choice(_MEASURES)
    value = rnd.choice(
        (None, Decimal("9.0"), Decimal("9.1"), Decimal(59), Decimal(90), Decimal(140))
    )
    component = ObservedComponentFact(
        codings=(Coding(system=LOINC, code="8480-6"),), value=value, unit="mm[Hg]"
    )
    return ObservationFact(
        ref=EvidenceRef("Observation", f"o{number}"),
        status=rnd.choice(("final", "final", "amended", "preliminary", "entered-in-error")),
        codings=(Coding(system=LOINC, code=code),),
        categories=rnd.choice(((), ("sdoh",), ("functional-status",))),
        taken_on=_day(rnd),
        value=value,
        unit=rnd.choice((unit, unit, "kPa")),
        components=rnd.choice(((), (component,))),
    )


def _orders(rnd: Random, chart: ChartFacts) -> ChartFacts:
    medications = tuple(
        MedicationFact(
            ref=EvidenceRef("MedicationRequest", f"m{number}"),
            status=rnd.choice(("active", "active", "active", "stopped", "")),
            intent=rnd.choice(("order", "order", "proposal", "")),
        )
        for number in range(rnd.choice((1, 4, 5, 6, 8)))
    )
    requests = tuple(
        ServiceRequestFact(
            ref=EvidenceRef("ServiceRequest", f"s{number}"),
            status=rnd.choice(("active", "revoked", "completed")),
            categories=rnd.choice(((), ("410606002",))),
            text=rnd.choice(_TEXTS),
            performers=rnd.choice(((), ("Practitioner/n1",))),
            authored_on=_day(rnd),
        )
        for number in range(rnd.choice((0, 1, 2)))
    )
    return msgspec.structs.replace(chart, medications=medications, service_requests=requests)


def _papers(rnd: Random, chart: ChartFacts) -> ChartFacts:
    document = DocumentFact(
        ref=EvidenceRef("DocumentReference", "d0"),
        status=rnd.choice(("current", "superseded", "")),
        types=(Coding(system=LOINC, code=rnd.choice(("18776-5", "34133-9"))),),
        text=rnd.choice(_TEXTS),
        dated_on=_day(rnd),
    )
    response = QuestionnaireResponseFact(
        ref=EvidenceRef("QuestionnaireResponse", "q0"),
        status=rnd.choice(("completed", "in-progress")),
        questionnaire=rnd.choice(("", "http://loinc.org/q/72172-0|2")),
        authored_on=_day(rnd),
        items=(AnsweredFact(link_id=rnd.choice(("1", "/72106-8"))),),
    )
    return msgspec.structs.replace(chart, documents=(document,), responses=(response,))


def _teams(rnd: Random, chart: ChartFacts) -> ChartFacts:
    team = CareTeamFact(
        ref=EvidenceRef("CareTeam", "t0"), status=rnd.choice(("active", "inactive", "proposed"))
    )
    return msgspec.structs.replace(chart, care_teams=(team,))


def _unread(rnd: Random, chart: ChartFacts) -> ChartFacts:
    gaps = tuple(
        Unread(kind, "a scope is missing") for kind in rnd.sample(_READ, rnd.choice((1, 2)))
    )
    return msgspec.structs.replace(chart, unread=gaps)


def _skipped(rnd: Random, chart: ChartFacts) -> ChartFacts:
    broken = tuple(Skipped(kind, "broken") for kind in rnd.sample(_READ, rnd.choice((1, 2))))
    return msgspec.structs.replace(chart, skipped=broken)


def _without(rnd: Random, chart: ChartFacts) -> ChartFacts:
    lost = rnd.choice(("conditions", "coverages", "consents", "encounters", "care_plans"))
    return msgspec.structs.replace(chart, **{lost: ()})


_ASPECTS: tuple[_Aspect, ...] = (
    _patient, _conditions, _coverages, _consents, _consents, _consents, _encounters, _encounters,
    _plans, _plans, _goals, _claims, _measured, _orders, _papers, _teams, _unread, _skipped,
    _without,
)  # fmt: skip
