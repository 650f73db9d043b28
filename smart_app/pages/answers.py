"""The few ways a route answers."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.timers import TimerPolicy
from ccm_fhir.services.patient_month import PatientMonthReview
from ccm_fhir.services.review import review_patient_month
from ccm_fhir.services.seen_timers import note_timers_seen
from ccm_fhir.services.sessions import Visit
from ccm_fhir.services.timer_thresholds import crossings_ahead
from ccm_fhir.services.timers import policy_for, timers_of
from smart_app.deps import Opened
from smart_app.session.refusals import SessionEndedError
from smart_app.views import page
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.patient_page import Printing, patient_page
from smart_app.views.rendering import render
from smart_app.views.timer import timer_views

_SEE_OTHER = 303


def review_of(opened: Opened, month: ServiceMonth) -> PatientMonthReview:
    """Return the open patient's month, its links leading into this launch."""
    review = review_patient_month(
        opened.world, opened.visit.actor, patient_id_of(opened.visit), month, opened.now
    )
    return replace(review, ehr_links=_within_launch(review.ehr_links, opened, month))


def _within_launch(paths: dict[str, str], opened: Opened, month: ServiceMonth) -> dict[str, str]:
    launch = f"/l/{opened.visit.launch_id}"
    return {ref: f"{launch}{path}?month={month}" for ref, path in paths.items()}


def patient_id_of(visit: Visit) -> str:
    """Return the launch's patient.

    Raises:
        SessionEndedError: the launch has none, so there is no such page.
    """
    if visit.patient_id is None:
        raise SessionEndedError
    return visit.patient_id


def show_patient(
    opened: Opened, review: PatientMonthReview, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    """Return the patient page; a refused form is shown as it was sent, with what is wrong."""
    around = frame_of(opened, review.month, page.PATIENT, done=done)
    printing = Printing(
        actor=opened.visit.actor,
        needs_banner=opened.visit.need_patient_banner,
        page_key=opened.page_key,
        attempt=attempt,
        offers_timer=_offers_timer(opened, review, around),
    )
    html = render("patient.html", page=around, view=patient_page(review, printing))
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)


def frame_of(opened: Opened, month: ServiceMonth, here: str, *, done: str = "") -> page.FrameView:
    """Return a page's frame, with the person's timers as they stand now.

    Those of patients whose chart is not open here carry a name, so that a line is written.
    """
    cards = timers_of(opened.world, opened.visit.actor, opened.now)
    named = [card.patient_id for card in cards if card.patient_id != opened.visit.patient_id]
    note_timers_seen(opened.world, opened.visit, named)
    ahead = crossings_ahead(opened.world, opened.visit.actor, cards, opened.now)
    around = page.Around(
        is_demo=opened.settings.is_demo,
        done=done,
        timers=timer_views(cards, opened.visit.patient_id, ahead),
    )
    return page.frame(opened.visit, month, here, around)


def _offers_timer(opened: Opened, review: PatientMonthReview, around: page.FrameView) -> bool:
    """Whether the page offers to start a timer: in this month, and none is open for the patient."""
    is_now = ServiceMonth.containing(review.today) == review.month
    return is_now and offers_timer(opened, around)


def offers_timer(opened: Opened, around: page.FrameView) -> bool:
    """Whether the person may start a timer, and none is open for the patient."""
    return (
        around.keeps_time
        and not any(timer.is_here for timer in around.timers)
        and policy_for(opened.world, opened.visit.actor) is not TimerPolicy.NEVER
    )


def refused(opened: Opened, month: ServiceMonth, attempt: Attempt) -> HTMLResponse:
    """Return the patient page again, with the form that could not be taken."""
    return show_patient(opened, review_of(opened, month), attempt=attempt)


def to_patient(launch_id: str, month: ServiceMonth, done: Done | None = None) -> RedirectResponse:
    """Send the browser to the patient page, at the part that has just changed."""
    asked = {"month": str(month)} | ({} if done is None else {"done": done.value})
    anchor = "" if done is None else f"#{_PLACES[done]}"
    return RedirectResponse(f"/l/{launch_id}?{urlencode(asked)}{anchor}", _SEE_OTHER)


def to_consent(launch_id: str, month: ServiceMonth, done: Done) -> RedirectResponse:
    """Send the browser to the consent page."""
    asked = urlencode({"month": str(month), "done": done.value})
    return RedirectResponse(f"/l/{launch_id}/consent?{asked}", _SEE_OTHER)


def to_claim(launch_id: str, month: ServiceMonth) -> RedirectResponse:
    """Send the browser to the page of the patient's claims."""
    return RedirectResponse(f"/l/{launch_id}/claim?month={month}", _SEE_OTHER)


def to_month(launch_id: str, month: ServiceMonth) -> RedirectResponse:
    """Send the browser to the month page."""
    return RedirectResponse(f"/l/{launch_id}/month?month={month}", _SEE_OTHER)


def to_choice(launch_id: str, month: ServiceMonth, done: Done) -> RedirectResponse:
    """Send the browser to the page of the practice's choice."""
    asked = urlencode({"month": str(month), "done": done.value})
    return RedirectResponse(f"/l/{launch_id}/choice?{asked}", _SEE_OTHER)


_PLACES = {
    Done.TIME: "time",
    Done.VOID: "time",
    Done.CHART: "chart",
    Done.SIGNED: "claim",
    Done.CONDITION: "eligibility",
    Done.TIMER_SAVED: "time",
    Done.TIMER_PARTLY: "time",
    Done.TIMER_SHARED: "time",
    Done.TIMER_DISCARDED: "time",
    Done.EXCEPTION: "claim",
    Done.MDM: "claim",
    Done.PLACED: "location",
    Done.CORRECTION: "claim",
}
