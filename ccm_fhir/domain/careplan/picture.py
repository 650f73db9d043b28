"""The picture itself: several plans merged, as of the end of a month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ccm_fhir.domain.careplan.elements import View, see
from ccm_fhir.domain.careplan.gaps import gaps_of
from ccm_fhir.domain.careplan.parts import in_force, parts_of
from ccm_fhir.domain.careplan.seen import CarePlanPicture, CopyGiven, ElementState
from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.dates import PartialDate, ServiceMonth
from ccm_fhir.domain.facts import ChartFacts, EvidenceRef
from ccm_fhir.domain.rules import CarePlanRule

_TYPES = ("CarePlan", "Goal", "CareTeam", "ServiceRequest", "Observation", "QuestionnaireResponse")
_CURRENT_DOCUMENTS = frozenset({"current", ""})


def picture(
    chart: ChartFacts,
    families: tuple[ChronicFamily, ...],
    month: ServiceMonth,
    rule: CarePlanRule,
) -> CarePlanPicture:
    """Return the picture of a chart's care plans in a month.

    Args:
        chart: as read; the order of its facts does not matter.
        families: the chronic diseases that ought to have goals.
        month: plans written after it are left out.
        rule: the elements and how they are recognised.
    """
    parts = parts_of(in_force(chart.care_plans, month), chart)
    view = View(chart=chart, parts=parts, month=month)
    began = [plan.established_on for plan in parts.plans if plan.established_on is not None]
    return CarePlanPicture(
        rule_version=rule.version,
        plans=parts.refs,
        elements=tuple(see(element, view) for element in rule.elements),
        gaps=gaps_of(view, families),
        copy_given=_copy_given(view, rule),
        established_on=min(began, key=_day, default=None),
        progressed_on=_latest(a.progressed_on for plan in parts.plans for a in plan.planned),
        saved_on=_latest(
            (*(p.updated_on for p in parts.plans), *(g.changed_on for g in parts.goals))
        ),
        unread=tuple(t for t in _TYPES if not chart.was_read(t)),
    )


def _day(on: PartialDate) -> tuple[str, str]:
    return on.latest.isoformat(), on.earliest.isoformat()


def _latest(days: Iterable[PartialDate | None]) -> PartialDate | None:
    return max((day for day in days if day is not None), key=_day, default=None)


def _copy_given(view: View, rule: CarePlanRule) -> CopyGiven:
    if not view.parts.plans:
        reason = "There is no care plan of which a copy could be given."
        return CopyGiven(state=ElementState.UNKNOWN, reason=reason)
    said = (*_said_in_plan(view, rule), *_said_in_documents(view, rule))
    if said:
        return CopyGiven(
            state=ElementState.PRESENT,
            reason="The chart says that a copy was given.",
            evidence=tuple(sorted(set(said))),
        )
    filed = tuple(
        sorted(
            document.ref
            for document in view.chart.documents
            if document.status in _CURRENT_DOCUMENTS
            and any(rule.plan_documents.has_code(c.system, c.code) for c in document.types)
        )
    )
    reason = (
        "A care-plan document is on file; whether the patient received it is not told."
        if filed
        else "Whether the patient received a copy of the plan is not told in what was read."
    )
    return CopyGiven(state=ElementState.UNKNOWN, reason=reason, evidence=filed)


def _said_in_plan(view: View, rule: CarePlanRule) -> Iterator[EvidenceRef]:
    for activity in view.parts.activities:
        if rule.copy_given.has_words(activity.text):
            yield from activity.evidence


def _said_in_documents(view: View, rule: CarePlanRule) -> Iterator[EvidenceRef]:
    for document in view.chart.documents:
        is_ours = any(rule.plan_documents.has_code(c.system, c.code) for c in document.types)
        if is_ours and rule.copy_given.has_words(document.text):
            yield document.ref
