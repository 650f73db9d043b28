"""The claims of the open patient's month: what was sent, and what a person says of it."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.corrections import OPENS_THE_MONTH, ClaimSaid
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.claim_history import claim_history
from ccm_fhir.services.correct_claim import SayOfClaim, say_of_claim
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import frame_of, patient_id_of, to_patient
from smart_app.session.refusals import BrokenFormError
from smart_app.views import page as frames
from smart_app.views.claim_page import CLAIM_FIELDS, claim_page
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/claim")
_SEE_OTHER = 303


@router.get("")
def show(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show every claim of the month, and what may follow."""
    return _page(opened, month.value, done=done)


@router.post("")
def say(write: GuardedWrite) -> Response:
    """Say what is to become of the newest claim, or what became of it, and why."""
    opened, month = write.opened, write.month()
    if write.text("said") not in set(ClaimSaid):
        raise BrokenFormError("said")
    said = ClaimSaid(write.text("said"))
    typed = {name: write.text(name) for name in CLAIM_FIELDS}
    request = SayOfClaim(
        patient_id=patient_id_of(opened.visit),
        month=month,
        claim_id=write.text("claim_id"),
        said=said,
        reason=typed["reason"],
        form_key=write.form_key(),
    )
    try:
        say_of_claim(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        attempt = Attempt.of(f"say-{said.value}", request.form_key, typed, problem)
        return _page(opened, month, attempt=attempt)
    if said in OPENS_THE_MONTH:
        return to_patient(opened.visit.launch_id, month, Done.CORRECTION)
    done = Done.VOIDED if said is ClaimSaid.VOID else Done.CLAIM_SAID
    asked = urlencode({"month": str(month), "done": done.value})
    return RedirectResponse(f"/l/{opened.visit.launch_id}/claim?{asked}", _SEE_OTHER)


def _page(
    opened: Opened, month: ServiceMonth, *, done: str = "", attempt: Attempt | None = None
) -> HTMLResponse:
    patient_id = patient_id_of(opened.visit)
    found = claim_history(opened.world, opened.visit.actor, patient_id, month, opened.now)
    around = frame_of(opened, month, frames.CLAIM, done=done)
    html = render("claim.html", page=around, view=claim_page(found, opened.page_key, attempt))
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)
