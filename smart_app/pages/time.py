"""Recording time."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.keep_time import record_typed
from ccm_fhir.services.overlap import OverlapWarningError
from smart_app.deps import GuardedWrite
from smart_app.pages.answers import refused, to_patient
from smart_app.pages.typed_time import read_time
from smart_app.views.approval_words import overlapping
from smart_app.views.forms import TIME_FIELDS, Attempt
from smart_app.views.page import Done

router = APIRouter(prefix="/l/{launch_id}")


@router.post("/time")
def record(write: GuardedWrite) -> Response:
    """Record typed time and return to the month it lies in."""
    opened, typed = write.opened, read_time(write)
    if isinstance(typed, Attempt):
        return refused(opened, write.month(), typed)
    sent = {name: write.text(name) for name in TIME_FIELDS}
    try:
        record_typed(opened.world, opened.visit.actor, typed, opened.now)
    except OverlapWarningError as warned:
        return refused(opened, write.month(), overlapping("time", typed.form_key, sent, warned))
    except (InputError, ConflictError) as problem:
        return refused(opened, write.month(), Attempt.of("time", typed.form_key, sent, problem))
    month = ServiceMonth.containing(typed.started_on)
    return to_patient(opened.visit.launch_id, month, Done.TIME)
