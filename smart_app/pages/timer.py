"""Timers: start, rest, answer, save, discard; the page's signs; and the page of one's own time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from ccm_fhir.domain.codes import Activity
from ccm_fhir.domain.timers import IdleAnswer, Sign
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services import timers
from ccm_fhir.services.save_timer import Saved, SaveTimer, save
from ccm_fhir.services.seen_timers import note_timers_seen
from ccm_fhir.services.timers import MyDay, StartTimer, TimerRunningError
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of, patient_id_of, to_month, to_patient
from smart_app.session.refusals import BrokenFormError
from smart_app.views import page
from smart_app.views.forms import Wrong, wrong
from smart_app.views.page import Done
from smart_app.views.rendering import render
from smart_app.views.timer import Refused, as_sent, my_time, switch

router = APIRouter(prefix="/l/{launch_id}/timer")
_SEE_OTHER = 303
_MOST_SECONDS = 7 * 86_400
_SAVING = ("activity", "contact_mode", "note")


@router.get("")
def look(request: Request, opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show one's own timers and today's entries; a script asks for the bar alone."""
    around = frame_of(opened, month.value, page.TIMER, done=done)
    if "x-bar" in request.headers:
        return HTMLResponse(render("parts/timer_bar.html", page=around), headers={"vary": "X-Bar"})
    day = _own_day(opened)
    html = render("timer.html", page=around, view=my_time(day))
    return HTMLResponse(html, headers={"vary": "X-Bar"})


@router.post("/start")
def start(write: GuardedWrite) -> Response:
    """Start the open patient's timer, or ask which of two it is."""
    opened, on_call = write.opened, write.text("on_call") == "yes"
    request = StartTimer(
        patient_id=patient_id_of(opened.visit),
        contact_mode=ContactMode.TELEPHONE if on_call else None,
        is_switch=write.text("switch") == "yes",
        is_watched=write.text("watched") == "yes",
    )
    return _started(write, request, "start")


@router.post("/{timer_id}/resume")
def resume(write: GuardedWrite, timer_id: str) -> Response:
    """Let a resting timer run again."""
    opened = write.opened
    request = StartTimer(
        patient_id=timers.patient_of(opened.world, opened.visit.actor, timer_id),
        is_switch=write.text("switch") == "yes",
    )
    return _started(write, request, f"{timer_id}/resume")


@router.post("/{timer_id}/pause")
def pause(write: GuardedWrite, timer_id: str) -> Response:
    """Let a timer rest."""
    opened = write.opened
    try:
        timers.pause(opened.world, opened.visit.actor, timer_id, opened.now)
    except ConflictError as problem:
        return _refused(write, problem)
    return _back(write)


@router.post("/{timer_id}/answer")
def answer(write: GuardedWrite, timer_id: str) -> Response:
    """Take the answer to the question about time without activity."""
    opened, said = write.opened, write.text("answer")
    if said not in set(IdleAnswer):
        raise BrokenFormError("answer")
    try:
        timers.answer(opened.world, opened.visit.actor, timer_id, IdleAnswer(said), opened.now)
    except ConflictError as problem:
        return _refused(write, problem)
    return _back(write)


@router.post("/{timer_id}/discard")
def discard(write: GuardedWrite, timer_id: str) -> Response:
    """Close a timer without saving it."""
    opened = write.opened
    try:
        timers.discard(opened.world, opened.visit.actor, timer_id, opened.now)
    except ConflictError as problem:
        return _refused(write, problem)
    return _back(write, Done.TIMER_DISCARDED)


@router.post("/{timer_id}/save")
def stop_and_save(write: GuardedWrite, timer_id: str) -> Response:
    """Stop a timer and record its work; a discarded one is brought back."""
    request = _read_saving(write, timer_id)
    if isinstance(request, Wrong):
        return _ask_again(write, timer_id, request)
    opened = write.opened
    try:
        saved = save(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        told = problem.field if isinstance(problem, InputError) else ""
        return _ask_again(
            write, timer_id, wrong(f"timer-{timer_id}", told, problem.problem), problem
        )
    return _back(write, _done(saved))


@router.post("/{timer_id}/sign")
def sign(write: GuardedWrite, timer_id: str) -> Response:
    """Take a page's sign; the answer says how the timer stands by the server's clock."""
    opened = write.opened
    heard = Sign(awake=_duration(write, "awake"), quiet=_duration(write, "quiet"))
    card = timers.hear(opened.world, opened.visit.actor, timer_id, heard, opened.now)
    if card is None:
        return JSONResponse({"state": "closed", "seconds": 0})
    return JSONResponse({"state": card.state.value, "seconds": card.seconds})


def _own_day(opened: Opened) -> MyDay:
    """Return the person's own day, and note whose names it shows."""
    day = timers.day_of(opened.world, opened.visit.actor, opened.now)
    shown = [entry.patient_id for entry in day.entries]
    shown += [card.patient_id for card in day.discarded]
    note_timers_seen(opened.world, opened.visit, shown)
    return day


def _started(write: Write, request: StartTimer, action: str) -> Response:
    opened = write.opened
    try:
        timers.start(opened.world, opened.visit.actor, request, opened.now)
    except TimerRunningError as other:
        around = frame_of(opened, write.month(), page.TIMER)
        view = switch(other.running, action, on_call=request.contact_mode is not None)
        html = render("timer_switch.html", page=around, view=view)
        return HTMLResponse(html, status_code=409)
    except ConflictError as problem:
        return _refused(write, problem)
    return _back(write)


def _read_saving(write: Write, timer_id: str) -> SaveTimer | Wrong:
    activity, contact = write.text("activity"), write.text("contact_mode")
    form = f"timer-{timer_id}"
    if activity not in set(Activity):
        return wrong(form, "activity", "Choose what the time was spent on.")
    if contact not in {"", *ContactMode}:
        return wrong(form, "contact_mode", "Choose how the patient was in touch, or none.")
    return SaveTimer(
        timer_id=timer_id,
        activity=Activity(activity),
        contact_mode=ContactMode(contact) if contact else None,
        note=write.text("note"),
    )


def _ask_again(
    write: Write, timer_id: str, found: Wrong, problem: Exception | None = None
) -> HTMLResponse:
    typed = {name: write.text(name) for name in _SAVING}
    status = 409 if isinstance(problem, ConflictError) else 422
    return _page(write, Refused(wrong=(found,), timer_id=timer_id, typed=typed), status)


def _refused(write: Write, problem: ConflictError) -> HTMLResponse:
    return _page(write, Refused(wrong=(wrong("timer", "", problem.problem),)), 409)


def _page(write: Write, refused: Refused, status: int) -> HTMLResponse:
    opened = write.opened
    day = _own_day(opened)
    around = frame_of(opened, write.month(), page.TIMER)
    around = replace(around, timers=as_sent(around.timers, refused))
    html = render("timer.html", page=around, view=my_time(day, refused))
    return HTMLResponse(html, status_code=status)


def _done(saved: Saved) -> Done:
    if saved.recorded_before_seconds:
        return Done.TIMER_PARTLY
    return Done.TIMER_SHARED if saved.is_shared else Done.TIMER_SAVED


def _back(write: Write, done: Done | None = None) -> RedirectResponse:
    """Return to the page that the form was on."""
    launch_id, month, here = write.opened.visit.launch_id, write.month(), write.text("here")
    if here == page.PATIENT and write.opened.visit.patient_id is not None:
        return to_patient(launch_id, month, done)
    if here == page.MONTH and done is None:
        return to_month(launch_id, month)
    said = "" if done is None else f"&done={done.value}"
    if here == page.PLAN and write.opened.visit.patient_id is not None:
        asked = urlencode({"month": str(month), "tab": write.text("tab")})
        return RedirectResponse(f"/l/{launch_id}/plan?{asked}{said}", _SEE_OTHER)
    return RedirectResponse(f"/l/{launch_id}/timer?month={month}{said}", _SEE_OTHER)


def _duration(write: Write, name: str) -> timedelta:
    text = write.text(name)
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_SECONDS):
        raise BrokenFormError(name)
    return timedelta(seconds=int(text))
