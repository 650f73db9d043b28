"""Findings: one criterion, one of three answers, and everything that led to it."""

from __future__ import annotations

from ccm_fhir.domain.codes import Role, Word
from ccm_fhir.domain.facts import EvidenceRef, Fact
from ccm_fhir.domain.reasons import Caution


class Answer(Word):
    """MET, NOT_MET or UNKNOWN; UNKNOWN never bills."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    UNKNOWN = "UNKNOWN"


class Criterion(Word):
    """What care management asks of a patient, a practice and a month."""

    TWO_CHRONIC_CONDITIONS = "two_chronic_conditions"
    DURATION_AND_RISK = "duration_and_risk"
    MEDICARE_COVERAGE = "medicare_coverage"
    CONSENT = "consent"
    INITIATING_VISIT = "initiating_visit"
    CARE_PLAN = "care_plan"
    PRACTICE_REQUIREMENTS = "practice_requirements"
    ALIVE = "alive"
    NOT_BILLED_ELSEWHERE = "not_billed_elsewhere"
    NOT_AWAY_ALL_MONTH = "not_away_all_month"


class Finding(Fact, frozen=True, kw_only=True):
    """An answer that can be argued: the reason, the evidence, the rule, and what would change it.

    ``reason`` and ``remedy`` are whole sentences for a clinician; they may name a condition
    family or a date, never the patient. ``remedy`` is empty where the answer is MET.
    ``cautions`` is what a person should look at all the same; ``missing`` names the facts
    without which the answer is UNKNOWN. ``notes`` are further whole sentences: what a person
    should know of the evidence although, or because, the answer is as it is. ``is_unread``:
    the EHR did not show a whole resource type that it rests on. ``is_attestable``: the billing
    practitioner, and nobody else, may settle this UNKNOWN by attesting.
    """

    criterion: Criterion
    answer: Answer
    code: str
    reason: str
    evidence: tuple[EvidenceRef, ...] = ()
    remedy: str = ""
    owner: Role | None = None
    rule_version: str = ""
    citations: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    missing: tuple[str, ...] = ()
    is_attestable: bool = False
    notes: tuple[str, ...] = ()
    is_unread: bool = False


def overall(findings: tuple[Finding, ...]) -> Answer:
    """Return NOT_MET if any finding is, else UNKNOWN if any is, else MET."""
    answers = [finding.answer for finding in findings]
    if Answer.NOT_MET in answers:
        return Answer.NOT_MET
    return Answer.UNKNOWN if Answer.UNKNOWN in answers or not answers else Answer.MET
