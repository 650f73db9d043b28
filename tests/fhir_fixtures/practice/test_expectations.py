"""What the table of demo patients promises is what the product answers, read from the charts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import Question, assess
from ccm_fhir.domain.facts import (
    CarePlanFact,
    ChartFacts,
    ClaimFact,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    EncounterFact,
    PatientFact,
    PracticeFact,
    ProcedureFact,
)
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.fhir.extract import extract
from ccm_fhir.rulebook.load import load_rulebook
from ccm_fhir.terminology.load import load_chronic_table
from fhir_fixtures.practice import generate
from fhir_fixtures.practice.ndjson import as_line

if TYPE_CHECKING:
    from fhir_fixtures.practice import CastMember

AS_OF = date(2026, 11, 23)
PRACTICE = generate(seed=20261123, patients=40, as_of=AS_OF)
CRITERIA = {
    "Two chronic conditions": Criterion.TWO_CHRONIC_CONDITIONS,
    "Medicare coverage": Criterion.MEDICARE_COVERAGE,
    "Consent": Criterion.CONSENT,
    "Initiating visit": Criterion.INITIATING_VISIT,
    "Care plan": Criterion.CARE_PLAN,
    "Alive": Criterion.ALIVE,
    "Billed elsewhere": Criterion.NOT_BILLED_ELSEWHERE,
}
ANSWERS = {"MET": Answer.MET, "NOT MET": Answer.NOT_MET, "UNKNOWN": Answer.UNKNOWN}
PROMISE = re.compile(rf"({'|'.join(CRITERIA)}): ({'|'.join(ANSWERS)})")


def chart(patient_id: str) -> ChartFacts:
    facts = [
        extract(as_line(resource).encode())
        for resource in PRACTICE.resources
        if resource["id"] == patient_id or resource["id"].startswith(f"{patient_id}-")
    ]
    (patient,) = (f for f in facts if isinstance(f, PatientFact))
    return ChartFacts(
        patient=patient,
        read_at=datetime(2026, 11, 23, tzinfo=UTC),
        conditions=tuple(f for f in facts if isinstance(f, ConditionFact)),
        coverages=tuple(f for f in facts if isinstance(f, CoverageFact)),
        consents=tuple(f for f in facts if isinstance(f, ConsentFact)),
        encounters=tuple(f for f in facts if isinstance(f, EncounterFact)),
        care_plans=tuple(f for f in facts if isinstance(f, CarePlanFact)),
        procedures=tuple(f for f in facts if isinstance(f, ProcedureFact)),
        claims=tuple(f for f in facts if isinstance(f, ClaimFact)),
    )


@pytest.mark.parametrize("member", PRACTICE.cast, ids=lambda member: member.patient_id)
def test_the_product_answers_as_the_table_promises(member: CastMember) -> None:
    question = Question(
        chart=chart(member.patient_id),
        month=ServiceMonth.containing(AS_OF),
        rule=load_rulebook().eligibility_rule(AS_OF),
        month_rules=load_rulebook().of_month(ServiceMonth.containing(AS_OF)),
        table=load_chronic_table(),
        practice=PracticeFact(organization="Organization/org-maple-street"),
        attested=frozenset(),
        own_claim_identifiers=frozenset(),
    )
    promised = dict.fromkeys(CRITERIA.values(), Answer.MET) | {
        CRITERIA[name]: ANSWERS[answer] for name, answer in PROMISE.findall(member.expect)
    }

    answered = {f.criterion: f.answer for f in assess(question).findings}

    assert {criterion: answered[criterion] for criterion in promised} == promised
