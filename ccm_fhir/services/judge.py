"""Puts a patient-month before the domain: gathers what is recorded and asks for the decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import msgspec

from ccm_fhir.domain.codes import MdmAnswer, MdmLevel, PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Choice, Decision, PatientMonth, decide, of_chart
from ccm_fhir.domain.eligibility import Eligibility, Question, assess
from ccm_fhir.domain.facts import ChartFacts, ConsentFact
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.plans.versions import AdoptedPlan, with_adopted
from ccm_fhir.domain.reviews import ConditionReview
from ccm_fhir.domain.timekeeping import TimeEntry
from ccm_fhir.errors import RuleError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.site_terminology import table_for
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.mdm_attestations import MdmAttestationRecord
from ccm_fhir.storage.practices import Practice

_OWN = PerformerKind.BILLING_PRACTITIONER
_LEVELS = {MdmAnswer.MODERATE: MdmLevel.MODERATE, MdmAnswer.HIGH: MdmLevel.HIGH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is on record for one patient-month.

    ``consents`` were recorded here and stand beside those of the chart, as do ``plans``, the
    versions of the care plan that were adopted here; ``reviews`` are what practitioners said of
    the chart's Conditions.
    ``biller_id`` is whose own minutes the practitioner's codes take: those of whoever signs.
    ``sent_on`` is the day on which a claim would go out; None where it has been signed already.
    """

    practice: Practice
    month: ServiceMonth
    chart: ChartFacts
    entries: tuple[TimeEntryRecord, ...]
    attested: frozenset[Criterion]
    own_claims: frozenset[str]
    consents: tuple[ConsentFact, ...] = ()
    reviews: tuple[ConditionReview, ...] = ()
    plans: tuple[AdoptedPlan, ...] = ()
    choice: Choice
    mdm: MdmAttestationRecord | None
    biller_id: str | None
    sent_on: date | None = None

    def of_biller(self, user_id: str) -> Material:
        """Return the material as it is when somebody signs: nobody else attests for them."""
        is_own = self.mdm is not None and self.mdm.user_id == user_id
        return replace(self, biller_id=user_id, mdm=self.mdm if is_own else None)


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
            if finding.answer is Answer.UNKNOWN and finding.is_attestable
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
    told = of_chart(
        month,
        material.practice.zone,
        chart,
        eligibility,
        tuple(_counted_as(entry, material.biller_id) for entry in material.entries),
    )
    told = msgspec.structs.replace(told, sent_on=material.sent_on)
    decision = decide(_with_attested(told, material.mdm), world.rulebook, material.choice)
    return Judgement(eligibility=eligibility, decision=decision)


def _with_recorded(material: Material) -> ChartFacts:
    consents = (*material.chart.consents, *material.consents)
    chart = msgspec.structs.replace(material.chart, consents=consents)
    return with_adopted(chart, material.plans, material.month)


def try_judge(world: Installation, material: Material) -> tuple[Judgement | None, str]:
    """Decide a patient-month, or say in a sentence why the rules cannot."""
    try:
        return judge(world, material), ""
    except RuleError as problem:
        return None, str(problem)


def judge_if_attested(world: Installation, material: Material, judgement: Judgement) -> Judgement:
    """Return what the decision would be once everything attestable were attested.

    Raises:
        RuleError: amounts decide by the practice's choice, and are not loaded.
    """
    if not judgement.to_attest:
        return judgement
    attested = material.attested | set(judgement.to_attest)
    return judge(world, replace(material, attested=attested))


def likely_biller(entries: Iterable[TimeEntryRecord]) -> str | None:
    """Return the practitioner with most of the month's time, until somebody signs; or None.

    What others see of the practitioner's codes is what this person would sign.
    """
    seconds: dict[str, int] = {}
    for entry in entries:
        if entry.performer is _OWN:
            worked = entry.as_time_entry.total_seconds
            seconds[entry.user_id] = seconds.get(entry.user_id, 0) + worked
    return min(seconds, key=lambda user_id: (-seconds[user_id], user_id), default=None)


def _counted_as(entry: TimeEntryRecord, biller_id: str | None) -> TimeEntry:
    """Return an entry as it counts: another practitioner's minutes are not the biller's own."""
    counted = entry.as_time_entry
    if entry.performer is _OWN and entry.user_id != biller_id:
        return msgspec.structs.replace(counted, performer=PerformerKind.CLINICAL_STAFF)
    return counted


def _with_attested(told: PatientMonth, mdm: MdmAttestationRecord | None) -> PatientMonth:
    if mdm is None:
        return told
    return msgspec.structs.replace(
        told,
        mdm_level=_LEVELS.get(mdm.answer),
        is_complex_declined=mdm.answer is MdmAnswer.NOT_MET,
        is_plan_revised=mdm.is_plan_revised,
    )
