"""Criteria about the patient's conditions: two distinct chronic diseases, duration and risk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.conditions import two_distinct_families
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from ccm_fhir.domain.conditions import ChronicFamily, ConditionVerdict, DistinctFamilies


def two_chronic_conditions(question: Question, found: DistinctFamilies) -> Finding:
    """Answer whether enough distinct chronic diseases are on record."""
    criterion = Criterion.TWO_CHRONIC_CONDITIONS
    gap = why_unread(question, "Condition")
    if gap is not None:
        return finding_of(criterion, question, gap)
    said = _said(found)
    if len(found.families) >= question.rule.minimum_condition_families:
        said = _settled_by_attesting(question, said)
    return finding_of(criterion, question, said)


def _settled_by_attesting(question: Question, said: Said) -> Said:
    """Let a practitioner say that diseases on record, whose standing is in doubt, are two."""
    if said.answer is not Answer.UNKNOWN:
        return said
    if Criterion.TWO_CHRONIC_CONDITIONS not in question.attested:
        return replace(
            said,
            remedy=(
                "The billing practitioner attests, when signing the month, that at least two of "
                "them are distinct chronic conditions; or code them more exactly in the EHR."
            ),
            is_attestable=True,
        )
    return replace(
        said,
        answer=Answer.MET,
        code="two_chronic_conditions",
        reason=(
            f"{said.reason} The billing practitioner attested that at least two are distinct "
            "chronic conditions."
        ),
        remedy="",
        owner=None,
    )


def distinct(
    question: Question,
    verdicts: tuple[ConditionVerdict, ...],
    families: tuple[ChronicFamily, ...],
) -> DistinctFamilies:
    """Return how many distinct diseases the law of the month finds in the chart."""
    return two_distinct_families(
        verdicts,
        families,
        question.table,
        needed=question.rule.minimum_condition_families,
        unreadable=sum(1 for s in question.chart.skipped if s.resource_type == "Condition"),
    )


_CODES = {
    Answer.MET: "two_chronic_conditions",
    Answer.UNKNOWN: "cannot_determine",
    Answer.NOT_MET: "fewer_than_two_chronic_conditions",
}
_REMEDIES = {
    Answer.MET: "",
    Answer.UNKNOWN: "Review the Conditions in doubt, or code them in the EHR with ICD-10-CM.",
    Answer.NOT_MET: (
        "Nothing to do here unless a chronic condition is missing from the problem list."
    ),
}


def _said(found: DistinctFamilies) -> Said:
    doubtful = found.in_doubt if found.answer is Answer.UNKNOWN else ()
    counted = tuple(ref for family in found.families for ref in family.evidence)
    is_met = found.answer is Answer.MET
    return Said(
        answer=found.answer,
        code=_CODES[found.answer],
        reason=found.why,
        remedy=_REMEDIES[found.answer],
        owner=None if is_met else Role.PRACTITIONER,
        evidence=tuple(dict.fromkeys((*counted, *(verdict.ref for verdict in doubtful)))),
    )


def duration_and_risk(question: Question) -> Finding:
    """Answer whether a clinician attested duration and significant risk."""
    if Criterion.DURATION_AND_RISK in question.attested:
        said = Said(
            answer=Answer.MET,
            code="duration_and_risk",
            reason=(
                "The billing practitioner attested that the conditions are expected to last at "
                "least 12 months and carry a significant risk."
            ),
        )
    else:
        said = Said(
            answer=Answer.UNKNOWN,
            code="risk_or_duration_criterion_not_documented",
            reason=(
                "Codes show how long a disease lasts, not this patient's risk; only a clinician "
                "can say."
            ),
            remedy="The billing practitioner attests duration and risk when signing the month.",
            owner=Role.PRACTITIONER,
            is_attestable=True,
        )
    return finding_of(Criterion.DURATION_AND_RISK, question, said)
