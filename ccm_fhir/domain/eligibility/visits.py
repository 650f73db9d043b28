"""The initiating-visit criterion."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import CPT, HCPCS, Role
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding

if TYPE_CHECKING:
    from datetime import date

    from ccm_fhir.domain.facts import ConsentFact, EncounterFact


def initiating_visit(question: Question, consent: ConsentFact | None) -> Finding:
    """Answer whether a qualifying visit lies within the year before CCM began."""
    criterion = Criterion.INITIATING_VISIT
    gap = why_unread(question, "Encounter")
    if gap is not None:
        return finding_of(criterion, question, gap)
    start = _ccm_start(question, consent)
    earliest = start - timedelta(days=question.rule.initiating_visit_within_days)
    visits = tuple(e for e in question.chart.encounters if _is_qualifying(question, e))
    in_time = [e for e in visits if _lies_between(e, earliest, question.month.last_day)]
    if in_time:
        latest = max(in_time, key=lambda e: (_day(e), e.ref))
        said = Said(
            answer=Answer.MET,
            code="initiating_visit",
            reason=f"Seen on {latest.starts_on} in a qualifying visit.",
            evidence=(latest.ref,),
        )
        return finding_of(criterion, question, said)
    return finding_of(criterion, question, _no_visit(question, visits, earliest))


def _no_visit(question: Question, visits: tuple[EncounterFact, ...], earliest: date) -> Said:
    uncoded = tuple(
        e.ref
        for e in question.chart.encounters
        if e.status in {"finished", "completed"}
        and e.class_code == "AMB"
        and not any(t.system in {CPT, HCPCS} for t in e.types)
        and _lies_between(e, earliest, question.month.last_day)
    )
    skipped = any(s.resource_type == "Encounter" for s in question.chart.skipped)
    if uncoded or skipped:
        return Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason="There are visits in the past year, but none says which kind of visit it was.",
            remedy="Code the visit in the EHR, or point to the one that started CCM.",
            owner=Role.CARE_MANAGER,
            evidence=uncoded,
        )
    last = max(visits, key=lambda e: (_day(e), e.ref), default=None)
    return Said(
        answer=Answer.NOT_MET,
        code="initiating_visit_missing",
        reason=(
            "No qualifying visit is on record."
            if last is None
            else f"The last qualifying visit was on {last.starts_on}, over a year before CCM began."
        ),
        remedy="Schedule a visit (evaluation and management, AWV or IPPE) with the practitioner.",
        owner=Role.CARE_MANAGER,
        evidence=() if last is None else (last.ref,),
    )


def _ccm_start(question: Question, consent: ConsentFact | None) -> date:
    """Return the day from which the year is counted back: consent, else the month's first day."""
    first = question.month.first_day
    if consent is None or consent.given_on is None or not consent.given_on.is_exact:
        return first
    return min(consent.given_on.earliest, first)


def _is_qualifying(question: Question, encounter: EncounterFact) -> bool:
    return encounter.status in {"finished", "completed"} and any(
        t.system in {CPT, HCPCS} and t.code in question.rule.initiating_visit_codes
        for t in encounter.types
    )


def _day(encounter: EncounterFact) -> str:
    return str(encounter.starts_on or "")


def _lies_between(encounter: EncounterFact, earliest: date, latest: date) -> bool:
    day = encounter.starts_on
    return day is not None and day.earliest >= earliest and day.latest <= latest
