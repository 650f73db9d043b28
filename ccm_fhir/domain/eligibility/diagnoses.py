"""Criteria about the patient's conditions: two distinct chronic diseases, duration and risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.conditions import Chronic
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from ccm_fhir.domain.conditions import ChronicFamily, ConditionVerdict


def two_chronic_conditions(
    question: Question,
    verdicts: tuple[ConditionVerdict, ...],
    families: tuple[ChronicFamily, ...],
) -> Finding:
    """Answer whether enough distinct chronic diseases are on record."""
    criterion = Criterion.TWO_CHRONIC_CONDITIONS
    gap = why_unread(question, "Condition")
    if gap is not None:
        return finding_of(criterion, question, gap)
    names = ", ".join(family.label for family in families)
    evidence = tuple(ref for family in families for ref in family.evidence)
    needed = question.rule.minimum_condition_families
    if len(families) >= needed:
        said = Said(
            answer=Answer.MET,
            code="two_chronic_conditions",
            reason=f"{len(families)} distinct chronic conditions: {names}.",
            evidence=evidence,
        )
        return finding_of(criterion, question, said)
    in_doubt = tuple(v for v in verdicts if v.chronic is Chronic.REVIEW)
    unreadable = sum(1 for s in question.chart.skipped if s.resource_type == "Condition")
    doubts = len(in_doubt) + unreadable
    have = f"{len(families)} distinct chronic condition{'' if len(families) == 1 else 's'}"
    listed = f" ({names})" if names else ""
    if len(families) + doubts >= needed:
        said = Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason=f"{have}{listed}; {doubts} more need a clinician's eye.",
            remedy="Review the Conditions in doubt, or code them in the EHR with ICD-10-CM.",
            owner=Role.PRACTITIONER,
            evidence=evidence + tuple(v.ref for v in in_doubt),
        )
        return finding_of(criterion, question, said)
    said = Said(
        answer=Answer.NOT_MET,
        code="fewer_than_two_chronic_conditions",
        reason=f"{have}{listed}; CCM needs {needed}.",
        remedy="Nothing to do here unless a chronic condition is missing from the problem list.",
        owner=Role.PRACTITIONER,
        evidence=evidence,
    )
    return finding_of(criterion, question, said)


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
        )
    return finding_of(Criterion.DURATION_AND_RISK, question, said)
