"""Recognising one element of a plan in its activities, and in what else the chart holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ccm_fhir.domain.careplan.parts import Activity
from ccm_fhir.domain.dates import PartialDate, ServiceMonth
from ccm_fhir.domain.facts import (
    ChartFacts,
    Coding,
    EvidenceRef,
    Fact,
    ObservationFact,
    QuestionnaireResponseFact,
)
from ccm_fhir.domain.rules import Recognition

_DONE_OBSERVATIONS = frozenset({"final", "amended", "corrected", ""})
_DONE_RESPONSES = frozenset({"completed", "amended", ""})
_DEAD_REQUESTS = frozenset({"revoked", "entered-in-error", "draft"})


class Shown(Fact, frozen=True, kw_only=True):
    """One thing that shows an element; ``on`` is the day where the chart tells one."""

    evidence: tuple[EvidenceRef, ...]
    is_in_plan: bool
    is_by_words: bool = False
    on: PartialDate | None = None


def in_activities(recognition: Recognition, activities: Iterable[Activity]) -> Iterator[Shown]:
    """Yield the activities that show an element, by code, by reference or by words."""
    for activity in activities:
        if _is_coded(recognition, activity):
            yield Shown(evidence=activity.evidence, is_in_plan=True)
        elif _is_worded(recognition, activity):
            yield Shown(evidence=activity.evidence, is_in_plan=True, is_by_words=True)


def in_chart(
    recognition: Recognition, chart: ChartFacts, month: ServiceMonth, supporting: frozenset[str]
) -> Iterator[Shown]:
    """Yield observations, forms and requests until the month's end that show an element.

    ``supporting`` are the resources to which a plan points; those are in the plan.
    """
    for ref, on in (
        *_observed(recognition, chart),
        *_answered(recognition, chart),
        *_requested(recognition, chart),
    ):
        if on is None or on.is_on_or_before(month.last_day) is not False:
            yield Shown(evidence=(ref,), is_in_plan=str(ref) in supporting, on=on)


def types_asked(recognition: Recognition) -> tuple[str, ...]:
    """Return the resource types that could show an element outside the plan."""
    if recognition.codes or recognition.categories:
        return ("Observation", "QuestionnaireResponse", "ServiceRequest")
    return ()


_Dated = tuple[EvidenceRef, PartialDate | None]


def _is_coded(recognition: Recognition, activity: Activity) -> bool:
    return (
        _codes(recognition, activity.codings)
        or recognition.has_category(activity.categories)
        or activity.kind in recognition.references
    )


def _is_worded(recognition: Recognition, activity: Activity) -> bool:
    texts = (activity.text, *(coding.display for coding in activity.codings))
    return any(recognition.has_words(text) for text in texts if text)


def _codes(recognition: Recognition, codings: Iterable[Coding]) -> bool:
    return any(recognition.has_code(coding.system, coding.code) for coding in codings)


def _observed(recognition: Recognition, chart: ChartFacts) -> Iterator[_Dated]:
    for seen in chart.observations:
        if seen.status in _DONE_OBSERVATIONS and _is_observed(recognition, seen):
            yield seen.ref, seen.taken_on


def _is_observed(recognition: Recognition, seen: ObservationFact) -> bool:
    return recognition.has_category(seen.categories) or _codes(recognition, seen.codings)


def _answered(recognition: Recognition, chart: ChartFacts) -> Iterator[_Dated]:
    bare = frozenset(code.rpartition("|")[2] for code in recognition.codes)
    for form in chart.responses:
        if form.status in _DONE_RESPONSES and _is_form(bare, form):
            yield form.ref, form.authored_on


def _is_form(codes: frozenset[str], form: QuestionnaireResponseFact) -> bool:
    """Whether a form, or one of its items, is called by one of the codes (``/72172-0``)."""
    name = form.questionnaire.partition("|")[0].rpartition("/")[2]
    return name in codes or any(item.link_id.strip("/") in codes for item in form.items)


def _requested(recognition: Recognition, chart: ChartFacts) -> Iterator[_Dated]:
    for asked in chart.service_requests:
        if asked.status not in _DEAD_REQUESTS and (
            recognition.has_category(asked.categories) or _codes(recognition, asked.codings)
        ):
            yield asked.ref, asked.authored_on
