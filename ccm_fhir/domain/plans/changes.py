"""What is new since the plan was last looked at: results, stays, medicines, goals, conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import ChartFacts, EncounterFact, EvidenceRef, Fact, ObservationFact
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.plans.measuring import progress_of
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.domain.rules import ChartRule

_RESULTS = frozenset({"final", "amended", "corrected"})
_STAYED = frozenset({"finished", "in-progress", "onleave", "arrived", "triaged"})
_TAKEN = frozenset({"active", "on-hold"})
_READ = ("Condition", "Observation", "Encounter", "MedicationRequest")


class NewsKind(Word):
    """What sort of thing is new."""

    CONDITION = "condition"
    ADMISSION = "admission"
    EMERGENCY = "emergency"
    RESULT = "result"
    MEDICINE_STARTED = "medicine_started"
    MEDICINE_ENDED = "medicine_ended"
    GOAL_MISSED = "goal_missed"


class News(Fact, frozen=True, kw_only=True):
    """One thing that is new; UNKNOWN where its date is too coarse to tell."""

    kind: NewsKind
    answer: Answer
    text: str
    on: PartialDate | None = None
    evidence: tuple[EvidenceRef, ...] = ()
    part: str = ""


class SinceLast(Fact, frozen=True, kw_only=True):
    """Everything new after a day; ``unread`` names what the EHR did not show."""

    since: date
    news: tuple[News, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The chart as it is, and by what it is read."""

    chart: ChartFacts
    families: tuple[ChronicFamily, ...]
    rule: ChartRule
    today: date


def since_last(plan: Plan, since: date, now: Now) -> SinceLast:
    """Return what is new after a day, by kind and then by date."""
    found = (
        *_conditions(plan, now),
        *_stays(since, now),
        *_results(since, now.chart),
        *_medicines(plan, now.chart),
        *_missed(plan, now),
    )
    order = list(NewsKind)
    ranked = sorted(found, key=lambda one: (order.index(one.kind), _day(one), one.text))
    unread = tuple(kind for kind in _READ if not now.chart.was_read(kind))
    return SinceLast(since=since, news=tuple(ranked), unread=unread)


def _day(one: News) -> date:
    return one.on.latest if one.on is not None else date.min


def _is_after(on: PartialDate | None, since: date) -> Answer | None:
    """Return MET after the day, None not after it, UNKNOWN where the date does not tell."""
    before = None if on is None else on.is_on_or_before(since)
    if before is None:
        return Answer.UNKNOWN if on is not None else None
    return None if before else Answer.MET


def _conditions(plan: Plan, now: Now) -> Iterator[News]:
    planned = {problem.family for problem in plan.problems}
    for family in now.families:
        if family.family not in planned:
            yield News(
                kind=NewsKind.CONDITION,
                answer=Answer.MET,
                text=f"{family.label} is in the chart and not in the plan.",
                evidence=family.evidence,
            )


def _stays(since: date, now: Now) -> Iterator[News]:
    for stay in now.chart.encounters:
        kind = _kind_of(stay, now.rule)
        answer = _is_after(stay.starts_on, since)
        if kind is not None and answer is not None and stay.status in _STAYED:
            what = "Hospital stay" if kind is NewsKind.ADMISSION else "Emergency visit"
            until = f" to {stay.ends_on}" if stay.ends_on else ""
            yield News(
                kind=kind,
                answer=answer,
                text=f"{what} from {stay.starts_on}{until}.",
                on=stay.starts_on,
                evidence=(stay.ref,),
            )


def _kind_of(stay: EncounterFact, rule: ChartRule) -> NewsKind | None:
    types = {f"{c.system or ''}|{c.code}" for c in stay.types}
    if stay.class_code in rule.inpatient_classes or types & rule.inpatient_types:
        return NewsKind.ADMISSION
    is_emergency = stay.class_code in rule.emergency_classes or types & rule.emergency_types
    return NewsKind.EMERGENCY if is_emergency else None


def _results(since: date, chart: ChartFacts) -> Iterator[News]:
    for result in chart.observations:
        answer = _is_after(result.taken_on, since)
        said = _said(result)
        if answer is not None and said and result.status in _RESULTS:
            yield News(
                kind=NewsKind.RESULT,
                answer=answer,
                text=said,
                on=result.taken_on,
                evidence=(result.ref,),
            )


def _said(result: ObservationFact) -> str:
    name = result.text or next((c.display for c in result.codings if c.display), "A result")
    if result.value is not None:
        return f"{name}: {result.value} {result.unit}".strip()
    values = [f"{c.value} {c.unit}".strip() for c in result.components if c.value is not None]
    return f"{name}: {', '.join(values)}" if values else ""


def _medicines(plan: Plan, chart: ChartFacts) -> Iterator[News]:
    """Yield what is ordered and not in the plan, and what is in the plan and not ordered."""
    if not chart.was_read("MedicationRequest"):
        return
    taken = {m.ref: m for m in chart.medications if m.status in _TAKEN and m.intent != "proposal"}
    planned = {str(ref) for medicine in plan.medicines for ref in medicine.source.refs}
    for ref, medicine in taken.items():
        if str(ref) not in planned:
            yield News(
                kind=NewsKind.MEDICINE_STARTED,
                answer=Answer.MET,
                text=f"{medicine.text or 'A medicine'} is ordered and not in the plan.",
                on=medicine.authored_on,
                evidence=(ref,),
            )
    alive = {str(ref) for ref in taken}
    for one in plan.medicines:
        if one.source.refs and not any(str(ref) in alive for ref in one.source.refs):
            yield News(
                kind=NewsKind.MEDICINE_ENDED,
                answer=Answer.MET,
                text=f"{one.text} is in the plan and no longer ordered.",
                evidence=one.source.refs,
                part=one.key,
            )


def _missed(plan: Plan, now: Now) -> Iterator[News]:
    for goal in plan.goals:
        if not goal.is_open:
            continue
        progress = progress_of(goal, now.chart, now.today)
        if progress.answer is Answer.NOT_MET:
            yield News(
                kind=NewsKind.GOAL_MISSED,
                answer=Answer.MET,
                text=f"{goal.text}: {progress.reason}",
                evidence=progress.evidence,
                part=goal.key,
            )
