"""The consent page: recording a yes or a no, a revocation, and taking a record back."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from ccm_fhir.domain.consents import ConsentDecision
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.consents import consent_history
from ccm_fhir.services.record_consent import (
    ConsentError,
    DecidedConsent,
    record_consent,
    take_back_consent,
)
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of, patient_id_of, to_consent
from smart_app.pages.typed_consent import read_consent, read_revocation
from smart_app.views import page
from smart_app.views.consent_form import CONSENT_FORM, REVOKE_FORM, TEXT_FIELDS
from smart_app.views.consent_page import ConsentPrinting, back_form, consent_page
from smart_app.views.forms import Attempt
from smart_app.views.page import Done
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/consent")
_DONE = {
    ConsentDecision.GIVEN: Done.CONSENT,
    ConsentDecision.DECLINED: Done.DECLINED,
    ConsentDecision.REVOKED: Done.REVOKED,
    ConsentDecision.PAUSED: Done.PAUSED,
    ConsentDecision.RESUMED: Done.RESUMED,
    ConsentDecision.ELSEWHERE: Done.ELSEWHERE,
}


@router.get("")
def look(opened: OpenLaunch, month: AskedMonth, done: str = "", correct: str = "") -> Response:
    """Show how consent stands; ``correct`` names a record that is to be put right."""
    return _show(opened, month.value, done=done, correct=correct)


@router.post("")
def record(write: GuardedWrite) -> Response:
    """Record that the patient agreed, declined, pauses, goes on, or is with another practice."""
    return _keep(write, CONSENT_FORM, read_consent(write))


@router.post("/revoke")
def revoke(write: GuardedWrite) -> Response:
    """Record that the patient revoked consent."""
    return _keep(write, REVOKE_FORM, read_revocation(write))


@router.post("/{record_id}/back")
def take_back(write: GuardedWrite, record_id: str) -> Response:
    """Take a record back; it stays in the history with the reason."""
    opened, month, reason = write.opened, write.month(), write.text("reason")
    error = ConsentError(
        patient_id=patient_id_of(opened.visit),
        record_id=record_id,
        form_key=write.form_key(),
        reason=reason,
    )
    try:
        take_back_consent(opened.world, opened.visit.actor, error, opened.now)
    except (InputError, ConflictError) as problem:
        form = back_form(record_id)
        attempt = Attempt.of(form, error.form_key, {"reason": reason}, problem)
        return _show(opened, month, attempt=attempt)
    return to_consent(opened.visit.launch_id, month, Done.CONSENT_BACK)


def _keep(write: Write, form: str, decided: DecidedConsent | Attempt) -> Response:
    opened, month = write.opened, write.month()
    if isinstance(decided, Attempt):
        return _show(opened, month, attempt=decided)
    try:
        record_consent(opened.world, opened.visit.actor, decided, opened.now)
    except (InputError, ConflictError) as problem:
        return _show(opened, month, attempt=_refused(write, form, problem))
    return to_consent(opened.visit.launch_id, month, _DONE[decided.decision])


def _refused(write: Write, form: str, problem: InputError | ConflictError) -> Attempt:
    typed = {name: write.text(name) for name in TEXT_FIELDS}
    attempt = Attempt.of(form, write.form_key(), typed, problem)
    return Attempt(
        form=form,
        form_key=attempt.form_key,
        typed=typed,
        wrong=attempt.wrong,
        status=attempt.status,
        ticked=write.texts("told"),
    )


def _show(
    opened: Opened,
    month: ServiceMonth,
    *,
    done: str = "",
    correct: str = "",
    attempt: Attempt | None = None,
) -> HTMLResponse:
    visit = opened.visit
    history = consent_history(opened.world, visit.actor, patient_id_of(visit), month, opened.now)
    printing = ConsentPrinting(
        needs_banner=visit.need_patient_banner,
        page_key=opened.page_key,
        attempt=attempt,
        correct=correct,
    )
    around = frame_of(opened, month, page.CONSENT, done=done)
    html = render("consent.html", page=around, view=consent_page(history, printing))
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)
