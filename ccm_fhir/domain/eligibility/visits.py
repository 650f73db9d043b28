"""The initiating-visit criterion: a qualifying visit, or a patient seen within the year.

Who needs a visit is the law's to say, by date; how Encounters tell the kind of a visit is ours.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ccm_fhir.domain.codes import CPT, HCPCS, Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility.question import Question, Said, finding_of, why_unread
from ccm_fhir.domain.facts import Fact
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccm_fhir.domain.facts import ConsentFact, EncounterFact, EvidenceRef

_FINISHED = frozenset({"finished", "completed"})
_UNTOLD_KIND = (
    "There are visits in the past year, but none says which kind of visit it was.",
    "Code the visit in the EHR, or point to the one that started CCM.",
)
_UNTOLD_DAY = (
    "A qualifying visit is on record, but its day is not exact enough to tell if it was in time.",
    "Complete the visit's date in the EHR.",
)
_OTHER_PRACTICE = (
    "The qualifying visits on record were with another organization, as far as the EHR tells.",
    "Correct the visit's organization in the EHR, or schedule a visit with the practitioner.",
)


def initiating_visit(question: Question, consent: ConsentFact | None) -> Finding:
    """Answer whether CCM began with a qualifying visit, or with a patient seen in the year."""
    criterion = Criterion.INITIATING_VISIT
    gap = why_unread(question, "Encounter")
    if gap is not None:
        return finding_of(criterion, question, gap)
    window = _window(question, consent)
    visits = _sorted(e for e in question.chart.encounters if _is_qualifying(question, e))
    ours = [e for e in visits if window.holds(e) and not _is_anothers(question, e)]
    if ours:
        return finding_of(criterion, question, _visited(question, ours[-1], window))
    if not question.rule.initiating_visit_for_all:
        seen = _sorted(e for e in question.chart.encounters if _is_seen(question, e, window))
        if seen:
            return finding_of(criterion, question, _seen(question, seen[-1]))
    return finding_of(criterion, question, _no_visit(question, visits, window))


class _Window(Fact, frozen=True, kw_only=True):
    """The days on which a visit helps: a year before CCM began, until the month's end."""

    earliest: date
    began: date
    latest: date

    def holds(self, encounter: EncounterFact) -> bool:
        day = encounter.starts_on
        return day is not None and day.earliest >= self.earliest and day.latest <= self.latest

    def may_hold(self, encounter: EncounterFact) -> bool:
        """Whether a day that is not told, or not exactly, may lie within."""
        day = encounter.starts_on
        return day is None or (day.latest >= self.earliest and day.earliest <= self.latest)


def _window(question: Question, consent: ConsentFact | None) -> _Window:
    began = _ccm_start(question.month, consent)
    return _Window(
        earliest=began - timedelta(days=question.rule.initiating_visit_within_days),
        began=began,
        latest=question.month.last_day,
    )


def _ccm_start(month: ServiceMonth, consent: ConsentFact | None) -> date:
    """Return the day from which the year is counted back: consent, else the month's first day."""
    first = month.first_day
    if consent is None or consent.given_on is None or not consent.given_on.is_exact:
        return first
    return min(consent.given_on.earliest, first)


def _visited(question: Question, visit: EncounterFact, window: _Window) -> Said:
    return Said(
        answer=Answer.MET,
        code="initiating_visit",
        reason=f"Seen on {visit.starts_on} in a qualifying visit.",
        evidence=(visit.ref,),
        cautions=_cautions(question, visit),
        notes=(*_late(visit, window), *_whose(question, visit)),
    )


def _seen(question: Question, visit: EncounterFact) -> Said:
    """Say that no initiating visit is needed; the sources do not define what being seen is."""
    return Said(
        answer=Answer.MET,
        code="initiating_visit",
        reason=(
            f"Seen on {visit.starts_on}, within the year before CCM began, so that no initiating "
            "visit was needed."
        ),
        evidence=(visit.ref,),
        cautions=(*_cautions(question, visit), Caution.SOURCE_UNCONFIRMED),
        notes=_whose(question, visit),
    )


def _cautions(question: Question, visit: EncounterFact) -> tuple[Caution, ...]:
    """Return that nobody saw the patient in the year before this month, where that is so."""
    days = timedelta(days=question.rule.initiating_visit_within_days)
    year_before = question.month.first_day - days
    day = visit.starts_on
    return (Caution.NO_FACE_TO_FACE,) if day is not None and day.latest < year_before else ()


def _late(visit: EncounterFact, window: _Window) -> tuple[str, ...]:
    day, until = visit.starts_on, ServiceMonth.containing(window.began).last_day
    if day is None or day.latest <= until:
        return ()
    return (
        (
            f"The visit came after the day from which CCM is counted ({window.began}). A month "
            "before the visit lacked it."
        ),
    )


def _whose(question: Question, visit: EncounterFact) -> tuple[str, ...]:
    if visit.organization or not question.practice.organization:
        return ()
    return ("The EHR does not tell whether the visit was with this practice.",)


def _no_visit(question: Question, visits: tuple[EncounterFact, ...], window: _Window) -> Said:
    anothers = tuple(e.ref for e in visits if window.holds(e))
    if anothers:
        return _untold(_OTHER_PRACTICE, anothers)
    undated = tuple(e.ref for e in visits if window.may_hold(e))
    if undated:
        return _untold(_UNTOLD_DAY, undated)
    uncoded = tuple(
        e.ref for e in _sorted(question.chart.encounters) if _is_uncoded(question, e, window)
    )
    if uncoded or any(s.resource_type == "Encounter" for s in question.chart.skipped):
        return _untold(_UNTOLD_KIND, uncoded)
    return _none(visits, window)


def _none(visits: tuple[EncounterFact, ...], window: _Window) -> Said:
    last = visits[-1] if visits else None
    if last is None:
        reason = "No qualifying visit is on record."
    elif last.starts_on is not None and last.starts_on.earliest > window.latest:
        reason = f"The only qualifying visit in reach was on {last.starts_on}, after this month."
    else:
        reason = f"The last qualifying visit was on {last.starts_on}, over a year before CCM began."
    return Said(
        answer=Answer.NOT_MET,
        code="initiating_visit_missing",
        reason=reason,
        remedy="Schedule a visit (evaluation and management, AWV or IPPE) with the practitioner.",
        owner=Role.CARE_MANAGER,
        evidence=() if last is None else (last.ref,),
    )


def _untold(said: tuple[str, str], evidence: tuple[EvidenceRef, ...]) -> Said:
    reason, remedy = said
    return Said(
        answer=Answer.UNKNOWN,
        code="cannot_determine",
        reason=reason,
        remedy=remedy,
        owner=Role.CARE_MANAGER,
        evidence=evidence,
    )


def _is_qualifying(question: Question, encounter: EncounterFact) -> bool:
    return encounter.status in _FINISHED and any(
        (t.system in {CPT, HCPCS} and t.code in question.rule.initiating_visit_codes)
        or f"{t.system}|{t.code}" in question.chart_rule.initiating_visit_types
        for t in encounter.types
    )


def _is_seen(question: Question, encounter: EncounterFact, window: _Window) -> bool:
    """Whether a practitioner saw the patient before CCM began, though in no initiating visit."""
    day = encounter.starts_on
    until = ServiceMonth.containing(window.began).last_day
    return (
        encounter.status in _FINISHED
        and window.holds(encounter)
        and day is not None
        and day.latest <= until
        and not _is_anothers(question, encounter)
        and any(
            t.system == CPT and t.code in question.chart_rule.seen_codes for t in encounter.types
        )
    )


def _is_uncoded(question: Question, encounter: EncounterFact, window: _Window) -> bool:
    return (
        encounter.status in _FINISHED
        and encounter.class_code in question.chart_rule.visit_classes
        and not any(t.system in {CPT, HCPCS} for t in encounter.types)
        and window.holds(encounter)
    )


def _is_anothers(question: Question, encounter: EncounterFact) -> bool:
    ours = question.practice.organization
    return bool(ours and encounter.organization and encounter.organization != ours)


def _sorted(encounters: Iterable[EncounterFact]) -> tuple[EncounterFact, ...]:
    return tuple(sorted(encounters, key=lambda e: (str(e.starts_on or ""), e.ref)))
