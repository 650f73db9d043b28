"""Everything that a care plan's pages can say, as texts that a person reads."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.plans.building import Material, proposals
from ccm_fhir.domain.plans.changes import Now, since_last
from ccm_fhir.domain.plans.diffing import diff
from ccm_fhir.domain.plans.judging import completeness, loose_ends, staleness
from ccm_fhir.domain.plans.measuring import progress_of
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.domain.plans.serving import served
from ccm_fhir.domain.plans.versions import AdoptedPlan, with_adopted
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.rulebook.templates import load_templates
from tests.builders import NOVEMBER, chart, goal
from tests.domain.plan_parts import TODAY
from tests.golden import chart_cases, goal_cases, plan_cases
from tests.golden.told import fields, page, part, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccm_fhir.domain.conditions import ChronicFamily
    from ccm_fhir.domain.facts import CarePlanFact, ChartFacts
    from ccm_fhir.domain.plans.judging import PlanFinding
    from ccm_fhir.domain.plans.measuring import Progress

    Golden = Callable[[str, str], None]

RULES = load_rulebook().of_month(NOVEMBER)
TEMPLATES = load_templates()
SINCE = date(2026, 10, 31)


def test_what_a_chart_and_the_templates_propose_is_as_it_was_read_and_approved(
    matches_golden_text: Golden,
) -> None:
    families = (
        chart_cases.family("asthma"),
        chart_cases.family("diabetes"),
        chart_cases.family("gout", "c8", "c9"),
    )
    made = proposals(
        Material(
            chart=chart_cases.PROPOSING_CHART, families=families, templates=TEMPLATES, today=TODAY
        )
    )

    parts = [
        part(each.key, [f"  kind: {type(each).__name__}", *fields(each)]) for each in made.parts
    ]
    parts += [part(f"team: {each.name}", fields(each)) for each in made.team]
    parts += [part(f"model: {each.key}", fields(each)) for each in served(made, TEMPLATES)]
    about = f"What is proposed on {TODAY} for asthma, diabetes and gout, with everything else."
    matches_golden_text("plans/proposals", page(about, parts))


def test_how_a_goal_stands_is_as_it_was_read_and_approved(matches_golden_text: Golden) -> None:
    parts = [
        part(name, _progress(progress_of(asked, read, TODAY)))
        for name, (asked, read) in goal_cases.PROGRESS.items()
    ]

    about = f"How a goal stands on {TODAY}, asked of the chart. Unless said: A1c below 8 %."
    matches_golden_text("plans/progress", page(about, parts))


def _progress(found: Progress) -> Iterator[str]:
    yield f"  {found.answer.value}: {found.goal.text}: {found.reason}"
    for reading in found.readings:
        yield f"    {told(reading)}"
    if found.evidence:
        yield f"  shown by: {told(found.evidence)}"


def test_what_a_plan_lacks_is_as_it_was_read_and_approved(matches_golden_text: Golden) -> None:
    assert RULES.care_plan is not None
    parts = []
    usual: tuple[PlanFinding, ...] = ()
    for name, plan in plan_cases.PLANS.items():
        found = (*completeness(plan, RULES.care_plan), *loose_ends(plan))
        parts.append(part(name, _findings(tuple(f for f in found if f not in usual))))
        usual = usual or found
    for name, (plan, looked_at) in plan_cases.REVIEWS.items():
        parts.append(part(f"review: {name}", _findings((staleness(plan, looked_at, TODAY),))))

    about = f"What a plan lacks on {TODAY}. From the second on: what differs from the first."
    matches_golden_text("plans/findings", page(about, parts))


def _findings(found: tuple[PlanFinding, ...]) -> Iterator[str]:
    for one in found:
        yield f"  {one.answer.value} {one.code} ({one.title}): {one.reason}"
        if one.remedy:
            yield f"    {one.remedy}"
        if one.evidence:
            yield f"    parts: {told(one.evidence)}"


def test_what_is_new_is_as_it_was_read_and_approved(matches_golden_text: Golden) -> None:
    parts = [part(name, _news(*case)) for name, case in chart_cases.NEWS.items()]

    about = f"What is new since {SINCE}, told on {TODAY}."
    matches_golden_text("plans/news", page(about, parts))


def _news(plan: Plan, read: ChartFacts, families: tuple[ChronicFamily, ...]) -> Iterator[str]:
    assert RULES.chart is not None
    now = Now(chart=read, families=families, rule=RULES.chart, today=TODAY)
    found = since_last(plan, SINCE, now)
    for one in found.news:
        on = f", {one.on}" if one.on else ""
        yield f"  {one.kind.value} {one.answer.value}{on}: {one.text}"
        shown = [f"part {one.part}"] if one.part else []
        yield f"    {'; '.join([told(one.evidence), *shown])}"
    yield f"  since {found.since}; not read: {told(found.unread)}"


def test_what_differs_between_versions_is_as_it_was_read_and_approved(
    matches_golden_text: Golden,
) -> None:
    parts = [part(name, _changes(*versions)) for name, versions in plan_cases.CHANGES.items()]

    matches_golden_text("plans/changes", page("What differs between two versions.", parts))


def _changes(older: Plan, newer: Plan) -> Iterator[str]:
    for change in diff(older, newer):
        yield f"  {change.kind.value} {change.part.key}: {change.part.text}"
        for one in change.fields:
            yield f"    {one.field}: “{one.before}” → “{one.after}”"


def test_an_adopted_plan_as_a_fact_is_as_it_was_read_and_approved(
    matches_golden_text: Golden,
) -> None:
    first = AdoptedPlan(id="v1", number=1, adopted_on=date(2026, 8, 4), plan=plan_cases.ADOPTED)
    second = AdoptedPlan(
        id="v2", number=2, adopted_on=date(2026, 10, 1), plan=Plan(), reviewed_on=TODAY
    )
    read = chart(care_plans=(), goals=(goal(),))
    parts = []
    for month, versions in (
        (ServiceMonth(2026, 9), (second, first)),
        (NOVEMBER, (second, first)),
    ):
        judged = with_adopted(read, versions, month)
        (fact,) = judged.care_plans
        parts.append(part(f"{month}, the plan", _plan_fact(fact)))
        parts += [part(f"{month}, {each.ref}", fields(each)) for each in judged.goals]

    about = "A plan that was adopted here, as eligibility sees it beside the EHR's own goals."
    matches_golden_text("plans/as-facts", page(about, parts))


def _plan_fact(fact: CarePlanFact) -> Iterator[str]:
    yield from fields(msgspec.structs.replace(fact, planned=()))
    yield from (f"  planned: {told(each)}" for each in fact.planned)
