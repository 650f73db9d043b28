"""Proposals for a plan from the chart's facts and the templates, each saying where it is from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import CareTeamMemberFact, ChartFacts, GoalFact, MedicationFact
from ccm_fhir.domain.plans.parts import (
    AnyPart,
    Assessment,
    Bound,
    Goal,
    Intervention,
    Measure,
    Medicine,
    Origin,
    Plan,
    Problem,
    Review,
    Source,
    Statement,
    Target,
    TeamMember,
    Wording,
)
from ccm_fhir.domain.plans.templates import (
    GoalTemplate,
    PartKind,
    PartTemplate,
    PlanTemplate,
    PlanTemplates,
)
from ccm_fhir.domain.rules import PlanElement

_TAKEN = frozenset({"active", "on-hold"})
_LIVE_GOALS = frozenset({"proposed", "planned", "accepted", "active", "on-hold"})
_LIVE_TEAMS = frozenset({"active", "proposed", ""})
_ELEMENTS = tuple(PlanElement)
IN_THE_EHR = "as written in the EHR"
"""The target of a goal whose own words cannot be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What proposals are made of; ``families`` are the patient's chronic diseases.

    ``added`` are parts that others wrote into our plan in the EHR, besides goals.
    """

    chart: ChartFacts
    families: tuple[ChronicFamily, ...]
    templates: PlanTemplates
    today: date
    added: tuple[AnyPart, ...] = ()


def proposals(material: Material) -> Plan:
    """Return everything that chart and templates propose; nothing of it is adopted by this."""
    found = (
        *(_problem(family, material.templates) for family in material.families),
        *(goal_of_chart(goal, material.families) for goal in _live_goals(material.chart)),
        *material.added,
        *_of_templates(material),
        *_medicines(material.chart),
    )
    ordered = sorted(found, key=lambda part: _ELEMENTS.index(part.element))
    return Plan(parts=tuple(ordered), team=_team(material.chart))


def months_on(day: date, months: int) -> date:
    """Return the same day so many months later, or that month's last."""
    month = ServiceMonth.containing(day).plus(months)
    return min(date(month.year, month.month, min(day.day, month.last_day.day)), month.last_day)


def _problem(family: ChronicFamily, templates: PlanTemplates) -> Problem:
    return Problem(
        key=f"problem:{family.family}",
        element=PlanElement.PROBLEM_LIST,
        text=family.label,
        patient=templates.name_of(family.family),
        family=family.family,
        icd10cm=family.icd10cm,
        source=Source(origin=Origin.CHART, refs=family.evidence),
    )


def _live_goals(chart: ChartFacts) -> Iterator[GoalFact]:
    for goal in sorted(chart.goals, key=lambda each: each.ref):
        if goal.lifecycle_status in _LIVE_GOALS and goal.text:
            yield goal


def goal_of_chart(goal: GoalFact, families: tuple[ChronicFamily, ...]) -> Goal:
    """Return a goal of the chart as a part; its target is as the EHR words it."""
    words = (goal.target or IN_THE_EHR) if goal.is_measurable else ""
    return Goal(
        key=f"goal:{goal.ref}",
        element=PlanElement.MEASURABLE_GOALS,
        text=goal.text,
        patient=Wording(english=goal.text),
        family=_family_of(goal, families),
        measure=Measure(label=Wording(english=goal.text)),
        target=Target(bound=Bound.IN_WORDS, words=words),
        due_on=goal.due_on.latest if goal.due_on is not None else None,
        source=Source(origin=Origin.CHART, refs=(goal.ref,)),
    )


def _family_of(goal: GoalFact, families: tuple[ChronicFamily, ...]) -> str:
    for family in families:
        if {str(ref) for ref in family.evidence} & set(goal.addresses):
            return family.family
    return ""


def _of_templates(material: Material) -> Iterator[AnyPart]:
    for family in material.families:
        template = material.templates.for_family(family.family)
        if template is not None:
            yield from _parts(template, family, material.today)
    for template in material.templates.for_everybody:
        yield from _parts(template, None, material.today)


def _parts(template: PlanTemplate, family: ChronicFamily | None, today: date) -> Iterator[AnyPart]:
    for proposed in template.parts:
        yield _part(_Asked(template=template, family=family, today=today), proposed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    template: PlanTemplate
    family: ChronicFamily | None
    today: date

    @property
    def scope(self) -> str:
        return self.template.key if self.family is None else self.family.family

    def source(self, proposed: PartTemplate) -> Source:
        return Source(
            origin=Origin.TEMPLATE,
            refs=() if self.family is None else self.family.evidence,
            template=f"{self.template.key}@{self.template.version}",
            citations=proposed.citations,
        )

    def key(self, kind: str, key: str) -> str:
        return f"{kind}:{self.scope}:{key}"


def _part(asked: _Asked, proposed: PartTemplate) -> AnyPart:
    about = "" if asked.family is None else asked.family.label
    key = asked.key(proposed.kind.value, proposed.key)
    text, family = proposed.text.replace("{condition}", about), asked.scope if about else ""
    element, source = proposed.element, asked.source(proposed)
    patient, performer = proposed.patient, proposed.performer
    match proposed.kind:
        case PartKind.GOAL if proposed.goal is not None:
            return _goal(asked, proposed, proposed.goal)
        case PartKind.INTERVENTION:
            return Intervention(
                key=key,
                element=element,
                text=text,
                patient=patient,
                family=family,
                source=source,
                performer=performer,
                every=proposed.every,
                goals=tuple(asked.key(PartKind.GOAL.value, goal) for goal in proposed.goals),
            )
        case PartKind.ASSESSMENT:
            return Assessment(
                key=key,
                element=element,
                text=text,
                patient=patient,
                family=family,
                source=source,
                performer=performer,
            )
        case PartKind.REVIEW:
            return Review(
                key=key,
                element=element,
                text=text,
                patient=patient,
                family=family,
                source=source,
                performer=performer,
                next_on=months_on(asked.today, proposed.due_in_months),
            )
        case _:
            return Statement(
                key=key,
                element=element,
                text=text,
                patient=patient,
                family=family,
                source=source,
                urgency=proposed.urgency,
            )


def _goal(asked: _Asked, proposed: PartTemplate, goal: GoalTemplate) -> Goal:
    about = "" if asked.family is None else asked.family.label
    return Goal(
        key=asked.key(PartKind.GOAL.value, proposed.key),
        element=proposed.element,
        text=proposed.text.replace("{condition}", about),
        patient=proposed.patient,
        family=asked.scope if about else "",
        source=asked.source(proposed),
        measure=goal.measure,
        target=Target(bound=goal.bound, value=goal.value),
        due_on=months_on(asked.today, goal.due_in_months),
        is_individual=goal.is_individual,
    )


def _medicines(chart: ChartFacts) -> Iterator[Medicine]:
    for order in sorted(chart.medications, key=lambda each: each.ref):
        if order.status in _TAKEN and order.intent != "proposal":
            yield _medicine(order)


def _medicine(order: MedicationFact) -> Medicine:
    named = order.text or next((c.display for c in order.codings if c.display), "")
    return Medicine(
        key=f"medicine:{order.ref}",
        element=PlanElement.MEDICATION_MANAGEMENT,
        text=named or "A medicine that the chart does not name",
        patient=Wording(english=named, spanish=named),
        source=Source(origin=Origin.CHART, refs=(order.ref,)),
    )


def _team(chart: ChartFacts) -> tuple[TeamMember, ...]:
    """Return the members of the teams in force, each once, the patient left out."""
    found = {
        member.member or member.text: _member(member)
        for team in sorted(chart.care_teams, key=lambda each: each.ref)
        if team.status in _LIVE_TEAMS
        for member in team.members
        if not member.member.startswith("Patient/") and (member.member or member.text)
    }
    return tuple(found.values())


def _member(member: CareTeamMemberFact) -> TeamMember:
    role = next((code.display for code in member.roles if code.display), "")
    return TeamMember(name=member.text or member.member, role=role, ref=member.member)
