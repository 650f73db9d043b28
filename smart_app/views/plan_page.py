"""The care-plan page: one person's draft in tabs by need, what stands, and the month's review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.plans.building import months_on
from ccm_fhir.domain.plans.judging import PlanFinding
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.services.care_plan import PlanDesk
from ccm_fhir.services.edit_plan import EditProblem
from smart_app.views import plan_words as words
from smart_app.views import tones, wording
from smart_app.views.formats import clock, count, day, listed, sentence
from smart_app.views.forms import Attempt, ChoiceView, Wrong, key_of
from smart_app.views.patient_page import BannerView, banner
from smart_app.views.plan_additions import AdditionView, addition_views
from smart_app.views.plan_allergies import AllergiesView, allergies_view
from smart_app.views.plan_chart import ProgressGoalView, goal_progress
from smart_app.views.plan_month import NewsView, call_line, copy_line, news_views, unread_words
from smart_app.views.plan_part import PartView, part_id, part_view, performers
from smart_app.views.plan_reading import ReadingView, reading_views
from smart_app.views.plan_tasks import OpenTaskView, ended_tasks, goals_to_serve, open_tasks
from smart_app.views.plan_versions_list import VersionView, standing_words, version_views
from smart_app.views.plan_words import Tab
from smart_app.views.tones import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class TabView:
    """One tab; ``count`` says how much of it was taken in."""

    key: str
    title: str
    count: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """One element's parts within a tab."""

    element: str
    title: str
    parts: tuple[PartView, ...]
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One answer about the plan."""

    title: str
    word: str
    tone: Tone
    reason: str = field(repr=False)
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedView:
    """One element of the Chronic Care Model and what serves it."""

    title: str
    meaning: str
    word: str
    tone: Tone
    text: str
    by_the_app: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPageView:
    """Everything the care-plan page prints."""

    banner: BannerView
    practice: str
    status: str
    status_tone: Tone
    status_word: str
    saved: str
    problem: str
    closed: str
    offers_timer: bool
    tabs: tuple[TabView, ...]
    tab: str
    tab_title: str
    next_tab: str
    next_title: str
    is_form: bool
    allergies: AllergiesView
    sections: tuple[SectionView, ...]
    own_elements: tuple[ChoiceView, ...]
    performers: tuple[ChoiceView, ...]
    completeness: tuple[AnswerView, ...]
    loose_ends: tuple[AnswerView, ...]
    served: tuple[ServedView, ...]
    model_source: tuple[str, str]
    is_changed: bool
    has_parts: bool
    standing_number: int
    versions: tuple[VersionView, ...]
    since: str
    news: tuple[NewsView, ...]
    unread: str
    progress: tuple[ProgressGoalView, ...]
    script: tuple[tuple[str, str], ...]
    goals_to_ask: tuple[str, ...] = field(repr=False)
    outcomes: tuple[ChoiceView, ...]
    calls: tuple[str, ...] = field(repr=False)
    reviews: tuple[str, ...] = field(repr=False)
    tasks: tuple[OpenTaskView, ...] = field(repr=False)
    tasks_ended: tuple[str, ...] = field(repr=False)
    goals_to_serve: tuple[ChoiceView, ...] = field(repr=False)
    additions: tuple[AdditionView, ...] = field(repr=False)
    next_review: str
    copies: tuple[tuple[str, str], ...] = field(repr=False)
    untranslated: tuple[str, ...] = field(repr=False)
    reading: tuple[ReadingView, ...] = field(repr=False)
    ways: tuple[ChoiceView, ...]
    languages: tuple[ChoiceView, ...]
    today: str
    values: dict[str, str] = field(repr=False)
    form_keys: dict[str, str]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPrinting:
    """What one printing adds: which tab, a fresh key, and what could not be taken."""

    needs_banner: bool
    page_key: str
    tab: Tab
    problems: tuple[EditProblem, ...] = ()
    attempt: Attempt | None = None
    offers_timer: bool = False


_CLOSED = "Care managers and billing practitioners write care plans; you can read them here."
_Word = TypeVar("_Word", bound=StrEnum)
_FORMS = ("own", "adopt", "review", "call", "copy", "restart", "task", "added")


def plan_page(desk: PlanDesk, printing: PlanPrinting) -> PlanPageView:
    """Return the page of a patient's care plan."""
    tab, attempt = printing.tab, printing.attempt
    order = list(words.TABS)
    after = order[min(order.index(tab) + 1, len(order) - 1)]
    plan, standing = desk.draft.plan, desk.standing
    status, tone = _status(desk)
    return PlanPageView(
        banner=banner(desk.patient, is_slim=not printing.needs_banner),
        practice=desk.practice_name,
        status=status,
        status_tone=tone,
        status_word={Tone.GOOD: "Current", Tone.BAD: "Review due", Tone.OPEN: "Open"}[tone],
        saved=saved(desk),
        problem=sentence(desk.problem),
        closed="" if desk.may_edit else _CLOSED,
        offers_timer=printing.offers_timer and desk.month == ServiceMonth.containing(desk.today),
        tabs=tuple(_tab(one, tab, desk) for one in words.TABS),
        tab=tab.value,
        tab_title=words.TABS[tab],
        next_tab="" if after is tab else after.value,
        next_title=words.TABS[after],
        is_form=tab in words.ELEMENTS_OF,
        allergies=allergies_view(desk.allergies, desk.paths),
        sections=_sections(desk, printing),
        own_elements=_own_elements(tab),
        performers=performers(None),
        completeness=tuple(_answer(finding) for finding in desk.completeness),
        loose_ends=tuple(_answer(finding) for finding in desk.loose_ends),
        served=_served(desk),
        model_source=(desk.templates.model_citation.title, desk.templates.model_citation.url),
        is_changed=desk.is_changed,
        has_parts=bool(plan.parts),
        standing_number=0 if standing is None else standing.version.number,
        versions=version_views(desk),
        since="" if standing is None or standing.since is None else day(standing.since.since),
        news=news_views(desk, standing),
        unread=unread_words(standing),
        progress=()
        if standing is None
        else tuple(goal_progress(p) for p in standing.progress if p.goal.is_open),
        script=words.CALL_SCRIPT,
        goals_to_ask=()
        if standing is None
        else tuple(g.patient.english or g.text for g in standing.version.plan.goals if g.is_open),
        outcomes=_choices(words.OUTCOMES),
        calls=tuple(call_line(desk, n) for n in range(len(desk.outreach))),
        reviews=tuple(
            f"{day(r.reviewed_on)}, by {desk.people.get(r.reviewed_by, '')}."
            f"{f' {r.note}' if r.note else ''}"
            for r in desk.reviews
        ),
        tasks=open_tasks(desk),
        tasks_ended=ended_tasks(desk),
        goals_to_serve=goals_to_serve(desk),
        additions=addition_views(desk),
        next_review=str(months_on(desk.today, 1)),
        copies=tuple((c.id, copy_line(desk, n)) for n, c in enumerate(desk.copies)),
        untranslated=() if standing is None else untranslated(standing.version.plan),
        reading=reading_views(desk) if tab is Tab.COPY else (),
        ways=_choices(words.WAYS),
        languages=_choices(words.LANGUAGES),
        today=str(desk.today),
        values=_values(attempt),
        form_keys=_form_keys(printing.page_key, attempt),
        wrong=(*(_wrong(p, desk) for p in printing.problems), *(attempt.wrong if attempt else ())),
    )


def _values(attempt: Attempt | None) -> dict[str, str]:
    """Return what was typed into a refused form, by the ids of its fields."""
    if attempt is None:
        return {}
    return {f"{attempt.form}-{name}": typed for name, typed in attempt.typed.items()}


def _form_keys(page_key: str, attempt: Attempt | None) -> dict[str, str]:
    keys = {form: key_of(page_key, f"plan-{form}") for form in _FORMS}
    if attempt is not None:
        keys[attempt.form] = attempt.form_key
    return keys


def saved(desk: PlanDesk) -> str:
    """Return when the draft was last saved, in words."""
    if desk.saved_at is None:
        return "Nothing of a draft is saved yet." if desk.may_edit else ""
    return f"Draft saved at {clock(desk.saved_at)}."


def untranslated(plan: Plan) -> tuple[str, ...]:
    """Return the parts of a patient's copy that nobody has put into Spanish."""
    return tuple(part.text for part in plan.parts if not part.patient.spanish)


def _status(desk: PlanDesk) -> tuple[str, Tone]:
    standing = desk.standing
    if standing is None:
        return "No plan has been adopted here yet.", Tone.OPEN
    version = standing.version
    who = desk.people.get(version.adopted_by, "")
    text = f"Version {version.number}, adopted on {day(version.adopted_on)} by {who}."
    kept = "This app decides by it."
    where = standing_words(desk)
    return f"{text} {sentence(standing.review.reason)} {kept} {where}", tones.ANSWERS[
        standing.review.answer
    ]


def _tab(tab: Tab, here: Tab, desk: PlanDesk) -> TabView:
    elements = words.ELEMENTS_OF.get(tab, ())
    parts = [each for each in desk.draft.parts if each.part.element in elements]
    taken = sum(1 for each in parts if each.is_included)
    return TabView(
        key=tab.value,
        title=words.TABS[tab],
        count=f"{taken} of {len(parts)}" if parts else "",
        is_here=tab is here,
    )


def _sections(desk: PlanDesk, printing: PlanPrinting) -> tuple[SectionView, ...]:
    return tuple(
        _section(element, desk, printing.problems)
        for element in words.ELEMENTS_OF.get(printing.tab, ())
    )


def _section(
    element: PlanElement, desk: PlanDesk, problems: tuple[EditProblem, ...]
) -> SectionView:
    mine = [each for each in desk.draft.parts if each.part.element is element]
    return SectionView(
        element=element.value,
        title=words.ELEMENTS[element],
        parts=tuple(part_view(each, desk, problems) for each in mine),
        open=sum(1 for each in mine if not each.is_included and not each.lacks),
    )


def _own_elements(tab: Tab) -> tuple[ChoiceView, ...]:
    elements = words.ELEMENTS_OF.get(tab, ())
    offered = [e for e in elements if e is not PlanElement.PROBLEM_LIST]
    return tuple(
        ChoiceView(value=e.value, label=words.ELEMENTS[e], is_chosen=n == 0)
        for n, e in enumerate(offered)
    )


def _answer(finding: PlanFinding) -> AnswerView:
    return AnswerView(
        title=finding.title,
        word=wording.ANSWERS[finding.answer],
        tone=tones.ANSWERS[finding.answer],
        reason=sentence(finding.reason),
        remedy=sentence(finding.remedy),
    )


def _served(desk: PlanDesk) -> tuple[ServedView, ...]:
    return tuple(
        ServedView(
            title=one.title,
            meaning=one.meaning,
            word=wording.ANSWERS[one.answer],
            tone=tones.ANSWERS[one.answer],
            text=_serving(desk, one.parts),
            by_the_app=one.by_the_app,
        )
        for one in desk.served
    )


def _serving(desk: PlanDesk, keys: tuple[str, ...]) -> str:
    elements = {part.element for key in keys if (part := desk.draft.plan.part(key)) is not None}
    if not elements:
        return "No part of the draft serves it yet."
    names = tuple(words.ELEMENTS[e].lower() for e in PlanElement if e in elements)
    return f"Served by {count(len(keys), 'part', 'parts')}: {listed(names)}."


def _choices(labels: Mapping[_Word, str]) -> tuple[ChoiceView, ...]:
    return tuple(
        ChoiceView(value=one.value, label=label, is_chosen=False) for one, label in labels.items()
    )


def _wrong(problem: EditProblem, desk: PlanDesk) -> Wrong:
    found = desk.draft.find(problem.key)
    name = "" if found is None else found.part.text
    message = sentence(problem.problem)
    return Wrong(
        field=problem.name,
        target=f"{part_id(problem.key)}-{problem.name}",
        message=message,
        summary=f"{name}: {message}" if name else message,
    )
