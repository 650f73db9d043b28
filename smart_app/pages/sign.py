"""Signing a month."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.domain.findings import Criterion
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.sign import SignMonth, sign_month
from smart_app.deps import GuardedWrite
from smart_app.pages.answers import patient_id_of, refused, to_patient
from smart_app.views.forms import Attempt
from smart_app.views.page import Done

router = APIRouter(prefix="/l/{launch_id}")


@router.post("/sign")
def sign(write: GuardedWrite) -> Response:
    """Sign what was shown, with the statements that were ticked."""
    opened, month, ticked = write.opened, write.month(), write.texts("attested")
    request = SignMonth(
        patient_id=patient_id_of(opened.visit),
        month=month,
        form_key=write.form_key(),
        attested=frozenset(Criterion(value) for value in ticked & set(Criterion)),
        decision_hash=write.text("decision_hash"),
        correction_id=write.text("correction_id"),
    )
    try:
        sign_month(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        attempt = Attempt.of("sign", request.form_key, {}, problem)
        return refused(opened, month, replace(attempt, ticked=ticked))
    return to_patient(opened.visit.launch_id, month, Done.SIGNED)
