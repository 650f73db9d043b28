"""The patient page, and reading the chart again."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, LaunchError
from ccm_fhir.services.read_chart import refresh_chart
from smart_app.deps import AskedMonth, GuardedWrite, OpenLaunch, Wired, refuse_withdrawn
from smart_app.pages.answers import refused, review_of, show_patient, to_month, to_patient
from smart_app.views.forms import Attempt
from smart_app.views.page import Done

router = APIRouter(prefix="/l/{launch_id}")


@router.get("")
def patient(opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show the launch's patient, or the month where the launch has none."""
    if opened.visit.patient_id is None:
        return to_month(opened.visit.launch_id, month.value)
    review = review_of(opened, month.value)
    current = ServiceMonth.containing(review.today)
    if not month.is_named and current != month.value:
        return to_patient(opened.visit.launch_id, current)
    return show_patient(opened, review, done=done)


@router.post("/refresh")
def refresh(write: GuardedWrite, wired: Wired) -> Response:
    """Read the chart again."""
    opened, month = write.opened, write.month()
    try:
        refresh_chart(opened.world, opened.visit, opened.now)
    except LaunchError:
        refuse_withdrawn(wired, opened.session_token, opened.visit.launch_id)
        raise
    except ConflictError as problem:
        return refused(opened, month, Attempt.of("refresh", write.form_key(), {}, problem))
    return to_patient(opened.visit.launch_id, month, Done.CHART)
