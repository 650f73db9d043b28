"""Puts a patient-month before the domain: gathers what is recorded and asks for the decision."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import STANDARD_CHOICE, Decision, decide, of_chart
from ccm_fhir.domain.eligibility import ATTESTABLE, Eligibility, Question, assess
from ccm_fhir.domain.facts import ChartFacts, ConsentFact
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.reviews import ConditionReview
from ccm_fhir.errors import RuleError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.site_terminology import table_for
from ccm_fhir.storage import attestations
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.practices import Practice


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is on record for one patient-month.

    ``consents`` were recorded here and stand beside those of the chart; ``reviews`` are what
    practitioners said of its Conditions.
    """

    practice: Practice
    month: ServiceMonth
    chart: ChartFacts
    entries: tuple[TimeEntryRecord, ...]
    attested: frozenset[Criterion]
    own_claims: frozenset[str]
    consents: tuple[ConsentFact, ...] = ()
    reviews: tuple[ConditionReview, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The domain's answer to one patient-month."""

    eligibility: Eligibility
    decision: Decision

    @property
    def to_attest(self) -> tuple[Criterion, ...]:
        """What a billing practitioner could still settle by attesting."""
        return tuple(
            finding.criterion
            for finding in self.decision.findings
            if finding.answer is Answer.UNKNOWN and finding.criterion in ATTESTABLE
        )


def judge(world: Installation, material: Material) -> Judgement:
    """Decide a patient-month.

    Raises:
        RuleTableMissingError: the month lies past the loaded tables.
        NoRuleInForceError: care management did not exist in that month.
    """
    month, chart = material.month, _with_recorded(material)
    eligibility = assess(
        Question(
            chart=chart,
            month=month,
            rule=world.rulebook.eligibility_rule(month.last_day),
            month_rules=world.rulebook.of_month(month),
            table=table_for(world, material.practice.id, material.chart),
            practice=material.practice.fact,
            attested=material.attested,
            own_claim_identifiers=material.own_claims,
            reviews=material.reviews,
        )
    )
    decision = decide(
        of_chart(
            month,
            material.practice.zone,
            chart,
            eligibility,
            tuple(entry.as_time_entry for entry in material.entries),
        ),
        world.rulebook,
        STANDARD_CHOICE,
    )
    return Judgement(eligibility=eligibility, decision=decision)


def _with_recorded(material: Material) -> ChartFacts:
    consents = (*material.chart.consents, *material.consents)
    return msgspec.structs.replace(material.chart, consents=consents)


def try_judge(world: Installation, material: Material) -> tuple[Judgement | None, str]:
    """Decide a patient-month, or say in a sentence why the rules cannot."""
    try:
        return judge(world, material), ""
    except RuleError as problem:
        return None, str(problem)


def attested_criteria(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> frozenset[Criterion]:
    """Return the criteria that a practitioner has attested for a patient-month."""
    return frozenset(
        Criterion(record.kind)
        for record in attestations.of_month(session, practice_id, patient_id, month)
    )
