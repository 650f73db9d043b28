"""Attesting medical decision making."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.domain.codes import MdmAnswer
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.attest_mdm import AttestMdm, attest_mdm
from smart_app.deps import GuardedWrite
from smart_app.pages.answers import patient_id_of, refused, to_patient
from smart_app.views.decision_making import ATTEST, MDM_FIELDS
from smart_app.views.forms import Attempt, wrong
from smart_app.views.page import Done

router = APIRouter(prefix="/l/{launch_id}")


@router.post("/mdm")
def attest(write: GuardedWrite) -> Response:
    """Attest a level of decision making, or report the non-complex codes."""
    opened, month = write.opened, write.month()
    typed = {name: write.text(name) for name in MDM_FIELDS}
    if typed["answer"] not in set(MdmAnswer):
        told = wrong(ATTEST, "answer", "Choose moderate or high.")
        attempt = Attempt(form=ATTEST, form_key=write.form_key(), typed=typed, wrong=(told,))
        return refused(opened, month, attempt)
    request = AttestMdm(
        patient_id=patient_id_of(opened.visit),
        month=month,
        answer=MdmAnswer(typed["answer"]),
        is_plan_revised=bool(typed["is_plan_revised"]),
        rationale=typed["rationale"],
        form_key=write.form_key(),
    )
    try:
        attest_mdm(opened.world, opened.visit.actor, request, opened.now)
    except (InputError, ConflictError) as problem:
        return refused(opened, month, Attempt.of(ATTEST, request.form_key, typed, problem))
    return to_patient(opened.visit.launch_id, month, Done.MDM)
