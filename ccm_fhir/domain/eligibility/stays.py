"""Stays in hospital or skilled nursing: which days they take from the month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import NotCounted, Role
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.facts import EvidenceRef, Fact
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccm_fhir.domain.dates import ServiceMonth
    from ccm_fhir.domain.facts import EncounterFact
    from ccm_fhir.domain.rules import ChartRule

_HAPPENED = frozenset({"in-progress", "onleave", "finished", "completed", "arrived", "discharged"})
_GOING_ON = frozenset({"in-progress", "onleave", "arrived"})
_DAY = timedelta(days=1)


class Stay(Fact, frozen=True, kw_only=True):
    """One stay: its days, both included, as widely as the chart's dates allow.

    ``is_exact`` is false where a day is not told; ``kind`` is why its days do not count.
    """

    ref: EvidenceRef
    kind: NotCounted
    first_day: date
    last_day: date
    is_exact: bool


def stays_of(question: Question) -> tuple[Stay, ...]:
    """Return the stays that touch the month, in order of their first day."""
    found = (_stay(question, e) for e in question.chart.encounters)
    touching = (
        s
        for s in found
        if s is not None
        and s.first_day <= question.month.last_day
        and s.last_day >= question.month.first_day
    )
    return tuple(sorted(touching, key=lambda s: (s.first_day, s.last_day, s.ref)))


def kind_of_stay(encounter: EncounterFact, rule: ChartRule) -> NotCounted | None:
    """Return what kind of stay an Encounter is; None where it is none."""
    if encounter.status not in _HAPPENED:
        return None
    if encounter.class_code in rule.nonacute_classes:
        return NotCounted.SNF_PART_A
    is_typed = any(f"{t.system}|{t.code}" in rule.inpatient_types for t in encounter.types)
    return (
        NotCounted.INPATIENT if encounter.class_code in rule.inpatient_classes or is_typed else None
    )


def not_away_all_month(question: Question, stays: tuple[Stay, ...]) -> Finding:
    """Answer whether some day of the month lies outside hospital and skilled nursing."""
    criterion = Criterion.NOT_AWAY_ALL_MONTH
    gap = why_unread(question, "Encounter")
    if gap is not None:
        return finding_of(criterion, question, gap)
    return finding_of(criterion, question, _judge(question, stays))


def _judge(question: Question, stays: tuple[Stay, ...]) -> Said:
    month = question.month
    evidence = tuple(stay.ref for stay in stays)
    certain = [s for s in stays if s.is_exact and s.kind is NotCounted.INPATIENT]
    if _fills(certain, month):
        return Said(
            answer=Answer.NOT_MET,
            code="inpatient_all_month",
            reason="The patient was a hospital inpatient on every day of the month.",
            remedy="Correct the stay's dates in the EHR if they are wrong; else nothing counts.",
            owner=Role.BILLER,
            evidence=evidence,
        )
    if _fills(stays, month):
        return Said(
            answer=Answer.UNKNOWN,
            code="cannot_determine",
            reason=(
                "Stays may cover every day of the month, and the chart does not tell exactly "
                "when they began and ended or who paid for them."
            ),
            remedy="Complete the stays' dates and class in the EHR.",
            owner=Role.BILLER,
            evidence=evidence,
        )
    if not stays:
        return Said(
            answer=Answer.MET,
            code="not_away_all_month",
            reason="No stay in hospital or skilled nursing is on record in this month.",
            notes=_unreadable(question),
        )
    return Said(
        answer=Answer.MET,
        code="not_away_all_month",
        reason=f"{_days_away(stays, month)} Work on those days is left out.",
        evidence=evidence,
        cautions=tuple(sorted({_CAUTIONS[stay.kind] for stay in stays})),
        notes=(*_doubts(stays), *_unreadable(question)),
    )


_CAUTIONS = {
    NotCounted.INPATIENT: Caution.INPATIENT_EXCLUDED,
    NotCounted.SNF_PART_A: Caution.SNF_EXCLUDED,
}
_WORDS = {
    NotCounted.INPATIENT: "in hospital",
    NotCounted.SNF_PART_A: "in a skilled stay",
}


def _days_away(stays: tuple[Stay, ...], month: ServiceMonth) -> str:
    spans = []
    for stay in stays:
        first, last = max(stay.first_day, month.first_day), min(stay.last_day, month.last_day)
        until = "" if last == first else f" to {last}"
        spans.append(f"{_WORDS[stay.kind]} {first}{until}")
    return f"The patient was {'; '.join(spans)}."


def _doubts(stays: tuple[Stay, ...]) -> tuple[str, ...]:
    notes = []
    if any(not stay.is_exact for stay in stays):
        notes.append("A stay's days are not told exactly; it is taken at its longest.")
    if any(stay.kind is NotCounted.SNF_PART_A for stay in stays):
        notes.append(
            "Whether Part A pays for the skilled stay is not told; its days are left out. If Part "
            "A does not, correct the Encounter's class in the EHR."
        )
    return tuple(notes)


def _unreadable(question: Question) -> tuple[str, ...]:
    if any(s.resource_type == "Encounter" for s in question.chart.skipped):
        return ("An Encounter in the chart could not be read and may be a stay.",)
    return ()


def _fills(stays: Iterable[Stay], month: ServiceMonth) -> bool:
    """Whether stays together leave no day of the month."""
    day = month.first_day
    for stay in sorted(stays, key=lambda s: s.first_day):
        if stay.first_day <= day <= stay.last_day:
            day = stay.last_day + _DAY if stay.last_day < date.max else stay.last_day
    return day > month.last_day


def _stay(question: Question, encounter: EncounterFact) -> Stay | None:
    kind = kind_of_stay(encounter, question.chart_rule)
    began = encounter.starts_on
    if kind is None or began is None:
        return None
    ended = _ended(encounter)
    if ended is None and encounter.status in _GOING_ON:
        last = max(question.month.last_day, began.latest)
        is_told = question.chart.read_at.date() >= question.month.last_day
    else:
        last = began.latest if ended is None else ended.latest
        is_told = ended is not None and ended.is_exact
    return Stay(
        ref=encounter.ref,
        kind=kind,
        first_day=began.earliest,
        last_day=max(last, began.earliest),
        is_exact=began.is_exact and is_told,
    )


def _ended(encounter: EncounterFact) -> PartialDate | None:
    if encounter.ends_on is not None or encounter.ends_at is None:
        return encounter.ends_on
    day = encounter.ends_at.date()
    return PartialDate(day, day)
