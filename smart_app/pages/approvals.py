"""Typed time that waits for approval: the list, and the answers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.approvals import (
    AnswerApproval,
    answer_approval,
    policy_of,
    waiting_entries,
)
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of
from smart_app.session.refusals import BrokenFormError
from smart_app.views import page
from smart_app.views.approvals_page import approvals_page, form_of
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/approvals")
_SEE_OTHER = 303
_ANSWERS = {"approve": True, "refuse": False}


@router.get("")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show what waits for approval in the practice."""
    return _page(opened, month.value, done=done)


@router.post("/{entry_id}")
def answer(write: GuardedWrite, entry_id: str) -> Response:
    """Approve typed time, or say why it is not approved."""
    opened, month, said = write.opened, write.month(), _ANSWERS.get(write.text("answer"))
    if said is None:
        raise BrokenFormError("answer")
    note = write.text("note")
    request = AnswerApproval(entry_id=entry_id, is_approved=said, note=note)
    try:
        answer_approval(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        attempt = Attempt.of(form_of(entry_id), write.form_key(), {"note": note}, problem)
        return _page(opened, month, attempt=attempt)
    done = Done.APPROVED if said else Done.NOT_APPROVED
    path = f"/l/{opened.visit.launch_id}/approvals?month={month}&done={done.value}"
    return RedirectResponse(path, _SEE_OTHER)


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    actor = opened.visit.actor
    waiting = waiting_entries(opened.world, actor)
    around = frame_of(opened, month, page.APPROVALS, done=done)
    policy = policy_of(opened.world, actor.practice_id)
    view = approvals_page(waiting, policy, opened.page_key, attempt)
    html = render("approvals.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)
