"""The inbox of decision making: what waits for the billing practitioner, and answering it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.codes import MdmAnswer
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.attest_mdm import AttestMdm, attest_mdm
from ccm_fhir.services.mdm_inbox import mdm_inbox
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of
from smart_app.views import page as frames
from smart_app.views.forms import Attempt, wrong
from smart_app.views.mdm_inbox import INBOX_FIELDS, form_of, inbox_page
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}")
_SEE_OTHER = 303


@router.get("/inbox")
def show(opened: OpenLaunch, month: AskedMonth, page: int = 1, done: str = "") -> Response:
    """Show the months that wait for the practitioner's word."""
    return _page(opened, month.value, page=page, done=done)


@router.post("/inbox")
def answer(write: GuardedWrite) -> Response:
    """Record the practitioner's answer for one patient's month."""
    opened, month, patient_id = write.opened, write.month(), write.text("patient_id")
    typed = {name: write.text(name) for name in INBOX_FIELDS}
    form, key = form_of(patient_id), write.form_key()
    if typed["answer"] not in set(MdmAnswer):
        told = wrong(form, "answer", "Choose one; nothing is chosen for you.")
        attempt = Attempt(form=form, form_key=key, typed=typed, wrong=(told,))
        return _page(opened, month, attempt=attempt)
    request = AttestMdm(
        patient_id=patient_id,
        month=month,
        answer=MdmAnswer(typed["answer"]),
        is_plan_revised=bool(typed["is_plan_revised"]),
        rationale=typed["rationale"],
        form_key=key,
    )
    try:
        attest_mdm(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        return _page(opened, month, attempt=Attempt.of(form, key, typed, problem))
    there = f"/l/{opened.visit.launch_id}/inbox?month={month}&done={Done.MDM.value}"
    return RedirectResponse(there, _SEE_OTHER)


def _page(
    opened: Opened,
    month: ServiceMonth,
    *,
    page: int = 1,
    done: str = "",
    attempt: Attempt | None = None,
) -> Response:
    found = mdm_inbox(opened.world, opened.visit.actor, month, page, opened.now)
    around = frame_of(opened, month, frames.INBOX, done=done)
    view = inbox_page(found, opened.page_key, attempt)
    status = 200 if attempt is None else attempt.status
    return HTMLResponse(render("inbox.html", page=around, view=view), status_code=status)
