"""What the table of demo patients promises is what the product answers, read from the charts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import Question, assess
from ccm_fhir.domain.facts import ChartFacts, PatientFact, PracticeFact
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.fhir.bundles import read_resource
from ccm_fhir.fhir.charting import chart_of, whose
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
    lines = [
        read_resource(as_line(resource).encode(), resource["resourceType"])
        for resource in PRACTICE.resources
        if resource["id"] == patient_id or resource["id"].startswith(f"{patient_id}-")
    ]
    (described,) = (line for line in lines if line.type == "Patient")
    patient = extract(described.raw)
    assert isinstance(patient, PatientFact)
    read_at = datetime(2026, 11, 23, tzinfo=UTC)
    others = [line for line in lines if line is not described]
    return chart_of(whose(patient, described), others, (), base_url="", now=read_at)


@pytest.mark.parametrize("member", PRACTICE.cast, ids=lambda member: member.patient_id)
def test_every_resource_of_the_cast_is_read(member: CastMember) -> None:
    assert chart(member.patient_id).skipped == ()


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
