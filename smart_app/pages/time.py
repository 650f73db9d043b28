"""Recording time, and taking an entry back."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.keep_time import VoidEntry, record_typed, void_entry
from smart_app.deps import GuardedWrite
from smart_app.pages.answers import refused, to_patient
from smart_app.pages.typed_time import read_time
from smart_app.views.forms import TIME_FIELDS, Attempt
from smart_app.views.page import Done

router = APIRouter(prefix="/l/{launch_id}")


@router.post("/time")
def record(write: GuardedWrite) -> Response:
    """Record typed time and return to the month it lies in."""
    opened, typed = write.opened, read_time(write)
    if isinstance(typed, Attempt):
        return refused(opened, write.month(), typed)
    try:
        record_typed(opened.world, opened.visit.actor, typed, opened.now)
    except (InputError, ConflictError) as problem:
        sent = {name: write.text(name) for name in TIME_FIELDS}
        return refused(opened, write.month(), Attempt.of("time", typed.form_key, sent, problem))
    month = ServiceMonth.containing(typed.started_on)
    return to_patient(opened.visit.launch_id, month, Done.TIME)


@router.post("/time/{entry_id}/void")
def void(write: GuardedWrite, entry_id: str) -> Response:
    """Take an entry back; it stays in the history with the reason."""
    opened, month, reason = write.opened, write.month(), write.text("reason")
    request = VoidEntry(entry_id=entry_id, form_key=write.form_key(), reason=reason)
    try:
        void_entry(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        form = f"void-{entry_id}"
        return refused(
            opened, month, Attempt.of(form, request.form_key, {"reason": reason}, problem)
        )
    return to_patient(opened.visit.launch_id, month, Done.VOID)
