"""The care-plan page: drafting, adopting, the month's review, and calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.plans.parts import Performer
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.care_plan import compare_versions, plan_desk
from ccm_fhir.services.edit_plan import (
    EditProblem,
    OwnPart,
    PartEdit,
    add_own_part,
    adopt_draft,
    include_addition,
    include_all,
    remove_part,
    restart_draft,
    save_edits,
)
from ccm_fhir.services.plan_contact import (
    EndedReview,
    OutreachOutcome,
    TriedCall,
    end_review,
    record_call,
)
from ccm_fhir.services.plan_tasks import EndedTask, TaskOutcome, WantedTask, add_task, end_task
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of, offers_timer, patient_id_of
from smart_app.views import page
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.plan_page import PlanPrinting, plan_page, saved
from smart_app.views.plan_versions import versions_page
from smart_app.views.plan_words import Tab
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/plan")
_SEE_OTHER = 303
_FIELDS = (
    "text",
    "english",
    "spanish",
    "target",
    "due_on",
    "achievement",
    "performer",
    "every",
    "result",
    "next_on",
)
_TYPED = (
    *("text", "english", "spanish", "target", "due_on", "performer", "part_key"),
    *("note", "next_on", "given_to", "message"),
)


@router.get("")
def look(opened: OpenLaunch, month: AskedMonth, tab: str = "", done: str = "") -> Response:
    """Show the care plan, at one of its tabs."""
    return show_plan(opened, month.value, _tab(tab), done=done)


@router.get("/versions")
def compare(opened: OpenLaunch, month: AskedMonth, older: str = "0", newer: str = "0") -> Response:
    """Show what differs between two versions, or between the last one and the draft."""
    visit = opened.visit
    numbers = (_number(older), _number(newer))
    compared = compare_versions(
        opened.world, visit.actor, patient_id_of(visit), numbers, opened.now
    )
    around = frame_of(opened, month.value, page.PLAN)
    view = versions_page(compared, needs_banner=visit.need_patient_banner)
    return HTMLResponse(render("plan_versions.html", page=around, view=view))


@router.post("/draft")
def save(write: GuardedWrite, request: Request) -> Response:
    """Save what a tab's form says; take in a whole section, or a part out, where asked."""
    opened, tab = write.opened, _tab(write.text("tab"))
    actor, patient_id = opened.visit.actor, patient_id_of(opened.visit)
    problems = save_edits(opened.world, actor, patient_id, _edits(write), opened.now)
    keys = write.texts("part")
    if write.text("include") == "all":
        include_all(opened.world, actor, patient_id, keys, opened.now)
        problems = tuple(p for p in problems if p.name != "in")
    if removed := write.text("remove"):
        remove_part(opened.world, actor, patient_id, removed, opened.now)
    if "hx-request" in request.headers:
        return _said_saved(opened, write.month(), tab, problems)
    if problems:
        return show_plan(opened, write.month(), tab, problems=problems)
    return _to_plan(opened, write.month(), tab, Done.PLAN_SAVED)


@router.post("/own")
def add(write: GuardedWrite) -> Response:
    """Add a part that the person writes."""

    def act() -> None:
        opened = write.opened
        own = OwnPart(
            form_key=write.form_key(),
            element=_element(write.text("element")),
            text=write.text("text"),
            english=write.text("english"),
            spanish=write.text("spanish"),
            performer=write.text("performer"),
            target=write.text("target"),
            due_on=write.text("due_on"),
        )
        add_own_part(opened.world, opened.visit.actor, patient_id_of(opened.visit), own, opened.now)

    return tried(write, "own", act, Done.PLAN_SAVED)


@router.post("/adopt")
def adopt(write: GuardedWrite) -> Response:
    """Adopt the person's draft as the next version."""

    def act() -> None:
        opened = write.opened
        patient_id = patient_id_of(opened.visit)
        adopt_draft(opened.world, opened.visit.actor, patient_id, write.form_key(), opened.now)

    return tried(write, "adopt", act, Done.PLAN_ADOPTED)


@router.post("/restart")
def restart(write: GuardedWrite) -> Response:
    """Throw the person's draft away."""

    def act() -> None:
        opened = write.opened
        restart_draft(opened.world, opened.visit.actor, patient_id_of(opened.visit))

    return tried(write, "restart", act, Done.PLAN_RESTARTED)


@router.post("/review")
def review(write: GuardedWrite) -> Response:
    """End the month's review; this dates the plan."""

    def act() -> None:
        opened = write.opened
        ended = EndedReview(
            patient_id=patient_id_of(opened.visit),
            note=write.text("note"),
            next_on=_day(write, "next_on"),
            form_key=write.form_key(),
        )
        end_review(opened.world, opened.visit.actor, ended, opened.now)

    return tried(write, "review", act, Done.PLAN_REVIEWED)


@router.post("/call")
def call(write: GuardedWrite) -> Response:
    """Record an attempt to reach the patient."""

    def act() -> None:
        opened = write.opened
        if write.text("outcome") not in set(OutreachOutcome):
            raise InputError("outcome", "Choose what came of the call.")
        tried = TriedCall(
            patient_id=patient_id_of(opened.visit),
            outcome=OutreachOutcome(write.text("outcome")),
            note=write.text("note"),
            next_on=_day(write, "next_on") if write.text("next_on") else None,
            form_key=write.form_key(),
        )
        record_call(opened.world, opened.visit.actor, tried, opened.now)

    return tried(write, "call", act, Done.PLAN_CALL)


@router.post("/task")
def task(write: GuardedWrite) -> Response:
    """Record a task: what is to be done, by whom and until when."""

    def act() -> None:
        opened = write.opened
        if write.text("performer") not in set(Performer):
            raise InputError("performer", "Choose who does it.")
        wanted = WantedTask(
            patient_id=patient_id_of(opened.visit),
            text=write.text("text"),
            performer=Performer(write.text("performer")),
            due_on=_day(write, "due_on") if write.text("due_on") else None,
            part_key=write.text("part_key"),
            form_key=write.form_key(),
        )
        add_task(opened.world, opened.visit.actor, wanted, opened.now)

    return tried(write, "task", act, Done.PLAN_TASK)


@router.post("/task/{task_id}/end")
def task_ended(write: GuardedWrite, task_id: str) -> Response:
    """Record that a task is done, or will not be."""

    def act() -> None:
        opened = write.opened
        if write.text("outcome") not in set(TaskOutcome):
            raise InputError("outcome", "Choose what became of the task.")
        ended = EndedTask(
            patient_id=patient_id_of(opened.visit),
            task_id=task_id,
            outcome=TaskOutcome(write.text("outcome")),
            note=write.text("note"),
        )
        end_task(opened.world, opened.visit.actor, ended, opened.now)

    return tried(write, f"task-{task_id}", act, Done.PLAN_TASK_ENDED)


@router.post("/added")
def take_in(write: GuardedWrite) -> Response:
    """Take what somebody wrote into our plan in the EHR into the person's draft."""

    def act() -> None:
        opened, key = write.opened, write.text("key")
        patient_id = patient_id_of(opened.visit)
        include_addition(opened.world, opened.visit.actor, patient_id, key, opened.now)

    return tried(write, "added", act, Done.PLAN_ADDED)


def show_plan(  # noqa: PLR0913  # what a printing may bring, each by name
    opened: Opened,
    month: ServiceMonth,
    tab: Tab,
    *,
    done: str = "",
    problems: tuple[EditProblem, ...] = (),
    attempt: Attempt | None = None,
) -> HTMLResponse:
    """Return the page at a tab, with what could not be taken beside its field."""
    visit = opened.visit
    desk = plan_desk(opened.world, visit.actor, patient_id_of(visit), month, opened.now)
    around = replace(frame_of(opened, month, page.PLAN, done=done), tab=tab.value)
    printing = PlanPrinting(
        needs_banner=visit.need_patient_banner,
        page_key=opened.page_key,
        tab=tab,
        problems=problems,
        attempt=attempt,
        offers_timer=offers_timer(opened, around),
    )
    html = render("plan.html", page=around, view=plan_page(desk, printing))
    status = 422 if problems else 200
    return HTMLResponse(html, status_code=status if attempt is None else attempt.status)


def tried(write: Write, form: str, act: Callable[[], object], done: Done) -> Response:
    """Do what a form asks; one that is refused comes back as it was sent."""
    opened, month, tab = write.opened, write.month(), _tab(write.text("tab"))
    try:
        act()
    except (InputError, ConflictError) as problem:
        typed = {name: write.text(name) for name in _TYPED}
        attempt = Attempt.of(form, write.form_key(), typed, problem)
        return show_plan(opened, month, tab, attempt=attempt)
    return _to_plan(opened, month, tab, done)


def _edits(write: Write) -> tuple[PartEdit, ...]:
    taken = write.texts("in")
    return tuple(
        PartEdit(
            key=key,
            is_included=key in taken,
            fields={
                name: write.text(f"{name}|{key}")
                for name in _FIELDS
                if f"{name}|{key}" in write.form
            },
        )
        for key in sorted(write.texts("part"))
    )


def _said_saved(
    opened: Opened, month: ServiceMonth, tab: Tab, problems: tuple[EditProblem, ...]
) -> HTMLResponse:
    visit = opened.visit
    desk = plan_desk(opened.world, visit.actor, patient_id_of(visit), month, opened.now)
    printing = PlanPrinting(
        needs_banner=False, page_key=opened.page_key, tab=tab, problems=problems
    )
    view = plan_page(desk, printing)
    return HTMLResponse(render("parts/plan_saved.html", saved=saved(desk), wrong=view.wrong))


def _to_plan(opened: Opened, month: ServiceMonth, tab: Tab, done: Done) -> RedirectResponse:
    asked = urlencode({"month": str(month), "tab": tab.value, "done": done.value})
    return RedirectResponse(f"/l/{opened.visit.launch_id}/plan?{asked}", _SEE_OTHER)


def _tab(text: str) -> Tab:
    return Tab(text) if text in set(Tab) else Tab.GOALS


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:  # noqa: PLR2004  # digits
        raise InputError("version", "not the number of a version")
    return int(text)


def _element(text: str) -> PlanElement:
    if text not in set(PlanElement):
        raise InputError("element", "Choose where it belongs.")
    return PlanElement(text)


def _day(write: Write, name: str) -> date:
    try:
        return date.fromisoformat(write.text(name))
    except ValueError:
        raise InputError(name, "Give the day as year, month and day.") from None
