"""The practice's choice of codes: its page, setting it, and a single month's exception."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.coding_choice import ChooseCoding, ExceptMonth, choose_coding, except_month
from ccm_fhir.services.practice_choice import practice_choice
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of, patient_id_of, refused, to_choice, to_patient
from smart_app.views import page as frames
from smart_app.views.choice import AS_THE_PRACTICE, EXCEPTION, EXCEPTION_FIELDS
from smart_app.views.choice_page import CHOICE, CHOICE_FIELDS, choice_page
from smart_app.views.forms import Attempt, wrong
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}")


@router.get("/choice")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show what the practice reports, and what it chose before."""
    return _page(opened, month.value, done=done)


@router.post("/choice")
def choose(write: GuardedWrite) -> Response:
    """Set what the practice reports from a month on."""
    opened, month, request = write.opened, write.month(), _read(write)
    if isinstance(request, Attempt):
        return _page(opened, month, attempt=request)
    try:
        choose_coding(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        typed = {name: write.text(name) for name in CHOICE_FIELDS}
        attempt = Attempt.of(CHOICE, request.form_key, typed, problem)
        return _page(opened, month, attempt=attempt)
    return to_choice(opened.visit.launch_id, month, Done.CHOICE)


@router.post("/except")
def report_otherwise(write: GuardedWrite) -> Response:
    """Report one patient's month otherwise, or as the practice chose again."""
    opened, month = write.opened, write.month()
    typed = {name: write.text(name) for name in EXCEPTION_FIELDS}
    if typed["family"] not in {AS_THE_PRACTICE, *FamilyChoice}:
        problem = wrong(EXCEPTION, "family", "Choose what this month reports.")
        attempt = Attempt(form=EXCEPTION, form_key=write.form_key(), typed=typed, wrong=(problem,))
        return refused(opened, month, attempt)
    family = typed["family"]
    request = ExceptMonth(
        patient_id=patient_id_of(opened.visit),
        month=month,
        family=None if family == AS_THE_PRACTICE else FamilyChoice(family),
        reason=typed["reason"],
        form_key=write.form_key(),
    )
    try:
        except_month(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        return refused(opened, month, Attempt.of(EXCEPTION, request.form_key, typed, problem))
    return to_patient(opened.visit.launch_id, month, Done.EXCEPTION)


def _read(write: Write) -> ChooseCoding | Attempt:
    """Return what was chosen, or the form with everything that is wrong in it."""
    typed = {name: write.text(name) for name in CHOICE_FIELDS}
    begins = _month(typed["from_month"])
    checks = (
        (begins is not None, "from_month", "Choose the month from which it holds."),
        (typed["family"] in set(FamilyChoice), "family", "Choose what is reported."),
        (typed["dos_policy"] in set(DosPolicy), "dos_policy", "Choose the claim’s day."),
    )
    wrongs = tuple(wrong(CHOICE, name, told) for holds, name, told in checks if not holds)
    if begins is None or wrongs:
        return Attempt(form=CHOICE, form_key=write.form_key(), typed=typed, wrong=wrongs)
    return ChooseCoding(
        month=begins,
        family=FamilyChoice(typed["family"]),
        dos_policy=DosPolicy(typed["dos_policy"]),
        reason=typed["reason"],
        form_key=write.form_key(),
    )


def _month(text: str) -> ServiceMonth | None:
    try:
        return ServiceMonth.parse(text)
    except InputError:
        return None


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    held = practice_choice(opened.world, opened.visit.actor, month, opened.now)
    around = frame_of(opened, month, frames.CHOICE, done=done)
    html = render("choice.html", page=around, view=choice_page(held, opened.page_key, attempt))
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)
